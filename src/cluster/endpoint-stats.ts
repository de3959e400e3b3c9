import type { EndpointStats } from '../core/stats/snapshot.ts';
import type { ClusterSnapshot } from './admin-snapshot.ts';
import type { ClusterSpec } from './cluster-spec.ts';
import { HOST_STATS } from './cluster-stats.ts';
import { isDegraded, isUnhealthy } from './host-health.ts';

/** By the prefix of their group (`hostStatPrefix`) and name. An endpoint that has counted nothing yet is not in it. */
export type EndpointCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** `track_cluster_stats.per_endpoint_stats`: in Envoy's order. */
export function endpointStats({ statName: clusterName }: ClusterSpec, { hosts }: ClusterSnapshot, counts: EndpointCounts): EndpointStats[] {
  return hosts.map(({ address, hostname, healthFlags, statPrefix }) => {
    const values = counts.get(statPrefix);
    const statOf = (name: string) => ({ name, value: values?.get(name) ?? 0 });
    return {
      prefix: `cluster.${clusterName}.endpoint.${address.text.replaceAll(':', '_')}`,
      clusterName,
      address: address.text,
      hostname,
      counters: HOST_STATS.counters.map(statOf),
      gauges: [...HOST_STATS.gauges.map(statOf), { name: 'healthy', value: isUnhealthy(healthFlags) || isDegraded(healthFlags) ? 0 : 1 }],
    };
  });
}
