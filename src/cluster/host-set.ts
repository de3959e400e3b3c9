import type { Assignment, EndpointSpec, Locality, LocalityEndpoints } from './cluster-spec.ts';
import { type HostOwner, UpstreamHost } from './host.ts';

/** The hosts of one locality within one priority. */
export interface LocalityHosts {
  readonly locality: Locality;
  /** 0: not given. */
  readonly weight: number;
  readonly hosts: readonly UpstreamHost[];
  readonly healthy: readonly UpstreamHost[];
  readonly degraded: readonly UpstreamHost[];
  readonly excludedCount: number;
}

/** The hosts of one priority, sorted by what they can be used for. Immutable: an update makes a new one. */
export interface HostSet {
  readonly priority: number;
  readonly hosts: readonly UpstreamHost[];
  readonly healthy: readonly UpstreamHost[];
  readonly degraded: readonly UpstreamHost[];
  /** Left out of the sums that decide between priorities and on panic. */
  readonly excludedCount: number;
  readonly localities: readonly LocalityHosts[];
  /** Percent. */
  readonly overprovisioningFactor: number;
  readonly weightedPriorityHealth: boolean;
}

/** All hosts of a cluster in one thread. Host objects live on for as long as they are named. */
export class PrioritySet {
  readonly #owner: HostOwner;
  #hostsByKey = new Map<string, UpstreamHost>();
  #levels: readonly HostSet[] = [emptyLevel];

  constructor(owner: HostOwner) {
    this.#owner = owner;
  }

  /** Index = priority; never empty. */
  get levels(): readonly HostSet[] {
    return this.#levels;
  }

  get hosts(): IterableIterator<UpstreamHost> {
    return this.#hostsByKey.values();
  }

  /** Takes over what discovery found. Returns the hosts that are no longer named; the caller removes them. */
  update(assignment: Assignment): readonly UpstreamHost[] {
    const before = this.#hostsByKey;
    const hosts = new Map<string, UpstreamHost>();
    const hostFor = (endpoint: EndpointSpec, priority: number, locality: Locality): UpstreamHost => {
      const key = freeKey(hosts, endpoint.key ?? endpoint.address.text);
      let host = before.get(key);
      if (host === undefined) host = new UpstreamHost(this.#owner, endpoint, priority, locality);
      else host.describe(endpoint, priority, locality);
      hosts.set(key, host);
      return host;
    };
    const levels = assignment.priorities.map((localities, priority) => sortLevel(assignment, localities, priority, hostFor));
    this.#levels = levels.length === 0 ? [emptyLevel] : levels;
    this.#hostsByKey = hosts;
    const removed: UpstreamHost[] = [];
    for (const [key, host] of before) if (!hosts.has(key)) removed.push(host);
    return removed;
  }
}

/** One address may be named several times, each time a host of its own. */
function freeKey(taken: ReadonlyMap<string, unknown>, key: string): string {
  if (!taken.has(key)) return key;
  let copy = 1;
  while (taken.has(`${key}#${copy}`)) copy++;
  return `${key}#${copy}`;
}

type HostFor = (endpoint: EndpointSpec, priority: number, locality: Locality) => UpstreamHost;

function sortLevel(assignment: Assignment, found: readonly LocalityEndpoints[], priority: number, hostFor: HostFor): HostSet {
  const { overprovisioningFactor, weightedPriorityHealth } = assignment;
  const localities = found.map(({ locality, weight, endpoints }) => {
    const hosts = endpoints.map((endpoint) => hostFor(endpoint, priority, locality));
    return { locality, weight, ...sortHosts(hosts) };
  });
  const [only] = localities;
  if (localities.length === 1) {
    const { hosts, healthy, degraded, excludedCount } = only;
    return { priority, hosts, healthy, degraded, excludedCount, localities, overprovisioningFactor, weightedPriorityHealth };
  }
  const sorted = sortHosts(localities.flatMap(({ hosts }) => hosts));
  return { priority, ...sorted, localities, overprovisioningFactor, weightedPriorityHealth };
}

function sortHosts(hosts: readonly UpstreamHost[]): Pick<HostSet, 'hosts' | 'healthy' | 'degraded' | 'excludedCount'> {
  let excludedCount = 0;
  let healthyCount = 0;
  for (const host of hosts) {
    if (host.excluded) excludedCount++;
    if (host.healthy) healthyCount++;
  }
  // The usual case shares one array.
  if (healthyCount === hosts.length) return { hosts, healthy: hosts, degraded: NONE, excludedCount };
  return { hosts, healthy: hosts.filter((host) => host.healthy), degraded: hosts.filter((host) => host.degraded), excludedCount };
}

const NONE: readonly UpstreamHost[] = [];

const emptyLevel: HostSet = {
  priority: 0,
  hosts: NONE,
  healthy: NONE,
  degraded: NONE,
  excludedCount: 0,
  localities: [],
  overprovisioningFactor: 140,
  weightedPriorityHealth: false,
};
