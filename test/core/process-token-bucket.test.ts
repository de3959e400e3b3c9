import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { createCountTally, createSharedCountMemory, LocalProcessCounts, SharedProcessCounts } from '../../src/core/process-counts.ts';
import { ProcessTokenBucket } from '../../src/core/process-token-bucket.ts';

const OPTIONS = { maxTokens: 3, tokensPerFill: 2, fillIntervalMs: 1000 };

describe.each([
  ['in one thread', () => new LocalProcessCounts()],
  ['in shared memory', () => shared().table],
])('a token bucket %s', (_where, createTable) => {
  test('is full at first and then empty', () => {
    const bucket = new ProcessTokenBucket(new ManualClock(), createTable().cells('b'), OPTIONS);
    expect(Array.from({ length: 5 }, () => bucket.tryTake())).toEqual([true, true, true, false, false]);
  });

  test('fills evenly, up to its size', () => {
    const clock = new ManualClock();
    const bucket = new ProcessTokenBucket(clock, createTable().cells('b'), OPTIONS);
    while (bucket.tryTake());
    clock.advance(499);
    expect(bucket.tryTake()).toBe(false);
    clock.advance(1);
    expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false]);
    clock.advance(3_600_000);
    expect(Array.from({ length: 4 }, () => bucket.tryTake())).toEqual([true, true, true, false]);
  });
});

test('takes several tokens or none, takes some back, and tells what is left', () => {
  const clock = new ManualClock();
  const bucket = new ProcessTokenBucket(clock, new LocalProcessCounts().cells('b'), OPTIONS);
  expect([bucket.remaining, bucket.nextTokenSeconds]).toEqual([3, 0]);
  expect([bucket.tryTake(4), bucket.tryTake(2), bucket.tryTake(2)]).toEqual([false, true, false]);
  expect([bucket.remaining, bucket.nextTokenSeconds]).toEqual([1, 0]);
  expect(bucket.tryTake()).toBe(true);
  clock.advance(400);
  expect([bucket.remaining, bucket.nextTokenSeconds]).toEqual([0, 0.1]);
  expect(bucket.tryTake(-2)).toBe(true);
  expect(bucket.remaining).toBe(2);
  bucket.tryTake(-10);
  expect(bucket.remaining).toBe(3);
  bucket.tryTake(3);
  bucket.fill();
  expect(bucket.remaining).toBe(3);
});

test('threads take from one bucket', () => {
  const { table, memory } = shared();
  const other = new SharedProcessCounts({ shared: memory, tally: createCountTally(memory) });
  const clock = new ManualClock();
  const [one, two] = [table, other].map((counts) => new ProcessTokenBucket(clock, counts.cells('b'), OPTIONS)) as [ProcessTokenBucket, ProcessTokenBucket];
  expect([one.tryTake(), two.tryTake(), one.tryTake(), two.tryTake(), one.tryTake()]).toEqual([true, true, true, false, false]);
});

function shared(): { readonly table: SharedProcessCounts; readonly memory: SharedArrayBuffer } {
  const memory = createSharedCountMemory(8);
  return { memory, table: new SharedProcessCounts({ shared: memory, tally: createCountTally(memory) }) };
}
