import { RoutingPriority } from '../../api/generated/envoy/config/core/v3.ts';
import {
  RouteAction_ClusterNotFoundResponseCode as ClusterNotFoundResponseCode,
  type Route as RouteMessage,
  type RouteAction,
  type RouteConfiguration,
  type RouteMatch,
  type VirtualHost as VirtualHostMessage,
} from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { headerName } from '../header-name.ts';
import { DirectResponseRoute } from './direct-response-route.ts';
import { durationMs } from './duration.ts';
import { noFilterConfigs } from './filter-configs.ts';
import { CompiledForwardRoute, type ClusterChoice, type ForwardSettings, type RouteSurroundings } from './forward-route.ts';
import { LiteralHostRewrite } from './host-rewrite.ts';
import { ExactPattern, PrefixPattern, SeparatedPrefixPattern, type PathPattern } from './path-pattern.ts';
import { PrefixRewrite } from './path-rewrite.ts';
import { compileLevel, composeMutations, plainMetadata, type RouteLevel } from './route-level.ts';
import { RouteList, type RouteEntry } from './route-list.ts';
import { CompiledRouteTable } from './route-table.ts';
import type { Route, RouteTable, VirtualHost } from './route.ts';

/** Reports every problem; the table is used only when there was none. */
export function compileRouteConfiguration(message: RouteConfiguration, at: ConfigPath, context: CompileContext): RouteTable {
  const level = compileLevel(message, at, context, noFilterConfigs);
  const owners = new Map<string, string>();
  const domains: (readonly [string, RouteList])[] = [];
  message.virtualHosts.forEach((virtualHost, index) => {
    const hostAt = at.field('virtual_hosts').index(index);
    const routes = compileVirtualHost(virtualHost, hostAt, level, message, context);
    virtualHost.domains.forEach((domain, position) => {
      const key = domain.toLowerCase();
      const owner = owners.get(key);
      if (owner !== undefined) {
        context.error(hostAt.field('domains').index(position), `Only unique values for domains are permitted. Duplicate entry of domain ${domain}`);
      }
      owners.set(key, virtualHost.name);
      domains.push([wireText(key), routes]);
    });
  });
  return new CompiledRouteTable(message, domains);
}

function compileVirtualHost(
  message: VirtualHostMessage,
  at: ConfigPath,
  above: RouteLevel,
  table: RouteConfiguration,
  context: CompileContext,
): RouteList {
  const level = compileLevel(message, at, context, above.filterConfigs);
  const virtualHost: VirtualHost = {
    name: message.name,
    includeRequestAttemptCount: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    requireTls: REQUIRE_TLS[message.requireTls],
  };
  const entries: RouteEntry[] = [];
  message.routes.forEach((route, index) => {
    const routeAt = at.field('routes').index(index);
    const entry = compileRoute(route, routeAt, virtualHost, [above, level], table, context);
    if (entry !== undefined) entries.push(entry);
  });
  return new RouteList(entries);
}

const REQUIRE_TLS = ['none', 'external-only', 'all'] as const;

function compileRoute(
  message: RouteMessage,
  at: ConfigPath,
  virtualHost: VirtualHost,
  above: readonly RouteLevel[],
  table: RouteConfiguration,
  context: CompileContext,
): RouteEntry | undefined {
  const level = compileLevel(message, at, context, above.at(-1)!.filterConfigs);
  const levels = [...above, level];
  const surroundings: RouteSurroundings = {
    name: message.name,
    virtualHost,
    metadata: plainMetadata(message.metadata),
    requestHeaders: composeMutations(levels, 'requestMutation', table.mostSpecificHeaderMutationsWins),
    responseHeaders: composeMutations(levels, 'responseMutation', table.mostSpecificHeaderMutationsWins),
    filterConfigs: level.filterConfigs,
  };
  const path = compilePath(message.match!, at.field('match'), context);
  const route = compileAction(message, at, surroundings, context);
  if (path === undefined || route === undefined) return undefined;
  return { path, conditions: [], select: () => route };
}

