import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceText } from '../../src/config/source.ts';
import { toJson } from '../../src/config/struct-value.ts';
import { MAX_DEPTH, MAX_STRING_LENGTH } from '../../src/config/tree.ts';
import { MAX_ALIAS_NODES } from '../../src/config/yaml-anchors.ts';
import { parseYaml } from '../../src/config/yaml.ts';
import { formatProblem } from '../../src/core/problems.ts';
import { threadCpuMs } from '../support/thread-cpu.ts';
import snippets from './fixtures/yaml-snippets.json' with { type: 'json' };

function parse(text: string) {
  return parseYaml(new SourceText('f.yaml', text));
}

function valueOf(text: string): unknown {
  const { root, errors } = parse(text);
  expect(errors.map(formatProblem)).toEqual([]);
  return root === undefined ? undefined : toJson(root);
}

function faultOf(text: string): string {
  const { root, errors } = parse(text);
  expect(root).toBeUndefined();
  return errors.map(formatProblem).join();
}

describe('YAML', () => {
  // Recorded from Envoy 1.40: the value of `node.metadata.v`, or that the document was refused.
  test.each(snippets)('is read as Envoy reads it: $text', ({ text, value, refused }) => {
    const { root } = parse(`node:\n  metadata:\n    v: ${text}\nadmin: 5\n`);
    const document = root === undefined ? undefined : (toJson(root) as { node?: { metadata?: { v?: unknown } } });
    if (refused === true) expect(document === undefined || !('admin' in document)).toBe(true);
    else expect(document).toEqual({ node: { metadata: { v: value } }, admin: 5 });
  });

  const scalars: Array<[string, unknown]> = [
    ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((text): [string, unknown] => [text, true]),
    ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((text): [string, unknown] => [text, false]),
    ...['yEs', 'tRue', 'oFF'].map((text): [string, unknown] => [text, text]),
    ...['~', 'null', 'Null', 'NULL', ''].map((text): [string, unknown] => [text, null]),
    ['nULL', 'nULL'],
    ['0x1F', 31],
    ['0X1f', 31],
    ['-0x1F', -31],
    ['017', 15],
    ['08', '08'],
    ['0o17', '0o17'],
    ['0b11', '0b11'],
    ['+5', 5],
    ['-5', -5],
    ['00', 0],
    ['-0', 0],
    ['1_000', '1_000'],
    ['2147483647', 2147483647],
    ['2147483648', '2147483648'],
    ['-2147483648', -2147483648],
    ['-2147483649', '-2147483649'],
    ['0xFFFFFFFF', '4294967295'],
    ['9223372036854775807', '9223372036854775807'],
    ['9223372036854775808', '9223372036854775808'],
    ['1.0', '1.0'],
    ['1e3', '1e3'],
    ['.5', '.5'],
    ['.inf', '.inf'],
    ['.nan', '.nan'],
    ['2001-01-01', '2001-01-01'],
    ['12:30:45', '12:30:45'],
    ['"5"', '5'],
    ["'true'", 'true'],
    ['! 5', '5'],
    ['! true', 'true'],
    ['!foo 5', 5],
    ['!!str 5', 5],
    ['!!str "true"', true],
    ['!!int "7"', 7],
    ['!!null x', 'x'],
    ['!!str', ''],
    ['!!str null', 'null'],
    ['!!binary aGk=', 'aGk='],
  ];
  test.each(scalars)('takes the scalar %s for %j', (text, value) => {
    expect(valueOf(`v: ${text}`)).toEqual({ v: value });
  });

  test('takes keys as they are written, whatever they look like', () => {
    expect(valueOf('1: a\ntrue: b\n0x1F: c\n~: d\n"q": e\n: f')).toEqual({ 1: 'a', true: 'b', '0x1F': 'c', null: 'f', q: 'e' });
  });

  test('drops keys that are tagged !ignore, but keeps their anchors', () => {
    expect(valueOf('!ignore x: &a {b: 1}\ny: *a')).toEqual({ y: { b: 1 } });
  });

  test('knows no merge keys', () => {
    expect(valueOf('x: &x {a: 1}\ny:\n  <<: *x')).toEqual({ x: { a: 1 }, y: { '<<': { a: 1 } } });
  });

  test('keeps the last of two equal keys and warns of the first', () => {
    const { root, warnings } = parse('a: 1\nb: 2\na: 3\n');
    expect(toJson(root!)).toEqual({ b: 2, a: 3 });
    expect(warnings.map(formatProblem)).toEqual(["f.yaml:1:1: the key 'a' occurs again below; this one has no effect"]);
  });

  test('reads the first of several documents and warns', () => {
    const { root, warnings } = parse('a: 1\n---\nb: [\n');
    expect(toJson(root!)).toEqual({ a: 1 });
    expect(warnings.map(formatProblem)).toEqual(['f.yaml:2:1: only the first YAML document is read; what starts here has no effect']);
  });

  test('says nothing for an empty document', () => {
    expect(valueOf('')).toBe(null);
    expect(valueOf('# nothing\n---\n')).toBe(null);
  });

  test('names the place of a syntax error', () => {
    expect(faultOf('node: {id: a\nadmin: 5\n')).toBe('f.yaml:2:6: invalid YAML: end of map flow not found');
    expect(faultOf('a:\n  b: 1\n c: 2\n')).toBe('f.yaml:3:2: invalid YAML: wrong indentation (end of map not found)');
    expect(faultOf('a: b: c\n')).toBe('f.yaml:1:5: invalid YAML: illegal map value');
    expect(faultOf('a: "b\n')).toBe('f.yaml:2:1: invalid YAML: illegal EOF in scalar');
  });
});

