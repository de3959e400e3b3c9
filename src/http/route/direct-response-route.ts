import type { FilterConfigs } from './filter-configs.ts';
import type { RouteSurroundings } from './forward-route.ts';
import type { DirectRoute, FilterRouteConfig, HeaderMutation, RouteMetadata, VirtualHost } from './route.ts';

/** `direct_response`: a fixed status and body. */
export class DirectResponseRoute implements DirectRoute {
  readonly kind = 'direct';
  readonly name: string;
  readonly virtualHost: VirtualHost;
  readonly metadata: RouteMetadata | undefined;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly status: number;
  readonly body: string;
  readonly contentType = undefined;
  readonly #filterConfigs: FilterConfigs;

  constructor(status: number, body: string, surroundings: RouteSurroundings) {
    this.name = surroundings.name;
    this.virtualHost = surroundings.virtualHost;
    this.metadata = surroundings.metadata;
    this.responseHeaders = surroundings.responseHeaders;
    this.status = status;
    this.body = body;
    this.#filterConfigs = surroundings.filterConfigs;
  }

  filterConfig(filterName: string): FilterRouteConfig | undefined {
    return this.#filterConfigs.get(filterName);
  }

  location(): undefined {
    return undefined;
  }

  rewritePath(): void {}
}
