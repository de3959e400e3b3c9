import type { TimerList } from '../../../core/timers.ts';
import { isGrpcRequest } from '../../../http/grpc-status.ts';
import { grpcTimeoutMs, grpcTimeoutText } from '../../../http/grpc-timeout.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { StreamDuration } from '../../../http/route/route.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { ConnectionManagerConfig } from './config.ts';

/** What ends a stream that lasts too long by its route; undefined = nothing. */
export function streamDurationList(headers: HeaderMap, info: StreamInfo, rules: StreamDuration, config: ConnectionManagerConfig): TimerList | undefined {
  const { timers, clock, maxStreamDuration } = config;
  const durationMs = streamDurationMs(headers, rules, maxStreamDuration);
  if (durationMs === Infinity) return undefined;
  const usedMs = clock.monotonicMs() - info.startMs;
  // A duration that a client chose must not leave a list behind.
  return usedMs < 1 && durationMs === rules.maxMs ? timers.list(durationMs) : timers.privateList(Math.max(0, durationMs - usedMs));
}

/**
 * How long a stream may last by its route, in milliseconds from its start; Infinity = without limit. A gRPC upstream is told of it.
 * `ofManager`: holds where the route says nothing.
 */
export function streamDurationMs(headers: HeaderMap, rules: StreamDuration, ofManager: TimerList | undefined): number {
  const asked = rules.grpcHeaderMaxMs === undefined ? undefined : grpcTimeoutMs(headers.get(H.grpcTimeout));
  const durationMs = asked === undefined ? (rules.maxMs ?? ofManager?.durationMs ?? 0) : boundedMs(asked, rules);
  if (durationMs === 0 && asked === undefined) return Infinity;
  if (isGrpcRequest(headers)) headers.set(H.grpcTimeout, grpcTimeoutText(durationMs));
  return durationMs;
}

/** The offset leaves time to answer before the client gives up. */
function boundedMs(askedMs: number, { grpcHeaderMaxMs: maxMs = 0, grpcHeaderOffsetMs: offsetMs }: StreamDuration): number {
  const cappedMs = maxMs !== 0 && askedMs > maxMs ? maxMs : askedMs;
  return Math.max(0, cappedMs - offsetMs);
}
