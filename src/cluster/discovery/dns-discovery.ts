import type { Logger } from '../../core/log.ts';
import type { StatGroup } from '../../core/stats/stats.ts';
import { ipAddress } from '../../transport/address.ts';
import { MEMBERSHIP_STATS } from '../cluster-stats.ts';
import type { Assignment, DnsTarget, EndpointSpec, LocalityEndpoints, LogicalDnsSpec, StrictDnsSpec } from '../cluster-spec.ts';
import { addLocality } from '../compile/compile-endpoints.ts';
import { setMaxHostWeight } from '../membership.ts';
import { DnsRefresh, type DnsRefreshOwner, type DnsRefreshServices } from './dns-refresh.ts';
import type { ResolvedAddress } from './name-resolver.ts';

/** Told what discovery of one cluster has found. */
export interface DiscoveryOwner {
  /** `changed`: hosts came or went. */
  onAssignment(assignment: Assignment, changed: boolean): void;
  /** The first answer or failure is in: the cluster can serve, with what there is. */
  onFirstAnswer(): void;
}

export interface Discovery {
  start(): void;
  stop(): void;
}

export interface DnsDiscoveryOptions {
  readonly services: DnsRefreshServices;
  readonly stats: StatGroup;
  readonly owner: DiscoveryOwner;
  readonly log: Logger;
}

/** STRICT_DNS: every address of every name is a host. A name that fails keeps the hosts it had. */
export class StrictDnsDiscovery implements Discovery, DnsRefreshOwner {
  readonly #spec: StrictDnsSpec;
  readonly #options: DnsDiscoveryOptions;
  readonly #refreshes: readonly DnsRefresh[];
  readonly #found = new Map<DnsRefresh, readonly ResolvedAddress[]>();

  constructor(spec: StrictDnsSpec, options: DnsDiscoveryOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#refreshes = spec.targets.map((target) => new DnsRefresh(target, spec.dns, options.services, this));
  }

  start(): void {
    for (const refresh of this.#refreshes) refresh.start();
    if (this.#refreshes.length === 0) this.#options.owner.onFirstAnswer();
  }

  stop(): void {
    for (const refresh of this.#refreshes) refresh.stop();
  }

  onAttempt(): void {
    this.#options.stats.inc(MEMBERSHIP_STATS.update_attempt);
  }

  onAddresses(refresh: DnsRefresh, addresses: readonly ResolvedAddress[]): void {
    const { stats, owner } = this.#options;
    const before = this.#found.get(refresh);
    const changed = !sameHosts(before ?? [], addresses);
    this.#found.set(refresh, addresses);
    stats.inc(MEMBERSHIP_STATS.update_success);
    stats.add(MEMBERSHIP_STATS['default.total_match_count'], addresses.length);
    if (!changed) stats.inc(MEMBERSHIP_STATS.update_no_rebuild);
    if (changed || before === undefined) {
      const assignment = this.#assignment();
      setMaxHostWeight(stats, assignment);
      if (changed) owner.onAssignment(assignment, true);
    }
    owner.onFirstAnswer();
  }

  onFailure(refresh: DnsRefresh, reason: string): void {
    countFailure(refresh, reason, this.#options);
  }

  #assignment(): Assignment {
    const priorities: LocalityEndpoints[][] = [];
    for (const refresh of this.#refreshes) {
      const { target } = refresh;
      const endpoints = (this.#found.get(refresh) ?? []).map(({ host }) => endpointAt(target, host));
      addLocality(priorities, target.priority, { locality: target.locality, weight: target.localityWeight, endpoints });
    }
    return { ...this.#spec.policy, priorities };
  }
}

/** LOGICAL_DNS: one host, whose address for new connections is the first of the last answer. Old connections live on. */
export class LogicalDnsDiscovery implements Discovery, DnsRefreshOwner {
  readonly #spec: LogicalDnsSpec;
  readonly #options: DnsDiscoveryOptions;
  readonly #refresh: DnsRefresh;
  #host: string | undefined;

  constructor(spec: LogicalDnsSpec, options: DnsDiscoveryOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#refresh = new DnsRefresh(spec.target, spec.dns, options.services, this);
  }

  start(): void {
    this.#refresh.start();
  }

  stop(): void {
    this.#refresh.stop();
  }

  onAttempt(): void {
    this.#options.stats.inc(MEMBERSHIP_STATS.update_attempt);
  }

  onAddresses(refresh: DnsRefresh, addresses: readonly ResolvedAddress[]): void {
    const { stats, owner } = this.#options;
    const [first] = addresses;
    if (first === undefined) {
      this.onFailure(refresh, 'no addresses');
      return;
    }
    const before = this.#host;
    this.#host = first.host;
    stats.inc(MEMBERSHIP_STATS.update_success);
    if (before === first.host) {
      stats.inc(MEMBERSHIP_STATS.update_no_rebuild);
    } else {
      if (before === undefined) stats.inc(MEMBERSHIP_STATS['default.total_match_count']);
      owner.onAssignment(this.#assignment(first.host), before === undefined);
    }
    owner.onFirstAnswer();
  }

  onFailure(refresh: DnsRefresh, reason: string): void {
    countFailure(refresh, reason, this.#options);
  }

  #assignment(host: string): Assignment {
    const { target, policy } = this.#spec;
    const priorities: LocalityEndpoints[][] = [];
    const endpoint = { ...endpointAt(target, host), key: `${target.name}:${target.port}` };
    addLocality(priorities, target.priority, { locality: target.locality, weight: target.localityWeight, endpoints: [endpoint] });
    return { ...policy, priorities };
  }
}

function countFailure({ target }: DnsRefresh, reason: string, { stats, owner, log }: DnsDiscoveryOptions): void {
  log.debug(`DNS resolution of ${target.name} failed: ${reason}`);
  stats.inc(MEMBERSHIP_STATS.update_failure);
  owner.onFirstAnswer();
}

function endpointAt({ port, hostname, weight, health, metadata, localityMetadata }: DnsTarget, host: string): EndpointSpec {
  return { address: ipAddress(host, port), hostname, weight, health, metadata, localityMetadata };
}

/** In any order. */
function sameHosts(before: readonly ResolvedAddress[], after: readonly ResolvedAddress[]): boolean {
  if (before.length !== after.length) return false;
  const hosts = new Set(before.map(({ host }) => host));
  return after.every(({ host }) => hosts.has(host));
}
