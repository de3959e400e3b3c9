import type { Clock } from '../../../core/clock.ts';
import { type CounterId, defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP, TAKEN } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName } from '../../../http/header-name.ts';
import { HTTP_TRACING_STATS } from '../../../http/http-stats.ts';
import type { ProcessHealth } from '../../../http/http-services.ts';
import type { HeaderMatcher } from '../../../http/matcher/header-matcher.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';
import type { ClusterLookup } from '../../../http/upstream.ts';

export const HEALTH_CHECK_STATS = defineStats({
  counters: ['cached_response', 'degraded', 'failed', 'failed_cluster_empty', 'failed_cluster_not_found', 'failed_cluster_unhealthy', 'ok', 'request_total'],
});

const HEALTH_CHECKED_CLUSTER = headerName('x-envoy-upstream-healthchecked-cluster');

export interface HealthCheckOptions {
  readonly passThrough: boolean;
  /** 0: no cache. */
  readonly cacheMs: number;
  readonly matchers: readonly HeaderMatcher[];
  readonly minHealthyPercentages: readonly { readonly cluster: string; readonly percent: number }[];
  readonly health: ProcessHealth;
  /** The node's cluster. */
  readonly serviceCluster: string;
  readonly clock: Clock;
  readonly stats: StatGroup;
  /** Why requests are not traced. */
  readonly tracingStats: StatGroup;
}

/** What a request for the health of this process is answered with. */
interface Verdict {
  readonly status: number;
  readonly degraded: boolean;
  readonly details: string;
  readonly counter?: CounterId;
}

const HEALTHY: Verdict = { status: 200, degraded: false, details: 'health_check_ok' };
const FAILED: Verdict = { status: 503, degraded: false, details: 'health_check_failed' };

/** Of a stream: a health check that is passed on, or one that is answered here. */
const PASSED = 1;
const ANSWERED = 2;

/** envoy.filters.http.health_check: answers health checks, or passes them on and remembers the answer. */
export class HealthCheck implements HttpFilter {
  readonly #options: HealthCheckOptions;
  #cached: Verdict | undefined;
  /** Which turn of the cache's clock `#cached` belongs to. */
  #cachedTurn = -1;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    const { matchers, passThrough, health } = this.#options;
    for (const matcher of matchers) if (!matcher.matches(headers)) return CONTINUE;
    stream.info.healthCheck = true;
    const answers = !passThrough || health.failed || this.#fromCache() !== undefined;
    stream.state = answers ? ANSWERED : PASSED;
    if (!answers) return CONTINUE;
    if (end) this.#answer(stream);
    return STOP;
  }

  decodeData(stream: FilterStream, _chunk: Buffer, end: boolean): FilterStatus {
    if (stream.state !== ANSWERED) return CONTINUE;
    if (end) this.#answer(stream);
    return TAKEN;
  }

  decodeTrailers(stream: FilterStream): FilterStatus {
    if (stream.state !== ANSWERED) return CONTINUE;
    this.#answer(stream);
    return TAKEN;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const { cacheMs, serviceCluster, health } = this.#options;
    if (stream.state !== undefined) {
      if (cacheMs > 0 && stream.state === PASSED) this.#remember(headers);
      headers.set(HEALTH_CHECKED_CLUSTER, serviceCluster);
    }
    if (health.failed) headers.set(H.envoyImmediateHealthCheckFail, 'true');
    return CONTINUE;
  }

  onDestroy(stream: FilterStream): void {
    if (stream.state !== undefined) this.#options.tracingStats.inc(HTTP_TRACING_STATS.health_check);
  }

  #remember(headers: HeaderMap): void {
    const degraded = headers.has(H.envoyDegraded);
    this.#cached = { status: headers.status, degraded, details: 'health_check_cached', counter: HEALTH_CHECK_STATS.cached_response };
    this.#cachedTurn = this.#turn();
  }

  #answer(stream: FilterStream): void {
    const { stats } = this.#options;
    const verdict = this.#judge(stream.clusters);
    stats.inc(HEALTH_CHECK_STATS.request_total);
    if (verdict.counter !== undefined) stats.inc(verdict.counter);
    const ok = verdict.status >= 200 && verdict.status < 300;
    stats.inc(ok ? HEALTH_CHECK_STATS.ok : HEALTH_CHECK_STATS.failed);
    if (verdict.degraded) stats.inc(HEALTH_CHECK_STATS.degraded);
    if (!ok) stream.info.setFlag(ResponseFlag.failedLocalHealthCheck);
    const headers = verdict.degraded ? (reply: HeaderMap): void => reply.set(H.envoyDegraded, '') : undefined;
    stream.localReply({ status: verdict.status, body: '', details: verdict.details, headers });
  }

  #judge(clusters: ClusterLookup): Verdict {
    const { health, cacheMs, minHealthyPercentages } = this.#options;
    if (health.failed) return FAILED;
    if (cacheMs > 0) return this.#fromCache() ?? HEALTHY;
    for (const { cluster, percent } of minHealthyPercentages) {
      const verdict = judgeCluster(clusters, cluster, percent);
      if (verdict !== undefined) return verdict;
    }
    return minHealthyPercentages.length > 0 ? HEALTHY_CLUSTERS : HEALTHY;
  }

  #fromCache(): Verdict | undefined {
    if (this.#cached === undefined || this.#cachedTurn !== this.#turn()) return undefined;
    return this.#cached;
  }

  /** The cache is emptied at fixed intervals, however old what it holds is. */
  #turn(): number {
    return Math.floor(this.#options.clock.monotonicMs() / this.#options.cacheMs);
  }
}

const HEALTHY_CLUSTERS: Verdict = { status: 200, degraded: false, details: 'health_check_ok_cluster_healthy' };

/** Undefined: enough hosts are healthy. */
function judgeCluster(clusters: ClusterLookup, name: string, percent: number): Verdict | undefined {
  const unhealthy = { status: 503, degraded: false } as const;
  const members = clusters.get(name)?.membership();
  if (members === undefined) {
    return { ...unhealthy, details: 'health_check_failed_no_cluster_found', counter: HEALTH_CHECK_STATS.failed_cluster_not_found };
  }
  if (members.total === 0) {
    if (percent === 0) return undefined;
    return { ...unhealthy, details: 'health_check_failed_cluster_empty', counter: HEALTH_CHECK_STATS.failed_cluster_empty };
  }
  if (100 * (members.healthy + members.degraded) >= members.total * percent) return undefined;
  return { ...unhealthy, details: 'health_check_failed_cluster_unhealthy', counter: HEALTH_CHECK_STATS.failed_cluster_unhealthy };
}
