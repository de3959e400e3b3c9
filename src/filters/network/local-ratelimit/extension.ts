import type { LocalRateLimit } from '../../../api/generated/envoy/extensions/filters/network/local_ratelimit/v3.ts';
import type { Clock } from '../../../core/clock.ts';
import { durationMs } from '../../../core/durations.ts';
import type { Extension } from '../../../core/extension.ts';
import { defineStats } from '../../../core/stats/stats.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';
import { CONTINUE, type NetworkFilter, STOP } from '../../../listener/network-filter.ts';

const STATS = defineStats({ counters: ['rate_limited'] });
/** Envoy's smallest fill interval. */
const MIN_FILL_INTERVAL_MS = 50;

/** Closes new connections that find no token, each thread with a bucket of its own. */
export const networkLocalRateLimitExtension: Extension<LocalRateLimit, NetworkFilter> = {
  name: 'envoy.filters.network.local_ratelimit',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
  compile(message, at, context) {
    const { tokenBucket, runtimeEnabled, statPrefix } = message;
    const fillIntervalMs = durationMs(tokenBucket?.fillInterval) ?? 0;
    if (fillIntervalMs < MIN_FILL_INTERVAL_MS) context.error(at.field('token_bucket'), 'local rate limit token bucket fill timer must be >= 50ms');
    const bucket = new TokenBucket(context.clock, { max: tokenBucket?.maxTokens ?? 0, perFill: tokenBucket?.tokensPerFill ?? 1, fillIntervalMs });
    const stats = context.stats.group(`local_rate_limit.${statPrefix}`, STATS);
    const enabled = (): boolean => runtimeEnabled === undefined || context.runtime.boolean(runtimeEnabled.runtimeKey, runtimeEnabled.defaultValue ?? true);
    return {
      open: (connection) => ({
        onNewConnection() {
          if (!enabled() || bucket.take()) return CONTINUE;
          stats.inc(STATS.rate_limited);
          streamOf(connection.info, context.clock).setFlag(ResponseFlag.upstreamRetryLimitExceeded);
          connection.close('');
          return STOP;
        },
        onData: () => CONTINUE,
        onClosed() {},
      }),
    };
  },
};

class TokenBucket {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #tokensPerMs: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, { max, perFill, fillIntervalMs }: { readonly max: number; readonly perFill: number; readonly fillIntervalMs: number }) {
    this.#clock = clock;
    this.#max = max;
    this.#tokensPerMs = fillIntervalMs === 0 ? 0 : perFill / fillIntervalMs;
    this.#tokens = max;
    this.#filledMs = clock.monotonicMs();
  }

  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#max, this.#tokens + (nowMs - this.#filledMs) * this.#tokensPerMs);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
