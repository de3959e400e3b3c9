import type { Address } from '../transport/transport.ts';
import type { Assignment, BreakerSpec, ClusterSpec, EndpointHealth, HostMetadata, Locality } from './cluster-spec.ts';
import { hostStatPrefix } from './cluster-stats.ts';
import { flagsOfEndpoint, healthFlagsText } from './host-health.ts';
import { isCanary } from './host.ts';
import { endpointsOf } from './membership.ts';

/** One cluster as `/clusters` shows it; plain values. */
export interface ClusterSnapshot {
  readonly name: string;
  readonly observabilityName: string;
  readonly addedViaApi: boolean;
  /** Default priority, then high. */
  readonly breakers: readonly [BreakerSpec, BreakerSpec];
  readonly hosts: readonly HostSnapshot[];
  /** Percent. */
  readonly overprovisioningFactor: number;
}

export interface HostSnapshot {
  readonly address: Address;
  readonly hostname: string;
  /** Bits of `HealthFlag`, and their text (`healthy`, `/failed_eds_health`). */
  readonly healthFlags: number;
  readonly healthFlagsText: string;
  readonly edsHealth: EndpointHealth;
  readonly weight: number;
  readonly locality: Locality;
  readonly localityWeight: number;
  /** Empty where the configuration of a name that was looked up has none. */
  readonly metadata: HostMetadata | undefined;
  readonly canary: boolean;
  readonly priority: number;
  /** -1: not known. */
  readonly successRate: number;
  readonly localOriginSuccessRate: number;
  /** Prefix of the group that counts `HOST_STATS`; no such group: all 0. */
  readonly statPrefix: string;
}

export function snapshotCluster(spec: ClusterSpec, assignment: Assignment, addedViaApi: boolean): ClusterSnapshot {
  const hosts: HostSnapshot[] = [];
  for (const { endpoint, group, priority } of endpointsOf(assignment)) {
    const healthFlags = flagsOfEndpoint(endpoint.health);
    hosts.push({
      address: endpoint.address,
      hostname: endpoint.hostname,
      healthFlags,
      healthFlagsText: healthFlagsText(healthFlags),
      edsHealth: endpoint.health,
      weight: endpoint.weight,
      locality: group.locality,
      localityWeight: group.weight,
      metadata: endpoint.metadata ?? (spec.discovery.kind === 'static' ? undefined : {}),
      canary: isCanary(endpoint.metadata),
      priority,
      successRate: -1,
      localOriginSuccessRate: -1,
      statPrefix: hostStatPrefix(spec.name, endpoint.key ?? endpoint.address.text),
    });
  }
  return { name: spec.name, observabilityName: spec.observabilityName, addedViaApi, breakers: spec.breakers, hosts, overprovisioningFactor: assignment.overprovisioningFactor };
}
