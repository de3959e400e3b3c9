import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ProcessCounts,
  createCountTally,
  createSharedCountMemory,
  LocalProcessCounts,
  reclaimCounts,
  SharedProcessCounts,
} from '../../src/core/process-counts.ts';
import { emptyRuntime, type Runtime } from '../../src/core/runtime.ts';
import { BREAKER_KINDS, PriorityBreakers } from '../../src/cluster/circuit-breakers.ts';

const LIMITS = { maxConnections: 2, maxPendingRequests: 0, maxRequests: 1024, maxRetries: 3, maxConnectionPools: 1, trackRemaining: false };

const breakersOf = (table: ProcessCounts, name = 'web', priority: 'default' | 'high' = 'default', runtime: Runtime = emptyRuntime): PriorityBreakers =>
  new PriorityBreakers({ name, breakers: [LIMITS, LIMITS] }, priority, table.cells(name), runtime);

const thread = (shared: SharedArrayBuffer) => {
  const memory = { shared, tally: createCountTally(shared) };
  return { memory, table: new SharedProcessCounts(memory) };
};

describe.each([
  ['in one thread', () => new LocalProcessCounts()],
  ['in shared memory', () => thread(createSharedCountMemory(64)).table],
])('circuit breakers %s', (_where, createTable: () => ProcessCounts) => {
  it('refuse at the limit and take again after a release', () => {
    const { connections } = breakersOf(createTable());
    expect([connections.tryAcquire(), connections.tryAcquire(), connections.tryAcquire()]).toEqual([true, true, false]);
    expect([connections.active, connections.open]).toEqual([2, true]);
    connections.release();
    expect([connections.open, connections.tryAcquire()]).toEqual([false, true]);
  });

  it('can go beyond the limit where they must', () => {
    const { pendingRequests } = breakersOf(createTable());
    expect([pendingRequests.tryAcquire(), pendingRequests.open]).toEqual([false, false]);
    pendingRequests.acquireBeyond();
    expect([pendingRequests.active, pendingRequests.open]).toEqual([1, true]);
  });

  it('follow the runtime', () => {
    const values = new Map<string, number>();
    const runtime = { ...emptyRuntime, version: 1, number: (key: string, otherwise: number) => values.get(key) ?? otherwise };
    const { connections } = breakersOf(createTable(), 'web', 'high', runtime);
    expect(connections.max).toBe(2);
    values.set('circuit_breakers.web.high.max_connections', 0);
    expect(connections.max).toBe(2);
    runtime.version++;
    expect([connections.max, connections.tryAcquire()]).toEqual([0, false]);
  });

  it('keep resources, priorities and clusters apart', () => {
    const table = createTable();
    const all = ['a', 'b'].flatMap((name) => (['default', 'high'] as const).map((priority) => breakersOf(table, name, priority)));
    all[0].connections.acquireBeyond();
    const active = all.map((breakers) => BREAKER_KINDS.map((kind) => breakers[kind].active));
    expect(active.flat().reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it('are one and the same for all who name the cluster', () => {
    const table = createTable();
    breakersOf(table).connections.acquireBeyond();
    expect(breakersOf(table).connections.active).toBe(1);
    expect(table.peek('web')!.get(0)).toBe(1);
    expect(table.peek('other')).toBeUndefined();
  });

  it('end at 0 when everything taken was released', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('try', 'beyond', 'release'), { maxLength: 60 }), (steps) => {
        const { connections } = breakersOf(createTable());
        let held = 0;
        for (const step of steps) {
          if (step === 'try') held += connections.tryAcquire() ? 1 : 0;
          else if (step === 'beyond') held += (connections.acquireBeyond(), 1);
          else if (held > 0) held -= (connections.release(), 1);
          expect(connections.active).toBe(held);
        }
        while (held-- > 0) connections.release();
        expect(connections.active).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

describe('shared breakers', () => {
  it('count over threads', () => {
    const shared = createSharedCountMemory(64);
    const [one, two] = [breakersOf(thread(shared).table), breakersOf(thread(shared).table)];
    expect([one.connections.tryAcquire(), two.connections.tryAcquire(), one.connections.tryAcquire()]).toEqual([true, true, false]);
    expect(two.connections.active).toBe(2);
  });

  it('take back what a dead thread held', () => {
    const shared = createSharedCountMemory(64);
    const dead = thread(shared);
    const living = breakersOf(thread(shared).table);
    living.connections.acquireBeyond();
    const lost = breakersOf(dead.table);
    lost.connections.acquireBeyond();
    lost.retries.acquireBeyond();
    lost.retries.release();
    reclaimCounts(dead.memory);
    expect([living.connections.active, living.retries.active]).toEqual([1, 0]);
  });

  it('find every cluster again, up to the capacity', () => {
    const shared = createSharedCountMemory(32);
    const [one, two] = [thread(shared).table, thread(shared).table];
    const names = Array.from({ length: 32 }, (_, index) => `cluster-${index}`);
    names.forEach((name, index) => {
      for (let i = 0; i < index; i++) breakersOf(one, name).requests.acquireBeyond();
    });
    expect(names.map((name) => breakersOf(two, name).requests.active)).toEqual(names.map((_, index) => index));
  });

  it('count within the thread for clusters beyond the capacity', () => {
    const shared = createSharedCountMemory(1);
    const [one, two] = [thread(shared).table, thread(shared).table];
    breakersOf(one, 'first').connections.acquireBeyond();
    breakersOf(one, 'second').connections.acquireBeyond();
    expect(breakersOf(one, 'second').connections.active).toBe(1);
    expect(breakersOf(two, 'second').connections.active).toBe(0);
    expect(breakersOf(two, 'first').connections.active).toBe(1);
  });
});
