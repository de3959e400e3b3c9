import type { JsonObject } from '@bufbuild/protobuf';
import type { EndpointsConfigDump } from '../api/generated/envoy/admin/v3.ts';
import { HealthStatus } from '../api/generated/envoy/config/core/v3.ts';
import type { AdminCluster, AdminClusterHost } from './admin-host.ts';
import { edsHealthOf } from './clusters.ts';
import { addressMessage, hold, make } from './messages.ts';
import type { NameFilter } from './name-filter.ts';

/** `/config_dump?include_eds`: the endpoints that clusters have found, in the form in which they would be configured. */
export function endpointsDump(clusters: readonly AdminCluster[], wanted: NameFilter): EndpointsConfigDump {
  const staticEndpointConfigs = clusters.filter(({ name }) => wanted(name)).map((cluster) => ({ endpointConfig: hold(ASSIGNMENT, assignmentOf(cluster)) }));
  return make('envoy.admin.v3.EndpointsConfigDump', { staticEndpointConfigs });
}

const ASSIGNMENT = 'envoy.config.endpoint.v3.ClusterLoadAssignment';

function assignmentOf({ name, hosts, overprovisioningFactor }: AdminCluster) {
  const localities = new Map<string, AdminClusterHost[]>();
  for (const host of hosts) {
    const { region, zone, subZone } = host.locality;
    const key = `${host.priority}\n${region}\n${zone}\n${subZone}`;
    const group = localities.get(key);
    if (group === undefined) localities.set(key, [host]);
    else group.push(host);
  }
  return make(ASSIGNMENT, {
    clusterName: name,
    endpoints: [...localities.values()].map((group) => ({
      locality: { ...group[0]!.locality },
      priority: group[0]!.priority,
      loadBalancingWeight: group[0]!.localityWeight,
      lbEndpoints: group.map(endpointOf),
    })),
    policy: { overprovisioningFactor },
  });
}

function endpointOf(host: AdminClusterHost) {
  return {
    healthStatus: coarseHealthOf(host),
    ...(host.metadata !== undefined && { metadata: { filterMetadata: host.metadata as Record<string, JsonObject> } }),
    loadBalancingWeight: host.weight,
    hostIdentifier: {
      case: 'endpoint' as const,
      value: { address: addressMessage(host.address), healthCheckConfig: {}, hostname: host.hostname },
    },
  };
}

/** What the load balancer makes of the configured state. */
function coarseHealthOf(host: AdminClusterHost): HealthStatus {
  const health = edsHealthOf(host);
  return health === HealthStatus.DRAINING ? HealthStatus.UNHEALTHY : health;
}
