import type { Http2ProtocolOptions } from '../../../api/generated/envoy/config/core/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import { type CustomSettings, customSettingsOf } from './custom-settings.ts';
import { DEFAULT_MAX_FIELD_BYTES, DEFAULT_TABLE_BYTES } from './hpack-decoder.ts';

/** `Http2ProtocolOptions.connection_keepalive`. */
export interface H2KeepAliveSettings {
  /** 0: no regular pings. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Of the interval, in percent. */
  readonly jitterPercent: number;
  /** A connection that was silent for this long is probed before its next stream; 0: never. */
  readonly idleIntervalMs: number;
}

/** `Http2ProtocolOptions`, for either side: plain values with Envoy's defaults. */
export interface H2Settings {
  /** `hpack_table_size`. */
  readonly hpackTableBytes: number;
  /** What a name or a value may have (`max_header_field_size_kb`). */
  readonly maxFieldBytes: number;
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindowBytes: number;
  readonly initialConnectionWindowBytes: number;
  readonly maxOutboundFrames: number;
  readonly maxOutboundControlFrames: number;
  /** `max_consecutive_inbound_frames_with_empty_payload`. */
  readonly maxEmptyFrames: number;
  readonly maxPriorityFramesPerStream: number;
  readonly maxWindowUpdatesPerDataFrame: number;
  /** A malformed message ends its stream, not the connection. */
  readonly streamErrorOnInvalidMessage: boolean;
  readonly allowConnect: boolean;
  readonly customSettings: CustomSettings;
}

const MIB = 1024 * 1024;

export function compileH2Settings(http2: Http2ProtocolOptions | undefined): H2Settings {
  return {
    hpackTableBytes: http2?.hpackTableSize ?? DEFAULT_TABLE_BYTES,
    maxFieldBytes: http2?.maxHeaderFieldSizeKb === undefined ? DEFAULT_MAX_FIELD_BYTES : http2.maxHeaderFieldSizeKb * 1024,
    maxConcurrentStreams: http2?.maxConcurrentStreams ?? 1024,
    initialStreamWindowBytes: http2?.initialStreamWindowSize ?? 16 * MIB,
    initialConnectionWindowBytes: http2?.initialConnectionWindowSize ?? 24 * MIB,
    maxOutboundFrames: http2?.maxOutboundFrames ?? 10_000,
    maxOutboundControlFrames: http2?.maxOutboundControlFrames ?? 1000,
    maxEmptyFrames: http2?.maxConsecutiveInboundFramesWithEmptyPayload ?? 1,
    maxPriorityFramesPerStream: http2?.maxInboundPriorityFramesPerStream ?? 100,
    maxWindowUpdatesPerDataFrame: http2?.maxInboundWindowUpdateFramesPerDataFrameSent ?? 10,
    streamErrorOnInvalidMessage: streamErrorOnInvalidMessage(http2, undefined),
    allowConnect: http2?.allowConnect ?? false,
    customSettings: customSettingsOf(http2),
  };
}

/** `ofManager`: what the connection manager says for both versions of HTTP. */
export function streamErrorOnInvalidMessage(http2: Http2ProtocolOptions | undefined, ofManager: boolean | undefined): boolean {
  return http2?.overrideStreamErrorOnInvalidHttpMessage ?? ofManager ?? http2?.streamErrorOnInvalidHttpMessaging ?? false;
}

export function compileH2KeepAlive(http2: Http2ProtocolOptions | undefined): H2KeepAliveSettings | undefined {
  const settings = http2?.connectionKeepalive;
  if (settings === undefined) return undefined;
  return {
    intervalMs: durationMs(settings.interval) ?? 0,
    timeoutMs: durationMs(settings.timeout) ?? 0,
    jitterPercent: settings.intervalJitter?.value ?? 15,
    idleIntervalMs: durationMs(settings.connectionIdleInterval) ?? 0,
  };
}
