import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { Http2ProtocolOptions } from '../../../api/generated/envoy/config/core/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { H2KeepAliveOptions, H2Options } from '../../../http/codec/h2/h2-options.ts';
import type { StatGroup } from '../../../core/stats/stats.ts';
import { H2_CODEC_STATS } from '../../../http/codec/h2/h2-stats.ts';

const MIB = 1024 * 1024;
/** Long enough for what is on its way in the same moment, too short to be noticed. */
const RESET_DELAY_MS = 5;
const DEFAULT_FLUSH_TIMEOUT_MS = 300_000;

/** What the manager's options for both protocols say as well. */
export interface SharedCodecOptions {
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly underscores: 'allow' | 'reject' | 'drop';
  readonly highWatermarkBytes: number;
}

export function compileHttp2Options(message: ManagerMessage, shared: SharedCodecOptions, context: CompileContext): H2Options {
  const http2 = message.http2ProtocolOptions;
  let stats: StatGroup | undefined;
  const flushTimeoutMs = durationMs(message.streamIdleTimeout) ?? DEFAULT_FLUSH_TIMEOUT_MS;
  return {
    maxHeadBytes: shared.maxHeadBytes,
    maxHeaders: shared.maxHeaders,
    underscores: shared.underscores,
    highWatermarkBytes: shared.highWatermarkBytes,
    hpackTableBytes: http2?.hpackTableSize ?? 4096,
    maxConcurrentStreams: http2?.maxConcurrentStreams ?? 1024,
    initialStreamWindowBytes: http2?.initialStreamWindowSize ?? 16 * MIB,
    initialConnectionWindowBytes: http2?.initialConnectionWindowSize ?? 24 * MIB,
    maxOutboundFrames: http2?.maxOutboundFrames ?? 10_000,
    maxOutboundControlFrames: http2?.maxOutboundControlFrames ?? 1000,
    maxEmptyFrames: http2?.maxConsecutiveInboundFramesWithEmptyPayload ?? 1,
    maxPriorityFramesPerStream: http2?.maxInboundPriorityFramesPerStream ?? 100,
    maxWindowUpdatesPerDataFrame: http2?.maxInboundWindowUpdateFramesPerDataFrameSent ?? 10,
    streamErrorOnInvalidMessage: http2?.overrideStreamErrorOnInvalidHttpMessage ?? message.streamErrorOnInvalidHttpMessage ?? false,
    allowConnect: http2?.allowConnect ?? false,
    keepAlive: keepAlive(http2, context),
    flushTimeout: flushTimeoutMs === 0 ? undefined : context.timers.list(flushTimeoutMs),
    resetDelay: context.timers.list(RESET_DELAY_MS),
    // As in Envoy they come to be with the first connection.
    get stats() {
      return (stats ??= context.stats.group('http2', H2_CODEC_STATS));
    },
  };
}

function keepAlive(http2: Http2ProtocolOptions | undefined, { timers, random }: CompileContext): H2KeepAliveOptions | undefined {
  const settings = http2?.connectionKeepalive;
  if (settings === undefined) return undefined;
  return {
    timers,
    random,
    intervalMs: durationMs(settings.interval) ?? 0,
    timeoutMs: durationMs(settings.timeout) ?? 0,
    jitterPercent: settings.intervalJitter?.value ?? 15,
    idleIntervalMs: durationMs(settings.connectionIdleInterval) ?? 0,
  };
}
