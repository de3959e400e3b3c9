import { expect, test } from 'vitest';
import { answer, routeName, tableOf } from './route-fixture.ts';

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
