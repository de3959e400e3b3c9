import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Runtime } from '../core/runtime.ts';
import { HeldStats } from '../core/stats/held-stats.ts';
import type { StatGroup, StatStore } from '../core/stats/stats.ts';
import { jitteredLists } from '../core/jittered-lists.ts';
import type { TimerList, Timers } from '../core/timers.ts';
import type { ResponseDecoder } from '../http/codec/codec.ts';
import type { Failure } from '../http/failure.ts';
import type { FilterChain } from '../http/filter-chain.ts';
import type { Cluster, ClusterMembership, LoadBalancerContext, PendingStream, PoolCallbacks, RoutePriority } from '../http/upstream.ts';
import type { Transport } from '../transport/transport.ts';
import type { UpstreamTransportSocket } from '../transport/transport-socket.ts';
import type { ProcessCounts } from '../core/process-counts.ts';
import { PriorityBreakers } from './circuit-breakers.ts';
import { ClusterSockets, COMMON, isNamed, poolTraits, type PoolTraits, type SocketFactory, tellsDownstream } from './cluster-sockets.ts';
import { CLUSTER_STATS, HOST_STATS, hostStatPrefix } from './cluster-stats.ts';
import type { Assignment, ClusterSpec, HostMetadata } from './cluster-spec.ts';
import type { HostOwner, PoolKind, UpstreamHost } from './host.ts';
import { PrioritySet } from './host-set.ts';
import { PriorityLoadBalancer } from './load-balancer/load-balancer.ts';
import { policyOf } from './load-balancer/policies.ts';
import { countMembers } from './membership.ts';
import { ConnectionPool, type ConnectionPoolOwner } from './pool/connection-pool.ts';
import type { PoolContext, PoolProtocol } from './pool/pool-context.ts';
import { PoolProtocols } from './pool/pool-protocols.ts';
import { TcpPoolProtocol } from './pool/tcp-pool.ts';
import { RequestStats } from './request-stats.ts';
import type { UpstreamFilterFactory } from './upstream-filters.ts';

/** What the clusters of one thread share. */
export interface ClusterServices {
  readonly stats: StatStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly breakers: ProcessCounts;
  readonly upstreamSockets: SocketFactory;
  readonly upstreamFilters: UpstreamFilterFactory;
  /** `node.locality.zone`; absent or empty: statistics do not tell zones apart. */
  readonly localZone?: string | undefined;
  /** Unique in the process. */
  nextConnectionId(): number;
}

const NO_HOST: Failure = { source: 'local', kind: 'connection-failure', details: '' };

/**
 * One cluster in one thread. Until its first request it holds nothing but its spec and its statistics' slots.
 *
 *   SERVING ──retire──▶ RETIRED ──last pool ends──▶ gone (statistics released)
 *
 * Once retired it hands what still comes (a retry of an old stream) to its successor.
 */
export class UpstreamCluster implements Cluster, HostOwner, ConnectionPoolOwner {
  readonly spec: ClusterSpec;
  readonly requestStats: RequestStats;
  readonly upstreamFilters: FilterChain | undefined;
  readonly #services: ClusterServices;
  readonly #stats: StatGroup;
  /** Of its transport sockets and filters. */
  readonly #heldStats: HeldStats;
  readonly #maintenanceKey: string;
  readonly #protocols: PoolProtocols;
  /** One pool for each host and priority is enough. */
  readonly #hasOnePool: boolean;
  readonly #tellsDownstream: boolean;
  #assignment: Assignment;
  #membership: ClusterMembership | undefined;
  #traffic: Traffic | undefined;
  #openPools = 0;
  #retired = false;
  #released = false;
  #successor: UpstreamCluster | undefined;

