import type {
  Route as RouteMessage,
  RouteAction,
  RouteConfiguration,
  RouteMatch,
  VirtualHost as VirtualHostMessage,
  WeightedCluster_ClusterWeight as ClusterWeight,
} from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { headerField } from '../matcher/header-field.ts';
import { compileRegexMatcher } from '../matcher/regex-matcher.ts';
import { compileRateLimits } from '../rate-limit/policy.ts';
import { bodyBufferLimitBytes } from './body-buffer-limit.ts';
import { compileDirectResponse, compileForwardSettings, compileRedirect, unsupportedAction } from './compile-action.ts';
import { compileCorsField, type CorsPolicy } from './cors-policy.ts';
import { CompiledDirectRoute, TlsRedirectRoute } from './direct-route.ts';
import { noFilterConfigs } from './filter-configs.ts';
import { CompiledForwardRoute, type ForwardSettings, type ForwardTarget, type RouteSurroundings } from './forward-route.ts';
import { ConnectPattern, ExactPattern, PrefixPattern, RegexPattern, SeparatedPrefixPattern, type PathPattern } from './path-pattern.ts';
import { CountsCompiler } from './request-counts.ts';
import { compileMatchedRoutes, type CompileRoutes } from './matched-routes.ts';
import { compileConditions } from './route-conditions.ts';
import type { RouteEntry } from './route-entry.ts';
import { compileLevel, composeMutations, plainMetadata, type RouteLevel } from './route-level.ts';
import { type RouteFinder, RouteList } from './route-list.ts';
import { CompiledRouteTable, type VirtualHostRoutes } from './route-table.ts';
import type { Route, RouteTable, VirtualHost } from './route.ts';
import { compileWeightedClusters } from './weighted-clusters.ts';

export interface RouteConfigurationOptions {
  /** When `validate_clusters` is not given: true for routes that stand in a listener, false for discovered ones. */
  readonly validateClusters: boolean;
}

/** Compiles routes. Reports every problem; the table is used only when there was none. */
export function compileRouteConfiguration(
  message: RouteConfiguration,
  at: ConfigPath,
  context: CompileContext,
  options: RouteConfigurationOptions = { validateClusters: true },
): RouteTable {
  const validateClusters = message.validateClusters ?? options.validateClusters;
  const scope = new TableScope(message, context, compileLevel(message, at, context, noFilterConfigs), validateClusters);
  const domains = new DomainOwners(message.name, context);
  message.virtualHosts.forEach((virtualHost, index) => {
    const hostAt = at.field('virtual_hosts').index(index);
    const routes = compileVirtualHost(virtualHost, hostAt, scope);
    virtualHost.domains.forEach((domain, position) => domains.add(domain, routes, hostAt.field('domains').index(position)));
  });
  return new CompiledRouteTable(message, domains.entries);
}

/** What all routes of a configuration share. */
class TableScope {
  readonly message: RouteConfiguration;
  readonly context: CompileContext;
  readonly level: RouteLevel;
  readonly #validateClusters: boolean;

  constructor(message: RouteConfiguration, context: CompileContext, level: RouteLevel, validateClusters: boolean) {
    this.message = message;
    this.context = context;
    this.level = level;
    this.#validateClusters = validateClusters;
  }

  get maxDirectResponseBodyBytes(): number {
    return this.message.maxDirectResponseBodySizeBytes ?? DEFAULT_MAX_DIRECT_RESPONSE_BODY_BYTES;
  }

  /** For routes whose clusters may be missing. */
  withoutValidation(): TableScope {
    return new TableScope(this.message, this.context, this.level, false);
  }

  needsCluster(name: string, at: ConfigPath): void {
    this.context.needsCluster(name, at, this.#validateClusters);
  }
}

const DEFAULT_MAX_DIRECT_RESPONSE_BODY_BYTES = 4096;

/** Collects domains; each may be owned once. */
class DomainOwners {
  readonly entries = new Map<string, VirtualHostRoutes>();
  readonly #table: string;
  readonly #context: CompileContext;

  constructor(table: string, context: CompileContext) {
    this.#table = table;
    this.#context = context;
  }

