import { expect, test } from 'vitest';
import { ConfigPath, formatProblem, MAX_PROBLEMS, Problems } from '../../src/core/problems.ts';

test('a path prints fields, indexes and keys', () => {
  const path = ConfigPath.root.field('static_resources').field('listeners').index(0).field('metadata').key('a"b').field('x');
  expect(path.toString()).toBe('static_resources.listeners[0].metadata["a\\"b"].x');
  expect(ConfigPath.root.toString()).toBe('');
});

test('a problem prints place, path and message, as far as it has them', () => {
  expect(formatProblem({ path: 'a.b', message: 'no', position: { file: 'f', line: 1, column: 2 } })).toBe('f:1:2: a.b: no');
  expect(formatProblem({ path: '', message: 'no', position: { file: 'f', line: 1, column: 2 } })).toBe('f:1:2: no');
  expect(formatProblem({ path: 'a', message: 'no' })).toBe('a: no');
  expect(formatProblem({ path: 'a["\x1b[1m"]', message: 'no\nyes\x9b' })).toBe('a["\\x1b[1m"]: no\\nyes\\x9b');
});

test('places are looked up for problems that bring none', () => {
  const problems = new Problems((path) => (path === 'a' ? { file: 'f', line: 3, column: 4 } : undefined));
  problems.error('a', 'no');
  problems.warning('b', 'hm');
  expect([...problems.errors, ...problems.warnings].map(formatProblem)).toEqual(['f:3:4: a: no', 'b: hm']);
  expect(problems.ok).toBe(false);
});

test('problems can be put into the order of the text', () => {
  const problems = new Problems();
  problems.error('b', 'second', { file: 'f', line: 2, column: 1 });
  problems.error('a', 'first', { file: 'f', line: 1, column: 9 });
  problems.error('d', 'in another file', { file: 'e', line: 1, column: 1 });
  problems.error('c', 'no place');
  problems.sortByPlace();
  expect(problems.errors.map(({ path }) => path)).toEqual(['c', 'a', 'b', 'd']);
});

test('problems beyond the limit are counted, not kept', () => {
  const problems = new Problems();
  for (let count = 0; count < MAX_PROBLEMS + 5; count++) problems.error('', 'x');
  problems.warning('', 'x');
  expect([problems.errors.length, problems.warnings.length, problems.omitted, problems.full]).toEqual([MAX_PROBLEMS, 1, 5, true]);
});
