import type { Logger } from '../../core/log.ts';
import type { Random } from '../../core/random.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { EndpointStats } from '../../core/stats/snapshot.ts';
import type { StatGroup, StatStore } from '../../core/stats/stats.ts';
import type { Timers } from '../../core/timers.ts';
import { type ClusterSnapshot, snapshotCluster } from '../admin-snapshot.ts';
import { BreakerGauges } from '../breaker-gauges.ts';
import type { ProcessCounts } from '../../core/process-counts.ts';
import { CLUSTER_MANAGER_STATS, MEMBERSHIP_STATS, THREAD_CLUSTER_STATS } from '../cluster-stats.ts';
import type { Assignment, ClusterSpec, HostSetUpdate, ResolverSpec } from '../cluster-spec.ts';
import { type EndpointCounts, endpointStats } from '../endpoint-stats.ts';
import { setMembership } from '../membership.ts';
import { type Discovery, type DiscoveryOwner, type DnsDiscoveryOptions, LogicalDnsDiscovery, StrictDnsDiscovery } from './dns-discovery.ts';
import type { NameResolver } from './name-resolver.ts';
import { SharedResolvers } from './shared-resolvers.ts';

export interface ClusterDiscoveryOptions {
  readonly stats: StatStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly runtime: Runtime;
  readonly breakers: ProcessCounts;
  readonly createResolver: (spec: ResolverSpec) => NameResolver;
  /** To every worker, in order. */
  readonly onUpdate: (update: HostSetUpdate) => void;
}

/**
 * The main thread's half of the clusters: it finds their hosts and counts what the process knows of them as a whole. Workers learn the specs by
 * themselves and the hosts of discovered clusters by `onUpdate`; hosts of static ones stand in the spec.
 */
export class ClusterDiscovery {
  readonly #options: ClusterDiscoveryOptions;
  readonly #stats: StatGroup;
  readonly #threadStats: StatGroup;
  readonly #resolvers: SharedResolvers;
  readonly #serving = new Map<string, DiscoveredCluster>();
  readonly #warming = new Map<string, DiscoveredCluster>();
  #whenWarm: (() => void)[] = [];

  constructor(options: ClusterDiscoveryOptions) {
    this.#options = options;
    this.#resolvers = new SharedResolvers(options.createResolver);
    this.#stats = options.stats.group('cluster_manager', CLUSTER_MANAGER_STATS);
    this.#threadStats = options.stats.group('thread_local_cluster_manager.main_thread', THREAD_CLUSTER_STATS);
  }

