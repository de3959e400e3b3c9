import type { StatGroup } from '../core/stats/stats.ts';
import type { Host, RoutePriority } from '../http/upstream.ts';
import type { Address } from '../transport/transport.ts';
import { HOST_STATS } from './cluster-stats.ts';
import type { EndpointSpec, HostMetadata, Locality } from './cluster-spec.ts';
import { flagsOfEndpoint, isDegraded, isExcluded, isUnhealthy } from './host-health.ts';
import { COMMON, type PoolTraits } from './cluster-sockets.ts';
import type { ConnectionPool } from './pool/connection-pool.ts';

/** What its connections carry: requests in the cluster's protocol, or in HTTP/2 where the client chooses, or bytes as they are. */
export type PoolKind = 'http' | 'http2' | 'tcp';

/** Pools that one host has beside its common ones. */
export const SPECIAL_POOL_LIMIT = 1024;

/** What a host asks of the cluster it belongs to. */
export interface HostOwner {
  openHostStats(host: UpstreamHost): StatGroup;
  openPool(host: UpstreamHost, priority: RoutePriority, kind: PoolKind, traits: PoolTraits): ConnectionPool | undefined;
  /** The host has left the cluster and its last connection has ended; nothing counts into the group any more. */
  releaseHostStats(stats: StatGroup): void;
}

/** One endpoint in one thread. It keeps its pools and counts for as long as discovery goes on naming it. */
export class UpstreamHost implements Host {
  /** Names its statistics. */
  readonly key: string;
  // Plain fields: balancers read them for each pick. Written by `describe` and the methods below.
  /** For new connections: the address of a logical host changes, its connections stay. */
  address: Address;
  hostname: string;
  weight: number;
  priority: number;
  locality: Locality;
  metadata: HostMetadata | undefined;
  localityMetadata: HostMetadata | undefined;
  canary: boolean;
  healthFlags: number;
  activeRequests = 0;
  readonly #owner: HostOwner;
  #stats: StatGroup | undefined;
  #defaultPool: ConnectionPool | undefined;
  #highPool: ConnectionPool | undefined;
  #specialPools: Map<string, ConnectionPool> | undefined;
  /** The keys of all that have not ended, also of those that have made room. */
  #specialKeys: Map<ConnectionPool, string> | undefined;
  #tcpPools: { default?: ConnectionPool | undefined; high?: ConnectionPool | undefined } | undefined;
  #removed = false;

  constructor(owner: HostOwner, endpoint: EndpointSpec, priority: number, locality: Locality) {
    this.#owner = owner;
    this.key = endpoint.key ?? endpoint.address.text;
    this.address = endpoint.address;
    this.hostname = endpoint.hostname;
    this.weight = endpoint.weight;
    this.priority = priority;
    this.locality = locality;
    this.metadata = endpoint.metadata;
    this.localityMetadata = endpoint.localityMetadata;
    this.canary = isCanary(endpoint.metadata);
    this.healthFlags = flagsOfEndpoint(endpoint.health);
  }

  /** Takes over what discovery says now of the same host. */
  describe(endpoint: EndpointSpec, priority: number, locality: Locality): void {
    this.address = endpoint.address;
    this.hostname = endpoint.hostname;
    this.weight = endpoint.weight;
    this.priority = priority;
    this.locality = locality;
    this.localityMetadata = endpoint.localityMetadata;
    if (this.metadata !== endpoint.metadata) {
      this.metadata = endpoint.metadata;
      this.canary = isCanary(endpoint.metadata);
    }
    this.healthFlags = flagsOfEndpoint(endpoint.health);
  }

  get healthy(): boolean {
    return !this.unhealthy && !this.degraded;
  }

  get unhealthy(): boolean {
    return isUnhealthy(this.healthFlags);
  }

  get degraded(): boolean {
    return isDegraded(this.healthFlags);
  }

  get excluded(): boolean {
    return isExcluded(this.healthFlags);
  }

