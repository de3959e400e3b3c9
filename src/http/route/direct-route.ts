import type { SubstitutionFormat } from '../format/substitution-format.ts';
import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { FilterConfigs } from './filter-configs.ts';
import { mayDisableFilters, noFilterConfigs } from './filter-configs.ts';
import { type RouteSurroundings, rewritePath } from './forward-route.ts';
import { SAME_URL, redirectLocation, type RedirectUrl } from './redirect.ts';
import type { DirectRoute, FilterRouteConfig, HeaderMutation, RouteMetadata, VirtualHost } from './route.ts';

/** `direct_response` and `redirect`: answers that need no upstream. */
export class CompiledDirectRoute implements DirectRoute {
  readonly kind = 'direct';
  readonly name: string;
  readonly virtualHost: VirtualHost;
  readonly metadata: RouteMetadata | undefined;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly mayDisableFilters: boolean;
  readonly status: number;
  readonly body: string;
  readonly contentType: string | undefined;
  readonly #format: SubstitutionFormat | undefined;
  readonly #redirect: RedirectUrl | undefined;
  readonly #filterConfigs: FilterConfigs;

  constructor(answer: DirectAnswer, surroundings: RouteSurroundings) {
    this.name = surroundings.name;
    this.virtualHost = surroundings.virtualHost;
    this.metadata = surroundings.metadata;
    this.responseHeaders = surroundings.responseHeaders;
    this.mayDisableFilters = mayDisableFilters(surroundings.filterConfigs);
    this.status = answer.status;
    this.contentType = answer.contentType;
    this.body = answer.body;
    this.#format = answer.format;
    this.#redirect = answer.redirect;
    this.#filterConfigs = surroundings.filterConfigs;
  }

  formatBody(headers: HeaderMap, info: StreamInfo): string {
    return this.#format?.format({ info, requestHeaders: headers, responseHeaders: undefined, localReplyBody: this.body }) ?? this.body;
  }

  filterConfig(filterName: string): FilterRouteConfig | undefined {
    return this.#filterConfigs.get(filterName);
  }

  /** Direct responses whose status may carry a location get that of the request itself, as in Envoy. */
  location(headers: HeaderMap): string | undefined {
    const isRedirection = this.status === 201 || (this.status >= 300 && this.status < 400);
    if (!isRedirection || headers.path === '') return undefined;
    return redirectLocation(headers, this.#redirect ?? SAME_URL);
  }

  rewritePath(headers: HeaderMap, keepOriginalPath: boolean): void {
    const rewrite = this.#redirect?.pathRewrite;
    if (rewrite !== undefined) rewritePath(headers, rewrite, undefined, keepOriginalPath);
  }
}

export interface DirectAnswer {
  readonly status: number;
  /** Latin1 text. */
  readonly body: string;
  /** `body_format`; its `contentType` is that below where the configuration gives one. */
  readonly format: SubstitutionFormat | undefined;
  readonly contentType: string | undefined;
  readonly redirect: RedirectUrl | undefined;
}

/** What `require_tls` answers to a plain-text request: the same URL with https. Nothing of the virtual host applies to it. */
export class TlsRedirectRoute implements DirectRoute {
  readonly kind = 'direct';
  readonly name = '';
  readonly virtualHost: VirtualHost;
  readonly metadata = undefined;
  readonly responseHeaders = undefined;
  readonly mayDisableFilters = false;
  readonly status = 301;
  readonly body = '';
  readonly contentType = undefined;

  constructor(virtualHost: VirtualHost) {
    this.virtualHost = virtualHost;
  }

  formatBody(): string {
    return '';
  }

  filterConfig(filterName: string): FilterRouteConfig | undefined {
    return noFilterConfigs.get(filterName);
  }

  location(headers: HeaderMap): string | undefined {
    return headers.path === '' ? undefined : `https://${headers.authority}${headers.path}`;
  }

  rewritePath(): void {}
}
