import { expect, test } from 'vitest';
import { validationReport } from '../../src/config/report.ts';
import { MAX_PROBLEMS, Problems } from '../../src/core/problems.ts';

test('a sound configuration is reported as Envoy reports it', () => {
  expect(validationReport('envoy.yaml', new Problems())).toEqual({
    ok: true,
    output: "configuration 'envoy.yaml' OK\n",
    errors: [],
    warnings: [],
  });
});

test('one error stands in the opening line', () => {
  const problems = new Problems();
  problems.error('admin', 'is wrong');
  expect(validationReport('', problems)).toEqual({
    ok: false,
    output: '',
    errors: ["error initializing configuration '': admin: is wrong"],
    warnings: [],
  });
});

test('several errors follow it in the order of the text', () => {
  const problems = new Problems();
  problems.error('b', 'second', { file: 'f', line: 2, column: 1 });
  problems.error('a', 'first', { file: 'f', line: 1, column: 9 });
  problems.error('c', 'no place');
  problems.warning('w', 'look out');
  expect(validationReport('f', problems)).toMatchObject({
    errors: ["error initializing configuration 'f': 3 errors", 'c: no place', 'f:1:9: a: first', 'f:2:1: b: second'],
    warnings: ['w: look out'],
  });
});

test('it is said when errors were left out', () => {
  const problems = new Problems();
  for (let count = 0; count <= MAX_PROBLEMS; count++) problems.error('', 'x');
  expect(validationReport('f', problems).errors.at(-1)).toBe('there may be more errors; these are the first ones');
  expect(problems.omitted).toBe(1);
});
