import type { Runtime } from '../core/runtime.ts';
import type { GaugeId, StatGroup, StatStore } from '../core/stats/stats.ts';
import type { RoutePriority } from '../http/upstream.ts';
import type { ProcessCounts } from '../core/process-counts.ts';
import { type CircuitBreaker, PriorityBreakers } from './circuit-breakers.ts';
import { MEMBERSHIP_STATS, REMAINING_STATS } from './cluster-stats.ts';
import type { ClusterSpec } from './cluster-spec.ts';

/**
 * `circuit_breakers.*` of one cluster, set from the shared counts before statistics are read. So the data path moves no gauge, and a thread
 * that dies leaves none behind. A gauge that Envoy would not have touched yet is left alone, because `usedonly` shows the others.
 */
export class BreakerGauges {
  readonly #spec: ClusterSpec;
  readonly #store: StatStore;
  readonly #stats: StatGroup;
  readonly #runtime: Runtime;
  readonly #remaining: readonly (StatGroup | undefined)[];
  #breakers: readonly PriorityBreakers[] | undefined;
  readonly #shown = new Set<GaugeId>();

  constructor(spec: ClusterSpec, store: StatStore, stats: StatGroup, runtime: Runtime) {
    this.#spec = spec;
    this.#store = store;
    this.#stats = stats;
    this.#runtime = runtime;
    this.#remaining = PRIORITIES.map((priority, index) =>
      spec.breakers[index].trackRemaining ? store.group(`cluster.${spec.statName}.circuit_breakers.${priority}`, REMAINING_STATS) : undefined,
    );
    this.#remaining.forEach((group, index) => group !== undefined && setLimits(group, spec.breakers[index]));
  }

  refresh(table: ProcessCounts): void {
    const breakers = (this.#breakers ??= this.#find(table));
    breakers?.forEach((each, index) => {
      const open = OPEN_GAUGES[index];
      const remaining = this.#remaining[index];
      for (const { limit, gauge, remainingGauge } of PARTS) {
        if (each[limit].open || touched(each, limit)) this.#shown.add(open[gauge]);
        if (this.#shown.has(open[gauge])) this.#stats.gaugeSet(open[gauge], each[limit].open ? 1 : 0);
        remaining?.gaugeSet(remainingGauge, left(each[limit]));
      }
    });
  }

  release(): void {
    for (const group of this.#remaining) if (group !== undefined) this.#store.release(group);
  }

  /** No thread has used the cluster yet: everything is 0. */
  #find(table: ProcessCounts): readonly PriorityBreakers[] | undefined {
    const cells = table.peek(this.#spec.name);
    if (cells === undefined) return undefined;
    return PRIORITIES.map((priority) => new PriorityBreakers(this.#spec, priority, cells, this.#runtime));
  }
}

const PRIORITIES: readonly RoutePriority[] = ['default', 'high'];

const PARTS = [
  { limit: 'connections', gauge: 'cx_open', remainingGauge: REMAINING_STATS.remaining_cx },
  { limit: 'connectionPools', gauge: 'cx_pool_open', remainingGauge: REMAINING_STATS.remaining_cx_pools },
  { limit: 'pendingRequests', gauge: 'rq_pending_open', remainingGauge: REMAINING_STATS.remaining_pending },
  { limit: 'requests', gauge: 'rq_open', remainingGauge: REMAINING_STATS.remaining_rq },
  { limit: 'retries', gauge: 'rq_retry_open', remainingGauge: REMAINING_STATS.remaining_retries },
] as const;

type GaugeName = (typeof PARTS)[number]['gauge'];

const OPEN_GAUGES: readonly Readonly<Record<GaugeName, GaugeId>>[] = [
  {
    cx_open: MEMBERSHIP_STATS['circuit_breakers.default.cx_open'],
    cx_pool_open: MEMBERSHIP_STATS['circuit_breakers.default.cx_pool_open'],
    rq_pending_open: MEMBERSHIP_STATS['circuit_breakers.default.rq_pending_open'],
    rq_open: MEMBERSHIP_STATS['circuit_breakers.default.rq_open'],
    rq_retry_open: MEMBERSHIP_STATS['circuit_breakers.default.rq_retry_open'],
  },
  {
    cx_open: MEMBERSHIP_STATS['circuit_breakers.high.cx_open'],
    cx_pool_open: MEMBERSHIP_STATS['circuit_breakers.high.cx_pool_open'],
    rq_pending_open: MEMBERSHIP_STATS['circuit_breakers.high.rq_pending_open'],
    rq_open: MEMBERSHIP_STATS['circuit_breakers.high.rq_open'],
    rq_retry_open: MEMBERSHIP_STATS['circuit_breakers.high.rq_retry_open'],
  },
];

/** A pool closes with its last connection, and Envoy then tells both priorities. */
function touched(breakers: PriorityBreakers, limit: (typeof PARTS)[number]['limit']): boolean {
  if (limit === 'retries') return false;
  return breakers.used || (limit === 'connectionPools' && breakers.poolEmptied);
}

/** Without a limit, what is left of 2^64 - 1: gauges are unsigned, and one below zero is read from there. */
function left({ max, active }: Pick<CircuitBreaker, 'max' | 'active'>): number {
  return max === Number.MAX_SAFE_INTEGER ? -1 - active : Math.max(0, max - active);
}

function setLimits(group: StatGroup, spec: ClusterSpec['breakers'][number]): void {
  group.gaugeSet(REMAINING_STATS.remaining_cx, spec.maxConnections);
  group.gaugeSet(REMAINING_STATS.remaining_cx_pools, left({ max: spec.maxConnectionPools, active: 0 }));
  group.gaugeSet(REMAINING_STATS.remaining_pending, spec.maxPendingRequests);
  group.gaugeSet(REMAINING_STATS.remaining_rq, spec.maxRequests);
  group.gaugeSet(REMAINING_STATS.remaining_retries, spec.maxRetries);
}
