import type { HttpConnectionManager_UpgradeConfig as UpgradeMessage, HttpFilter as FilterMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { Http1ProtocolOptions } from '../../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { StatGroup } from '../../../core/stats/stats.ts';
import type { FilterChain } from '../../../http/filter-chain.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import { compileStringMatcher, type StringMatcher } from '../../../http/matcher/string-matcher.ts';
import type { Route } from '../../../http/route/route.ts';

/** One entry of `upgrade_configs`. */
export interface UpgradeConfig {
  readonly enabled: boolean;
  /** Undefined: the filters of all requests. */
  readonly chain: FilterChain | undefined;
}

/** By protocol in lower case; CONNECT counts as one. */
export type UpgradeConfigs = ReadonlyMap<string, UpgradeConfig>;

export function compileUpgrades(
  messages: readonly UpgradeMessage[],
  at: ConfigPath,
  context: CompileContext,
  compileFilters: (filters: FilterMessage[], at: ConfigPath) => FilterChain,
): UpgradeConfigs | undefined {
  if (messages.length === 0) return undefined;
  const upgrades = new Map<string, UpgradeConfig>();
  messages.forEach(({ upgradeType, enabled, filters }, index) => {
    const entryAt = at.index(index);
    const type = upgradeType.toLowerCase();
    if (upgrades.has(type)) context.error(entryAt, `Error: multiple upgrade configs with the same name: '${upgradeType}'`);
    const chain = filters.length === 0 ? undefined : compileFilters(filters, entryAt.field('filters'));
    upgrades.set(type, { enabled: enabled ?? true, chain });
  });
  return upgrades;
}

/** Protocols whose offers are not seen; undefined = none. */
export function compileIgnoredUpgrades(options: Http1ProtocolOptions | undefined, at: ConfigPath, context: CompileContext): readonly StringMatcher[] | undefined {
  const messages = options?.ignoreHttp11Upgrade ?? [];
  if (messages.length === 0) return undefined;
  return messages.map((message, index) => compileStringMatcher(message, at.index(index), context)).filter((matcher) => matcher !== undefined);
}

/** The filters for a request that asks for another protocol; undefined = it may not have it. What a route says goes before the manager. */
export function upgradeChain(
  headers: HeaderMap,
  route: Route | undefined,
  config: { readonly upgrades: UpgradeConfigs | undefined; readonly chain: FilterChain },
): FilterChain | undefined {
  const type = (headers.get(H.upgrade) ?? headers.method).toLowerCase();
  const ofRoute = route?.kind === 'forward' ? route.upgrades?.get(type) : undefined;
  const ofManager = config.upgrades?.get(type);
  return (ofRoute ?? ofManager?.enabled) === true ? (ofManager?.chain ?? config.chain) : undefined;
}

export function countUpgrade(stats: StatGroup): void {
  stats.inc(HTTP_STATS.downstream_cx_upgrades_total);
  stats.gaugeAdd(HTTP_STATS.downstream_cx_upgrades_active, 1);
}

/** A response that lets the client have what its request asked for; such a head says nothing of the connection's end. */
export function grantsUpgrade(request: HeaderMap, response: HeaderMap): boolean {
  return isUpgradeAnswer(response) || (request.method === 'CONNECT' && response.status === 200);
}

export function isUpgradeAnswer(response: HeaderMap): boolean {
  if (!response.has(H.upgrade)) return false;
  return response.getJoined(H.connection)?.toLowerCase().split(',').some((part) => part.trim() === 'upgrade') ?? false;
}
