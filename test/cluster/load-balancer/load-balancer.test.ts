import { describe, expect, it } from 'vitest';
import { CLUSTER_STATS } from '../../../src/cluster/cluster-stats.ts';
import type { Assignment } from '../../../src/cluster/cluster-spec.ts';
import { PriorityLoadBalancer } from '../../../src/cluster/load-balancer/load-balancer.ts';
import { roundRobin } from '../../../src/cluster/load-balancer/round-robin.ts';
import { SeededRandom } from '../../../src/core/random.ts';
import { emptyRuntime, type Runtime } from '../../../src/core/runtime.ts';
import type { Host, LoadBalancerContext } from '../../../src/http/upstream.ts';
import { World } from '../world.ts';
import { anyStream, assignmentOf, prioritySet, several, tally } from './hosts.ts';

interface Settings {
  readonly localityWeighted?: boolean;
  readonly failTraffic?: boolean;
  readonly runtime?: Runtime;
}

function balancer(assignment: Assignment, { localityWeighted = false, failTraffic = false, runtime = emptyRuntime }: Settings = {}) {
  const world = new World();
  const hosts = prioritySet(assignment);
  const options = {
    policy: roundRobin,
    panic: { thresholdPercent: 50, failTraffic },
    localityWeighted,
    random: new SeededRandom(5),
    runtime,
    stats: world.stats.group('cluster.c', CLUSTER_STATS),
  };
  const lb = new PriorityLoadBalancer(options, hosts.levels);
  return { lb, hosts, world, pickPriority: () => lb.pick(anyStream)!.priority, pickZone: () => lb.pick(anyStream)!.locality.zone };
}

const MANY = 5_000;
const share = (counts: Map<unknown, number>, key: unknown): number => (counts.get(key) ?? 0) / MANY;

describe('the balancer above the policies', () => {
  it('spreads picks over priorities by their load', () => {
    const { pickPriority } = balancer(assignmentOf([[{ hosts: [...several(5), ...several(5, 'UNHEALTHY')] }], [{ hosts: several(3) }]]));
    const counts = tally(MANY, pickPriority);
    expect(share(counts, 0)).toBeCloseTo(0.7, 1);
    expect(share(counts, 1)).toBeCloseTo(0.3, 1);
  });

  it('uses only healthy hosts of a level that is not in panic', () => {
    const { lb, hosts } = balancer(assignmentOf([[{ hosts: [...several(8), ...several(1, 'UNHEALTHY'), ...several(1, 'DEGRADED')] }]]));
    expect(new Set(tally(100, () => lb.pick(anyStream)).keys())).toEqual(new Set(hosts.levels[0].healthy));
  });

  it('uses every host in panic and counts it', () => {
    const { lb, world } = balancer(assignmentOf([[{ hosts: [...several(1), ...several(9, 'UNHEALTHY')] }]]));
    expect(tally(100, () => lb.pick(anyStream)).size).toBe(10);
    expect(world.stat('cluster.c.lb_healthy_panic')).toBe(100);
  });

  it('picks nobody in panic when traffic is to fail', () => {
    const { lb, world } = balancer(assignmentOf([[{ hosts: [...several(1), ...several(9, 'UNHEALTHY')] }]]), { failTraffic: true });
    expect(lb.pick(anyStream)).toBeUndefined();
    expect(world.stat('cluster.c.lb_healthy_panic')).toBe(1);
  });

  it('follows the panic threshold of the runtime', () => {
    let threshold = 50;
    const runtime = { ...emptyRuntime, version: 0, number: (_key: string, _otherwise: number) => threshold };
    const { lb } = balancer(assignmentOf([[{ hosts: [...several(1), ...several(9, 'UNHEALTHY')] }]]), { runtime });
    expect(tally(100, () => lb.pick(anyStream)).size).toBe(10);
    threshold = 0;
    runtime.version++;
    expect(tally(100, () => lb.pick(anyStream)).size).toBe(1);
  });

  it('takes another host for a retry, as often as it may look', () => {
    const { lb } = balancer(assignmentOf([[{ hosts: several(3) }]]));
    const tried = new Set<Host>([lb.pick(anyStream)!, lb.pick(anyStream)!]);
    const retry = (attempts: number): LoadBalancerContext => ({ ...anyStream, hostSelectionAttempts: attempts, isHostTried: (host) => tried.has(host) });
    for (let i = 0; i < 10; i++) expect(tried.has(lb.pick(retry(3))!)).toBe(false);
    const all: LoadBalancerContext = { ...anyStream, hostSelectionAttempts: 4, isHostTried: () => true };
    expect(lb.pick(all)).toBeDefined();
  });

  it('keeps cursors when hosts change, also where nothing was picked in between', () => {
    const assignment = assignmentOf([[{ hosts: several(4) }]]);
    const { lb, hosts } = balancer(assignment);
    const first = lb.pick(anyStream)!;
    for (let i = 0; i < 3; i++) {
      hosts.update(assignment);
      lb.update(hosts.levels);
    }
    const order = hosts.levels[0].hosts;
    expect(lb.pick(anyStream)).toBe(order[(order.indexOf(first) + 1) % 4]);
  });
});

describe('localities', () => {
  const plan = (zone: string, weight: number, healthy: number, unhealthy = 0) => ({
    zone,
    weight,
    hosts: [...several(healthy), ...several(unhealthy, 'UNHEALTHY')],
  });

  it('share by weight and availability', () => {
    const { pickZone } = balancer(assignmentOf([[plan('a', 2, 1), plan('b', 1, 5), plan('c', 1, 5, 5)]]), { localityWeighted: true });
    const counts = tally(MANY, pickZone);
    // c: 1 × 1.4 × 50 %.
    expect(share(counts, 'a')).toBeCloseTo(2 / 3.7, 2);
    expect(share(counts, 'b')).toBeCloseTo(1 / 3.7, 2);
    expect(share(counts, 'c')).toBeCloseTo(0.7 / 3.7, 2);
  });

  it('get nothing without a weight', () => {
    const { pickZone } = balancer(assignmentOf([[plan('a', 1, 1), plan('b', 0, 5)]]), { localityWeighted: true });
    expect([...tally(100, pickZone).keys()]).toEqual(['a']);
  });

  it('do not count when none has a weight', () => {
    const { pickZone } = balancer(assignmentOf([[plan('a', 0, 1), plan('b', 0, 3)]]), { localityWeighted: true });
    expect(share(tally(MANY, pickZone), 'b')).toBeCloseTo(0.75, 1);
  });

  it('keep the cursor of their hosts when another locality changes', () => {
    const before = assignmentOf([[plan('a', 1, 4)]]);
    const { lb, hosts } = balancer(before, { localityWeighted: true });
    const first = lb.pick(anyStream)!;
    hosts.update(assignmentOf([[plan('a', 1, 4), plan('b', 0, 1)]]));
    lb.update(hosts.levels);
    const order = hosts.levels[0].localities[0].hosts;
    expect(lb.pick(anyStream)).toBe(order[(order.indexOf(first) + 1) % 4]);
  });
});
