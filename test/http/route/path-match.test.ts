import { expect, test } from 'vitest';
import { answer, compileTable, routeName, tableOf } from './route-fixture.ts';

test('the first route in list order wins, not the longest', () => {
  const table = tableOf(answer({ prefix: '/a' }), answer({ prefix: '/a/b' }), answer({ path: '/a/b/c' }));
  expect(routeName(table, '/a/b/c')).toBe('0');
});

test('a path is matched without its query', () => {
  const table = tableOf(answer({ path: '/a' }), answer({ prefix: '/a?' }));
  expect(routeName(table, '/a?b=c')).toBe('0');
  expect(routeName(table, '/ab?')).toBeUndefined();
});

test('path_separated_prefix matches whole segments only', () => {
  const table = tableOf(answer({ pathSeparatedPrefix: '/api' }));
  expect(routeName(table, '/api')).toBe('0');
  expect(routeName(table, '/api/x')).toBe('0');
  expect(routeName(table, '/api?x')).toBe('0');
  expect(routeName(table, '/apix')).toBeUndefined();
});

test('case_sensitive: false ignores the case of ASCII letters', () => {
  const table = tableOf(
    answer({ path: '/Exact', caseSensitive: false }),
    answer({ prefix: '/Pre', caseSensitive: false }),
    answer({ pathSeparatedPrefix: '/Sep', caseSensitive: false }),
  );
  expect(routeName(table, '/eXACT')).toBe('0');
  expect(routeName(table, '/pREfix')).toBe('1');
  expect(routeName(table, '/sEP/x')).toBe('2');
});

test('safe_regex must match all of the path and none of the query', () => {
  const table = tableOf(answer({ safeRegex: { regex: '/v[0-9]+/.*x' }, caseSensitive: false }));
  expect(routeName(table, '/v12/abx?q')).toBe('0');
  expect(routeName(table, '/v12/ab?x')).toBeUndefined();
  expect(routeName(table, '/V12/x')).toBeUndefined();
});

test('connect_matcher takes CONNECT only, and other matches take no request without a path', () => {
  const table = tableOf(answer({ prefix: '' }), answer({ path: '' }), answer({ connectMatcher: {} }));
  expect(routeName(table, { method: 'CONNECT', path: '' })).toBe('2');
  expect(routeName(table, { method: 'GET', path: '/' })).toBe('0');
  expect(routeName(tableOf(answer({ connectMatcher: {} })), { method: 'GET', path: '/' })).toBeUndefined();
});

test('configured text is compared as UTF-8 bytes', () => {
  const table = tableOf(answer({ path: '/é' }));
  expect(routeName(table, '/\xc3\xa9')).toBe('0');
  expect(routeName(table, '/\xe9')).toBeUndefined();
});

test('ignore_path_parameters_in_path_matching looks at each segment up to its semicolon', () => {
  const match = (path: string): string | undefined =>
    routeName(
      compileTable({
        name: 'rc',
        ignorePathParametersInPathMatching: true,
        virtualHosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [
              answer({ path: '/a/b' }, { name: 'exact' }),
              answer({ pathSeparatedPrefix: '/s/t' }, { name: 'separated' }),
              answer({ safeRegex: { regex: '/r/[a-z]+/x' } }, { name: 'regex' }),
              answer({ path: '/lit;x' }, { name: 'never' }),
            ],
          },
        ],
      }),
      path,
    );
  for (const path of ['/a/b', '/a/b;x', '/a;x/b', '/a;x=1/b;y', '/a/b;x?q;z', '/a/b?;']) expect(match(path)).toBe('exact');
  for (const path of ['/s;1/t;2/u', '/s/t;x']) expect(match(path)).toBe('separated');
  expect(match('/r/abc;q/x;z')).toBe('regex');
  for (const path of ['/lit;x', '/a/b/;x', '/a/;x/b', '/;x/a/b']) expect(match(path)).toBeUndefined();
});
