import { describe, expect, test } from 'vitest';
import { type Overload, ThreadOverload } from '../../src/core/overload.ts';
import { createCountTally, createSharedCountMemory, LocalProcessCounts, type ProcessCounts, SharedProcessCounts } from '../../src/core/process-counts.ts';
import { SeededRandom } from '../../src/core/random.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import type { ListenerSpec } from '../../src/listener/compile.ts';
import { ListenerLimits } from '../../src/listener/listener-limits.ts';
import { LISTENER_STATS } from '../../src/http/listener-stats.ts';

const { downstream_cx_overflow: OWN, downstream_global_cx_overflow: GLOBAL, downstream_cx_overload_reject: REJECTED } = LISTENER_STATS;

interface Given {
  readonly limit?: number;
  readonly globalLimit?: number;
  readonly name?: string;
  readonly ignoresGlobalLimit?: boolean;
  readonly bypassesOverload?: boolean;
  readonly counts?: ProcessCounts;
  readonly overload?: Partial<Overload>;
}

function limitsOf({ limit = Infinity, globalLimit = Infinity, name = 'edge', counts = new LocalProcessCounts(), overload = {}, ...given }: Given): ListenerLimits {
  const spec = { name, rest: '', ignoresGlobalLimit: false, bypassesOverload: false, ...given, connectionLimit: () => limit, globalConnectionLimit: () => globalLimit };
  const state = new ThreadOverload(new SharedStatStore({ onAnnounce: () => {} }));
  state.replace({ states: {}, maxDownstreamConnections: Infinity, ...overload });
  return new ListenerLimits(spec as unknown as ListenerSpec, { counts, overload: state, random: new SeededRandom(1) });
}

describe('the limits of a listener', () => {
  test('let as many connections in as it may have, and again when one has left', () => {
    const limits = limitsOf({ limit: 2 });
    expect([limits.enter(), limits.enter(), limits.enter()]).toEqual([undefined, undefined, OWN]);
    limits.leave();
    expect([limits.enter(), limits.enter()]).toEqual([undefined, OWN]);
  });

  test('count the connections of all threads', () => {
    const shared = createSharedCountMemory(8);
    const thread = (): ListenerLimits => limitsOf({ limit: 2, counts: new SharedProcessCounts({ shared, tally: createCountTally(shared) }) });
    const [one, two] = [thread(), thread()];
    expect([one.enter(), two.enter(), one.enter(), two.enter()]).toEqual([undefined, undefined, OWN, OWN]);
  });

  test('count the connections of all listeners but those that ignore the limit of the process', () => {
    const counts = new LocalProcessCounts();
    const [one, two] = [limitsOf({ name: 'one', globalLimit: 2, counts }), limitsOf({ name: 'two', globalLimit: 2, counts })];
    const free = limitsOf({ name: 'free', globalLimit: 2, counts, ignoresGlobalLimit: true });
    expect([free.enter(), free.enter(), free.enter(), one.enter(), two.enter(), one.enter()]).toEqual([undefined, undefined, undefined, undefined, undefined, GLOBAL]);
  });

  test('hold the limit that the overload manager sets, unless the listener bypasses it', () => {
    const overload = { maxDownstreamConnections: 1 };
    const counts = new LocalProcessCounts();
    const limits = limitsOf({ overload, counts });
    expect([limits.enter(), limits.enter()]).toEqual([undefined, GLOBAL]);
    expect(limitsOf({ overload, counts, name: 'admin', bypassesOverload: true }).enter()).toBeUndefined();
  });

  test('reject all connections while the action is saturated, and none when it is bypassed', () => {
    const overload = { states: { reject_incoming_connections: 1 } };
    expect(limitsOf({ overload }).enter()).toBe(REJECTED);
    expect(limitsOf({ overload, bypassesOverload: true }).enter()).toBeUndefined();
  });

  test('reject connections with the chance that the action gives', () => {
    const limits = limitsOf({ overload: { states: { reject_incoming_connections: 0.25 } } });
    const rejected = Array.from({ length: 400 }, () => limits.enter()).filter((refusal) => refusal === REJECTED).length;
    expect(rejected).toBeGreaterThan(60);
    expect(rejected).toBeLessThan(140);
  });
});
