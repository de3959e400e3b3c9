import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { StatScrape } from '../../src/core/stats/scrape.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { Timers } from '../../src/core/timers.ts';
import { DEFAULT_WATCHDOG, Watchdog, type WatchdogSettings } from '../../src/server/watchdog.ts';

const { missMs: MISS_MS, megaMissMs: MEGA_MISS_MS } = DEFAULT_WATCHDOG;

function watched(settings: WatchdogSettings = DEFAULT_WATCHDOG) {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const scrape = new StatScrape();
  scrape.addThread(0);
  const store = new SharedStatStore({ direct: true, onAnnounce: (announcement) => scrape.announce(0, announcement) });
  new Watchdog(store, ['server.worker_0', 'workers'], settings, clock, timers);
  return {
    pass(ms: number) {
      clock.advance(ms);
      timers.expire();
    },
    counts: (scope: string) => [scrape.values().get(`${scope}.watchdog_miss`), scrape.values().get(`${scope}.watchdog_mega_miss`)],
  };
}

describe('a watchdog', () => {
  it('counts nothing while the thread answers in time', () => {
    const thread = watched();
    for (let i = 0; i < 20; i++) thread.pass(MISS_MS / 2 + 1);
    expect(thread.counts('workers')).toEqual([0, 0]);
  });

  it('counts a stall once, and a long one under both names and in both scopes', () => {
    const thread = watched();
    thread.pass(2 * MISS_MS);
    expect(thread.counts('server.worker_0')).toEqual([1, 0]);
    thread.pass(2 * MEGA_MISS_MS);
    expect(thread.counts('server.worker_0')).toEqual([2, 1]);
    expect(thread.counts('workers')).toEqual([2, 1]);
  });

  it('has the limits of the configuration', () => {
    const thread = watched({ missMs: 20, megaMissMs: 50 });
    thread.pass(25);
    expect(thread.counts('workers')).toEqual([0, 0]);
    thread.pass(35);
    expect(thread.counts('workers')).toEqual([1, 0]);
    thread.pass(70);
    expect(thread.counts('workers')).toEqual([2, 1]);
  });
});
