import type { LocalRateLimit } from '../../../api/generated/envoy/extensions/filters/listener/local_ratelimit/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { Extension } from '../../../core/extension.ts';
import { countName, PROCESS_COUNTS } from '../../../core/process-counts.ts';
import { ProcessTokenBucket } from '../../../core/process-token-bucket.ts';
import { defineStats } from '../../../core/stats/stats.ts';
import { CLOSE, type ListenerFilter } from '../../../listener/listener-filter.ts';
import { LISTENER } from '../../../listener/network-filter.ts';

const STATS = defineStats({ counters: ['rate_limited'] });
/** Envoy's smallest fill interval. */
const MIN_FILL_INTERVAL_MS = 50;

/** Closes accepted connections that find no token in the bucket of all threads, before anything is read. */
export const listenerLocalRateLimitExtension: Extension<LocalRateLimit, ListenerFilter> = {
  name: 'envoy.filters.listener.local_ratelimit',
  category: 'envoy.filters.listener',
  configType: 'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit',
  compile({ tokenBucket, runtimeEnabled, statPrefix }, at, context) {
    const fillIntervalMs = durationMs(tokenBucket?.fillInterval) ?? 0;
    if (fillIntervalMs < MIN_FILL_INTERVAL_MS) context.error(at.field('token_bucket'), 'local rate limit token bucket fill timer must be >= 50ms');
    const cells = context.service(PROCESS_COUNTS).cells(countName('listener_local_ratelimit', `${context.service(LISTENER).name}\n${at}`));
    const bucket = new ProcessTokenBucket(context.clock, cells, { maxTokens: tokenBucket?.maxTokens ?? 0, tokensPerFill: tokenBucket?.tokensPerFill ?? 1, fillIntervalMs });
    const stats = context.stats.group(`listener_local_ratelimit.${statPrefix}`, STATS);
    const enabled = (): boolean => runtimeEnabled === undefined || context.runtime.boolean(runtimeEnabled.runtimeKey, runtimeEnabled.defaultValue ?? true);
    return {
      open() {
        if (!enabled() || bucket.tryTake()) return undefined;
        stats.inc(STATS.rate_limited);
        return CLOSE;
      },
    };
  },
};
