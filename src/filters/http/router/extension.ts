import type { Router as RouterMessage } from '../../../api/generated/envoy/extensions/filters/http/router/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import type { FilterChain } from '../../../http/filter-chain.ts';
import { compileFilterChain, type FilterEntryMessage, ROUTER_CHAIN } from '../../../http/filter-chain-compile.ts';
import { HTTP } from '../../../http/http-services.ts';
import { Router } from './router.ts';
import { compileStrictHeaders } from './strict-headers.ts';
import { compileUpstreamLogs } from './upstream-log.ts';

export const routerExtension: Extension<RouterMessage, HttpFilter> = {
  name: 'envoy.filters.http.router',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.router.v3.Router',
  terminal: true,
  compile: (config, at, context) =>
    new Router({
      stats: context.service(HTTP).stats,
      suppressEnvoyHeaders: config.suppressEnvoyHeaders,
      respectExpectedRqTimeout: config.respectExpectedRqTimeout,
      dynamicStats: config.dynamicStats ?? true,
      suppressGrpcCodeStats: config.suppressGrpcRequestFailureCodeStats,
      upstreamFilters: compileUpstreamFilters(config.upstreamHttpFilters, at.field('upstream_http_filters'), context),
      upstreamLogs: compileUpstreamLogs(config, at, context),
      strictHeaders: compileStrictHeaders(config.strictCheckHeaders),
      rejectsEarlyConnectData: config.rejectConnectRequestEarlyData ?? false,
      schemeMatchesUpstream: context.service(HTTP).schemeMatchesUpstream,
    }),
};

/** Undefined: none but the codec. */
function compileUpstreamFilters(entries: readonly FilterEntryMessage[], at: ConfigPath, context: CompileContext): FilterChain | undefined {
  const chain = compileFilterChain(entries, [], ROUTER_CHAIN, at, context);
  return chain.entries.length > 1 ? chain : undefined;
}
