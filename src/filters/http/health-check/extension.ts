import type { HealthCheck as HealthCheckMessage } from '../../../api/generated/envoy/extensions/filters/http/health_check/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { HEALTH, HTTP } from '../../../http/http-services.ts';
import { HTTP_TRACING_STATS } from '../../../http/http-stats.ts';
import { compileHeaderMatcher } from '../../../http/matcher/header-matcher.ts';
import { HealthCheck, HEALTH_CHECK_STATS } from './health-check.ts';

export const healthCheckExtension: Extension<HealthCheckMessage, HttpFilter> = {
  name: 'envoy.filters.http.health_check',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  compile: (config, at, context) => {
    const passThrough = config.passThroughMode ?? false;
    const cacheMs = durationMs(config.cacheTime) ?? 0;
    if (!passThrough && cacheMs > 0) context.error(at.field('cache_time'), 'cache_time_ms must not be set when path_through_mode is disabled');
    const matchers = config.headers.map((header, index) => compileHeaderMatcher(header, at.field('headers').index(index), context));
    return new HealthCheck({
      passThrough,
      cacheMs,
      matchers: matchers.filter((matcher) => matcher !== undefined),
      minHealthyPercentages: Object.entries(config.clusterMinHealthyPercentages).map(([cluster, percent]) => ({ cluster, percent: percent.value })),
      health: context.service(HEALTH),
      serviceCluster: context.node.cluster,
      clock: context.clock,
      stats: context.stats.group(`${context.service(HTTP).stats.prefix}.health_check`, HEALTH_CHECK_STATS),
      tracingStats: context.stats.group(`${context.service(HTTP).stats.prefix}.tracing`, HTTP_TRACING_STATS),
    });
  },
};
