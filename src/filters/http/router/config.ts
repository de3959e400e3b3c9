import type { StatGroup } from '../../../core/stats/stats.ts';
import type { FilterChain } from '../../../http/filter-chain.ts';
import type { StrictHeader } from './strict-headers.ts';
import type { UpstreamLogs } from './upstream-log.ts';

/** envoy.extensions.filters.http.router.v3.Router, compiled. */
export interface RouterConfig {
  /** `http.<stat_prefix>.`, shared with the connection manager. */
  readonly stats: StatGroup;
  readonly suppressEnvoyHeaders: boolean;
  readonly respectExpectedRqTimeout: boolean;
  /** Responses are counted by status, caller and route. */
  readonly dynamicStats: boolean;
  /** A call of gRPC has its HTTP status counted for its callers only, not for the cluster. */
  readonly suppressGrpcCodeStats: boolean;
  /** Undefined: a header that says nothing valid is as if it were not there. */
  readonly strictHeaders: readonly StrictHeader[] | undefined;
  /** Stand before the upstream of every cluster that has none of its own; undefined = none. */
  readonly upstreamFilters: FilterChain | undefined;
  /** Undefined: attempts are not recorded. */
  readonly upstreamLogs: UpstreamLogs | undefined;
  readonly rejectsEarlyConnectData: boolean;
  /** `:scheme` tells of the connection that the request is sent on. */
  readonly schemeMatchesUpstream: boolean;
}
