import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { HeaderField } from '../matcher/header-field.ts';
import type { RateLimitPolicy } from '../rate-limit/policy.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { RoutePriority } from '../upstream.ts';
import type { CorsPolicy } from './cors-policy.ts';
import { type FilterConfigs, mayDisableFilters } from './filter-configs.ts';
import { replaceHost, type HostRewrite } from './host-rewrite.ts';
import type { PathRewrite } from './path-rewrite.ts';
import { type RequestCounts, VirtualClusters } from './request-counts.ts';
import type { ConnectSettings, FilterRouteConfig, ForwardRoute, GrpcTimeout, HeaderMutation, HeaderMutationContext, RouteMetadata, StreamDuration, VirtualHost } from './route.ts';

/** What a route has whatever its action: given by the levels around it. */
export interface RouteSurroundings {
  readonly name: string;
  readonly virtualHost: VirtualHost;
  readonly metadata: RouteMetadata | undefined;
  readonly requestHeaders: HeaderMutation | undefined;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly filterConfigs: FilterConfigs;
  readonly counts: VirtualClusters | RequestCounts | undefined;
  readonly bodyBufferLimitBytes: number;
  readonly corsPolicies: readonly CorsPolicy[];
}

type Told =
  | 'clusterNotFoundStatus'
  | 'timeoutMs'
  | 'idleTimeoutMs'
  | 'flushTimeoutMs'
  | 'streamDuration'
  | 'grpcTimeout'
  | 'rateLimits'
  | 'includesVirtualHostRateLimits'
  | 'priority'
  | 'autoHostRewrite'
  | 'appendXForwardedHost'
  | 'upgrades'
  | 'connect';

/** What a `RouteAction` says besides the cluster. */
export interface ForwardSettings extends Pick<ForwardRoute, Told> {
  readonly hostRewrite: HostRewrite | undefined;
  readonly pathRewrite: PathRewrite | undefined;
}

/** Where to forward to, and what an entry of `weighted_clusters` adds. */
export interface ForwardTarget {
  readonly cluster: string | HeaderField;
  /** Applied before all other levels. */
  readonly requestHeaders?: HeaderMutation | undefined;
  /** `host_rewrite_literal` of the entry; the host before it is not told of. '' = none. */
  readonly host?: string;
}

export class CompiledForwardRoute implements ForwardRoute {
  readonly kind = 'forward';
  readonly name: string;
  readonly virtualHost: VirtualHost;
  readonly metadata: RouteMetadata | undefined;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly mayDisableFilters: boolean;
  readonly clusterNotFoundStatus: number;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | undefined;
  readonly flushTimeoutMs: number | undefined;
  readonly streamDuration: StreamDuration | undefined;
  readonly grpcTimeout: GrpcTimeout | undefined;
  readonly bodyBufferLimitBytes: number;
  readonly rateLimits: RateLimitPolicy | undefined;
  readonly includesVirtualHostRateLimits: boolean;
  readonly priority: RoutePriority;
  readonly autoHostRewrite: boolean;
  readonly appendXForwardedHost: boolean;
  readonly upgrades: ReadonlyMap<string, boolean> | undefined;
  readonly connect: ConnectSettings | undefined;
  readonly corsPolicies: readonly CorsPolicy[];
  readonly retryPolicy = undefined;
  readonly #target: ForwardTarget;
  readonly #settings: ForwardSettings;
  readonly #surroundings: RouteSurroundings;

  constructor(target: ForwardTarget, settings: ForwardSettings, surroundings: RouteSurroundings) {
    this.name = surroundings.name;
    this.virtualHost = surroundings.virtualHost;
    this.metadata = surroundings.metadata;
    this.responseHeaders = surroundings.responseHeaders;
    this.mayDisableFilters = mayDisableFilters(surroundings.filterConfigs);
    this.clusterNotFoundStatus = settings.clusterNotFoundStatus;
    this.timeoutMs = settings.timeoutMs;
    this.idleTimeoutMs = settings.idleTimeoutMs;
    this.flushTimeoutMs = settings.flushTimeoutMs;
    this.streamDuration = settings.streamDuration;
    this.grpcTimeout = settings.grpcTimeout;
    this.bodyBufferLimitBytes = surroundings.bodyBufferLimitBytes;
    this.rateLimits = settings.rateLimits;
    this.includesVirtualHostRateLimits = settings.includesVirtualHostRateLimits;
    this.priority = settings.priority;
    this.autoHostRewrite = settings.autoHostRewrite;
    this.appendXForwardedHost = settings.appendXForwardedHost;
    this.upgrades = settings.upgrades;
    this.connect = settings.connect;
    this.corsPolicies = surroundings.corsPolicies;
    this.#target = target;
    this.#settings = settings;
    this.#surroundings = surroundings;
  }

  clusterName(headers: HeaderMap): string {
    const { cluster } = this.#target;
    return typeof cluster === 'string' ? cluster : (cluster.first(headers) ?? '');
  }

  requestCounts(headers: HeaderMap, info: StreamInfo): RequestCounts | undefined {
    const { counts } = this.#surroundings;
    if (!(counts instanceof VirtualClusters)) return counts;
    const choice = counts.find(headers);
    info.virtualClusterName = choice.name;
    return choice.counts;
  }

  filterConfig(filterName: string): FilterRouteConfig | undefined {
    return this.#surroundings.filterConfigs.get(filterName);
  }

  finalizeRequestHeaders(headers: HeaderMap, context: HeaderMutationContext, keepOriginal: boolean): void {
    const { requestHeaders, host } = this.#target;
    requestHeaders?.apply(headers, context);
    if (host !== undefined && host !== '') headers.authority = host;
    this.#surroundings.requestHeaders?.apply(headers, context);
    if (context.info.connectPort !== '') headers.authority += context.info.connectPort;
    const { hostRewrite, pathRewrite } = this.#settings;
    if (hostRewrite !== undefined) {
      const newHost = hostRewrite.newHost(headers, context);
      if (newHost !== '') this.replaceHost(headers, newHost, keepOriginal);
    }
    if (pathRewrite !== undefined) rewritePath(headers, pathRewrite, context, keepOriginal);
  }

  replaceHost(headers: HeaderMap, host: string, keepOriginal: boolean): void {
    replaceHost(headers, { host, appendXForwardedHost: this.appendXForwardedHost, keepOriginalHost: keepOriginal });
  }
}

/** Sets the new path and tells of the one before in `x-envoy-original-path`. */
export function rewritePath(
  headers: HeaderMap,
  rewrite: PathRewrite,
  context: HeaderMutationContext | undefined,
  keepOriginal: boolean,
): void {
  const rewritten = rewrite.rewrite(headers.path, context);
  if (rewritten === undefined) return;
  if (keepOriginal) headers.set(H.envoyOriginalPath, headers.path);
  headers.path = rewritten;
}
