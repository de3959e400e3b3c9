import type { Address } from '../transport/transport.ts';
import type { DownstreamSocketInfo, ProxyProtocolTlv, TlsInfo } from '../transport/transport-socket.ts';
import { type FilterState, type SharedFilterState, sharedOf } from './filter-state.ts';
import type { RouteResolution } from './route/measured-route-table.ts';
import type { Route, VirtualHost } from './route/route.ts';
import type { Cluster, Host } from './upstream.ts';

/** One bit each, in Envoy's order of printing (`envoy/stream_info/stream_info.h`, CoreResponseFlag). */
export const ResponseFlag = {
  failedLocalHealthCheck: 1 << 0,
  noHealthyUpstream: 1 << 1,
  upstreamRequestTimeout: 1 << 2,
  localReset: 1 << 3,
  upstreamRemoteReset: 1 << 4,
  upstreamConnectionFailure: 1 << 5,
  upstreamConnectionTermination: 1 << 6,
  upstreamOverflow: 1 << 7,
  noRouteFound: 1 << 8,
  delayInjected: 1 << 9,
  faultInjected: 1 << 10,
  rateLimited: 1 << 11,
  unauthorizedExternalService: 1 << 12,
  rateLimitServiceError: 1 << 13,
  downstreamConnectionTermination: 1 << 14,
  upstreamRetryLimitExceeded: 1 << 15,
  streamIdleTimeout: 1 << 16,
  invalidEnvoyRequestHeaders: 1 << 17,
  downstreamProtocolError: 1 << 18,
  upstreamMaxStreamDurationReached: 1 << 19,
  responseFromCacheFilter: 1 << 20,
  noFilterConfigFound: 1 << 21,
  durationTimeout: 1 << 22,
  upstreamProtocolError: 1 << 23,
  noClusterFound: 1 << 24,
  overloadManager: 1 << 25,
  dnsResolutionFailed: 1 << 26,
  dropOverload: 1 << 27,
  downstreamRemoteReset: 1 << 28,
  unconditionalDropOverload: 1 << 29,
} as const;

export type Protocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';

/** What one stream has moved on one of its connections. A codec's encoder keeps them. */
export interface ByteCounts {
  /** Heads, bodies and their framing. */
  readonly wireReceived: number;
  readonly wireSent: number;
  /** Field lines: names and values, with three bytes a line received and the lines as they are sent. */
  readonly headersReceived: number;
  readonly headersSent: number;
  /** Names and values as they were before HPACK; undefined: nothing is compressed. */
  readonly expandedReceived?: number;
}

const NO_BYTES: ByteCounts = { wireReceived: 0, wireSent: 0, headersReceived: 0, headersSent: 0 };

/** How a connection ended before the stream did. */
export type CloseType = 'Normal' | 'LocalReset' | 'RemoteReset';

/** Of a configuration's message: by namespace, as plain JSON. */
export type Metadata = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What all streams of one downstream connection share. */
export interface ConnectionInfo extends DownstreamSocketInfo {
  /** `%CONNECTION_ID%`, unique in the process. */
  readonly id: number;
  /** The socket's own addresses; listener filters may have restored others. */
  readonly directLocalAddress: Address;
  readonly directRemoteAddress: Address;
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  /** Written by the TLS inspector or the handshake. */
  requestedServerName: string;
  secure: boolean;
  tls: TlsInfo | undefined;
  handshakeStartMs?: number;
  transportFailureReason: string;
  readonly listenerName: string;
  readonly filterChainName: string;
  readonly listenerMetadata?: Metadata | undefined;
  /** `envoy.config.core.v3.TrafficDirection`. */
  readonly listenerDirection?: number;
  readonly filterChainMetadata?: Metadata | undefined;
  /** When it was accepted, in monotonic milliseconds. */
  readonly startMs?: number;
  /** `%CONNECTION_TERMINATION_DETAILS%`; '' when there is none. */
  terminationDetails: string;
  /** '' until an HTTP connection manager knows it; undefined: there is none. */
  protocol?: Protocol | '' | undefined;
  /** When it ended, in monotonic milliseconds. */
  endMs?: number;
  /** Why this side has closed it (`%DOWNSTREAM_LOCAL_CLOSE_REASON%`); '' when the client has, or nobody yet. */
  localCloseReason?: string;
  /** What listener filters and network filters know of the connection itself (`connection-stream.ts`); made when first asked for. */
  stream?: StreamInfo | undefined;
  /** Offered in the ClientHello, or found in the request line, in the peer's order. */
  readonly requestedApplicationProtocols?: readonly string[];
  readonly ja3?: string;
  readonly ja4?: string;
  /** Transport sockets of upstream connections are not told whom these are opened for. */
  hiddenFromUpstreams?: boolean;
  /** Of the PROXY header that the connection began with; undefined when there was none. The TCP proxy adds its own. */
  proxyProtocolTlvs?: readonly ProxyProtocolTlv[] | undefined;
}

