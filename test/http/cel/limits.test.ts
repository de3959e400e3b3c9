import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, MAX_LENGTH } from '../../../src/http/cel/expression.ts';
import { parseCel } from '../../../src/http/cel/parse.ts';
import { MAX_PATTERN_BYTES } from '../../../src/http/cel/regex.ts';
import { MAX_TEXT_BYTES } from '../../../src/http/cel/string-functions.ts';
import { forwardedEntry, headers } from '../format/format-fixture.ts';
import { celTextOf, EVERYTHING, runCel } from './run-cel.ts';

const isRefused = (expression: string): boolean => typeof parseCel(expression) === 'string';

describe('an expression', () => {
  it('may be so deep and not deeper, however it is', () => {
    for (const [first, rest] of [['1', '+1'], ['a', '.b'], ['a', '[1]'], ['a', '.f()'], ['1', '==1']] as const) {
      expect(isRefused(first + rest.repeat(MAX_DEPTH - 1)), rest).toBe(false);
      expect(isRefused(first + rest.repeat(MAX_DEPTH)), rest).toBe(true);
    }
    for (const [open, close] of [['[', ']'], ['f(', ')'], ['!(', ')'], ['true?1:', '']] as const) {
      expect(isRefused(`${open.repeat(MAX_DEPTH - 1)}1${close.repeat(MAX_DEPTH - 1)}`), open).toBe(false);
      expect(isRefused(`${open.repeat(MAX_DEPTH)}1${close.repeat(MAX_DEPTH)}`), open).toBe(true);
    }
    expect(isRefused(`${'('.repeat(50_000)}1`)).toBe(true);
    expect(isRefused(Array(5_000).fill('a').join('&&'))).toBe(false);
  });

  it('may be so long and not longer', () => {
    expect(isRefused(`'${'a'.repeat(MAX_LENGTH - 2)}'`)).toBe(false);
    expect(isRefused(`'${'a'.repeat(MAX_LENGTH - 1)}'`)).toBe(true);
  });

  it('takes a short pattern from a request, and no long one', () => {
    const stream = (pattern: string) => ({ ...forwardedEntry(), requestHeaders: headers({ 'x-pattern': pattern }) });
    expect(celTextOf("'aaa'.matches(request.headers['x-pattern'])", stream('^a+$'))).toBe('true');
    expect(celTextOf("'aaa'.matches(request.headers['x-pattern'])", stream('('))).toBeUndefined();
    expect(celTextOf("'aaa'.matches(request.headers['x-pattern'])", stream('a?'.repeat(60)))).toBeUndefined();
    expect(celTextOf("'a'.matches(request.headers['x-pattern'])", stream(`[${'a'.repeat(MAX_PATTERN_BYTES)}]`))).toBeUndefined();
  });

  it('ends whatever the pattern is', () => {
    const text = `${'a'.repeat(5_000)}b`;
    expect(celTextOf(`'${text}'.matches('^(a+)+$')`)).toBe('false');
    expect(celTextOf(`'${text}é'.matches('^(a+)+$')`)).toBe('false');
  });

  it('makes no text beyond a limit', () => {
    const stream = { ...forwardedEntry(), requestHeaders: headers({ long: 'x'.repeat(MAX_TEXT_BYTES / 1024 + 1) }) };
    const long = (expression: string): string | undefined => celTextOf(expression, stream, EVERYTHING);
    expect(long("size(request.headers.long.replace('', request.headers.long))")).toBeUndefined();
    expect(long("size(request.headers.long.split('').join(request.headers.long))")).toBeUndefined();
    expect(long("size(request.headers.long.replace('x', 'ab'))")).toBe('2050');
    expect(long("size(['a', 'b'].join(','))")).toBe('3');
  });

  it('never throws and never loops, whatever its text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...'request response source connection upstream metadata filter_state xds . , ( ) [ ] { } ? : ! - + * / % == != < <= && || in true false null'.split(' '),
        ...'headers path time duration size code filter_metadata has size matches startsWith int uint double string bytes timestamp type format replace split join'.split(' '),
        '1', '0', '-9223372036854775808', '1u', '1.5', "'a'", "'é'", "b'\\xff'", "'%s %d'", "'1h'", "'2020-01-01T00:00:00Z'", '[1, 2]', "{'a': 1}", '.getHours()', "re.extract('a', 'a', '\\\\0')",
      ),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), fc.boolean(), (pieces, everything) => {
        runCel(pieces.join(' '), undefined, everything ? EVERYTHING : undefined);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never throws, whatever its functions are given', () => {
    const value = fc.constantFrom(
      '1', '-1', '9223372036854775807', '18446744073709551615u', '0u', '1.5', '-0.0', '(0.0/0.0)', '1e300', "''", "'héllo'", "'\\x80'", 'request.headers["x-odd"]', "b'a'", 'null', 'true', '[]', "['a', 'b']", "{1: 'a'}", 'request',
      'request.headers', "duration('1h')", 'request.time', 'timestamp(9223372036854775807)', 'type(1)', 'metadata', 'xds.node', 'nosuch', "'%s%d%f%e%x%o%b'", "'(a*)*b'",
    );
    const name = fc.constantFrom(
      ...'size contains startsWith endsWith matches int uint double bool bytes string duration timestamp type dyn getHours getFullYear getDayOfYear getMilliseconds charAt format indexOf join lastIndexOf'.split(' '),
      ...'lowerAscii upperAscii replace reverse split substring trim re.capture re.captureN re.extract strings.quote'.split(' '),
    );
    const operator = fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', 'in', '&&', '||');
    fc.assert(
      fc.property(name, operator, fc.array(value, { minLength: 1, maxLength: 4 }), (fn, sign, [first, ...rest]) => {
        runCel(`${fn}(${[first, ...rest].join(', ')})`, undefined, EVERYTHING);
        runCel(`${first}.${fn}(${rest.join(', ')})`, undefined, EVERYTHING);
        runCel(`${first} ${sign} ${rest[0] ?? first}`, undefined, EVERYTHING);
        runCel(`${first}[${rest[0] ?? first}]`, undefined, EVERYTHING);
      }),
      { numRuns: 2_000 },
    );
  });
});

it('words that all objects know are no numbers to format', () => {
  expect(['Infinity', 'abc', 'toString'].map((word) => celTextOf(`'%f'.format(['${word}'])`, undefined, EVERYTHING))).toEqual(['Infinity', undefined, undefined]);
});
