import type { Router as RouterMessage } from '../../../api/generated/envoy/extensions/filters/http/router/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { HTTP } from '../../../http/http-services.ts';
import { Router } from './router.ts';
import { compileStrictHeaders } from './strict-headers.ts';

export const routerExtension: Extension<RouterMessage, HttpFilter> = {
  name: 'envoy.filters.http.router',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.router.v3.Router',
  terminal: true,
  compile: (config, _at, context) =>
    new Router({
      stats: context.service(HTTP).stats,
      suppressEnvoyHeaders: config.suppressEnvoyHeaders,
      respectExpectedRqTimeout: config.respectExpectedRqTimeout,
      dynamicStats: config.dynamicStats ?? true,
      suppressGrpcCodeStats: config.suppressGrpcRequestFailureCodeStats,
      strictHeaders: compileStrictHeaders(config.strictCheckHeaders),
      rejectsEarlyConnectData: config.rejectConnectRequestEarlyData ?? false,
      schemeMatchesUpstream: context.service(HTTP).schemeMatchesUpstream,
    }),
};
