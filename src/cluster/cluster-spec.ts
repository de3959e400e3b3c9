import type { FieldCase } from '../http/codec/field-case.ts';
import type { H2KeepAliveSettings, H2Settings } from '../http/codec/h2/h2-settings.ts';
import type { Address } from '../transport/transport.ts';

/**
 * A compiled cluster: plain, immutable values only, so that it is the same on every thread, can cross threads and can be compared.
 * `compile.ts` makes it; the main thread runs its discovery from it, each worker its balancer and pools.
 */
export interface ClusterSpec {
  readonly name: string;
  /** `alt_stat_name` or the name, as given. */
  readonly observabilityName: string;
  /** The scope of its statistics: `:` of the observability name is `_`. */
  readonly statName: string;
  /** What its endpoints count is shown by `/stats`, too. */
  readonly perEndpointStats: boolean;
  /** Stands for everything below: two specs of equal hash are the same cluster, and the running one stays. */
  readonly hash: string;
  readonly discovery: DiscoverySpec;
  readonly connectTimeoutMs: number;
  readonly bufferLimitBytes: number;
  readonly loadBalancer: LoadBalancerSpec;
  readonly panic: PanicSpec;
  readonly localityWeighted: boolean;
  /** Index 0 serves default priority, 1 high. */
  readonly breakers: readonly [BreakerSpec, BreakerSpec];
  readonly http: HttpSpec;
  readonly tcpKeepAlive: TcpKeepAliveSpec | undefined;
  readonly localAddress: { readonly host: string; readonly port: number } | undefined;
  readonly closeConnectionsOnHostSetChange: boolean;
  readonly metadata: HostMetadata | undefined;
  /** Undefined: plain sockets. */
  readonly transportSocket: TransportSocketSpec | undefined;
  /** The first whose values all stand in the endpoint's `envoy.transport_socket_match` replaces the above. */
  readonly transportSocketMatches: readonly TransportSocketMatchSpec[];
}

/** Compiled anew by each thread. */
export interface TransportSocketSpec {
  readonly name: string;
  readonly typeUrl: string;
  /** The message in base64. */
  readonly value: string;
  /** It tells upstreams of downstream connections, so that not all of these may share one. */
  readonly tellsDownstream: boolean;
}

export interface TransportSocketMatchSpec {
  readonly name: string;
  readonly match: Readonly<Record<string, unknown>>;
  readonly transportSocket: TransportSocketSpec | undefined;
}

export type HostMetadata = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type DiscoverySpec = StaticSpec | StrictDnsSpec | LogicalDnsSpec;

export interface StaticSpec {
  readonly kind: 'static';
  readonly assignment: Assignment;
}

export interface StrictDnsSpec {
  readonly kind: 'strict-dns';
  readonly dns: DnsSpec;
  readonly targets: readonly DnsTarget[];
  readonly policy: AssignmentPolicy;
}

export interface LogicalDnsSpec {
  readonly kind: 'logical-dns';
  readonly dns: DnsSpec;
  readonly target: DnsTarget;
  readonly policy: AssignmentPolicy;
}

/** One configured name; `endpoint.address` is a template whose host is resolved. */
export interface DnsTarget {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly locality: Locality;
  readonly localityWeight: number;
  readonly hostname: string;
  readonly weight: number;
  readonly health: EndpointHealth;
  readonly metadata: HostMetadata | undefined;
  readonly localityMetadata?: HostMetadata | undefined;
}

export type LookupFamily = 'auto' | 'v4-only' | 'v6-only' | 'v4-preferred' | 'all';

export interface DnsSpec {
  readonly refreshMs: number;
  /** Undefined: failures are retried at the refresh rate. */
  readonly failureRefresh: { readonly baseMs: number; readonly maxMs: number } | undefined;
  readonly jitterMs: number;
  readonly respectTtl: boolean;
  readonly family: LookupFamily;
  readonly waitForWarm: boolean;
  readonly resolver: ResolverSpec;
}

