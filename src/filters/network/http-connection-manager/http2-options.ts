import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { StatGroup } from '../../../core/stats/stats.ts';
import type { H2ServerOptions } from '../../../http/codec/h2/h2-options.ts';
import { checkCustomSettings } from '../../../http/codec/h2/custom-settings.ts';
import { compileH2KeepAlive, compileH2Settings, streamErrorOnInvalidMessage } from '../../../http/codec/h2/h2-settings.ts';
import { H2_CODEC_STATS } from '../../../http/codec/h2/h2-stats.ts';

/** Long enough for what is on its way in the same moment, too short to be noticed. */
const RESET_DELAY_MS = 5;
const RESET_BURST = 1000;
const RESETS_PER_SECOND = 33;
const DEFAULT_FLUSH_TIMEOUT_MS = 300_000;

/** What the manager's options for both protocols say as well. */
export interface SharedCodecOptions {
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly underscores: 'allow' | 'reject' | 'drop';
  readonly highWatermarkBytes: number;
}

export function compileHttp2Options(message: ManagerMessage, shared: SharedCodecOptions, at: ConfigPath, context: CompileContext): H2ServerOptions {
  const http2 = message.http2ProtocolOptions;
  const { timers, random } = context;
  const keepAlive = compileH2KeepAlive(http2);
  checkCustomSettings(http2, at.field('http2_protocol_options'), context);
  if ((http2?.maxHeaderFieldSizeKb ?? 0) * 1024 > shared.maxHeadBytes) {
    context.error(at.field('http2_protocol_options'), 'max_header_field_size_kb must not exceed max_request_headers_kb');
  }
  let stats: StatGroup | undefined;
  const flushTimeoutMs = durationMs(message.streamFlushTimeout) ?? durationMs(message.streamIdleTimeout) ?? DEFAULT_FLUSH_TIMEOUT_MS;
  return {
    ...compileH2Settings(http2),
    maxHeadBytes: shared.maxHeadBytes,
    maxHeaders: shared.maxHeaders,
    underscores: shared.underscores,
    highWatermarkBytes: shared.highWatermarkBytes,
    streamErrorOnInvalidMessage: streamErrorOnInvalidMessage(http2, message.streamErrorOnInvalidHttpMessage),
    keepAlive: keepAlive && { ...keepAlive, timers, random },
    flushTimeout: flushTimeoutMs === 0 ? undefined : timers.reducibleList('stream-flush', flushTimeoutMs),
    resets: { clock: context.clock, burst: Number(http2?.streamResetBurst ?? RESET_BURST), perSecond: Number(http2?.streamResetRate ?? RESETS_PER_SECOND) },
    resetDelay: timers.list(RESET_DELAY_MS),
    // As in Envoy they come to be with the first connection.
    get stats() {
      return (stats ??= context.stats.group('http2', H2_CODEC_STATS));
    },
  };
}
