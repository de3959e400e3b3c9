import { describe, expect, test } from 'vitest';
import type { StatAnnouncement } from '../../../src/core/stats/announcement.ts';
import { MAX_DYNAMIC_STATS_PER_GROUP } from '../../../src/core/stats/slot-group.ts';
import { defineStats } from '../../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import { StatScrape } from '../../../src/core/stats/scrape.ts';

const STATS = defineStats({ counters: ['rq_total', 'rq_error'], gauges: ['rq_active'], histograms: ['rq_time'] });

function oneThread(): { store: SharedStatStore; scrape: StatScrape } {
  const scrape = new StatScrape();
  return { store: addStore(scrape, 0), scrape };
}

function addStore(scrape: StatScrape, id: number): SharedStatStore {
  scrape.addThread(id);
  return new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(id, structuredClone(message)) });
}

describe('a store', () => {
  test('counts what the scrape reads', () => {
    const { store, scrape } = oneThread();
    const stats = store.group('cluster.web', STATS);
    stats.inc(STATS.rq_total);
    stats.inc(STATS.rq_total);
    stats.add(STATS.rq_error, 5);
    stats.gaugeSet(STATS.rq_active, 7);
    stats.gaugeAdd(STATS.rq_active, -3);
    expect(Object.fromEntries(scrape.values())).toEqual({ 'cluster.web.rq_total': 2, 'cluster.web.rq_error': 5, 'cluster.web.rq_active': 4 });
  });

  test('gives the same slots for the same prefix and schema until the last release', () => {
    const { store, scrape } = oneThread();
    const first = store.group('cluster.web', STATS);
    const second = store.group('cluster.web', STATS);
    first.inc(STATS.rq_total);
    second.inc(STATS.rq_total);
    store.release(first);
    expect(scrape.values().get('cluster.web.rq_total')).toBe(2);
    store.release(second);
    expect(scrape.values().size).toBe(0);
  });

  test('starts from zero when a released group is asked for again, in the same memory', () => {
    const { store, scrape } = oneThread();
    const first = store.group('cluster.web', STATS);
    first.inc(STATS.rq_total);
    first.record(STATS.rq_time, 3);
    store.release(first);
    const second = store.group('cluster.web', STATS);
    second.record(STATS.rq_time, 3);
    expect(scrape.values().get('cluster.web.rq_total')).toBe(0);
    scrape.flushHistograms();
    expect([...scrape.groups()][0].histogram(0)?.cumulative.total).toBe(1);
  });

  test('names statistics found at run time after the prefix, once', () => {
    const { store, scrape } = oneThread();
    const stats = store.group('cluster.web', STATS);
    const counter = stats.counter('upstream_rq_503');
    counter.inc();
    counter.add(2);
    expect(stats.counter('upstream_rq_503')).toBe(counter);
    stats.gauge('depth').set(4);
    stats.gauge('depth').add(1);
    stats.histogram('size').record(10);
    expect(scrape.values().get('cluster.web.upstream_rq_503')).toBe(3);
    expect(scrape.values().get('cluster.web.depth')).toBe(5);
    store.release(stats);
    expect(scrape.values().size).toBe(0);
  });

  test('finds the fixed slots of a name that the schema has', () => {
    const { store, scrape } = oneThread();
    const stats = store.group('cluster.web', STATS);
    stats.counter('rq_total').inc();
    stats.gauge('rq_active').set(2);
    stats.histogram('rq_time').record(1);
    expect(Object.fromEntries(scrape.values())).toEqual({ 'cluster.web.rq_total': 1, 'cluster.web.rq_error': 0, 'cluster.web.rq_active': 2 });
  });

  test('stops making names at a limit', () => {
    const { store, scrape } = oneThread();
    const stats = store.group('p', STATS);
    for (let i = 0; i < MAX_DYNAMIC_STATS_PER_GROUP + 10; i++) stats.counter(`c${i}`).inc();
    expect(scrape.values().size).toBe(3 + MAX_DYNAMIC_STATS_PER_GROUP);
  });

  test('announces once per turn', async () => {
    const messages: StatAnnouncement[] = [];
    const store = new SharedStatStore({ onAnnounce: (message) => messages.push(message) });
    store.group('a', STATS);
    store.group('b', STATS);
    expect(messages.length).toBe(0);
    await Promise.resolve();
    expect(messages.length).toBe(1);
    expect(messages[0].groups.map((group) => group.prefix)).toEqual(['a', 'b']);
    expect(messages[0].schemas.length).toBe(1);
    store.group('a', STATS);
    await Promise.resolve();
    expect(messages.length).toBe(1);
  });

  test('never splits a group over blocks', () => {
    const { store, scrape } = oneThread();
    const names = Array.from({ length: 7_000 }, (_, i) => `c${i}`);
    const wide = defineStats({ counters: names });
    for (let i = 0; i < 5; i++) store.group(`g${i}`, wide).counter('c6999').add(i);
    const huge = defineStats({ counters: Array.from({ length: 40_000 }, (_, i) => `c${i}`) });
    store.group('huge', huge).counter('c39999').inc();
    const values = scrape.values();
    expect([0, 1, 2, 3, 4].map((i) => values.get(`g${i}.c6999`))).toEqual([0, 1, 2, 3, 4]);
    expect(values.get('huge.c39999')).toBe(1);
  });
});