function compilePath(match: RouteMatch, at: ConfigPath, context: CompileContext): PathPattern | undefined {
  const { pathSpecifier } = match;
  const ignoreCase = match.caseSensitive === false;
  switch (pathSpecifier.case) {
    case 'prefix':
      return new PrefixPattern(wireText(pathSpecifier.value), ignoreCase);
    case 'path':
      return new ExactPattern(wireText(pathSpecifier.value), ignoreCase);
    case 'pathSeparatedPrefix':
      return new SeparatedPrefixPattern(wireText(pathSpecifier.value), ignoreCase);
    default:
      context.error(at, 'this kind of path matching is not supported');
      return undefined;
  }
}

function compileAction(message: RouteMessage, at: ConfigPath, surroundings: RouteSurroundings, context: CompileContext): Route | undefined {
  const { action } = message;
  if (action.case === 'route') {
    const cluster = compileCluster(action.value, at.field('route'), context);
    if (cluster === undefined) return undefined;
    return new CompiledForwardRoute(cluster, compileSettings(action.value, message.match!), surroundings);
  }
  if (action.case === 'directResponse') {
    const { body } = action.value;
    const text = body?.specifier.case === 'inlineString' ? wireText(body.specifier.value) : '';
    return new DirectResponseRoute(action.value.status, text, surroundings);
  }
  context.error(at, 'this action is not supported');
  return undefined;
}

function compileCluster(action: RouteAction, at: ConfigPath, context: CompileContext): ClusterChoice | undefined {
  const { clusterSpecifier } = action;
  if (clusterSpecifier.case === 'cluster') {
    context.needsCluster(clusterSpecifier.value, at.field('cluster'), true);
    return { kind: 'name', name: clusterSpecifier.value };
  }
  if (clusterSpecifier.case === 'clusterHeader') return { kind: 'header', header: headerName(clusterSpecifier.value) };
  context.error(at, 'this cluster specifier is not supported');
  return undefined;
}

function compileSettings(action: RouteAction, match: RouteMatch): ForwardSettings {
  const { hostRewriteSpecifier } = action;
  const { pathSpecifier } = match;
  const matched = typeof pathSpecifier.value === 'string' ? wireText(pathSpecifier.value).length : undefined;
  return {
    clusterNotFoundStatus: CLUSTER_NOT_FOUND_STATUS[action.clusterNotFoundResponseCode],
    timeoutMs: action.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationMs(action.timeout),
    idleTimeoutMs: action.idleTimeout && durationMs(action.idleTimeout),
    maxStreamDurationMs: action.maxStreamDuration?.maxStreamDuration && durationMs(action.maxStreamDuration.maxStreamDuration),
    priority: action.priority === RoutingPriority.HIGH ? 'high' : 'default',
    autoHostRewrite: hostRewriteSpecifier.case === 'autoHostRewrite' && hostRewriteSpecifier.value.value,
    appendXForwardedHost: action.appendXForwardedHost,
    upgrades: undefined,
    hostRewrite: hostRewriteSpecifier.case === 'hostRewriteLiteral' ? new LiteralHostRewrite(wireText(hostRewriteSpecifier.value)) : undefined,
    pathRewrite: action.prefixRewrite === '' ? undefined : new PrefixRewrite(wireText(action.prefixRewrite), matched),
  };
}

const DEFAULT_TIMEOUT_MS = 15_000;

const CLUSTER_NOT_FOUND_STATUS: Record<ClusterNotFoundResponseCode, number> = {
  [ClusterNotFoundResponseCode.SERVICE_UNAVAILABLE]: 503,
  [ClusterNotFoundResponseCode.NOT_FOUND]: 404,
  [ClusterNotFoundResponseCode.INTERNAL_SERVER_ERROR]: 500,
};
