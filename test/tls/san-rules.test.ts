import { expect, test } from 'vitest';
import { dnsCovers } from '../../src/tls/san-rules.ts';

test.each([
  ['a.example', 'a.example', true],
  ['A.Example', 'a.eXample', true],
  ['*.example.com', 'a.example.com', true],
  ['*.EXAMPLE.com', 'a.example.COM', true],
  ['*.example.com', 'example.com', false],
  ['*.example.com', 'b.a.example.com', false],
  ['*.example.com', 'a.example.org', false],
  ['a*.example.com', 'ab.example.com', true],
  ['a*.example.com', 'a.example.com', true],
  ['a*.example.com', 'b.example.com', false],
  ['*a.example.com', 'ba.example.com', true],
  ['*a.example.com', 'ab.example.com', false],
  ['a*b.example.com', 'a-b.example.com', true],
  ['a*a.example.com', 'a.example.com', false],
  ['**.example.com', 'a.example.com', false],
  ['*a*.example.com', 'bab.example.com', false],
  ['xn--*.example.com', 'xn--a.example.com', false],
  ['a.*.com', 'a.example.com', false],
  ['*', 'com', false],
  ['*.com', 'com', false],
  ['*', '*', true],
  ['a.example.com', 'b.example.com', false],
])('the name %s of a certificate covers %s: %s', (pattern, name, covers) => {
  expect(dnsCovers(pattern, name)).toBe(covers);
});
