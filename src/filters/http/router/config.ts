import type { StatGroup } from '../../../core/stats/stats.ts';

/** envoy.extensions.filters.http.router.v3.Router, compiled. */
export interface RouterConfig {
  /** `http.<stat_prefix>.`, shared with the connection manager. */
  readonly stats: StatGroup;
  readonly suppressEnvoyHeaders: boolean;
  readonly respectExpectedRqTimeout: boolean;
}
