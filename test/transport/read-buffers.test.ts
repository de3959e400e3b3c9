import { expect, test } from 'vitest';
import { isLent, largeReadBuffer, returnBuffer, smallReadBuffer, takeBuffer } from '../../src/transport/read-buffers.ts';
import { JOINED_TEXT_LIMIT } from '../../src/transport/write-batch.ts';

test('every view of the read buffer counts as lent, and nothing else', () => {
  expect(isLent(smallReadBuffer.subarray(10, 20))).toBe(true);
  expect(isLent(largeReadBuffer.subarray(100_000))).toBe(true);
  expect(isLent(Buffer.from('own'))).toBe(false);
  expect(isLent(takeBuffer(1))).toBe(false);
});

test('a buffer takes a read behind the longest joined text', () => {
  expect(takeBuffer(smallReadBuffer.length + JOINED_TEXT_LIMIT).length).toBe(smallReadBuffer.length + JOINED_TEXT_LIMIT);
  expect(takeBuffer(largeReadBuffer.length + JOINED_TEXT_LIMIT).length).toBe(largeReadBuffer.length + JOINED_TEXT_LIMIT);
});

test.each([
  ['small', 1, 64],
  ['large', 200_000, 8],
])('no more free %s buffers are kept than the limit', (_name, length, limit) => {
  const used = Array.from({ length: limit + 10 }, () => takeBuffer(length));
  for (const buffer of used) returnBuffer(buffer);
  const again = Array.from({ length: limit + 10 }, () => takeBuffer(length));
  expect(again.filter((buffer) => used.includes(buffer)).length).toBe(limit);
});
