import type { TlsInfo } from '../transport/transport-socket.ts';
import type { Address } from '../transport/transport.ts';
import type { RequestEncoder, ResponseDecoder } from './codec/codec.ts';
import type { Failure } from './failure.ts';
import type { FilterChain } from './filter-chain.ts';
import type { HeaderMap } from './header-map.ts';
import type { Protocol, StreamInfo } from './stream-info.ts';

/**
 * Clusters as the request path sees them: the only thing a filter knows of them. `src/cluster/` implements it.
 */

/** One endpoint: long-lived, one object per address, cluster and thread; survives endpoint updates. */
export interface Host {
  readonly address: Address;
  /** The name it was configured or resolved by; '' for a plain address. */
  readonly hostname: string;
  readonly healthy: boolean;
  readonly weight: number;
  readonly priority: number;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  /** Endpoint metadata by namespace, as plain JSON. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** Of the group of endpoints that it stands in. */
  readonly localityMetadata?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  readonly canary: boolean;
  /** Requests in flight from this thread, read by least request. */
  readonly activeRequests: number;
  /** `cluster.<c>.upstream_rq_*`-like counts shown by `/clusters`. */
  onRequestSuccess(): void;
  onRequestError(): void;
  onRequestTimeout(): void;
}

/** What a balancer may ask about the stream. Nothing is computed unless it asks. */
export interface LoadBalancerContext {
  /** Set by route hash policies; undefined = none. */
  hash(): number | bigint | undefined;
  /** Subset criteria of the route: `envoy.lb` metadata. */
  metadataMatch(): ReadonlyMap<string, unknown> | undefined;
  /** Says whether a retry should look for another host. */
  isHostTried(host: Host): boolean;
  /** How many picks may be made to find a host that was not tried (`host_selection_retry_max_attempts`). Absent: 1. */
  readonly hostSelectionAttempts?: number;
  readonly requestHeaders: HeaderMap | undefined;
  /** By `Cluster.chooseHost`, which has balanced already. Absent: not yet. */
  readonly chosenHost?: Host | undefined;
  /** What it came on, for clusters that speak the same or tell of it. */
  readonly downstream?: Pick<StreamInfo, 'protocol' | 'connection' | 'sharedFilterState'> | undefined;
}

export type RoutePriority = 'default' | 'high';

/** Exactly one of these is called, once, possibly before `newStream` has returned. */
export interface PoolCallbacks {
  onPoolReady(encoder: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void;
  onPoolFailure(failure: Failure, host: Host | undefined): void;
}

export interface UpstreamConnectionInfo {
  readonly id: number;
  readonly local: Address;
  readonly remote: Address;
  /** '' for a raw connection. */
  readonly protocol: Protocol | '';
  /** Monotonic milliseconds of the connection attempt and of its success. */
  readonly connectStartMs: number;
  readonly connectEndMs: number;
  /** Of a connection under TLS. */
  readonly tls?: TlsInfo | undefined;
  /** Streams this connection has carried before this one. */
  readonly reused: boolean;
  /** What it was given of the stream that its pool was opened for. */
  readonly filterState?: ReadonlyMap<string, unknown> | undefined;
}

/** A stream that waits for a connection. */
export interface PendingStream {
  /** The host whose connection it waits for. */
  readonly host: Host;
  /** No callback follows. */
  cancel(): void;
}

/** Counts a request's outcome as Envoy's `cluster.<c>.upstream_rq_*`; the router calls these once for each attempt. */
export interface ClusterRequestStats {
  /**
   * A response of this status went to the client side: the head of the upstream's, or an answer in its place. `alternative`
   * (`x-envoy-upstream-alt-stat-name`, '' = none) is a second tree of statistics to count in. `withoutCodes`: the plain counters
   * of the status are left out. `zone`: the host's.
   */
  onResponse(status: number, internal: boolean, canary: boolean, alternative: string, withoutCodes?: boolean, zone?: string): void;
  /** The upstream's response has ended: whole milliseconds from the request's end. */
  onResponseTime(timeMs: number, internal: boolean, canary: boolean, alternative: string, zone?: string): void;
  /** A response that was not passed on because the request was retried. */
  onRetriedResponse(status: number): void;
  onTimeout(): void;
  onPerTryTimeout(): void;
  /** `max_stream_duration` of the cluster was over. */
  onMaxDurationReached(): void;
  onRetry(kind: 'started' | 'success' | 'overflow' | 'limit-exceeded'): void;
  onMaintenanceMode(): void;
  /** A TCP proxy has tried as often as it may (statistics). */
  onConnectAttemptsExceeded?(): void;
  /** The upstream's buffer is full or empty again; the downstream's is, so that reading the response stops or goes on. */
  onFlowControl(kind: 'backed-up' | 'drained' | 'paused-reading' | 'resumed-reading'): void;
}

/** How many hosts a cluster has, of all priorities. */
export interface ClusterMembership {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
}

export interface Cluster {
  readonly name: string;
  /** `observability_name`: `alt_stat_name` or the name. */
  readonly statName: string;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  readonly requestStats: ClusterRequestStats;
  /** Response buffer limit in bytes (`per_connection_buffer_limit_bytes`). */
  readonly bufferLimitBytes: number;
  /** How long a stream may run once it has a connection (`max_stream_duration`); 0 = no limit. */
  readonly maxStreamDurationMs: number;
  /** Filters of its own before its upstreams (`HttpProtocolOptions.http_filters`); undefined = none. */
  readonly upstreamFilters?: FilterChain | undefined;
  /** For a stream that must know its host before it asks for a connection: goes into the context as `chosenHost`. */
  chooseHost(context: LoadBalancerContext): Host | undefined;
  /**
   * Picks a host and asks its pool for a stream. No host: `onPoolFailure` with `host` undefined. Breakers, pending queue and
   * connect timeout are inside. Returns undefined when a callback has already been called.
   */
  newStream(context: LoadBalancerContext, priority: RoutePriority, decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | undefined;
  /**
   * The same for a connection of its own whose bytes pass as they are (`http/codec/raw-client.ts`): `sendData` and `onData` with `end` are FIN;
   * a `sendHeaders` is answered by a 200 at once, and need not be called.
   */
  newTcpStream(context: LoadBalancerContext, priority: RoutePriority, decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | undefined;
  /** For those who would rather be refused than wait: no further connection is allowed. Counted. */
  refusesConnection?(): boolean;
  membership(): ClusterMembership;
  /** True while another retry is allowed; a true answer must be paired with `releaseRetry`. */
  acquireRetry(priority: RoutePriority): boolean;
  releaseRetry(priority: RoutePriority): void;
  /** `random_value` in [0, 100) falls under `upstream.maintenance_mode.<cluster>`. */
  inMaintenanceMode(): boolean;
}

export interface ClusterLookup {
  /** The cluster of this name in this thread's current configuration. */
  get(name: string): Cluster | undefined;
}
