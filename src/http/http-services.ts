import { serviceKey } from '../core/extension.ts';
import type { StatGroup } from '../core/stats/stats.ts';
import type { ClusterLookup } from './upstream.ts';

/** What a compile step of the HTTP rooms asks of its surroundings. */

/** The thread's clusters. */
export const CLUSTERS = serviceKey<ClusterLookup>('clusters');

/** What an HTTP filter may know of its connection manager. */
export interface HttpFacts {
  readonly statPrefix: string;
  /** `http.<stat_prefix>`. */
  readonly stats: StatGroup;
  /** `:scheme` becomes that of the connection it is sent on. */
  readonly schemeMatchesUpstream: boolean;
}

export const HTTP = serviceKey<HttpFacts>('http');

/** What the process says of its own health: `/healthcheck/fail` and `/healthcheck/ok`. */
export interface ProcessHealth {
  readonly failed: boolean;
}

export const HEALTH = serviceKey<ProcessHealth>('health');
