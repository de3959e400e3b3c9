import { expect, test } from 'vitest';
import { xxHash64 } from '../../src/core/xxhash64.ts';

/** Of the reference implementation, with seed 0; the first is what Envoy shows for a resource without a version. */
test.each([
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['abc', 0x44bc2cf5ad770999n],
  ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
])('%j hashes as the reference does', (text, hash) => {
  expect(xxHash64(Buffer.from(text))).toBe(hash);
});

test('a seed makes another hash of it', () => {
  const text = Buffer.from('Nobody inspects the spammish repetition');
  expect(xxHash64(text, 0n)).toBe(xxHash64(text));
  expect(xxHash64(text, 2n ** 64n - 1n)).not.toBe(xxHash64(text));
  expect(xxHash64(Buffer.from('a'), 7n)).not.toBe(xxHash64(Buffer.from('a')));
});
