import type { RouteConfiguration } from '../../api/generated/envoy/config/route/v3.ts';
import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import { headerField, type HeaderField } from '../matcher/header-field.ts';
import type { StreamInfo } from '../stream-info.ts';
import { withoutPathParameters } from './path-pattern.ts';
import type { RouteFinder } from './route-list.ts';
import type { Route, RouteTable, VirtualHost } from './route.ts';
import { VirtualHostIndex } from './virtual-host-index.ts';

/** One virtual host, ready to answer. */
export interface VirtualHostRoutes {
  readonly host: VirtualHost;
  readonly routes: RouteFinder;
  readonly requireTls: VirtualHost['requireTls'];
  readonly tlsRedirect: Route;
}

export class CompiledRouteTable implements RouteTable {
  readonly name: string;
  readonly internalOnlyHeaders: readonly string[];
  readonly mostSpecificHeaderMutationsWins: boolean;
  readonly #virtualHosts: VirtualHostIndex<VirtualHostRoutes>;
  readonly #ignorePort: boolean;
  readonly #ignorePathParameters: boolean;
  /** `vhost_header`: holds the host in place of the authority. */
  readonly #hostField: HeaderField | undefined;

  /** `domains` are wire text, distinct and in lower case. */
  constructor(message: RouteConfiguration, domains: ReadonlyMap<string, VirtualHostRoutes>) {
    this.name = message.name;
    this.internalOnlyHeaders = message.internalOnlyHeaders.map((name) => name.toLowerCase());
    this.mostSpecificHeaderMutationsWins = message.mostSpecificHeaderMutationsWins;
    this.#virtualHosts = new VirtualHostIndex(domains);
    this.#ignorePort = message.ignorePortInHostMatching;
    this.#ignorePathParameters = message.ignorePathParametersInPathMatching;
    this.#hostField = message.vhostHeader === '' ? undefined : headerField(message.vhostHeader);
  }

  route(headers: HeaderMap, info: StreamInfo, randomValue: number): Route | undefined {
    const virtualHost = this.#findVirtualHost(headers);
    if (virtualHost === undefined) return undefined;
    info.virtualHost = virtualHost.host;
    if (virtualHost.requireTls !== 'none' && mustUseTls(virtualHost.requireTls, headers)) return virtualHost.tlsRedirect;
    const path = this.#ignorePathParameters ? withoutPathParameters(headers.path) : headers.path;
    return virtualHost.routes.find(path, headers, randomValue, info);
  }

  onRefused(headers: HeaderMap, info: StreamInfo): void {
    info.virtualHost = this.#findVirtualHost(headers)?.host;
  }

  #findVirtualHost(headers: HeaderMap): VirtualHostRoutes | undefined {
    const index = this.#virtualHosts;
    if (index.isTrivial) return index.fallback;
    const host = this.#hostField === undefined ? hostOf(headers) : this.#hostField.first(headers);
    if (host === undefined) return undefined;
    return index.find(this.#ignorePort ? withoutPort(host) : host);
  }
}

/** What the client used decides, not the scheme of its URL. */
function mustUseTls(requirement: 'external-only' | 'all', headers: HeaderMap): boolean {
  const protocol = headers.get(H.xForwardedProto) ?? headers.scheme;
  if (protocol === 'https') return false;
  return requirement === 'all' || headers.get(H.envoyInternal) !== 'true';
}

/** A request without a host is asked about where it is refused. */
function hostOf({ authority, hasHost }: HeaderMap): string | undefined {
  return authority === '' && !hasHost ? undefined : authority;
}

/** Brackets of an IPv6 address hold no port. */
function withoutPort(host: string): string {
  const colon = host.lastIndexOf(':');
  return colon < 0 || host.lastIndexOf(']') > colon ? host : host.slice(0, colon);
}
