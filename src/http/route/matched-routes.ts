import type { Route as RouteMessage, RouteList as RouteListMessage } from '../../api/generated/envoy/config/route/v3.ts';
import type { Matcher } from '../../api/generated/xds/type/matcher/v3.ts';
import { type CompileContext, type Extension, serviceKey } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { HeaderMap } from '../header-map.ts';
import { compileMatchTree, type MatchingSite } from '../matching/compile.ts';
import { type MatchTree, UNDECIDED } from '../matching/match-tree.ts';
import { HttpMatchingData } from '../matching/matching-data.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { RouteFinder, RouteList } from './route-list.ts';
import type { Route } from './route.ts';

const INPUTS: ReadonlySet<string> = new Set(['envoy.type.matcher.v3.HttpRequestHeaderMatchInput', 'envoy.extensions.matching.common_inputs.network.v3.FilterStateInput']);

const SITE: MatchingSite = {
  inputs: 'envoy.matching.http.input',
  customMatchers: 'envoy.matching.http.custom_matchers',
  actions: 'envoy.matching.action',
  actionTypes: new Set(['envoy.config.route.v3.Route', 'envoy.config.route.v3.RouteList']),
  refusedInput: (typeName) => (INPUTS.has(typeName) ? undefined : `Route table can only match on request headers, saw type.googleapis.com/${typeName}; use HttpRequestHeaderMatchInput or FilterStateInput`),
};

/** Compiles routes of the virtual host whose matcher is compiled; each with its position. */
export type CompileRoutes = (routes: readonly { readonly message: RouteMessage; readonly at: ConfigPath }[]) => RouteList;

const COMPILE_ROUTES = serviceKey<CompileRoutes>('routes of a virtual host');

/** `VirtualHost.matcher`, which stands in place of `routes`. Undefined after reporting what is wrong. */
export function compileMatchedRoutes(message: Matcher, at: ConfigPath, context: CompileContext, compileRoutes: CompileRoutes): RouteFinder | undefined {
  const tree = compileMatchTree<HttpMatchingData, RouteList>(message, at, context.with(COMPILE_ROUTES, compileRoutes), SITE);
  return tree && new MatchedRoutes(tree);
}

export const routeActionExtension: Extension<RouteMessage, RouteList> = {
  name: 'route',
  category: 'envoy.matching.action',
  configType: 'envoy.config.route.v3.Route',
  compile: (message, at, context) => context.service(COMPILE_ROUTES)([{ message, at }]),
};

export const routeListActionExtension: Extension<RouteListMessage, RouteList> = {
  name: 'route_match_action',
  category: 'envoy.matching.action',
  configType: 'envoy.config.route.v3.RouteList',
  compile: ({ routes }, at, context) => context.service(COMPILE_ROUTES)(routes.map((message, index) => ({ message, at: at.field('routes').index(index) }))),
};

/** What the tree finds are routes that say themselves when they match. */
class MatchedRoutes implements RouteFinder {
  readonly #tree: MatchTree<HttpMatchingData, RouteList>;

  constructor(tree: MatchTree<HttpMatchingData, RouteList>) {
    this.#tree = tree;
  }

  find(path: string, headers: HeaderMap, randomValue: number, info: StreamInfo): Route | undefined {
    const routes = this.#tree.match(new HttpMatchingData(info, headers));
    return routes === undefined || routes === UNDECIDED ? undefined : routes.find(path, headers, randomValue, info);
  }
}
