import { expect, test } from 'vitest';
import { didYouMean, nearest } from '../../src/config/did-you-mean.ts';

test('the nearest name is suggested, whatever its case', () => {
  const names = ['connect_timeout', 'name', 'lb_policy', 'ROUND_ROBIN'];
  expect(nearest('conect_timeout', names)).toBe('connect_timeout');
  expect(nearest('nmae', names)).toBe('name');
  expect(nearest('lbpolicy', names)).toBe('lb_policy');
  expect(nearest('round-robin', names)).toBe('ROUND_ROBIN');
});

test('nothing is suggested that is too far off', () => {
  expect(nearest('zzzz', ['name'])).toBeUndefined();
  expect(didYouMean('zzzz', ['name'])).toBe('');
  expect(nearest('x'.repeat(10_000), ['x'])).toBeUndefined();
});
