import type { LocalRateLimit } from '../../../api/generated/envoy/extensions/filters/http/local_ratelimit/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { countName, PROCESS_COUNTS } from '../../../core/process-counts.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { LISTENER } from '../../../listener/network-filter.ts';
import { LocalRateLimitFilter, LocalRateLimitRules } from './local-ratelimit.ts';
import { compileSettings } from './settings.ts';

const TYPE = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

export const localRateLimitExtension: Extension<LocalRateLimit, HttpFilter> = {
  name: 'envoy.filters.http.local_ratelimit',
  category: 'envoy.filters.http',
  configType: TYPE,
  routeConfigType: TYPE,
  compile: (message, at, context) => new LocalRateLimitFilter(compileRules(message, at, context)),
  compileRoute(message: LocalRateLimit, at, context) {
    if (message.tokenBucket === undefined) context.error(at, 'local rate limit token bucket must be set for per filter configs');
    return compileRules(message, at, context);
  },
};

/** Buckets belong to a place in the configuration of a listener: all threads find them there, and a reload keeps what was taken. */
function compileRules(message: LocalRateLimit, at: ConfigPath, context: CompileContext): LocalRateLimitRules {
  const counts = context.service(PROCESS_COUNTS);
  const place = `${context.service(LISTENER).name}\n${at}`;
  return new LocalRateLimitRules(compileSettings(message, at, context), context.clock, (name) => counts.cells(countName('http_local_ratelimit', `${place}\n${name}`)));
}
