import { expect, test } from 'vitest';
import { ipAddress, isWildcard, pipeAddress, systemPath } from '../../src/transport/address.ts';

test('addresses print as logs want them', () => {
  expect(ipAddress('1.2.3.4', 80).text).toBe('1.2.3.4:80');
  expect(ipAddress('::1', 80).text).toBe('[::1]:80');
  expect(pipeAddress('/run/a.sock').text).toBe('/run/a.sock');
});

test('an IPv4 address mapped into IPv6 is an IPv4 address', () => {
  expect(ipAddress('::ffff:1.2.3.4', 80)).toEqual(ipAddress('1.2.3.4', 80));
  expect(ipAddress('::ffff:0', 80).host).toBe('::ffff:0');
});

test('the system names abstract sockets with a zero byte', () => {
  expect(systemPath(pipeAddress('@name'))).toBe('\0name');
  expect(systemPath(pipeAddress('/run/a.sock'))).toBe('/run/a.sock');
});

test('wildcards are known', () => {
  expect(isWildcard(ipAddress('0.0.0.0', 1))).toBe(true);
  expect(isWildcard(ipAddress('::', 1))).toBe(true);
  expect(isWildcard(ipAddress('127.0.0.1', 1))).toBe(false);
  expect(isWildcard(pipeAddress('::'))).toBe(false);
});
