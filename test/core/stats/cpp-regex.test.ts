import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCppRegex } from '../../../src/core/stats/cpp-regex.ts';

function firstGroup(source: string, text: string): string | undefined {
  const regex = compileCppRegex(source);
  if (typeof regex === 'string') throw new Error(regex);
  return regex.exec(text)?.[1];
}

describe('a C++ regular expression', () => {
  test('knows POSIX classes', () => {
    expect(firstGroup('^listener\\.((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.', 'listener.0.0.0.0_80.x')).toBe('0.0.0.0_80');
    expect(firstGroup('([[:upper:][:punct:]]+)', 'ab]C-D^e')).toBe(']C-D^');
    expect(firstGroup('([^[:space:]]+)$', 'a b\tc')).toBe('c');
    expect(firstGroup('([[:xdigit:]]+)', 'xyz1aFg')).toBe('1aF');
  });

  test('looks ahead, as the tags of Istio do', () => {
    expect(firstGroup('^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)(?=;|\\.))', 'cluster.outbound|80||a.b.svc.cluster.local;.x')).toBe(
      'outbound|80||a.b.svc.cluster.local',
    );
    expect(firstGroup('(a)(?!b)', 'abac')).toBe('a');
  });

  test('takes brackets within brackets and escapes as they are', () => {
    expect(firstGroup('([[a]+)', '[a]')).toBe('[a');
    expect(firstGroup('([\\]\\-x]+)', 'a]-xb')).toBe(']-x');
    expect(firstGroup('(\\{2\\}a{2,3})', '{2}aaaa')).toBe('{2}aaa');
  });

  test.each([
    ['+x', 'One of *?+{ was not preceded by a valid regular expression.'],
    ['[[:foo:]]', 'The expression contained an invalid character class name.'],
    ['[[:constructor:]]', 'The expression contained an invalid character class name.'],
    ['(a', 'The expression contained mismatched ( and ).'],
    ['a)', 'The expression contained mismatched ( and ).'],
    ['(?<=a)b', 'One of *?+{ was not preceded by a valid regular expression.'],
    ['(?<n>a)', 'One of *?+{ was not preceded by a valid regular expression.'],
    ['(?i)a', 'One of *?+{ was not preceded by a valid regular expression.'],
    ['(?P<n>a)(b)', 'One of *?+{ was not preceded by a valid regular expression.'],
    ['\\p{L}', 'The expression contained an invalid escaped character, or a trailing escape.'],
    ['\\Qa', 'The expression contained an invalid escaped character, or a trailing escape.'],
    ['a\\', 'The expression contained an invalid escaped character, or a trailing escape.'],
    ['a{2', 'The expression contained mismatched { and }.'],
    ['[]a]', 'The parser did not consume the entire regular expression.'],
    ['[a', 'The expression contained mismatched [ and ].'],
  ])('%s is refused', (source, words) => {
    expect(compileCppRegex(source)).toBe(words);
  });

  test('of any text compiles or is refused, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab.[]()^$\\?*+{}|:-=!<,12dw'), maxLength: 20 }), (source) => {
        expect(['string', 'object']).toContain(typeof compileCppRegex(source));
      }),
    );
  });
});