  add(text: string, routes: VirtualHostRoutes, at: ConfigPath): void {
    const domain = text.toLowerCase();
    if (!this.entries.has(wireText(domain))) this.entries.set(wireText(domain), routes);
    else if (domain === '*') this.#context.error(at, `Only a single wildcard domain is permitted in route ${this.#table}`);
    else this.#context.error(at, `Only unique values for domains are permitted. Duplicate entry of domain ${domain} in route ${this.#table}`);
  }
}

function compileVirtualHost(message: VirtualHostMessage, at: ConfigPath, scope: TableScope): VirtualHostRoutes {
  const level = compileLevel(message, at, scope.context, scope.level.filterConfigs);
  const virtualHost: VirtualHost = {
    name: message.name,
    metadata: plainMetadata(message.metadata),
    rateLimits: compileRateLimits(message.rateLimits, at.field('rate_limits'), scope.context),
    includeRequestAttemptCount: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    requireTls: REQUIRE_TLS[message.requireTls],
  };
  const counts = new CountsCompiler(message.name, message.virtualClusters, at.field('virtual_clusters'), scope.context);
  const corsPolicies = compileCorsField(message.cors, at.field('cors'), scope.context, []);
  const host: HostScope = { message, virtualHost, counts, levels: [scope.level, level], corsPolicies };
  const routes = compileRoutes(message, at, host, scope);
  return { host: virtualHost, routes, requireTls: virtualHost.requireTls, tlsRedirect: new TlsRedirectRoute(virtualHost) };
}

/** Clusters of the routes in a matcher may be missing. */
function compileRoutes({ matcher, routes }: VirtualHostMessage, at: ConfigPath, host: HostScope, scope: TableScope): RouteFinder {
  if (matcher === undefined) return compileList(routes.map((message, index) => ({ message, at: at.field('routes').index(index) })), host, scope);
  if (routes.length > 0) scope.context.error(at.field('routes'), 'cannot set both matcher and routes on virtual host');
  const matched = scope.withoutValidation();
  return compileMatchedRoutes(matcher, at.field('matcher'), scope.context, (list) => compileList(list, host, matched)) ?? new RouteList([]);
}

function compileList(routes: Parameters<CompileRoutes>[0], host: HostScope, scope: TableScope): RouteList {
  const entries = routes.map(({ message, at }) => new RouteCompiler(message, at, host, scope).compile());
  return new RouteList(entries.filter((entry) => entry !== undefined));
}

/** What all routes of a virtual host share. */
interface HostScope {
  readonly message: VirtualHostMessage;
  readonly virtualHost: VirtualHost;
  readonly counts: CountsCompiler;
  /** From the less specific to the more specific. */
  readonly levels: readonly RouteLevel[];
  readonly corsPolicies: readonly CorsPolicy[];
}

const REQUIRE_TLS = ['none', 'external-only', 'all'] as const;

/** Compiles one `envoy.config.route.v3.Route`. */
class RouteCompiler {
  readonly #message: RouteMessage;
  readonly #at: ConfigPath;
  readonly #host: HostScope;
  /** What requests of this route count. */
  readonly #counts: RouteSurroundings['counts'];
  readonly #scope: TableScope;
  /** From the least specific to the most specific: configuration, virtual host, route. */
  readonly #levels: readonly RouteLevel[];
  readonly #corsPolicies: readonly CorsPolicy[];

  constructor(message: RouteMessage, at: ConfigPath, host: HostScope, scope: TableScope) {
    this.#message = message;
    this.#at = at;
    this.#host = host;
    this.#counts = host.counts.ofRoute(message.statPrefix);
    this.#scope = scope;
    this.#levels = [...host.levels, compileLevel(message, at, scope.context, host.levels.at(-1)!.filterConfigs)];
    const cors = message.action.case === 'route' ? message.action.value.cors : undefined;
    this.#corsPolicies = compileCorsField(cors, at.field('route').field('cors'), scope.context, host.corsPolicies);
  }

