import type { RouteConfiguration } from '../../api/generated/envoy/config/route/v3.ts';
import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { RouteList } from './route-list.ts';
import type { Route, RouteTable } from './route.ts';
import { VirtualHostIndex } from './virtual-host-index.ts';

export class CompiledRouteTable implements RouteTable {
  readonly name: string;
  readonly internalOnlyHeaders: readonly string[];
  readonly mostSpecificHeaderMutationsWins: boolean;
  readonly #virtualHosts: VirtualHostIndex<RouteList>;

  constructor(message: RouteConfiguration, domains: Iterable<readonly [string, RouteList]>) {
    this.name = message.name;
    this.internalOnlyHeaders = message.internalOnlyHeaders.map((name) => name.toLowerCase());
    this.mostSpecificHeaderMutationsWins = message.mostSpecificHeaderMutationsWins;
    this.#virtualHosts = new VirtualHostIndex(domains);
  }

  route(headers: HeaderMap, info: StreamInfo, randomValue: number): Route | undefined {
    return this.#virtualHosts.find(headers.authority)?.find(headers, info, randomValue);
  }
}