/**
 * What is known of one stream: read by access logs, formatters, filters. Plain fields: written by the connection manager,
 * the router and filters at the point where the value becomes known. Times are monotonic milliseconds, 0 = not reached.
 */
export class StreamInfo {
  readonly connection: ConnectionInfo;
  /** '' of a connection that speaks none. */
  protocol: Protocol | '' = 'HTTP/1.1';
  /** Milliseconds since the epoch, with a fraction. */
  startWallMs = 0;
  startMs = 0;
  requestHeadersEndMs = 0;
  requestEndMs = 0;
  responseStartMs = 0;
  responseEndMs = 0;
  endMs = 0;
  /** The pool was asked for a connection. */
  upstreamRequestStartMs = 0;
  /** The pool gave one, and the request's head was sent; or it could not. */
  upstreamPoolReadyMs = 0;
  upstreamRequestEndMs = 0;
  upstreamResponseStartMs = 0;
  upstreamResponseBodyStartMs = 0;
  upstreamResponseEndMs = 0;
  upstreamConnectStartMs = 0;
  upstreamConnectEndMs = 0;

  responseCode = 0;
  responseFlags = 0;
  responseCodeDetails = '';
  /** Body bytes, as `%BYTES_RECEIVED%` and `%BYTES_SENT%` count them. */
  bytesReceived = 0;
  bytesSent = 0;
  downstreamBytes: ByteCounts = NO_BYTES;
  upstreamBytes: ByteCounts | undefined;
  /** The trusted client address (`%DOWNSTREAM_REMOTE_ADDRESS%`). */
  remoteAddress: Address;
  requestId = '';
  streamId = '';
  route: Route | undefined;
  routeName = '';
  /** Known also where none of its routes matches. */
  virtualHost: VirtualHost | undefined;
  /** Undefined where nobody asks for it. */
  routeResolution: RouteResolution | undefined;
  virtualClusterName = '';
  upstreamClusterName = '';
  upstreamCluster: Cluster | undefined;
  upstreamHost: Host | undefined;
  upstreamHostsAttempted: Host[] | undefined;
  upstreamLocalAddress: Address | undefined;
  upstreamRemoteAddress: Address | undefined;
  upstreamConnectionId = 0;
  upstreamTls: TlsInfo | undefined;
  upstreamConnectionIdsAttempted: number[] | undefined;
  upstreamProtocol: Protocol | '' = '';
  upstreamTransportFailureReason = '';
  upstreamCloseType: CloseType = 'Normal';
  upstreamLocalCloseReason = '';
  downstreamCloseType: CloseType = 'Normal';
  attemptCount = 0;
  healthCheck = false;
  /** `:443`, where it was stripped from the target of CONNECT, which is nothing without it: upstreams get it back. */
  connectPort = '';
  /** As the client sent it: whatever filters and routes do to its content type. */
  grpcRequest = false;
  /** Dynamic metadata by namespace: plain JSON values. */
  metadata: Map<string, Record<string, unknown>> | undefined;
  filterState: FilterState | undefined;
  /** Of the connection to the upstream. */
  upstreamFilterState: ReadonlyMap<string, unknown> | undefined;

  constructor(connection: ConnectionInfo) {
    this.connection = connection;
    this.remoteAddress = connection.remoteAddress;
  }

  /** Its own, or the connection's. */
  stateOf(key: string): unknown {
    return this.filterState?.get(key) ?? this.connection.stream?.filterState?.get(key);
  }

  /** What a connection that is opened for it is given. */
  get sharedFilterState(): SharedFilterState | undefined {
    const ofConnection = this.connection.stream?.filterState;
    return ofConnection === undefined && this.filterState === undefined ? undefined : sharedOf(ofConnection, this.filterState);
  }

  /** Told to the connection, not to its requests. */
  get downstreamTransportFailureReason(): string {
    return this.connection.stream === this ? this.connection.transportFailureReason : '';
  }

  /** Adds to the dynamic metadata of a namespace. */
  mergeMetadata(namespace: string, members: Readonly<Record<string, unknown>>): void {
    const metadata = (this.metadata ??= new Map());
    metadata.set(namespace, { ...metadata.get(namespace), ...members });
  }

  setFlag(flag: number): void {
    this.responseFlags |= flag;
  }

  hasFlag(flag: number): boolean {
    return (this.responseFlags & flag) !== 0;
  }
}
