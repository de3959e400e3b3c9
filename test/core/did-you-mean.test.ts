import { expect, test } from 'vitest';
import { didYouMean, nearest, nearestType } from '../../src/core/did-you-mean.ts';

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

test('the only name that begins like it is suggested', () => {
  expect(nearest('port', ['address', 'port_value', 'protocol'])).toBe('port_value');
  expect(nearest('port', ['port_value', 'port_name'])).toBeUndefined();
});

test('the nearest type is one of the same short name, or a few typing mistakes away', () => {
  const types = ['envoy.extensions.filters.http.router.v3.Router', 'envoy.extensions.filters.http.lua.v3.Lua'];
  expect(nearestType('envoy.config.filter.http.router.v2.Router', types)).toBe(types[0]);
  expect(nearestType('envoy.extensions.filters.http.lua.v3.Luha', types)).toBe(types[1]);
  expect(nearestType('com.example.Thing', types)).toBeUndefined();
});
