import type { LocalRateLimit } from '../../../api/generated/envoy/extensions/filters/network/local_ratelimit/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { Extension } from '../../../core/extension.ts';
import { countName, PROCESS_COUNTS } from '../../../core/process-counts.ts';
import { ProcessTokenBucket, type ProcessTokenBucketOptions } from '../../../core/process-token-bucket.ts';
import { defineStats } from '../../../core/stats/stats.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';
import { CONTINUE, LISTENER, type NetworkFilter, STOP } from '../../../listener/network-filter.ts';

const STATS = defineStats({ counters: ['rate_limited'] });
/** Envoy's smallest fill interval. */
const MIN_FILL_INTERVAL_MS = 50;

/** Closes new connections that find no token in the bucket of all threads. */
export const networkLocalRateLimitExtension: Extension<LocalRateLimit, NetworkFilter> = {
  name: 'envoy.filters.network.local_ratelimit',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
  compile(message, at, context) {
    const { tokenBucket, runtimeEnabled, statPrefix } = message;
    const fillIntervalMs = durationMs(tokenBucket?.fillInterval) ?? 0;
    if (fillIntervalMs < MIN_FILL_INTERVAL_MS) context.error(at.field('token_bucket'), 'local rate limit token bucket fill timer must be >= 50ms');
    const options = { maxTokens: tokenBucket?.maxTokens ?? 0, tokensPerFill: tokenBucket?.tokensPerFill ?? 1, fillIntervalMs };
    const name = message.shareKey === '' ? `${context.service(LISTENER).name}\n${at}` : sharedName(message.shareKey, options);
    const bucket = new ProcessTokenBucket(context.clock, context.service(PROCESS_COUNTS).cells(countName('local_ratelimit', name)), options);
    const stats = context.stats.group(`local_rate_limit.${statPrefix}`, STATS);
    const enabled = (): boolean => runtimeEnabled === undefined || context.runtime.boolean(runtimeEnabled.runtimeKey, runtimeEnabled.defaultValue ?? true);
    return {
      open: (connection) => ({
        onNewConnection() {
          if (!enabled() || bucket.tryTake()) return CONTINUE;
          stats.inc(STATS.rate_limited);
          streamOf(connection.info, context.clock).setFlag(ResponseFlag.upstreamRetryLimitExceeded);
          connection.close('local_ratelimit_close_over_limit');
          return STOP;
        },
        onData: () => CONTINUE,
        onClosed() {},
      }),
    };
  },
};

/** Filters of one key and one size have one bucket. */
function sharedName(key: string, { maxTokens, tokensPerFill, fillIntervalMs }: ProcessTokenBucketOptions): string {
  return [key, maxTokens, tokensPerFill, fillIntervalMs].join('\n');
}
