import { expect, test } from 'vitest';
import { proveLinearity } from '../../../src/core/regex/linearity.ts';
import { parseRegex } from '../../../src/core/regex/parse.ts';

function linearity(pattern: string): { fullMatch: boolean; search: boolean } {
  const parsed = parseRegex(pattern);
  if ('error' in parsed) throw new Error(parsed.error);
  return proveLinearity(parsed.root);
}

test.each([
  '/api/v1/.*',
  '/users/[^/]+/posts/.*',
  '/v[0-9]+/.*',
  '.*\\.(png|jpe?g|gif)',
  '/foo(/|$)(.*)',
  '(/[^/]+)*/end',
  '([a-z]+/){1,4}[0-9]+',
  '^/service/([^/]+)(/.*)$',
  '[a-z]{3,8}[0-9]*',
  '(?i)/API/[a-f0-9-]+',
  'a|ab|abc',
])('%s needs linear time in a backtracking engine', (pattern) => {
  expect(linearity(pattern).fullMatch).toBe(true);
});

test.each(['(a+)+', '(a|a)*', '(a|ab)*', '(.*)*', '.*a.*b', '.*[a-z]+', '(a?){2,}', '(a*b?)*', '([a-z]|[0-9a-f])*x', '(\\ba)*', '(a|b|ab){40}'])(
  '%s is not proven',
  (pattern) => {
    expect(linearity(pattern)).toEqual({ fullMatch: false, search: false });
  },
);

test('a search is linear when it has one place to begin or a bounded length', () => {
  expect(linearity('^/a/([^/]+)').search).toBe(true);
  expect(linearity('/(a|b)c?').search).toBe(true);
  expect(linearity('/a/[a-z]+').search).toBe(false);
  expect(linearity('(^/a|^/b)[a-z]+').search).toBe(true);
});

test('an optional part that can be empty is left to RE2 in a search', () => {
  expect(linearity('($?|a)?')).toEqual({ fullMatch: true, search: false });
});
