import type { Clock } from '../../../core/clock.ts';
import type { Logger } from '../../../core/log.ts';
import type { Overload } from '../../../core/overload.ts';
import type { Random } from '../../../core/random.ts';
import type { Runtime } from '../../../core/runtime.ts';
import type { StatGroup } from '../../../core/stats/stats.ts';
import type { TimerList, Timers } from '../../../core/timers.ts';
import type { AccessLog } from '../../../http/access-log.ts';
import type { H1ServerOptions } from '../../../http/codec/h1-server.ts';
import type { LeniencyChoice } from '../../../http/codec/head-leniency.ts';
import type { H2ServerOptions } from '../../../http/codec/h2/h2-options.ts';
import type { FilterChain } from '../../../http/filter-chain.ts';
import type { HeaderMutation, RouteTable } from '../../../http/route/route.ts';
import type { ClusterLookup } from '../../../http/upstream.ts';
import type { Address } from '../../../transport/transport.ts';
import type { ForwardedClientCert } from './forwarded-client-cert.ts';
import type { LocalReplyRules } from './local-reply-rules.ts';
import type { UpgradeConfigs } from './upgrades.ts';
import type { OriginalIpDetection } from './original-ip-detection.ts';
import type { PathRules } from './path-rules.ts';
import type { ProxyStatus } from './proxy-status.ts';

/** The compiled HttpConnectionManager: immutable, shared by the connections of a filter chain in one thread. */
export interface ConnectionManagerConfig {
  readonly statPrefix: string;
  readonly stats: StatGroup;
  readonly listenerStats: StatGroup;
  readonly codecStats: StatGroup;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly overload: Overload;
  /** Requests that are dropped for overload are told so. */
  readonly appendLocalOverload: boolean;
  readonly log: Logger;
  readonly clusters: ClusterLookup;
  /** Swapped as a whole when routes change; a stream keeps the one it began with. */
  readonly routes: RouteTableHolder;
  readonly chain: FilterChain;
  /** A connection lives on after a request that was refused for what it says (`stream_error_on_invalid_http_message`). */
  readonly keepsInvalidConnections: boolean;
  /** `upgrade_configs`; undefined = none. */
  readonly upgrades: UpgradeConfigs | undefined;
  readonly accessLogs: readonly AccessLog[];
  readonly localReplies: LocalReplyRules | undefined;
  readonly codecType: 'auto' | 'http1' | 'http2';
  readonly codec: LeniencyChoice<H1ServerOptions>;
  readonly http2: H2ServerOptions;
  readonly addressing: AddressingConfig;
  /** Undefined when paths stay as they come. */
  readonly paths: PathRules | undefined;
  /** `early_header_mutation_extensions`; undefined = none. */
  readonly earlyMutation: HeaderMutation | undefined;
  readonly serverName: string;
  readonly serverHeader: 'overwrite' | 'append-if-absent' | 'pass-through';
  /** '' = none. */
  readonly via: string;
  /** `proxy_status_config`; undefined = none. */
  readonly proxyStatus: ProxyStatus | undefined;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  /** The request id tells why a request is traced. */
  readonly packTraceReason: boolean;
  readonly defaultHostForHttp10: string;
  /** `strip_any_host_port`, `strip_matching_host_port` (only the listener's own port). */
  readonly hostPort: 'keep' | 'strip' | 'strip-matching';
  readonly stripTrailingHostDot: boolean;
  /** `add_user_agent`: who this proxy says it is. */
  readonly userAgent: { readonly cluster: string; readonly node: string } | undefined;
  /** Stands in X-Forwarded-For for a client on the loopback. */
  readonly localAddress: string;
  readonly proxy100Continue: boolean;
  readonly maxRequestsPerConnection: number;
  /** Timer lists; undefined = off. */
  readonly idleTimeout: TimerList | undefined;
  readonly streamIdleTimeout: TimerList | undefined;
  readonly requestTimeout: TimerList | undefined;
  readonly requestHeadersTimeout: TimerList | undefined;
  /** Several: a connection takes any of them. */
  readonly maxConnectionDurations: readonly TimerList[] | undefined;
  /** A connection of HTTP/1 that has lasted that long ends with its next request. */
  readonly http1SafeMaxConnectionDuration: boolean;
  readonly maxStreamDuration: TimerList | undefined;
  /** Up to so many percent more than `drainTimeoutMs`. */
  readonly drainTimeoutJitterPercent: number;
  readonly drainTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  /** Body that one stream may hold, each way, in bytes. */
  readonly bufferLimitBytes: number;
  /** `scheme_header_transformation.scheme_to_overwrite`; '' = none. */
  readonly schemeToOverwrite: string;
  /** Undefined: X-Forwarded-Client-Cert is always passed on. */
  readonly forwardedClientCert: ForwardedClientCert | undefined;
}

export interface RouteTableHolder {
  readonly current: RouteTable | undefined;
}

/** Rules for the client's address and the headers that say it (envoy.config… use_remote_address and its companions). */
export interface AddressingConfig {
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly appendXForwardedPort: boolean;
  /** `original_ip_detection_extensions`; undefined = none. */
  readonly detection: OriginalIpDetection | undefined;
  readonly isInternalAddress: (address: Address) => boolean;
  /** `forward_proto_config`: what the port says that a client connected to in front of this proxy; undefined = nothing. */
  readonly protoOfPort: ReadonlyMap<number, 'http' | 'https'> | undefined;
}