  constructor(spec: ClusterSpec, services: ClusterServices, assignment: Assignment) {
    this.spec = spec;
    this.#services = services;
    this.#assignment = assignment;
    this.#stats = services.stats.group(`cluster.${spec.statName}`, CLUSTER_STATS);
    this.#heldStats = new HeldStats(services.stats);
    this.requestStats = new RequestStats(this.#stats, services.localZone);
    this.#protocols = new PoolProtocols(spec, services);
    const { upstreamFilters } = spec.http;
    this.upstreamFilters = upstreamFilters && services.upstreamFilters.create(upstreamFilters, `cluster.${spec.statName}`, this.#heldStats);
    this.#tellsDownstream = tellsDownstream(spec);
    this.#hasOnePool = spec.http.protocol !== 'downstream' && !isNamed(spec) && !this.#tellsDownstream;
    this.#maintenanceKey = `upstream.maintenance_mode.${spec.name}`;
  }

  get name(): string {
    return this.spec.name;
  }

  get statName(): string {
    return this.spec.observabilityName;
  }

  get metadata(): HostMetadata | undefined {
    return this.spec.metadata;
  }

  get bufferLimitBytes(): number {
    return this.spec.bufferLimitBytes;
  }

  get maxStreamDurationMs(): number {
    return this.spec.http.maxStreamDurationMs;
  }

  newStream(
    context: LoadBalancerContext,
    priority: RoutePriority,
    decoder: ResponseDecoder,
    callbacks: PoolCallbacks,
  ): PendingStream | undefined {
    if (this.#retired) {
      if (this.#successor !== undefined) return this.#successor.newStream(context, priority, decoder, callbacks);
      callbacks.onPoolFailure(NO_HOST, undefined);
      return undefined;
    }
    const shared = context.downstream?.sharedFilterState;
    const pool = this.#pickPool(context, priority, shared?.hash ?? '');
    if (pool !== undefined) return pool.newStream(decoder, callbacks, shared?.objects);
    callbacks.onPoolFailure(NO_HOST, undefined);
    return undefined;
  }

  newTcpStream(
    context: LoadBalancerContext,
    priority: RoutePriority,
    decoder: ResponseDecoder,
    callbacks: PoolCallbacks,
  ): PendingStream | undefined {
    if (this.#retired && this.#successor !== undefined) return this.#successor.newTcpStream(context, priority, decoder, callbacks);
    const shared = context.downstream?.sharedFilterState;
    const pool = this.#retired ? undefined : this.#pickTcpPool(context, priority, shared?.hash ?? '');
    if (pool !== undefined) return pool.newStream(decoder, callbacks, shared?.objects);
    callbacks.onPoolFailure(NO_HOST, undefined);
    return undefined;
  }

  refusesConnection(): boolean {
    if (this.#retired || !this.#breakers('default').connections.full) return false;
    this.#stats.inc(CLUSTER_STATS.upstream_cx_overflow);
    return true;
  }

  /** Requests of different protocols, or for different servers where these are told the name, or of different hashes, do not share connections. */
  #pickPool(context: LoadBalancerContext, priority: RoutePriority, hash: string): ConnectionPool | undefined {
    const host = this.#pickHost(context);
    if ((this.#hasOnePool && hash === '') || host === undefined) return host?.pool(priority);
    const kind = this.spec.http.protocol === 'downstream' && context.downstream?.protocol === 'HTTP/2' ? 'http2' : 'http';
    const traits = poolTraits(this.spec, this.#socketOf(host), context, hash);
    return traits === COMMON && kind === 'http' ? host.pool(priority) : host.specialPool(priority, kind, traits);
  }

  #pickTcpPool(context: LoadBalancerContext, priority: RoutePriority, hash: string): ConnectionPool | undefined {
    const host = this.#pickHost(context);
    if ((!this.#tellsDownstream && hash === '') || host === undefined) return host?.tcpPool(priority);
    const traits = poolTraits(this.spec, this.#socketOf(host), context, hash);
    return traits.passing ? host.specialPool(priority, 'tcp', traits) : host.tcpPool(priority);
  }

  #socketOf(host: UpstreamHost): UpstreamTransportSocket | undefined {
    return this.#traffic!.sockets?.socketOf(host.metadata);
  }

  chooseHost(context: LoadBalancerContext): UpstreamHost | undefined {
    if (!this.#retired) return this.#pickHost(context);
    return this.#successor?.chooseHost(context);
  }

  #pickHost(context: LoadBalancerContext): UpstreamHost | undefined {
    if (context.chosenHost !== undefined) return context.chosenHost as UpstreamHost;
    const host = (this.#traffic ??= this.#open()).balancer.pick(context);
    if (host === undefined) this.#stats.inc(CLUSTER_STATS.upstream_cx_none_healthy);
    return host;
  }

  membership(): ClusterMembership {
    return (this.#membership ??= countMembers(this.#assignment));
  }

  acquireRetry(priority: RoutePriority): boolean {
    return this.#breakers(priority).retries.tryAcquire();
  }

  releaseRetry(priority: RoutePriority): void {
    this.#breakers(priority).retries.release();
  }

  inMaintenanceMode(): boolean {
    const { runtime, random } = this.#services;
    if (runtime.version === 0) return false;
    const percent = runtime.number(this.#maintenanceKey, 0);
    return percent > 0 && random.uint32() % 100 < percent;
  }

  /** The discovered hosts have changed. */
  updateHosts(assignment: Assignment): void {
    this.#assignment = assignment;
    this.#membership = undefined;
    const traffic = this.#traffic;
    if (traffic === undefined || this.#retired) return;
    const removed = traffic.hosts.update(assignment);
    traffic.balancer.update(traffic.hosts.levels);
    for (const host of removed) host.remove();
    if (!this.spec.closeConnectionsOnHostSetChange) return;
    for (const host of traffic.hosts.hosts) host.drainConnections();
  }

  /** Takes no new requests: running streams finish, then its statistics are released. */
  retire(successor: UpstreamCluster | undefined): void {
    this.#retired = true;
    this.#successor = successor;
    if (this.#traffic !== undefined) for (const host of this.#traffic.hosts.hosts) host.remove();
    this.#releaseWhenUnused();
  }

  // HostOwner

  openHostStats(host: UpstreamHost): StatGroup {
    return this.#services.stats.group(hostStatPrefix(this.name, host.key), HOST_STATS);
  }

  releaseHostStats(stats: StatGroup): void {
    this.#services.stats.release(stats);
  }

  openPool(host: UpstreamHost, priority: RoutePriority, kind: PoolKind, { names, downstream, passing }: PoolTraits): ConnectionPool | undefined {
    const breakers = this.#breakers(priority);
    const counted = kind !== 'tcp';
    if (counted && !breakers.connectionPools.tryAcquire()) {
      this.#stats.inc(CLUSTER_STATS.upstream_cx_pool_overflow);
      return undefined;
    }
    breakers.markUsed();
    this.#openPools++;
    const context = { ...this.#traffic!.poolContext, protocol: this.#protocolOf(kind), transportSocket: this.#socketOf(host), names, downstream, passing, counted };
    return new ConnectionPool(this, host, context, breakers);
  }

  #protocolOf(kind: PoolKind): PoolProtocol {
    switch (kind) {
      case 'tcp':
        return new TcpPoolProtocol(this.spec.bufferLimitBytes);
      case 'http2':
        return this.#protocols.http2;
      default:
        return this.#protocols.configured;
    }
  }

  // ConnectionPoolOwner

  onPoolDrained(pool: ConnectionPool): void {
    if (pool.counted) pool.breakers.connectionPools.release();
    this.#openPools--;
    pool.host.onPoolDrained(pool);
    this.#releaseWhenUnused();
  }

  #breakers(priority: RoutePriority): PriorityBreakers {
    const { default: normal, high } = (this.#traffic ??= this.#open()).breakers;
    return priority === 'default' ? normal : high;
  }

  #open(): Traffic {
    const { spec } = this;
    const { random, runtime, breakers: table } = this.#services;
    const hosts = new PrioritySet(this);
    hosts.update(this.#assignment);
    const cells = table.cells(spec.name);
    const { panic, localityWeighted } = spec;
    const policy = policyOf(spec.loadBalancer);
    return {
      hosts,
      balancer: new PriorityLoadBalancer({ policy, panic, localityWeighted, random, runtime, stats: this.#stats }, hosts.levels),
      breakers: { default: new PriorityBreakers(spec, 'default', cells, runtime), high: new PriorityBreakers(spec, 'high', cells, runtime) },
      poolContext: this.#createPoolContext(),
      sockets: spec.transportSocket === undefined && spec.transportSocketMatches.length === 0 ? undefined : new ClusterSockets(spec, this.#services.upstreamSockets, this.#heldStats),
    };
  }

  #createPoolContext(): Traffic['poolContext'] {
    const { http, connectTimeoutMs, localAddress, tcpKeepAlive } = this.spec;
    const services = this.#services;
    const { timers } = services;
    return {
      transport: services.transport,
      clock: services.clock,
      stats: this.#stats,
      transportSocket: undefined,
      names: undefined,
      downstream: undefined,
      passing: false,
      counted: true,
      localAddress,
      tcpKeepAliveDelayMs: tcpKeepAlive?.initialDelayMs,
      connectTimeouts: timers.list(connectTimeoutMs),
      idleTimeouts: http.idleTimeoutMs === 0 ? undefined : timers.list(http.idleTimeoutMs),
      connectionDurations: connectionDurations(http, timers),
      random: services.random,
      maxRequestsPerConnection: http.maxRequestsPerConnection === 0 ? Infinity : http.maxRequestsPerConnection,
      nextConnectionId: () => services.nextConnectionId(),
    };
  }

  /** The slots of a released group may become another's, so nothing may count into it afterwards. */
  #releaseWhenUnused(): void {
    if (!this.#retired || this.#released || this.#openPools > 0) return;
    this.#released = true;
    this.requestStats.detach();
    this.#services.stats.release(this.#stats);
    this.#protocols.release();
    this.#heldStats.end();
  }
}

function connectionDurations({ maxConnectionDurationMs: maxMs, maxConnectionDurationJitterPercent: percent }: ClusterSpec['http'], timers: Timers): readonly TimerList[] | undefined {
  return maxMs === 0 ? undefined : jitteredLists(maxMs, percent, (durationMs) => timers.list(durationMs));
}

/** Made with the first request. */
interface Traffic {
  readonly hosts: PrioritySet;
  readonly balancer: PriorityLoadBalancer;
  readonly breakers: { readonly default: PriorityBreakers; readonly high: PriorityBreakers };
  readonly poolContext: Omit<PoolContext, 'protocol'>;
  /** Undefined: all are plain. */
  readonly sockets: ClusterSockets | undefined;
}
