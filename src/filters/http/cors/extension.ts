import type { CorsPolicy as PolicyMessage } from '../../../api/generated/envoy/extensions/filters/http/cors/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { HTTP } from '../../../http/http-services.ts';
import { Cors, CORS_STATS } from './cors.ts';
import { compileCorsPolicy } from '../../../http/route/cors-policy.ts';

export const corsExtension: Extension<never, HttpFilter> = {
  name: 'envoy.filters.http.cors',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.cors.v3.Cors',
  routeConfigType: 'envoy.extensions.filters.http.cors.v3.CorsPolicy',
  compile: (_config, _at, context) => new Cors(context.stats.group(`${context.service(HTTP).stats.prefix}.cors`, CORS_STATS)),
  compileRoute: (config, at, context) => compileCorsPolicy(config as PolicyMessage, at, context),
};
