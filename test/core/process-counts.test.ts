import { expect, test, vi } from 'vitest';
import { createCountTally, createSharedCountMemory, SharedProcessCounts } from '../../src/core/process-counts.ts';

function table(capacity: number): SharedProcessCounts {
  const shared = createSharedCountMemory(capacity);
  return new SharedProcessCounts({ shared, tally: createCountTally(shared) });
}

test('a name counts on in its thread when the table has no place for it', () => {
  const counts = table(4);
  for (let name = 0; name < 4; name++) counts.cells(`kept ${name}`).add(0, 1);
  expect(counts.cells('beyond').add(0, 1)).toBe(0);
  expect(counts.cells('beyond').add(0, 1)).toBe(1);
  for (let name = 0; name < 4; name++) expect(counts.peek(`kept ${name}`)?.get(0)).toBe(1);
});

test('a full table is not searched as a whole for each name that a reload brings', () => {
  const counts = table(4_096);
  for (let name = 0; name < 8_192; name++) counts.cells(`taken ${name}`);
  const load = vi.spyOn(Atomics, 'load');
  counts.cells('new');
  expect(load.mock.calls.length).toBeLessThanOrEqual(256);
  load.mockRestore();
});

test('up to four fifths of the places all names are found in spite of that', () => {
  const shared = createSharedCountMemory(65_536);
  const [one, other] = [0, 1].map(() => new SharedProcessCounts({ shared, tally: createCountTally(shared) }));
  const names = Array.from({ length: 52_000 }, (_, index) => `cluster ${index}`);
  for (const name of names) one!.cells(name).add(0, 1);
  expect(names.filter((name) => other!.peek(name)?.get(0) !== 1)).toEqual([]);
});