  /** The pool of a priority, opened when first asked for; undefined when the cluster may open no further one. */
  pool(priority: RoutePriority): ConnectionPool | undefined {
    if (priority === 'default') return (this.#defaultPool ??= this.#owner.openPool(this, priority, 'http', COMMON));
    return (this.#highPool ??= this.#owner.openPool(this, priority, 'http', COMMON));
  }

  /** The same for raw connections. */
  tcpPool(priority: RoutePriority): ConnectionPool | undefined {
    return ((this.#tcpPools ??= {})[priority] ??= this.#owner.openPool(this, priority, 'tcp', COMMON));
  }

  /** For requests of another protocol, to one of several servers at this address, of one client, or of one hash; the oldest makes room. */
  specialPool(priority: RoutePriority, kind: PoolKind, traits: PoolTraits): ConnectionPool | undefined {
    const pools = (this.#specialPools ??= new Map<string, ConnectionPool>());
    const key = `${priority} ${kind} ${traits.key}`;
    let pool = pools.get(key);
    if (pool !== undefined) return pool;
    if (pools.size >= SPECIAL_POOL_LIMIT) this.#makeRoom(pools);
    pool = this.#owner.openPool(this, priority, kind, traits);
    if (pool === undefined) return undefined;
    pools.set(key, pool);
    (this.#specialKeys ??= new Map()).set(pool, key);
    return pool;
  }

  #makeRoom(pools: Map<string, ConnectionPool>): void {
    const [key, oldest] = pools.entries().next().value!;
    pools.delete(key);
    oldest.drain();
  }

  /** Discovery no longer names it: running streams finish, nothing new starts. */
  remove(): void {
    this.#removed = true;
    this.drain();
    this.#releaseWhenUnused();
  }

  drain(): void {
    this.#defaultPool?.drain();
    this.#highPool?.drain();
    for (const pool of this.#specialKeys?.keys() ?? []) pool.drain();
    this.#tcpPools?.default?.drain();
    this.#tcpPools?.high?.drain();
  }

  /** Its connections are closed as they fall idle; new requests open new ones. */
  drainConnections(): void {
    this.#defaultPool?.drainConnections();
    this.#highPool?.drainConnections();
    for (const pool of this.#specialKeys?.keys() ?? []) pool.drainConnections();
    this.#tcpPools?.default?.drainConnections();
    this.#tcpPools?.high?.drainConnections();
  }

  // Told by its pools.

  onPoolDrained(pool: ConnectionPool): void {
    if (this.#defaultPool === pool) this.#defaultPool = undefined;
    else if (this.#highPool === pool) this.#highPool = undefined;
    else if (this.#tcpPools?.default === pool) this.#tcpPools.default = undefined;
    else if (this.#tcpPools?.high === pool) this.#tcpPools.high = undefined;
    else this.#forgetSpecial(pool);
    this.#releaseWhenUnused();
  }

  #forgetSpecial(pool: ConnectionPool): void {
    const key = this.#specialKeys!.get(pool)!;
    this.#specialKeys!.delete(pool);
    if (this.#specialPools!.get(key) === pool) this.#specialPools!.delete(key);
  }

  onStreamStart(): void {
    this.activeRequests++;
    const stats = this.#openStats();
    stats.inc(HOST_STATS.rq_total);
    stats.gaugeAdd(HOST_STATS.rq_active, 1);
  }

  onStreamEnd(): void {
    this.activeRequests--;
    this.#openStats().gaugeAdd(HOST_STATS.rq_active, -1);
  }

  onPendingChange(delta: number): void {
    this.#openStats().gaugeAdd(HOST_STATS.rq_pending_active, delta);
  }

  onConnectionStart(): void {
    const stats = this.#openStats();
    stats.inc(HOST_STATS.cx_total);
    stats.gaugeAdd(HOST_STATS.cx_active, 1);
  }

  onConnectionEnd(): void {
    this.#openStats().gaugeAdd(HOST_STATS.cx_active, -1);
  }

  onConnectFail(): void {
    this.#openStats().inc(HOST_STATS.cx_connect_fail);
  }

  // Host: told by the router, perhaps after the host has gone.

  onRequestSuccess(): void {
    this.#stats?.inc(HOST_STATS.rq_success);
  }

  onRequestError(): void {
    this.#stats?.inc(HOST_STATS.rq_error);
  }

  onRequestTimeout(): void {
    this.#stats?.inc(HOST_STATS.rq_timeout);
  }

  #openStats(): StatGroup {
    return (this.#stats ??= this.#owner.openHostStats(this));
  }

  /** The slots of a released group may become another's, so nothing may count into it afterwards. */
  #releaseWhenUnused(): void {
    if (!this.#removed || this.#stats === undefined || this.#defaultPool !== undefined || this.#highPool !== undefined) return;
    if (this.#tcpPools?.default !== undefined || this.#tcpPools?.high !== undefined || (this.#specialKeys?.size ?? 0) > 0) return;
    const stats = this.#stats;
    this.#stats = undefined;
    this.#owner.releaseHostStats(stats);
  }
}

export function isCanary(metadata: HostMetadata | undefined): boolean {
  return metadata?.['envoy.lb']?.['canary'] === true;
}
