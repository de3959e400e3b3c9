import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import type { Random } from '../../src/core/random.ts';
import { Timers } from '../../src/core/timers.ts';
import { jitteredLists, pickList } from '../../src/core/jittered-lists.ts';

describe('a jitter', () => {
  const timers = new Timers(new ManualClock());
  const randomOf = (value: number): Random => ({ uint32: () => value, unit: () => 0, uuid: () => '' });

  it('lengthens a duration by up to its percentage, with a bounded number of lists', () => {
    const lists = jitteredLists(1000, 50, (ms) => timers.list(ms));
    expect(lists).toHaveLength(64);
    expect(pickList(lists, randomOf(0)).durationMs).toBe(1000);
    expect(pickList(lists, randomOf(63)).durationMs).toBe(1500);
    expect(pickList(lists, randomOf(64)).durationMs).toBe(1000);
    expect(lists.every(({ durationMs }) => durationMs >= 1000 && durationMs <= 1500)).toBe(true);
  });

  it('of nothing leaves the one duration', () => {
    expect(jitteredLists(1000, 0, (ms) => timers.list(ms)).map(({ durationMs }) => durationMs)).toEqual([1000]);
  });
});
