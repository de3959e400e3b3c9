import type { HeaderMap } from '../header-map.ts';
import { H, type HeaderName } from '../header-name.ts';
import type { RoutePriority } from '../upstream.ts';
import type { FilterConfigs } from './filter-configs.ts';
import type { HostRewrite } from './host-rewrite.ts';
import type { PathRewrite } from './path-rewrite.ts';
import type { FilterRouteConfig, ForwardRoute, HeaderMutation, HeaderMutationContext, RouteMetadata, VirtualHost } from './route.ts';

/** What a route has whatever its action: given by the levels around it. */
export interface RouteSurroundings {
  readonly name: string;
  readonly virtualHost: VirtualHost;
  readonly metadata: RouteMetadata | undefined;
  readonly requestHeaders: HeaderMutation | undefined;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly filterConfigs: FilterConfigs;
}

/** What a `RouteAction` says besides the cluster. */
export interface ForwardSettings {
  readonly clusterNotFoundStatus: number;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | undefined;
  readonly maxStreamDurationMs: number | undefined;
  readonly priority: RoutePriority;
  readonly autoHostRewrite: boolean;
  readonly appendXForwardedHost: boolean;
  readonly upgrades: ReadonlyMap<string, boolean> | undefined;
  readonly hostRewrite: HostRewrite | undefined;
  readonly pathRewrite: PathRewrite | undefined;
}

export type ClusterChoice =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'header'; readonly header: HeaderName };

export class CompiledForwardRoute implements ForwardRoute {
  readonly kind = 'forward';
  readonly name: string;
  readonly virtualHost: VirtualHost;
  readonly metadata: RouteMetadata | undefined;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly clusterNotFoundStatus: number;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | undefined;
  readonly maxStreamDurationMs: number | undefined;
  readonly priority: RoutePriority;
  readonly autoHostRewrite: boolean;
  readonly appendXForwardedHost: boolean;
  readonly upgrades: ReadonlyMap<string, boolean> | undefined;
  readonly retryPolicy = undefined;
  readonly #cluster: ClusterChoice;
  readonly #filterConfigs: FilterConfigs;
  readonly #requestHeaders: HeaderMutation | undefined;
  readonly #hostRewrite: HostRewrite | undefined;
  readonly #pathRewrite: PathRewrite | undefined;

  constructor(cluster: ClusterChoice, settings: ForwardSettings, surroundings: RouteSurroundings) {
    this.name = surroundings.name;
    this.virtualHost = surroundings.virtualHost;
    this.metadata = surroundings.metadata;
    this.responseHeaders = surroundings.responseHeaders;
    this.clusterNotFoundStatus = settings.clusterNotFoundStatus;
    this.timeoutMs = settings.timeoutMs;
    this.idleTimeoutMs = settings.idleTimeoutMs;
    this.maxStreamDurationMs = settings.maxStreamDurationMs;
    this.priority = settings.priority;
    this.autoHostRewrite = settings.autoHostRewrite;
    this.appendXForwardedHost = settings.appendXForwardedHost;
    this.upgrades = settings.upgrades;
    this.#cluster = cluster;
    this.#filterConfigs = surroundings.filterConfigs;
    this.#requestHeaders = surroundings.requestHeaders;
    this.#hostRewrite = settings.hostRewrite;
    this.#pathRewrite = settings.pathRewrite;
  }

  clusterName(headers: HeaderMap): string | undefined {
    const cluster = this.#cluster;
    return cluster.kind === 'name' ? cluster.name : headers.get(cluster.header);
  }

  filterConfig(filterName: string): FilterRouteConfig | undefined {
    return this.#filterConfigs.get(filterName);
  }

  finalizeRequestHeaders(headers: HeaderMap, context: HeaderMutationContext, keepOriginalPath: boolean): void {
    this.#requestHeaders?.apply(headers, context);
    const host = this.#hostRewrite?.newHost(headers);
    if (host !== undefined) this.replaceHost(headers, host);
    if (this.#pathRewrite !== undefined) {
      const { path } = headers;
      const rewritten = this.#pathRewrite.rewrite(path);
      if (keepOriginalPath) headers.set(H.envoyOriginalPath, path);
      headers.path = rewritten;
    }
  }

  replaceHost(headers: HeaderMap, host: string): void {
    headers.authority = host;
  }
}
