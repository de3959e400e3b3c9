import type { Assignment, EndpointHealth, EndpointSpec, Locality } from '../../../src/cluster/cluster-spec.ts';
import { EMPTY_LOCALITY } from '../../../src/cluster/cluster-spec.ts';
import type { HostOwner, UpstreamHost } from '../../../src/cluster/host.ts';
import { PrioritySet } from '../../../src/cluster/host-set.ts';
import { HOST_STATS } from '../../../src/cluster/cluster-stats.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import { ipAddress } from '../../../src/transport/address.ts';
import type { LoadBalancerContext } from '../../../src/http/upstream.ts';

const store = new SharedStatStore({ direct: true, onAnnounce: () => {} });

export const hostOwner: HostOwner = {
  openHostStats: () => store.group('host', HOST_STATS),
  openPool: () => undefined,
  releaseHostStats: () => {},
};

export const anyStream: LoadBalancerContext = {
  hash: () => undefined,
  metadataMatch: () => undefined,
  isHostTried: () => false,
  requestHeaders: undefined,
};

export interface HostPlan {
  readonly weight?: number;
  readonly health?: EndpointHealth;
}

/** `count` hosts of one kind, named by where they stand. */
export function several(count: number, health: EndpointHealth = 'UNKNOWN', weight = 1): HostPlan[] {
  return Array.from({ length: count }, () => ({ health, weight }));
}

export interface LocalityPlan {
  readonly zone?: string;
  readonly weight?: number;
  readonly hosts: readonly HostPlan[];
}

/** Hosts are `10.<priority>.<locality>.<index + 1>:80`. */
export function assignmentOf(priorities: readonly (readonly LocalityPlan[])[], weightedPriorityHealth = false): Assignment {
  return {
    overprovisioningFactor: 140,
    weightedPriorityHealth,
    priorities: priorities.map((localities, priority) =>
      localities.map(({ zone, weight = 0, hosts }, locality) => ({
        locality: zone === undefined ? EMPTY_LOCALITY : localityOf(zone),
        weight,
        endpoints: hosts.map((plan, index) => endpoint(`10.${priority}.${locality}.${index + 1}`, plan)),
      })),
    ),
  };
}

export function prioritySet(assignment: Assignment): PrioritySet {
  const set = new PrioritySet(hostOwner);
  set.update(assignment);
  return set;
}

/** Hosts of one priority and locality. */
export function hostList(plans: readonly HostPlan[]): readonly UpstreamHost[] {
  return prioritySet(assignmentOf([[{ hosts: plans }]])).levels[0].hosts;
}

/** How often each key comes. */
export function tally<Key>(count: number, next: () => Key): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (let i = 0; i < count; i++) {
    const key = next();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function localityOf(zone: string): Locality {
  return { region: '', zone, subZone: '' };
}

function endpoint(host: string, { weight = 1, health = 'UNKNOWN' }: HostPlan): EndpointSpec {
  return { address: ipAddress(host, 80), hostname: '', weight, health, metadata: undefined };
}
