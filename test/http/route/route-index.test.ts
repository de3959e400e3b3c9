import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRegex } from '../../../src/core/regex.ts';
import { headerName } from '../../../src/http/header-name.ts';
import { ConnectPattern, ExactPattern, PrefixPattern, RegexPattern, SeparatedPrefixPattern, pathEnd, type PathPattern } from '../../../src/http/route/path-pattern.ts';
import type { RouteCondition } from '../../../src/http/route/route-conditions.ts';
import { findLinearly, type RouteEntry } from '../../../src/http/route/route-entry.ts';
import { RouteIndex } from '../../../src/http/route/route-index.ts';
import { request, streamInfo } from './route-fixture.ts';

const info = streamInfo();

const text = fc.array(fc.constantFrom('/a', '/b', '/A', 'a', 'B', '/', '//'), { maxLength: 4 }).map((parts) => parts.join(''));

function regexPattern(pattern: string): PathPattern {
  const regex = compileRegex(pattern);
  if ('error' in regex) throw new Error(regex.error);
  return new RegexPattern(regex);
}

const pattern: fc.Arbitrary<PathPattern> = fc.oneof(
  fc.tuple(text, fc.boolean()).map(([path, ignoreCase]) => new PrefixPattern(path, ignoreCase)),
  fc.tuple(text, fc.boolean()).map(([path, ignoreCase]) => new ExactPattern(path, ignoreCase)),
  fc.tuple(text, fc.boolean()).map(([path, ignoreCase]) => new SeparatedPrefixPattern(path, ignoreCase)),
  fc.tuple(text, fc.constantFrom('', '.*', '[ab]', '(/a)?', 'b+')).map(([path, tail]) => regexPattern(path + tail)),
  fc.constant(new ConnectPattern()),
);

const condition: fc.Arbitrary<RouteCondition> = fc.constantFrom('x-a', 'x-b').map((name) => {
  const id = headerName(name);
  return { holds: (headers) => headers.has(id) };
});

const entry: fc.Arbitrary<RouteEntry> = fc
  .record({ path: pattern, conditions: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(condition, { maxLength: 2 })) })
  .map((parts) => ({ ...parts, select: () => undefined }));

const path = fc.tuple(text, fc.constantFrom('', '?', '?/a', '#b')).map((parts) => parts.join(''));
const shape = fc.tuple(path, fc.subarray(['x-a', 'x-b']));

test('the index finds the route that reading the list from its start finds', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 40 }), fc.array(shape, { minLength: 1, maxLength: 20 }), (entries, requests) => {
      const index = new RouteIndex(entries);
      for (const [target, names] of requests.filter(([raw]) => raw !== '')) {
        const headers = request({ path: target, headers: names.map((name) => [name, '1'] as const) });
        const end = pathEnd(target);
        expect(index.find(target, end, headers, 0, info)).toBe(findLinearly(entries, target, end, headers, 0, info));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a route that is not certain does not hide those behind it', () => {
  const id = headerName('x-a');
  const conditional: RouteEntry = { path: new PrefixPattern('/a', false), conditions: [{ holds: (headers) => headers.has(id) }], select: () => undefined };
  const certain: RouteEntry = { path: new PrefixPattern('/a', false), conditions: [], select: () => undefined };
  const index = new RouteIndex([conditional, certain, conditional]);
  expect(index.find('/ab', 3, request('/ab'), 0, info)).toBe(1);
  expect(index.find('/ab', 3, request({ path: '/ab', headers: [['x-a', '']] }), 0, info)).toBe(0);
});

test('a thousand nested prefixes are found through their chain', () => {
  const entries = Array.from({ length: 1_000 }, (_, length) => ({
    path: new PrefixPattern('a'.repeat(1_000 - length), false),
    conditions: length % 2 === 0 ? [{ holds: () => false }] : [],
    select: () => undefined,
  }));
  const index = new RouteIndex(entries);
  expect(index.find('a'.repeat(700), 700, request('/'), 0, info)).toBe(301);
  expect(index.find('b', 1, request('/'), 0, info)).toBe(-1);
});