  /** Undefined after reporting. */
  compile(): RouteEntry | undefined {
    const { match } = this.#message;
    if (match === undefined) return undefined;
    const matchAt = this.#at.field('match');
    const conditions = compileConditions(match, matchAt, this.#scope.context);
    const path = compilePath(match, matchAt, this.#scope.context);
    if (path === undefined) return undefined;
    const select = this.#compileAction(path);
    return select && { path, conditions, select };
  }

  #compileAction(path: PathPattern): RouteEntry['select'] | undefined {
    const { action } = this.#message;
    const { context } = this.#scope;
    switch (action.case) {
      case 'route':
        return this.#compileForward(action.value, path, this.#at.field('route'));
      case 'directResponse': {
        const at = this.#at.field('direct_response');
        const answer = compileDirectResponse(action.value, this.#scope.maxDirectResponseBodyBytes, at, context);
        return always(new CompiledDirectRoute(answer, this.#surroundings(undefined)));
      }
      case 'redirect': {
        const answer = compileRedirect(action.value, path, this.#at.field('redirect'), context);
        return always(new CompiledDirectRoute(answer, this.#surroundings(undefined)));
      }
      default:
        context.error(this.#at, unsupportedAction(action) ?? 'a route needs an action');
        return undefined;
    }
  }

  #compileForward(action: RouteAction, path: PathPattern, at: ConfigPath): RouteEntry['select'] | undefined {
    const { context } = this.#scope;
    const settings = compileForwardSettings(action, path, at, context);
    const { clusterSpecifier: specifier } = action;
    switch (specifier.case) {
      case 'cluster':
        this.#scope.needsCluster(specifier.value, at.field('cluster'));
        return always(new CompiledForwardRoute({ cluster: specifier.value }, settings, this.#surroundings(undefined)));
      case 'clusterHeader':
        return always(new CompiledForwardRoute({ cluster: headerField(specifier.value) }, settings, this.#surroundings(undefined)));
      case 'weightedClusters': {
        const choice = compileWeightedClusters(specifier.value, this.#message.name, at.field('weighted_clusters'), context, (entry, entryAt) =>
          this.#compileWeightedEntry(entry, settings, entryAt),
        );
        return (headers, randomValue) => choice.select(headers, randomValue);
      }
      default:
        context.error(at, 'cluster specifier plugins are not supported');
        return undefined;
    }
  }

  #compileWeightedEntry(entry: ClusterWeight, settings: ForwardSettings, at: ConfigPath): Route {
    const level = compileLevel(entry, at, this.#scope.context, this.#levels.at(-1)!.filterConfigs);
    if (entry.name !== '') this.#scope.needsCluster(entry.name, at.field('name'));
    const { hostRewriteSpecifier: host } = entry;
    const target: ForwardTarget = {
      cluster: entry.name === '' ? headerField(entry.clusterHeader) : entry.name,
      requestHeaders: level.requestMutation,
      host: host.case === 'hostRewriteLiteral' ? wireText(host.value) : '',
    };
    return new CompiledForwardRoute(target, settings, this.#surroundings(level));
  }

  /** `entry` is the level of a weighted cluster; its mutations come first whatever `most_specific_header_mutations_wins` says. */
  #surroundings(entry: RouteLevel | undefined): RouteSurroundings {
    const mostSpecificWins = this.#scope.message.mostSpecificHeaderMutationsWins;
    return {
      name: this.#message.name,
      virtualHost: this.#host.virtualHost,
      metadata: plainMetadata(this.#message.metadata),
      requestHeaders: composeMutations(this.#levels, 'requestMutation', mostSpecificWins),
      responseHeaders: composeMutations(this.#levels, 'responseMutation', mostSpecificWins, entry?.responseMutation),
      filterConfigs: (entry ?? this.#levels.at(-1)!).filterConfigs,
      counts: this.#counts,
      bodyBufferLimitBytes: bodyBufferLimitBytes(this.#message, this.#host.message),
      corsPolicies: this.#corsPolicies,
    };
  }
}

function always(route: Route): RouteEntry['select'] {
  return () => route;
}

function compilePath(match: RouteMatch, at: ConfigPath, context: CompileContext): PathPattern | undefined {
  const { pathSpecifier: path } = match;
  const ignoreCase = match.caseSensitive === false;
  switch (path.case) {
    case 'prefix':
      return new PrefixPattern(wireText(path.value), ignoreCase);
    case 'path':
      return new ExactPattern(wireText(path.value), ignoreCase);
    case 'pathSeparatedPrefix':
      return new SeparatedPrefixPattern(wireText(path.value), ignoreCase);
    case 'safeRegex': {
      const regex = compileRegexMatcher(path.value, at.field('safe_regex'), context);
      return regex && new RegexPattern(regex);
    }
    case 'connectMatcher':
      return new ConnectPattern();
    case 'pathMatchPolicy':
      context.error(at.field('path_match_policy'), 'path templates are not supported');
      return undefined;
    default:
      return undefined;
  }
}