describe('a YAML bomb', () => {
  test.each([
    ['of lists', '['.repeat(100_000)],
    ['of maps', '{a: '.repeat(100_000)],
    ['of block lists', '- '.repeat(100_000)],
    ['of block maps', Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['of explicit keys', '? '.repeat(100_000)],
  ])('%s inside each other is refused', (_name, text) => {
    expect(faultOf(text)).toContain(`nested more than ${MAX_DEPTH} levels deep`);
  });

  test('may nest exactly as deep as the limit says', () => {
    expect(parse('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).errors).toEqual([]);
    expect(faultOf('['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1))).toContain('nested');
  });

  test('cannot nest deeper through aliases', () => {
    const half = '['.repeat(60);
    expect(faultOf(`a: &a ${half}${']'.repeat(60)}\nb: ${half}*a${']'.repeat(60)}`)).toContain('nested');
  });

  test('of aliases is refused when they name more nodes than the limit', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level++) lines.push(`a${level}: &a${level} [${Array(9).fill(`*a${level - 1}`).join(', ')}]`);
    expect(faultOf(lines.join('\n'))).toContain(`aliases expand to more than ${MAX_ALIAS_NODES} nodes`);
  });

  test('of an anchor that contains itself is refused', () => {
    expect(faultOf('a: &a {b: *a}')).toBe("f.yaml:1:11: invalid YAML: the anchor 'a' contains itself");
    expect(faultOf('&a [*a]')).toContain('contains itself');
  });

  test('of one endless string is refused', () => {
    expect(faultOf(`a: "${'x'.repeat(MAX_STRING_LENGTH + 200)}"`)).toContain(`a string of more than ${MAX_STRING_LENGTH} characters`);
  });

  test.each([
    ['tags', Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}!a`).join('\n')],
    ['tags in a line', '!a '.repeat(100_000)],
    ['properties before items', '- !a &b '.repeat(30_000)],
    ['colons', ': '.repeat(90)],
    ['pairs', `${'[a: '.repeat(90)}x${']'.repeat(90)}`],
    ['trailing blanks', `a: "${'x \n'.repeat(300_000)}"`],
    ['directives', '%a\n'.repeat(300_000)],
  ])('of %s is read without trying again and again', (_name, text) => {
    const started = threadCpuMs();
    parse(text);
    expect(threadCpuMs() - started).toBeLessThan(1_000);
  });
});

describe('any text', () => {
  const alphabet = [' ', '  ', '\n', '\n  ', '\n    ', 'a', 'b: ', ': ', '- ', '{', '}', '[', ']', ', ', '"', "'", '#', '|', '>', '&a ', '*a ', '!t ', '? ', '\t', '\\', '---\n', '%', '1', '\r'];

  test('is read or refused, never thrown over', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }), (parts) => {
        const { root, errors } = parse(parts.join(''));
        return root !== undefined || errors.length === 1;
      }),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        parse(text);
      }),
    );
  });

  test('that is JSON means the same in YAML', () => {
    const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value), (_key, item) => (typeof item === 'number' ? 1 : item)) as unknown);
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        fc.pre(!/\\u[dD][89a-fA-F]/.test(text));
        expect(valueOf(text)).toEqual(value);
      }),
    );
  });
});
