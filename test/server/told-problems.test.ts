import { expect, test } from 'vitest';
import type { Problem } from '../../src/core/problems.ts';
import { toldProblems } from '../../src/server/told-problems.ts';

function told(reading: Problem[], later: Problem[]): string[] {
  return toldProblems([...reading, ...later], new Set(reading)).map(({ path, message }) => `${path}: ${message}`);
}

test('what a compile step misses where the text could not be read is not told', () => {
  const reading = [{ path: 'routes[0].route.timeout', message: 'expected a duration' }];
  const later = [
    { path: 'routes[0].route', message: 'a consequence' },
    { path: 'routes[0].route.timeout.seconds', message: 'a consequence' },
    { path: 'routes[0]', message: 'another mistake' },
  ];
  expect(told(reading, later)).toEqual(['routes[0].route.timeout: expected a duration', 'routes[0]: another mistake']);
});

test('a field that is not supported is told once', () => {
  const later = [
    { path: 'tracing', message: 'not supported: tracing' },
    { path: 'tracing', message: 'not supported: tracing' },
    { path: 'tracing', message: 'cannot be compiled' },
  ];
  expect(told([], later)).toEqual(['tracing: not supported: tracing']);
});

test('a type that nobody knows has no extension, which is not told', () => {
  const reading = [{ path: 'filter.typed_config["@type"]', message: 'could not find @type' }];
  expect(told(reading, [{ path: 'filter.typed_config', message: "Didn't find a registered implementation" }])).toEqual(['filter.typed_config["@type"]: could not find @type']);
});

test('a sentence that does not say what to do is told with its remedy', () => {
  expect(told([], [{ path: 'a', message: "cluster manager: duplicate cluster 'b'" }])).toEqual(["a: cluster manager: duplicate cluster 'b'; give one of them another name"]);
  expect(told([], [{ path: '', message: 'invalid YAML: the referenced anchor is not defined: x' }])).toEqual([": invalid YAML: the referenced anchor is not defined: x; define it before, as '&x'"]);
  expect(told([], [{ path: 'a', message: 'anything else' }])).toEqual(['a: anything else']);
});

test.each([
  ['envoy.conf', true],
  ['/dev/fd/0', true],
  ['envoy.json', false],
])('that %s is read as JSON is told where it is none', (file, isTold) => {
  const problem = { path: '', message: "invalid JSON: unexpected character: 'a'", position: { file, line: 1, column: 1 } };
  expect(toldProblems([problem], new Set([problem]))[0]!.message.endsWith('; what is not named .yaml or .yml is read as JSON')).toBe(isTold);
});
