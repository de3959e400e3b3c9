import type { Counter, CounterId, Histogram, StatGroup } from '../core/stats/stats.ts';
import type { Failure } from '../http/failure.ts';
import type { ClusterRequestStats } from '../http/upstream.ts';
import { CLUSTER_STATS } from './cluster-stats.ts';

/**
 * `upstream_rq_<code>`, `upstream_rq_<class>xx` and `upstream_rq_time`, plain and again under `internal.` or `external.`, `canary.` and
 * `retry.`. A name comes to be with its first count; from then on a status finds its counter by number.
 */
export class RequestStats implements ClusterRequestStats {
  #stats: StatGroup | undefined;
  readonly #final: ResponseScope;
  readonly #internal: ResponseScope;
  readonly #external: ResponseScope;
  readonly #canary: ResponseScope;
  readonly #retried: ResponseScope;

  constructor(stats: StatGroup) {
    this.#stats = stats;
    this.#final = new ResponseScope(stats, '');
    this.#internal = new ResponseScope(stats, 'internal.');
    this.#external = new ResponseScope(stats, 'external.');
    this.#canary = new ResponseScope(stats, 'canary.');
    this.#retried = new ResponseScope(stats, 'retry.');
  }

  /** The cluster's statistics have been released: nothing may count into them any more. */
  detach(): void {
    this.#stats = undefined;
  }

  onResponse(status: number, internal: boolean, canary: boolean): void {
    if (this.#stats === undefined) return;
    this.#final.count(status);
    (internal ? this.#internal : this.#external).count(status);
    if (canary) this.#canary.count(status);
  }

  onResponseTime(timeMs: number, internal: boolean, canary: boolean): void {
    if (this.#stats === undefined) return;
    this.#final.record(timeMs);
    (internal ? this.#internal : this.#external).record(timeMs);
    if (canary) this.#canary.record(timeMs);
  }

  onRetriedResponse(status: number): void {
    if (this.#stats !== undefined) this.#retried.count(status);
  }

  onTimeout(): void {
    this.#stats?.inc(CLUSTER_STATS.upstream_rq_timeout);
  }

  onPerTryTimeout(): void {
    this.#stats?.inc(CLUSTER_STATS.upstream_rq_per_try_timeout);
  }

  onMaxDurationReached(): void {
    this.#stats?.inc(CLUSTER_STATS.upstream_rq_max_duration_reached);
  }

  /** Only streams that the peer reset by a frame count here; a lost connection is counted as such. */
  onReset(failure: Failure): void {
    if (failure.kind === 'remote-reset') this.#stats?.inc(CLUSTER_STATS.upstream_rq_rx_reset);
  }

  onRetry(kind: 'started' | 'success' | 'overflow' | 'limit-exceeded'): void {
    switch (kind) {
      case 'started':
        this.#stats?.inc(CLUSTER_STATS.upstream_rq_retry);
        break;
      case 'success':
        this.#stats?.inc(CLUSTER_STATS.upstream_rq_retry_success);
        break;
      case 'overflow':
        this.#stats?.inc(CLUSTER_STATS.upstream_rq_retry_overflow);
        break;
      case 'limit-exceeded':
        this.#stats?.inc(CLUSTER_STATS.upstream_rq_retry_limit_exceeded);
        break;
    }
  }

  onMaintenanceMode(): void {
    this.#stats?.inc(CLUSTER_STATS.upstream_rq_maintenance_mode);
  }

  onFlowControl(kind: FlowControlKind): void {
    this.#stats?.inc(FLOW_CONTROL[kind]);
  }
}

type FlowControlKind = Parameters<ClusterRequestStats['onFlowControl']>[0];

const FLOW_CONTROL: Readonly<Record<FlowControlKind, CounterId>> = {
  'backed-up': CLUSTER_STATS.upstream_flow_control_backed_up_total,
  drained: CLUSTER_STATS.upstream_flow_control_drained_total,
  'paused-reading': CLUSTER_STATS.upstream_flow_control_paused_reading_total,
  'resumed-reading': CLUSTER_STATS.upstream_flow_control_resumed_reading_total,
};

/** The counters of responses under one prefix. */
class ResponseScope {
  readonly #stats: StatGroup;
  readonly #prefix: string;
  #completed: Counter | undefined;
  /** Of statuses beyond 599. */
  #unknown: Counter | undefined;
  #time: Histogram | undefined;
  /** By the status' first digit, and by status. */
  #classes: (Counter | undefined)[] | undefined;
  #codes: (Counter | undefined)[] | undefined;

  constructor(stats: StatGroup, prefix: string) {
    this.#stats = stats;
    this.#prefix = prefix;
  }

  count(status: number): void {
    (this.#completed ??= this.#counter('completed')).inc();
    if (status < 100 || status > 599) {
      (this.#unknown ??= this.#counter('unknown')).inc();
      return;
    }
    const classes = (this.#classes ??= []);
    const codes = (this.#codes ??= []);
    const hundred = (status / 100) | 0;
    (classes[hundred] ??= this.#counter(`${hundred}xx`)).inc();
    (codes[status] ??= this.#counter(String(status))).inc();
  }

  record(timeMs: number): void {
    (this.#time ??= this.#stats.histogram(`${this.#prefix}upstream_rq_time`)).record(timeMs);
  }

  #counter(name: string): Counter {
    return this.#stats.counter(`${this.#prefix}upstream_rq_${name}`);
  }
}
