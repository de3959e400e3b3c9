import type { Cluster } from '../api/generated/envoy/config/cluster/v3.ts';
import { serviceKey } from '../core/extension.ts';

/** What a transport socket's compile step may know of its cluster. */
export interface ClusterFacts {
  /** `cluster.<name>` */
  readonly statScope: string;
}

/** What a cluster's statistics are called by; Envoy has no colons there. */
export function clusterStatName(cluster: Cluster): string {
  return observabilityName(cluster).replaceAll(':', '_');
}

export function clusterStatScope(cluster: Cluster): string {
  return `cluster.${clusterStatName(cluster)}`;
}

export function observabilityName({ name, altStatName }: Cluster): string {
  return altStatName === '' ? name : altStatName;
}

export const CLUSTER = serviceKey<ClusterFacts>('cluster');