  /** Replaces the configuration as a whole, after the workers of this thread have taken it. `viaApi`: names that a control plane sent. */
  update(specs: readonly ClusterSpec[], viaApi: ReadonlySet<string> = NO_NAMES): void {
    const named = new Set<string>();
    for (const spec of specs) {
      named.add(spec.name);
      this.#take(spec, viaApi.has(spec.name));
    }
    for (const [name, cluster] of this.#warming) if (!named.has(name)) this.#dropWarming(name, cluster);
    for (const [name, cluster] of this.#serving) {
      if (named.has(name)) continue;
      this.#serving.delete(name);
      cluster.stop();
      this.#stats.inc(CLUSTER_MANAGER_STATS.cluster_removed);
    }
    this.#afterChange();
  }

  /** Resolves when every cluster has its first hosts, or knows that it has none. */
  whenWarm(): Promise<void> {
    if (this.#warming.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenWarm.push(resolve));
  }

  /** What a worker that starts now has missed. */
  currentUpdates(): HostSetUpdate[] {
    return [...this.#serving.values(), ...this.#warming.values()].flatMap((cluster) => cluster.lastUpdate ?? []);
  }

  /** To be called before statistics are read: circuit breaker gauges follow shared counts. */
  beforeScrape(): void {
    for (const cluster of this.#serving.values()) cluster.breakerGauges.refresh(this.#options.breakers);
  }

  /** Everything `/clusters` shows but the counts of hosts, which it sums by `statPrefix`. */
  snapshotForAdmin(): ClusterSnapshot[] {
    return [...this.#serving.values()].map(({ spec, assignment, viaApi }) => snapshotCluster(spec, assignment, viaApi));
  }

  /** Of clusters that ask for it; `counted`: what endpoints have counted, by `statPrefix`. */
  endpointStats(counted: () => EndpointCounts): EndpointStats[] {
    const clusters = [...this.#serving.values()].filter(({ spec }) => spec.perEndpointStats);
    if (clusters.length === 0) return [];
    const counts = counted();
    return clusters.flatMap(({ spec, assignment, viaApi }) => endpointStats(spec, snapshotCluster(spec, assignment, viaApi), counts));
  }

  close(): void {
    this.update([]);
    this.#options.stats.release(this.#stats);
    this.#options.stats.release(this.#threadStats);
  }

  #take(spec: ClusterSpec, viaApi: boolean): void {
    const { name, hash } = spec;
    const serving = this.#serving.get(name);
    const warming = this.#warming.get(name);
    if (warming?.spec.hash === hash) return;
    if (warming !== undefined) this.#dropWarming(name, warming);
    if (serving?.spec.hash === hash) return;
    if (serving === undefined && warming === undefined) this.#stats.inc(CLUSTER_MANAGER_STATS.cluster_added);
    else this.#stats.inc(CLUSTER_MANAGER_STATS.cluster_modified);
    const cluster = new DiscoveredCluster(spec, viaApi, this.#options, {
      resolvers: this.#resolvers,
      onReady: (ready) => this.#promote(ready),
    });
    this.#warming.set(name, cluster);
    cluster.start();
  }

  #promote(cluster: DiscoveredCluster): void {
    const { name } = cluster.spec;
    this.#warming.delete(name);
    const before = this.#serving.get(name);
    this.#serving.set(name, cluster);
    before?.stop();
    this.#afterChange();
  }

  #dropWarming(name: string, cluster: DiscoveredCluster): void {
    this.#warming.delete(name);
    cluster.stop();
  }

  #afterChange(): void {
    this.#stats.gaugeSet(CLUSTER_MANAGER_STATS.active_clusters, this.#serving.size);
    this.#stats.gaugeSet(CLUSTER_MANAGER_STATS.warming_clusters, this.#warming.size);
    this.#threadStats.gaugeSet(THREAD_CLUSTER_STATS.clusters_inflated, this.#serving.size);
    if (this.#warming.size > 0 || this.#whenWarm.length === 0) return;
    const waiting = this.#whenWarm;
    this.#whenWarm = [];
    for (const resolve of waiting) resolve();
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();

interface DiscoveredClusterOwner {
  readonly resolvers: SharedResolvers;
  onReady(cluster: DiscoveredCluster): void;
}

/** One cluster's discovery and membership. WARMING ──first answer──▶ READY. */
class DiscoveredCluster implements DiscoveryOwner {
  readonly spec: ClusterSpec;
  readonly viaApi: boolean;
  readonly breakerGauges: BreakerGauges;
  assignment: Assignment;
  lastUpdate: HostSetUpdate | undefined;
  readonly #options: ClusterDiscoveryOptions;
  readonly #owner: DiscoveredClusterOwner;
  readonly #stats: StatGroup;
  readonly #discovery: Discovery | undefined;
  #ready = false;

  constructor(spec: ClusterSpec, viaApi: boolean, options: ClusterDiscoveryOptions, owner: DiscoveredClusterOwner) {
    this.spec = spec;
    this.viaApi = viaApi;
    this.#options = options;
    this.#owner = owner;
    this.#stats = options.stats.group(`cluster.${spec.statName}`, MEMBERSHIP_STATS);
    this.breakerGauges = new BreakerGauges(spec, options.stats, this.#stats, options.runtime);
    this.assignment = spec.discovery.kind === 'static' ? spec.discovery.assignment : { ...spec.discovery.policy, priorities: [] };
    this.#discovery = this.#createDiscovery();
  }

  start(): void {
    if (this.#discovery === undefined) {
      this.#showStatic();
      this.onFirstAnswer();
      return;
    }
    const { discovery } = this.spec;
    if (discovery.kind !== 'static' && !discovery.dns.waitForWarm) this.onFirstAnswer();
    this.#discovery.start();
  }

  stop(): void {
    this.#discovery?.stop();
    const { discovery } = this.spec;
    if (discovery.kind !== 'static') this.#owner.resolvers.release(discovery.dns.resolver);
    this.breakerGauges.release();
    this.#options.stats.release(this.#stats);
  }

  onAssignment(assignment: Assignment, changed: boolean): void {
    this.assignment = assignment;
    if (changed) this.#stats.inc(MEMBERSHIP_STATS.membership_change);
    if (this.#ready) this.#publish();
  }

  onFirstAnswer(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#stats.gaugeSet(MEMBERSHIP_STATS.warming_state, 0);
    if (this.#discovery !== undefined) this.#publish();
    this.#owner.onReady(this);
  }

  #publish(): void {
    const { spec, assignment } = this;
    setMembership(this.#stats, assignment);
    this.lastUpdate = { cluster: spec.name, hash: spec.hash, assignment };
    this.#options.onUpdate(this.lastUpdate);
  }

  #showStatic(): void {
    const { assignment } = this;
    setMembership(this.#stats, assignment);
    const counts = assignment.priorities.map((localities) => localities.reduce((sum, { endpoints }) => sum + endpoints.length, 0));
    // Each priority is a change of its own.
    this.#stats.add(MEMBERSHIP_STATS.membership_change, counts.filter((count) => count > 0).length);
    this.#stats.add(MEMBERSHIP_STATS['default.total_match_count'], counts.reduce((sum, count) => sum + count, 0));
  }

  #createDiscovery(): Discovery | undefined {
    const { discovery } = this.spec;
    if (discovery.kind === 'static') return undefined;
    const { timers, random, log } = this.#options;
    const services = { resolver: this.#owner.resolvers.take(discovery.dns.resolver), timers, random };
    const options: DnsDiscoveryOptions = { services, stats: this.#stats, owner: this, log };
    return discovery.kind === 'strict-dns' ? new StrictDnsDiscovery(discovery, options) : new LogicalDnsDiscovery(discovery, options);
  }
}
