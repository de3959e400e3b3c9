import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { defineStats } from '../../../src/core/stats/stats.ts';

test('the ids of a large schema are fields, which code reads without a search', () => {
  const names = (kind: string): string[] => Array.from({ length: 100 }, (_, index) => `${kind}_${index}`);
  const schema = defineStats({ counters: names('counter'), gauges: names('gauge'), histograms: names('histogram') });
  setFlagsFromString('--allow-natives-syntax');
  const hasFields = new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean;
  setFlagsFromString('--no-allow-natives-syntax');
  expect(hasFields(schema)).toBe(true);
});

test('counters and gauges share the numbers of slots, histograms have their own', () => {
  const schema = defineStats({ counters: ['a', 'b'], gauges: ['c'], histograms: ['d', 'e'] });
  expect([schema.a, schema.b, schema.c, schema.d, schema.e]).toEqual([0, 1, 2, 0, 1]);
});