export type ResolverSpec =
  | {
      readonly kind: 'dns';
      /** `host:port` of name servers; empty: the system's. */
      readonly servers: readonly string[];
      /** Whether short names are tried in the system's search domains. */
      readonly search: boolean;
      readonly timeoutMs: number;
      readonly tries: number;
    }
  /** The C library's, in threads. */
  | { readonly kind: 'getaddrinfo' };

/** Endpoints by priority and locality; what discovery of any kind comes down to. */
export interface Assignment extends AssignmentPolicy {
  /** Index = priority. */
  readonly priorities: readonly (readonly LocalityEndpoints[])[];
}

export interface AssignmentPolicy {
  /** Percent. */
  readonly overprovisioningFactor: number;
  readonly weightedPriorityHealth: boolean;
}

export interface LocalityEndpoints {
  readonly locality: Locality;
  /** 0: not given. */
  readonly weight: number;
  readonly endpoints: readonly EndpointSpec[];
}

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export type EndpointHealth = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY' | 'DRAINING' | 'TIMEOUT' | 'DEGRADED';

export interface EndpointSpec {
  /** What makes it the same host in the next update; the address when absent. */
  readonly key?: string;
  readonly address: Address;
  readonly hostname: string;
  readonly weight: number;
  readonly health: EndpointHealth;
  readonly metadata: HostMetadata | undefined;
  /** Of the group of endpoints that it stands in. */
  readonly localityMetadata?: HostMetadata | undefined;
}

export type LoadBalancerSpec =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'random' }
  | { readonly kind: 'least-request'; readonly choiceCount: number; readonly activeRequestBias: number; readonly fullScan: boolean };

export interface PanicSpec {
  /** `healthy_panic_threshold`; 0 = off. */
  readonly thresholdPercent: number;
  readonly failTraffic: boolean;
}

export interface BreakerSpec {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  readonly maxConnectionPools: number;
  readonly trackRemaining: boolean;
}

/** `downstream`: as the request came; `auto`: what TLS agrees on. */
export type UpstreamProtocol = 'http1' | 'http2' | 'downstream' | 'auto';

export interface HttpSpec {
  readonly protocol: UpstreamProtocol;
  /** Undefined where HTTP/2 is never spoken. */
  readonly http2: Http2Spec | undefined;
  /** 0: never. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  /** Up to so many percent longer. */
  readonly maxConnectionDurationJitterPercent: number;
  /** 0 = no limit. */
  readonly maxStreamDurationMs: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  readonly maxHeadersCount: number;
  readonly maxResponseHeadBytes: number;
  readonly enableTrailers: boolean;
  /** Content-Length beside chunked is dropped instead of refused. */
  readonly allowChunkedLength: boolean;
  readonly fieldCase: FieldCase;
  /** Request lines have the whole URL. */
  readonly fullUrl: boolean;
  readonly autoSni: AutoSniSpec | undefined;
  /** Stand before the upstreams, in order; undefined = none but the codec. */
  readonly upstreamFilters: readonly FilterSpec[] | undefined;
}

/** A filter as its configuration says it, for each thread to make. */
export interface FilterSpec {
  readonly name: string;
  readonly typeUrl: string;
  /** The message in base64. */
  readonly value: string;
  readonly disabled: boolean;
  readonly isOptional: boolean;
}

export interface Http2Spec extends H2Settings {
  readonly maxHeadBytes: number;
  readonly keepAlive: H2KeepAliveSettings | undefined;
}

export interface AutoSniSpec {
  readonly sni: boolean;
  readonly sanValidation: boolean;
  /** In place of Host; '' for none. */
  readonly header: string;
}

export interface TcpKeepAliveSpec {
  readonly initialDelayMs: number;
}

/** What discovery found, from the main thread to every worker. */
export interface HostSetUpdate {
  readonly cluster: string;
  /** Of the spec it was made for: an update for another version of the cluster is dropped. */
  readonly hash: string;
  readonly assignment: Assignment;
}

export const EMPTY_LOCALITY: Locality = { region: '', zone: '', subZone: '' };
