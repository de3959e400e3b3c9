import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/config/json.ts';
import { SourceText } from '../../src/config/source.ts';
import { toJson } from '../../src/config/struct-value.ts';
import { MAX_DEPTH, MAX_STRING_LENGTH, type MapNode, type ScalarNode } from '../../src/config/tree.ts';
import { formatProblem } from '../../src/core/problems.ts';

function parse(text: string) {
  return parseJson(new SourceText('f.json', text));
}

function faultOf(text: string): string {
  const { root, errors } = parse(text);
  expect(root).toBeUndefined();
  return errors.map(formatProblem).join();
}

describe('JSON', () => {
  test('means what it means everywhere', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' \n\t'), (text, space) => {
        fc.pre(!/\\u[dD][89a-fA-F]/.test(text));
        const { root, errors } = parse(space + text + space);
        expect(errors).toEqual([]);
        expect(toJson(root!)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('keeps all digits of integers', () => {
    const root = parse('{"a":9223372036854775807,"b":9007199254740991}').root as MapNode;
    expect((root.valueAt(0) as ScalarNode).value).toBe(9223372036854775807n);
    expect((root.valueAt(1) as ScalarNode).value).toBe(9007199254740991);
  });

  test('may be written with the liberties that Envoy grants', () => {
    expect(toJson(parse("{'a': 'it\\'s', b_1: [1, 2,], \"c\": \"\t\n\",}").root!)).toEqual({ a: "it's", b_1: [1, 2], c: '\t\n' });
  });

  test('knows the escapes of JSON', () => {
    const text = String.raw`"\"\\\/\b\f\n\r\t\u0041"`;
    expect(toJson(parse(text).root!)).toBe(JSON.parse(text));
  });

  test('joins surrogate pairs', () => {
    expect(toJson(parse('"\\ud83d\\ude00"').root!)).toBe('😀');
  });

  test.each([
    ['', 'f.json:1:1: invalid JSON: unexpected end'],
    ['{"a":1', 'f.json:1:7: invalid JSON: unexpected end'],
    ['{"a', 'f.json:1:2: invalid JSON: a string without end'],
    ['{', 'f.json:1:2: invalid JSON: unexpected end'],
    ['{"a":1 "b":2}', "f.json:1:8: invalid JSON: expected ',' or '}'"],
    ['{"a" 1}', "f.json:1:6: invalid JSON: expected ':'"],
    ['{,}', 'f.json:1:2: invalid JSON: expected a key'],
    ['{true:1}', 'f.json:1:2: invalid JSON: expected a key'],
    ['[1,,2]', "f.json:1:4: invalid JSON: unexpected character: ','"],
    ['{}\n{}', 'f.json:2:1: invalid JSON: extraneous characters after the end of the value'],
    ['{"a":"b', 'f.json:1:6: invalid JSON: a string without end'],
    ['"\\q"', "f.json:1:3: invalid JSON: invalid escape character: 'q'"],
    ['"\\u12g4"', 'f.json:1:4: invalid JSON: invalid Unicode escape'],
    ['"\\ud800"', 'f.json:1:8: invalid JSON: unpaired high surrogate'],
    ['"\\udc00"', 'f.json:1:8: invalid JSON: unpaired low surrogate'],
    ['01', 'f.json:1:1: invalid JSON: invalid number'],
    ['1.', 'f.json:1:1: invalid JSON: invalid number'],
    ['1e400', 'f.json:1:1: invalid JSON: a number that no double can hold'],
    ['nul', "f.json:1:1: invalid JSON: unexpected character: 'n'"],
    ['{} // c', 'f.json:1:4: invalid JSON: extraneous characters after the end of the value; JSON has no comments'],
    ['{ /* c */ }', 'f.json:1:3: invalid JSON: expected a key; JSON has no comments'],
    ['{"a": 1, # c\n}', 'f.json:1:10: invalid JSON: expected a key; JSON has no comments'],
  ])('refuses %s and says where', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  test('nests no deeper than the limit', () => {
    expect(parse('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).errors).toEqual([]);
    expect(faultOf('['.repeat(1_000_000))).toContain(`nested more than ${MAX_DEPTH} levels deep`);
    expect(faultOf('{"a":'.repeat(1_000_000))).toContain('nested');
  });

  test('holds no endless string or number', () => {
    const long = 'x'.repeat(MAX_STRING_LENGTH + 1);
    expect(faultOf(`{"a":"${long}"}`)).toContain(`a string of more than ${MAX_STRING_LENGTH} characters`);
    expect(faultOf(`{"a":"${'\\n'.repeat(MAX_STRING_LENGTH)}"}`)).toContain('a string of more than');
    expect(faultOf(`{"a":${'1'.repeat(10_000_000)}}`)).toContain('a number that no double can hold');
  });
});

test('any text is read or refused, never thrown over', () => {
  const parts = ['{', '}', '[', ']', ',', ':', '"', "'", 'a', '1', '-', '.', 'e', 'true', 'null', '\\', '\\u', 'd800', ' ', '\n', '$'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 30 }), (text) => {
      const { root, errors } = parse(text.join(''));
      return (root === undefined) === (errors.length === 1);
    }),
    { numRuns: 5_000 },
  );
});