describe('a scrape', () => {
  test('sums the threads', () => {
    const scrape = new StatScrape();
    const groups = [0, 1, 2].map((id) => addStore(scrape, id).group('cluster.web', STATS));
    groups.forEach((group, index) => {
      group.add(STATS.rq_total, 10 ** index);
      group.gaugeAdd(STATS.rq_active, 1);
      group.record(STATS.rq_time, index);
    });
    scrape.flushHistograms();
    expect(scrape.values().get('cluster.web.rq_total')).toBe(111);
    expect(scrape.values().get('cluster.web.rq_active')).toBe(3);
    expect([...scrape.groups()][0].histogram(0)?.cumulative.total).toBe(3);
  });

  test('keeps the counters of a thread that has ended and drops its gauges', () => {
    const scrape = new StatScrape();
    const first = addStore(scrape, 1).group('cluster.web', STATS);
    first.inc(STATS.rq_total);
    first.gaugeSet(STATS.rq_active, 9);
    first.record(STATS.rq_time, 12);
    scrape.removeThread(1);
    expect(scrape.values().get('cluster.web.rq_total')).toBe(1);
    expect(scrape.values().get('cluster.web.rq_active')).toBe(0);
    const second = addStore(scrape, 2).group('cluster.web', STATS);
    second.inc(STATS.rq_total);
    second.record(STATS.rq_time, 12);
    scrape.dropOrphans();
    scrape.flushHistograms();
    expect(scrape.values().get('cluster.web.rq_total')).toBe(2);
    expect([...scrape.groups()][0].histogram(0)?.cumulative.total).toBe(2);
  });

  test('forgets a group that a dead thread had alone, when told that its successor is complete', () => {
    const scrape = new StatScrape();
    addStore(scrape, 1).group('cluster.gone', STATS);
    scrape.removeThread(1);
    expect(scrape.values().size).toBe(3);
    scrape.dropOrphans();
    expect(scrape.values().size).toBe(0);
  });

  test('keeps the counts of a thread that releases a group which another still holds', () => {
    const scrape = new StatScrape();
    const store = addStore(scrape, 1);
    const other = addStore(scrape, 2).group('cluster.web', STATS);
    const group = store.group('cluster.web', STATS);
    group.add(STATS.rq_total, 4);
    other.inc(STATS.rq_total);
    store.release(group);
    expect(scrape.values().get('cluster.web.rq_total')).toBe(5);
  });

  test('hears nothing from a thread that has been removed', () => {
    const scrape = new StatScrape();
    const store = addStore(scrape, 1);
    scrape.removeThread(1);
    store.group('late', STATS);
    expect(scrape.values().size).toBe(0);
  });

  test('resets counters and not gauges, while threads go on counting', () => {
    const { store, scrape } = oneThread();
    const stats = store.group('p', STATS);
    stats.add(STATS.rq_total, 5);
    stats.gaugeSet(STATS.rq_active, 5);
    scrape.resetCounters();
    stats.inc(STATS.rq_total);
    expect(scrape.values().get('p.rq_total')).toBe(1);
    expect(scrape.values().get('p.rq_active')).toBe(5);
    scrape.resetCounters();
    expect(scrape.values().get('p.rq_total')).toBe(0);
  });

  test('tells a touched counter from one that was never written', () => {
    const { store, scrape } = oneThread();
    const stats = store.group('p', STATS);
    const [group] = scrape.groups();
    expect(group.counterUsed(0)).toBe(false);
    expect(Object.is(group.gauge(0), -0)).toBe(true);
    stats.add(STATS.rq_total, 0);
    stats.gaugeSet(STATS.rq_active, 0);
    expect(group.counterUsed(0)).toBe(true);
    expect(Object.is(group.gauge(0), 0)).toBe(true);
    scrape.resetCounters();
    expect(group.counterUsed(0)).toBe(true);
  });

  test('computes gauges when asked', () => {
    const scrape = new StatScrape();
    let uptime = 1;
    scrape.gaugeFunction('server.uptime', () => uptime);
    uptime = 2;
    expect(scrape.values().get('server.uptime')).toBe(2);
  });
});
