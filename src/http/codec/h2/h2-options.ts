import type { StatGroup } from '../../../core/stats/stats.ts';
import type { TimerList, Timers } from '../../../core/timers.ts';
import type { Random } from '../../../core/random.ts';

/** `Http2ProtocolOptions.connection_keepalive`. */
export interface H2KeepAliveOptions {
  readonly timers: Timers;
  readonly random: Random;
  /** 0: no regular pings. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Of the interval, in percent. */
  readonly jitterPercent: number;
  /** A connection that was silent for this long is probed before its next stream; 0: never. */
  readonly idleIntervalMs: number;
}

/** `Http2ProtocolOptions` and what else an HTTP/2 connection may do, for either side. */
export interface H2Options {
  /** `hpack_table_size`. */
  readonly hpackTableBytes: number;
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindowBytes: number;
  readonly initialConnectionWindowBytes: number;
  readonly maxOutboundFrames: number;
  readonly maxOutboundControlFrames: number;
  /** `max_consecutive_inbound_frames_with_empty_payload`. */
  readonly maxEmptyFrames: number;
  readonly maxPriorityFramesPerStream: number;
  readonly maxWindowUpdatesPerDataFrame: number;
  /** `max_request_headers_kb` (server), `max_response_headers_kb` (client), in bytes. */
  readonly maxHeadBytes: number;
  /** `max_headers_count`, pseudo-headers included. */
  readonly maxHeaders: number;
  /** A malformed message ends its stream, not the connection. */
  readonly streamErrorOnInvalidMessage: boolean;
  readonly allowConnect: boolean;
  /** `headers_with_underscores_action`. */
  readonly underscores: 'allow' | 'reject' | 'drop';
  /** `per_connection_buffer_limit_bytes`. */
  readonly highWatermarkBytes: number;
  readonly keepAlive: H2KeepAliveOptions | undefined;
  /** A response that is complete here and whose client opens no window is given up after this time; undefined = never. */
  readonly flushTimeout: TimerList | undefined;
  /** How long a client that has its whole answer may go on with its request before RST_STREAM stops it. */
  readonly resetDelay: TimerList;
  /** H2_CODEC_STATS. */
  readonly stats: StatGroup;
}
