import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { CONNECTIONS_MONITOR, noOverload, type OverloadMessage, ThreadOverload } from '../../../src/core/overload.ts';
import { StatScrape } from '../../../src/core/stats/scrape.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import { Timers } from '../../../src/core/timers.ts';
import type { OverloadSpec, TriggerSpec } from '../../../src/server/overload/compile.ts';
import { OverloadManager } from '../../../src/server/overload/overload-manager.ts';

const scaled: TriggerSpec = { resource: 'heap', from: 0.5, to: 0.9 };
const threshold: TriggerSpec = { resource: 'heap', from: 0.8, to: 0.8 };

function specOf(triggers: readonly TriggerSpec[]): OverloadSpec {
  return {
    refreshMs: 100, monitors: [{ name: 'heap', kind: 'heap', limit: 1 }, { name: 'file', kind: 'injected', path: '' }],
    actions: [{ action: 'stop_accepting_requests', triggers }], timeoutFloors: {},
  minHeldPowerOfTwo: Infinity, heapShrinkMs: undefined, maxDownstreamConnections: Infinity,
  };
}

describe('the overload manager', () => {
  const clock = new ManualClock();
  let timers: Timers;
  let published: OverloadMessage[];
  let pressures: Record<string, number | Error>;
  let manager: OverloadManager;
  let scrape: StatScrape;
  let stats: SharedStatStore;

  beforeEach(() => {
    timers = new Timers(clock);
    published = [];
    pressures = { heap: 0, file: 0 };
    scrape = new StatScrape();
    scrape.addThread(0);
    stats = new SharedStatStore({ direct: true, onAnnounce: (announcement) => scrape.announce(0, announcement) });
    manager = new OverloadManager({
      stats,
      timers,
      log: silentLogger,
      publish: (message) => published.push(message),
      clock,
      readerOf: ({ name }) => () => {
        const pressure = pressures[name]!;
        if (pressure instanceof Error) throw pressure;
        return pressure;
      },
    });
  });
  afterEach(() => timers.close());

  const refreshAt = (pressure: number): number | undefined => {
    pressures['heap'] = pressure;
    clock.advance(100);
    timers.expire();
    return manager.message.states.stop_accepting_requests;
  };
  const stat = (name: string): number | undefined => {
    for (const { prefix, schema, ...group } of [...scrape.groups()].map((one) => ({ prefix: one.prefix, schema: one.schema, one }))) {
      const counter = schema.counters.findIndex((counterName) => `${prefix}.${counterName}` === name);
      if (counter >= 0) return group.one.counter(counter);
      const gauge = schema.gauges.findIndex((gaugeName) => `${prefix}.${gaugeName}` === name);
      if (gauge >= 0) return group.one.gauge(gauge);
    }
    return undefined;
  };

  test('takes an action wholly from its threshold on', () => {
    manager.configure(specOf([threshold]));
    expect([0.79, 0.8, 3, 0.1].map(refreshAt)).toEqual([undefined, 1, 1, undefined]);
  });

  test('takes a scaled action as far as the pressure stands between its thresholds', () => {
    manager.configure(specOf([scaled]));
    expect([0.5, 0.7, 0.9, 1].map(refreshAt).map((state) => state && Math.round(state * 100))).toEqual([undefined, 50, 100, 100]);
  });

  test('takes the worst of the triggers', () => {
    manager.configure(specOf([scaled, { resource: 'file', from: 0.5, to: 0.5 }]));
    pressures['file'] = 0.6;
    expect(refreshAt(0.7)).toBe(1);
  });

  test('tells the threads only what is new', () => {
    manager.configure(specOf([threshold]));
    const before = published.length;
    for (const pressure of [0.9, 0.9, 0.95, 0.1, 0.1]) refreshAt(pressure);
    expect(published.slice(before).map(({ states }) => states)).toEqual([{ stop_accepting_requests: 1 }, {}]);
  });

  test('keeps the last pressure of a resource that cannot be read', () => {
    manager.configure(specOf([{ resource: 'file', from: 0.5, to: 0.5 }]));
    pressures['file'] = 0.6;
    refreshAt(0);
    pressures['file'] = new Error('gone');
    expect(refreshAt(0)).toBe(1);
  });

  test('shows pressure and states in percent', () => {
    manager.configure(specOf([scaled]));
    refreshAt(0.8);
    expect(stat('overload.heap.pressure')).toBe(80);
    expect(stat('overload.envoy.overload_actions.stop_accepting_requests.scale_percent')).toBe(75);
    expect(stat('overload.envoy.overload_actions.stop_accepting_requests.active')).toBe(0);
  });

  test('asks for smaller heaps again and again while it is saturated', () => {
    const shrinks = (): number | undefined => stat('overload.envoy.overload_actions.shrink_heap.shrink_count');
    manager.configure({ ...specOf([]), actions: [{ action: 'shrink_heap', triggers: [scaled] }], heapShrinkMs: 300 });
    for (const pressure of [1, 1, 1, 1, 1, 1]) refreshAt(pressure);
    expect([shrinks(), manager.message.heapShrinks]).toEqual([2, 2]);
    for (const pressure of [0.8, 0.8, 0.8, 0.8]) refreshAt(pressure);
    expect([shrinks(), published.at(-1)!.heapShrinks]).toEqual([2, 2]);
  });

  test('reads no monitor of connections', () => {
    manager.configure({ ...specOf([]), monitors: [{ name: CONNECTIONS_MONITOR, kind: 'connections', limit: 1 }], maxDownstreamConnections: 1 });
    expect(stat(`overload.${CONNECTIONS_MONITOR}.skipped_updates`)).toBeUndefined();
    const thread = new ThreadOverload(stats);
    thread.replace(manager.message);
    thread.countRefusedConnection();
    expect(stat(`overload.${CONNECTIONS_MONITOR}.failed_updates`)).toBe(1);
  });

  test('takes back everything when it is configured away', () => {
    manager.configure(specOf([threshold]));
    refreshAt(1);
    manager.configure(undefined);
    expect(published.at(-1)).toEqual(noOverload);
    const count = published.length;
    refreshAt(1);
    expect(published.length).toBe(count);
  });
});
