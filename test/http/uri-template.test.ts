import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRegex } from '../../src/core/regex.ts';
import { templatePattern } from '../../src/http/uri-template.ts';

describe('a template of paths', () => {
  test.each([
    ['a', 'Invalid pattern: "a"'],
    ['/a b', 'Invalid pattern: "/a b"'],
    ['//', 'Invalid literal: ""'],
    ['/a|b', 'Invalid literal: "a|b"'],
    ['/{a', 'Unmatched variable bracket in mixed pattern: "{a"'],
    ['/{}', 'Invalid variable name: ""'],
    ['/{a}{b}', 'Invalid suffix literal: "{b}"'],
    ['/|{a}', 'Invalid prefix literal: "|"'],
    ['/{a=}', 'Empty variable match'],
    ['/{a=b/}', 'Invalid variable match: "/"'],
    ['/*a/b', 'Prefix match not supported.'],
    ['/{abcdefghijklmnopq}', 'Invalid variable name length (length of "abcdefghijklmnopq" should be at least 1 and no more than 16)'],
    ['/{a}/{a}', 'Repeated variable name: "a"'],
    ['/{a}/{b}/{c}/{d}/{e}/{f}', 'Exceeded variable count limit (5)'],
    ['/**/{a}', 'Implicit variable path glob after text glob.'],
    ['/{a=**/*}', 'Glob after text glob.'],
  ])('%s is none', (template, fault) => {
    expect(templatePattern(template)).toEqual({ fault });
  });

  test('is one or none, and can be matched unless an asterisk follows another', () => {
    const piece = fc.constantFrom('*', '**', 'a', 'b.c', '$(+)', '{a}', '{b=*}', '{c=**}', '{d=x/*/y}', 'v{e}.json', '{', '}', '=', '/', '~');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.boolean(), (pieces, apart) => {
        const result = templatePattern(`/${pieces.join(apart ? '/' : '')}`);
        if ('pattern' in result && !result.pattern.includes('**')) expect(compileRegex(result.pattern)).toHaveProperty('test');
      }),
    );
  });
});
