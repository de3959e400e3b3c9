import { expect, test } from 'vitest';
import { HeldStats } from '../../../src/core/stats/held-stats.ts';
import { defineStats } from '../../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';

const STATS = defineStats({ counters: ['seen'], histograms: ['length'] });

function storeOf() {
  const blocks: SharedArrayBuffer[] = [];
  const released: number[] = [];
  const store = new SharedStatStore({
    direct: true,
    onAnnounce: (announcement) => {
      blocks.push(...announcement.blocks.map(({ buffer }) => buffer));
      released.push(...announcement.releases.map(({ group }) => group));
    },
  });
  return { store, blocks, released };
}

test('statistics end with their last holder, however often one has asked', () => {
  const { store, released } = storeOf();
  const [one, two] = [new HeldStats(store), new HeldStats(store)];
  const group = one.group('a', STATS);
  expect([one.group('a', STATS), two.group('a', STATS)]).toEqual([group, group]);
  one.end();
  one.end();
  expect(released).toEqual([]);
  two.end();
  expect(released).toHaveLength(1);
});

test('what comes after takes the memory of what has ended', () => {
  const { store, blocks } = storeOf();
  for (let round = 0; round < 10_000; round++) {
    const held = new HeldStats(store);
    const group = held.group(`listener.${round}`, STATS);
    group.inc(STATS.seen);
    group.record(STATS.length, 5);
    group.counter('other').inc();
    held.end();
  }
  expect(blocks).toHaveLength(1);
});
