import type { Cluster as ClusterMessage } from '../api/generated/envoy/config/cluster/v3.ts';
import type { ClusterSpec } from '../cluster/cluster-spec.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';

/** `cluster_manager.local_cluster_name`. Envoy would also keep requests within this proxy's zone by it, where a cluster has hosts in several. */
export function checkLocalCluster(name: string, specs: readonly ClusterSpec[], messages: readonly ClusterMessage[], problems: Problems): void {
  if (name === '') return;
  if (!messages.some((message) => message.name === name)) problems.error(ConfigPath.root.field('cluster_manager').field('local_cluster_name'), `local cluster '${name}' must be defined`);
  const weighted = new Set(specs.filter(({ localityWeighted }) => localityWeighted).map((spec) => spec.name));
  messages.forEach((message, index) => {
    const at = ConfigPath.root.field('static_resources').field('clusters').index(index).field('load_assignment').field('endpoints');
    if (message.name === name && message.loadAssignment?.endpoints.some(({ priority }) => priority !== 0)) problems.error(at, `Unexpected non-zero priority for local cluster '${name}'.`);
    const localities = new Set((message.loadAssignment?.endpoints ?? []).map(({ locality }) => `${locality?.region}/${locality?.zone}/${locality?.subZone}`));
    if (localities.size < 2 || weighted.has(message.name)) return;
    problems.error(at, 'not supported: several localities beside cluster_manager.local_cluster_name, as requests are not kept within a zone (use common_lb_config.locality_weighted_lb_config, or name no local cluster)');
  });
}
