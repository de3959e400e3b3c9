import type { HeaderMap } from '../header-map.ts';
import type { RateLimitPolicy } from '../rate-limit/policy.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { RoutePriority } from '../upstream.ts';
import type { CorsPolicy } from './cors-policy.ts';
import type { RequestCounts } from './request-counts.ts';

/**
 * Routes as the request path sees them: compiled, immutable, shared by all streams of a thread.
 * `route-table.ts` finds one; `compile.ts` makes them from `envoy.config.route.v3.RouteConfiguration`.
 */

export interface RouteTable {
  readonly name: string;
  /** The first route that matches (Envoy's order), or undefined. `randomValue` decides weighted clusters and fractions. */
  route(headers: HeaderMap, info: StreamInfo, randomValue: number): Route | undefined;
  /** A request was refused before its route could be looked up. */
  onRefused(headers: HeaderMap, info: StreamInfo): void;
  /** Headers that only internal requests may carry (`internal_only_headers`). */
  readonly internalOnlyHeaders: readonly string[];
  readonly mostSpecificHeaderMutationsWins: boolean;
}

/** Adds and removes headers; compiled from all levels in Envoy's order. Undefined where there is nothing to do. */
export interface HeaderMutation {
  apply(headers: HeaderMap, context: HeaderMutationContext): void;
}

/** What `%OPERATORS%` in header values may read. */
export interface HeaderMutationContext {
  readonly info: StreamInfo;
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap | undefined;
}

/** Route metadata by namespace, as plain JSON. */
export type RouteMetadata = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface RouteBase {
  /** `%ROUTE_NAME%`. */
  readonly name: string;
  readonly virtualHost: VirtualHost;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly metadata: RouteMetadata | undefined;
  /** Some `typed_per_filter_config` on the way to this route switches a filter on or off. */
  readonly mayDisableFilters: boolean;
  /** The most specific configuration for a filter name, made by that filter; undefined = none. Also for `disabled`. */
  filterConfig(filterName: string): FilterRouteConfig | undefined;
}

/** `typed_per_filter_config` resolved for one filter. */
export interface FilterRouteConfig {
  /** From FilterConfig.disabled; undefined = as in the filter chain. */
  readonly disabled: boolean | undefined;
  /** The most specific one; undefined = levels only switch the filter. */
  readonly config: unknown;
  /** The configurations of all levels, least specific first, for filters that merge them. */
  readonly levels: readonly unknown[];
}

export interface VirtualHost {
  readonly name: string;
  readonly metadata: RouteMetadata | undefined;
  /** `include_request_attempt_count`. */
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  /** `rate_limits`; undefined = none. */
  readonly rateLimits: RateLimitPolicy | undefined;
  /** `require_tls`: which plain-text requests the table answers with a redirect. */
  readonly requireTls: 'none' | 'external-only' | 'all';
}

/** `connect_config`. */
export interface ConnectSettings {
  /** POST requests are tunnels too. */
  readonly allowPost: boolean;
  /** Tells the upstream of the client. */
  readonly proxyProtocol: 'v1' | 'v2' | undefined;
}

/** Forwards to a cluster. */
export interface ForwardRoute extends RouteBase {
  readonly kind: 'forward';
  /**
   * The cluster for this request; '' = the header of `cluster_header` is missing, which Envoy treats as an unknown cluster. With
   * `weighted_clusters` the table returns one ForwardRoute per entry, which carries that entry's header mutations and filter configs.
   */
  clusterName(headers: HeaderMap): string;
  /** The answer when there is no such cluster; details `cluster_not_found`, flag NC. */
  readonly clusterNotFoundStatus: number;
  /** Milliseconds; 0 = none. */
  readonly timeoutMs: number;
  /** Overrides the stream idle timeout; undefined = not set, 0 = none. */
  readonly idleTimeoutMs: number | undefined;
  /** How long a whole response may wait for the client's window; undefined = not set, 0 = for ever. */
  readonly flushTimeoutMs: number | undefined;
  /** `max_stream_duration`; a route that has one has no timeout of its own. */
  readonly streamDuration: StreamDuration | undefined;
  /** In place of `timeoutMs` for calls of gRPC, where there is no `streamDuration`. */
  readonly grpcTimeout: GrpcTimeout | undefined;
  /** Raises what filters may hold of a request's body, in bytes; never lowers it. */
  readonly bodyBufferLimitBytes: number;
  /** `rate_limits`; undefined = none. */
  readonly rateLimits: RateLimitPolicy | undefined;
  /** Those of the virtual host count as well. */
  readonly includesVirtualHostRateLimits: boolean;
  readonly priority: RoutePriority;
  readonly autoHostRewrite: boolean;
  readonly appendXForwardedHost: boolean;
  /** Whether a protocol may be upgraded to, by its name in lower case (CONNECT counts as one); undefined = as in the manager. */
  readonly upgrades: ReadonlyMap<string, boolean> | undefined;
  /** CONNECT requests end here. */
  readonly connect: ConnectSettings | undefined;
  /**
   * Path and host rewrites and header mutations of all levels, in Envoy's order; sets `x-envoy-original-path` and
   * `x-envoy-original-host`. `keepOriginal` is false when Envoy headers are suppressed.
   */
  finalizeRequestHeaders(headers: HeaderMap, context: HeaderMutationContext, keepOriginal: boolean): void;
  /** For `autoHostRewrite`, when the upstream host is known: sets the host and tells of the one before. */
  replaceHost(headers: HeaderMap, host: string, keepOriginal: boolean): void;
  /** What the request counts besides its cluster's statistics, which also finds its virtual cluster; undefined = nothing. */
  requestCounts(headers: HeaderMap, info: StreamInfo): RequestCounts | undefined;
  /** The `cors` fields of virtual host and route, the least specific first: for the cors filter where it has no configuration of its own. */
  readonly corsPolicies: readonly CorsPolicy[];
  /** `retry_policy` in effect, undefined = none. */
  readonly retryPolicy: unknown;
}

/** `RouteAction.MaxStreamDuration`, in milliseconds. */
export interface StreamDuration {
  /** Undefined = not set, 0 = no limit. */
  readonly maxMs: number | undefined;
  /** The caller's `grpc-timeout` holds, up to this; 0 = whatever it is, undefined = it is not read. */
  readonly grpcHeaderMaxMs: number | undefined;
  readonly grpcHeaderOffsetMs: number;
}

/** The caller's `grpc-timeout` less the offset, up to the maximum; 0 = whatever it is. */
export interface GrpcTimeout {
  readonly maxMs: number;
  readonly offsetMs: number;
}

/** Answers without an upstream. */
export interface DirectRoute extends RouteBase {
  readonly kind: 'direct';
  /** `direct_response.status`, or the redirect's code. */
  readonly status: number;
  /** Body text (latin1 bytes) before `body_format`; '' = none. */
  readonly body: string;
  formatBody(headers: HeaderMap, info: StreamInfo): string;
  /**
   * The `location` of the answer, from the request as it was matched; undefined = none. A direct response with status 201 or 3xx has
   * one too.
   */
  location(headers: HeaderMap): string | undefined;
  /** Of the body, where it is not text/plain. */
  readonly contentType: string | undefined;
  /**
   * For a redirect that rewrites the path: sets the request's path to the new one and `x-envoy-original-path`, as Envoy does, so that
   * access logs show them. Called once, after `location`.
   */
  rewritePath(headers: HeaderMap, keepOriginalPath: boolean): void;
}

export type Route = ForwardRoute | DirectRoute;
