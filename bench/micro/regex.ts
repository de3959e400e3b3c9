import { compileRegex, type Regex } from '../../src/core/regex.ts';
import type { MicroCase } from './runner/micro-case.ts';

const PATH = '/api/v1/users/4711/items/0123456789abcdef';

export const cases: readonly MicroCase[] = [
  match('proven linear, matches', '/api/v[0-9]+/users/[^/]+/items/.*'),
  match('proven linear, does not match', '/api/v[0-9]+/users/[^/]+/posts/.*'),
  match('left to re2js, matches', '/api/.*/users/.*/items/.*'),
  match('left to re2js, does not match', '/api/.*/users/.*/posts/.*'),
  replace('replace, proven linear', '^/api/v[0-9]+/users/([^/]+)/(.*)$'),
  replace('replace, left to re2js', '/users/([^/]+)/(.*)'),
  { name: 'compile', run: (count) => repeat(count, (i) => compileRegex(`/api/v${i & 7}/users/[^/]+/items/.*`)) },
];

function match(name: string, pattern: string): MicroCase {
  const regex = compile(pattern);
  return { name, run: (count) => repeat(count, () => regex.test(PATH)) };
}

function replace(name: string, pattern: string): MicroCase {
  const regex = compile(pattern);
  return { name, run: (count) => repeat(count, () => regex.replaceAll(PATH, '/u/\\1/\\2')) };
}

function compile(pattern: string): Regex {
  const regex = compileRegex(pattern);
  if ('error' in regex) throw new Error(regex.error);
  return regex;
}

function repeat(count: number, operation: (i: number) => unknown): unknown {
  let last: unknown;
  for (let i = 0; i < count; i++) last = operation(i);
  return last;
}
