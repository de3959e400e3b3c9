import { sanitizeStatName } from '../core/stats/names.ts';
import type { Counter, CounterId, Histogram, StatGroup } from '../core/stats/stats.ts';
import type { ClusterRequestStats } from '../http/upstream.ts';
import { CLUSTER_STATS } from './cluster-stats.ts';

/**
 * `upstream_rq_<code>`, `upstream_rq_<class>xx` and `upstream_rq_time`, plain and again under `internal.` or `external.`, `canary.` and
 * `retry.`, between two zones under `zone.<this>.<the host's>.`, and all but `retry.` under the name that an internal caller gave. A name comes to be with its first count; from then on a status finds its counter by number.
 */
export class RequestStats implements ClusterRequestStats {
  #stats: StatGroup | undefined;
  readonly #localZone: string;
  readonly #responses: ResponseTree;
  readonly #retried: ResponseScope;
  #alternatives: Map<string, ResponseTree> | undefined;

  constructor(stats: StatGroup, localZone = '') {
    this.#stats = stats;
    this.#localZone = localZone;
    this.#responses = new ResponseTree(stats, '', localZone);
    this.#retried = new ResponseScope(stats, 'retry.');
  }

  /** The cluster's statistics have been released: nothing may count into them any more. */
  detach(): void {
    this.#stats = undefined;
  }

  onResponse(status: number, internal: boolean, canary: boolean, alternative: string, withoutCodes = false, zone = ''): void {
    if (this.#stats === undefined) return;
    this.#responses.count(status, internal, canary, withoutCodes, zone);
    if (alternative !== '') this.#alternative(alternative)?.count(status, internal, canary, withoutCodes, zone);
  }

  onResponseTime(timeMs: number, internal: boolean, canary: boolean, alternative: string, zone = ''): void {
    if (this.#stats === undefined) return;
    this.#responses.record(timeMs, internal, canary, zone);
    if (alternative !== '') this.#alternative(alternative)?.record(timeMs, internal, canary, zone);
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

  onConnectAttemptsExceeded(): void {
    this.#stats?.inc(CLUSTER_STATS.upstream_cx_connect_attempts_exceeded);
  }

  onMaintenanceMode(): void {
    this.#stats?.inc(CLUSTER_STATS.upstream_rq_maintenance_mode);
  }

  onFlowControl(kind: FlowControlKind): void {
    this.#stats?.inc(FLOW_CONTROL[kind]);
  }

  #alternative(name: string): ResponseTree | undefined {
    const alternatives = (this.#alternatives ??= new Map());
    let tree = alternatives.get(name);
    if (tree === undefined && alternatives.size < MAX_ALTERNATIVE_STAT_NAMES) {
      // A slice of a request's head would pin it.
      const kept = Buffer.from(name, 'latin1').toString('latin1');
      alternatives.set(kept, (tree = new ResponseTree(this.#stats!, `${sanitizeStatName(kept)}.`, this.#localZone)));
    }
    return tree;
  }
}

/** Names of `x-envoy-upstream-alt-stat-name` that a cluster counts under; further ones count in the main tree only. */
export const MAX_ALTERNATIVE_STAT_NAMES = 256;

type FlowControlKind = Parameters<ClusterRequestStats['onFlowControl']>[0];

const FLOW_CONTROL: Readonly<Record<FlowControlKind, CounterId>> = {
  'backed-up': CLUSTER_STATS.upstream_flow_control_backed_up_total,
  drained: CLUSTER_STATS.upstream_flow_control_drained_total,
  'paused-reading': CLUSTER_STATS.upstream_flow_control_paused_reading_total,
  'resumed-reading': CLUSTER_STATS.upstream_flow_control_resumed_reading_total,
};

/** The plain counters under a prefix, and those of callers, canaries and zones below it. */
class ResponseTree {
  readonly #stats: StatGroup;
  readonly #prefix: string;
  /** Empty: zones are not told apart. */
  readonly #localZone: string;
  readonly #all: ResponseScope;
  readonly #internal: ResponseScope;
  readonly #external: ResponseScope;
  readonly #canary: ResponseScope;
  #zones: Map<string, ResponseScope> | undefined;

  constructor(stats: StatGroup, prefix: string, localZone: string) {
    this.#stats = stats;
    this.#prefix = prefix;
    this.#localZone = localZone;
    this.#all = new ResponseScope(stats, prefix);
    this.#internal = new ResponseScope(stats, `${prefix}internal.`);
    this.#external = new ResponseScope(stats, `${prefix}external.`);
    this.#canary = new ResponseScope(stats, `${prefix}canary.`);
  }

  count(status: number, internal: boolean, canary: boolean, withoutCodes: boolean, zone: string): void {
    if (withoutCodes) this.#all.countCompleted();
    else this.#all.count(status);
    (internal ? this.#internal : this.#external).count(status);
    if (canary) this.#canary.count(status);
    if (this.#localZone !== '' && zone !== '') this.#zone(zone).count(status);
  }

  record(timeMs: number, internal: boolean, canary: boolean, zone: string): void {
    this.#all.record(timeMs);
    (internal ? this.#internal : this.#external).record(timeMs);
    if (canary) this.#canary.record(timeMs);
    if (this.#localZone !== '' && zone !== '') this.#zone(zone).record(timeMs);
  }

  /** There are as many as endpoints have zones. */
  #zone(zone: string): ResponseScope {
    const zones = (this.#zones ??= new Map());
    let scope = zones.get(zone);
    if (scope === undefined) zones.set(zone, (scope = new ResponseScope(this.#stats, `${this.#prefix}zone.${sanitizeStatName(this.#localZone)}.${sanitizeStatName(zone)}.`)));
    return scope;
  }
}

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

  countCompleted(): void {
    (this.#completed ??= this.#counter('completed')).inc();
  }

  count(status: number): void {
    this.countCompleted();
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
