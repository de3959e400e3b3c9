import type { VirtualCluster as VirtualClusterMessage } from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { type Counter, type CounterId, defineStats, type Histogram, type StatGroup } from '../../core/stats/stats.ts';
import type { HeaderMap } from '../header-map.ts';
import { compileHeaderMatcher, type HeaderMatcher } from '../matcher/header-matcher.ts';

/** `vhost.<name>.route.<stat_prefix>.` and `vhost.<name>.vcluster.<name>.`. */
const ROUTE_STATS = defineStats({
  counters: [
    'upstream_rq_retry',
    'upstream_rq_retry_limit_exceeded',
    'upstream_rq_retry_overflow',
    'upstream_rq_retry_success',
    'upstream_rq_timeout',
    'upstream_rq_total',
  ],
});

export type RetryOutcome = 'started' | 'success' | 'overflow' | 'limit-exceeded';

const RETRY: Readonly<Record<RetryOutcome, CounterId>> = {
  started: ROUTE_STATS.upstream_rq_retry,
  success: ROUTE_STATS.upstream_rq_retry_success,
  overflow: ROUTE_STATS.upstream_rq_retry_overflow,
  'limit-exceeded': ROUTE_STATS.upstream_rq_retry_limit_exceeded,
};

/** What a forwarded request counts besides its cluster's statistics: those of its route, of its virtual cluster, or both. */
export interface RequestCounts {
  /** An upstream connection took the request, each attempt. */
  onSent(): void;
  /** The status that the client gets from the cluster or in its place. */
  onResponse(status: number): void;
  onResponseTime(timeMs: number): void;
  onTimeout(): void;
  onRetry(outcome: RetryOutcome): void;
}

/** One prefix. A status' name comes to be with its first count. */
export class ScopeCounts implements RequestCounts {
  readonly #stats: StatGroup;
  #completed: Counter | undefined;
  #unknown: Counter | undefined;
  #time: Histogram | undefined;
  /** By the status' first digit, and by status. */
  readonly #classes: (Counter | undefined)[] = [];
  readonly #codes: (Counter | undefined)[] = [];

  constructor(stats: StatGroup) {
    this.#stats = stats;
  }

  onSent(): void {
    this.#stats.inc(ROUTE_STATS.upstream_rq_total);
  }

  onResponse(status: number): void {
    (this.#completed ??= this.#stats.counter('upstream_rq_completed')).inc();
    if (status < 100 || status > 599) {
      (this.#unknown ??= this.#stats.counter('upstream_rq_unknown')).inc();
      return;
    }
    const hundred = (status / 100) | 0;
    (this.#classes[hundred] ??= this.#stats.counter(`upstream_rq_${hundred}xx`)).inc();
    (this.#codes[status] ??= this.#stats.counter(`upstream_rq_${status}`)).inc();
  }

  onResponseTime(timeMs: number): void {
    (this.#time ??= this.#stats.histogram('upstream_rq_time')).record(timeMs);
  }

  onTimeout(): void {
    this.#stats.inc(ROUTE_STATS.upstream_rq_timeout);
  }

  onRetry(outcome: RetryOutcome): void {
    this.#stats.inc(RETRY[outcome]);
  }
}

class BothCounts implements RequestCounts {
  readonly #route: RequestCounts;
  readonly #virtualCluster: RequestCounts;

  constructor(route: RequestCounts, virtualCluster: RequestCounts) {
    this.#route = route;
    this.#virtualCluster = virtualCluster;
  }

  onSent(): void {
    this.#route.onSent();
    this.#virtualCluster.onSent();
  }

  onResponse(status: number): void {
    this.#route.onResponse(status);
    this.#virtualCluster.onResponse(status);
  }

  onResponseTime(timeMs: number): void {
    this.#route.onResponseTime(timeMs);
    this.#virtualCluster.onResponseTime(timeMs);
  }

  onTimeout(): void {
    this.#route.onTimeout();
    this.#virtualCluster.onTimeout();
  }

  onRetry(outcome: RetryOutcome): void {
    this.#route.onRetry(outcome);
    this.#virtualCluster.onRetry(outcome);
  }
}

/** `VirtualHost.virtual_clusters`: the first one whose headers all match, else `other`. */
export class VirtualClusters {
  readonly #entries: readonly VirtualCluster[];
  readonly #other: RequestCounts;

  constructor(entries: readonly VirtualCluster[], other: RequestCounts) {
    this.#entries = entries;
    this.#other = other;
  }

  find(headers: HeaderMap): VirtualClusterChoice {
    return this.#entries.find(({ matchers }) => matchers.every((matcher) => matcher.matches(headers))) ?? { name: '', counts: this.#other };
  }

  /** The same ones, which count for a route too. */
  with(route: RequestCounts): VirtualClusters {
    const both = (counts: RequestCounts): RequestCounts => new BothCounts(route, counts);
    return new VirtualClusters(
      this.#entries.map((entry) => ({ ...entry, counts: both(entry.counts) })),
      both(this.#other),
    );
  }
}

export interface VirtualClusterChoice {
  /** `%VIRTUAL_CLUSTER_NAME%`; '' for the others. */
  readonly name: string;
  readonly counts: RequestCounts;
}

interface VirtualCluster extends VirtualClusterChoice {
  readonly matchers: readonly HeaderMatcher[];
}

/** Makes what counts in one virtual host. */
export class CountsCompiler {
  readonly #prefix: string;
  readonly #context: CompileContext;
  readonly #virtualClusters: VirtualClusters | undefined;

  constructor(virtualHost: string, messages: readonly VirtualClusterMessage[], at: ConfigPath, context: CompileContext) {
    this.#prefix = `vhost.${virtualHost}`;
    this.#context = context;
    this.#virtualClusters = messages.length === 0 ? undefined : this.#compile(messages, at);
  }

  /** What requests of a route with this `stat_prefix` count, '' = none; undefined = nothing. */
  ofRoute(statPrefix: string): VirtualClusters | RequestCounts | undefined {
    if (statPrefix === '') return this.#virtualClusters;
    const counts = this.#scope(`route.${statPrefix}`);
    return this.#virtualClusters?.with(counts) ?? counts;
  }

  #compile(messages: readonly VirtualClusterMessage[], at: ConfigPath): VirtualClusters {
    const entries = messages.map(({ name, headers }, index) => {
      const headersAt = at.index(index).field('headers');
      if (headers.length === 0) this.#context.error(headersAt, "virtual clusters must define 'headers'");
      const matchers = headers.map((message, position) => compileHeaderMatcher(message, headersAt.index(position), this.#context));
      return { name, matchers: matchers.filter((matcher) => matcher !== undefined), counts: this.#scope(`vcluster.${name}`) };
    });
    return new VirtualClusters(entries, this.#scope('vcluster.other'));
  }

  #scope(name: string): RequestCounts {
    return new ScopeCounts(this.#context.stats.group(`${this.#prefix}.${name}`, ROUTE_STATS));
  }
}
