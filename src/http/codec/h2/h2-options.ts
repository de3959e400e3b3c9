import type { Clock } from '../../../core/clock.ts';
import type { StatGroup } from '../../../core/stats/stats.ts';
import type { TimerList, Timers } from '../../../core/timers.ts';
import type { Random } from '../../../core/random.ts';
import type { H2KeepAliveSettings, H2Settings } from './h2-settings.ts';

export interface H2KeepAliveOptions extends H2KeepAliveSettings {
  readonly timers: Timers;
  readonly random: Random;
}

export interface ResetLimit {
  readonly clock: Clock;
  readonly burst: number;
  readonly perSecond: number;
}

/** `Http2ProtocolOptions` and what else an HTTP/2 connection may do, for either side. */
export interface H2Options extends H2Settings {
  /** `max_request_headers_kb` (server), `max_response_headers_kb` (client), in bytes. */
  readonly maxHeadBytes: number;
  /** `max_headers_count`, pseudo-headers included. */
  readonly maxHeaders: number;
  /** `headers_with_underscores_action`. */
  readonly underscores: 'allow' | 'reject' | 'drop';
  /** `per_connection_buffer_limit_bytes`. */
  readonly highWatermarkBytes: number;
  readonly keepAlive: H2KeepAliveOptions | undefined;
  /** A response that is complete here and whose client opens no window is given up after this time; undefined = never. */
  readonly flushTimeout: TimerList | undefined;
  /** How many streams a client may give up (`stream_reset_burst`, `stream_reset_rate`); undefined = any number. */
  readonly resets: ResetLimit | undefined;
  /** H2_CODEC_STATS. */
  readonly stats: StatGroup;
}

export interface H2ServerOptions extends H2Options {
  /** How long a client that has its whole answer may go on with its request before RST_STREAM stops it. */
  readonly resetDelay: TimerList;
}
