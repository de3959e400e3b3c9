import type { TimerList, Timers } from '../../../core/timers.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { isGrpcRequest } from '../../../http/grpc-status.ts';
import { grpcTimeoutMs, grpcTimeoutText } from '../../../http/grpc-timeout.ts';
import { H } from '../../../http/header-name.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';

/**
 * How long the whole request may take, in milliseconds; 0 = no limit. An internal caller's header wins over the route. A route with
 * `max_stream_duration` has no timeout of its own. Consumes the header.
 */
export function routeTimeoutMs(headers: HeaderMap, route: ForwardRoute, respectExpected: boolean): number {
  const timeoutMs = route.streamDuration === undefined ? ownTimeoutMs(headers, route) : 0;
  if (respectExpected) {
    // The proxy before this one has counted already: its number stays.
    const expected = headers.get(H.envoyExpectedRqTimeoutMs);
    if (expected !== undefined) return wholeNumber(expected) ?? timeoutMs;
  }
  const asked = headers.get(H.envoyUpstreamRqTimeoutMs);
  if (asked === undefined) return timeoutMs;
  headers.remove(H.envoyUpstreamRqTimeoutMs);
  return wholeNumber(asked) ?? timeoutMs;
}

function ownTimeoutMs(headers: HeaderMap, { timeoutMs, grpcTimeout }: ForwardRoute): number {
  if (grpcTimeout === undefined || !isGrpcRequest(headers)) return timeoutMs;
  const { maxMs, offsetMs } = grpcTimeout;
  const askedMs = grpcTimeoutMs(headers.get(H.grpcTimeout)) ?? 0;
  // An offset that would leave nothing does not count.
  const leftMs = offsetMs < askedMs ? askedMs - offsetMs : askedMs;
  return maxMs !== 0 && (leftMs === 0 || leftMs > maxMs) ? maxMs : leftMs;
}

/** A route that heeds `grpc-timeout` tells its upstream what became of it. */
export function tellGrpcTimeout(headers: HeaderMap, route: ForwardRoute, expectedMs: number): void {
  if (route.grpcTimeout === undefined || route.streamDuration !== undefined || expectedMs === 0 || !isGrpcRequest(headers)) return;
  headers.set(H.grpcTimeout, grpcTimeoutText(expectedMs));
}

/** How long one attempt may take; 0 = no limit of its own. Consumes the header. */
export function perTryTimeoutMs(headers: HeaderMap, wholeMs: number): number {
  const asked = headers.get(H.envoyUpstreamRqPerTryTimeoutMs);
  if (asked === undefined) return 0;
  headers.remove(H.envoyUpstreamRqPerTryTimeoutMs);
  const perTryMs = wholeNumber(asked) ?? 0;
  return wholeMs !== 0 && perTryMs >= wholeMs ? 0 : perTryMs;
}

/** How long the stream may run once it has a connection; 0 = no limit. An internal caller's header wins over the cluster. Consumes the header. */
export function maxStreamDurationMs(headers: HeaderMap, clusterMs: number): number {
  const asked = headers.get(H.envoyUpstreamStreamDurationMs);
  if (asked === undefined) return clusterMs;
  headers.remove(H.envoyUpstreamStreamDurationMs);
  return wholeNumber(asked) ?? clusterMs;
}

/** Durations of the configuration have lists; one that a peer chose must not leave a list behind. */
export function durationList(timers: Timers, durationMs: number, configuredMs: number): TimerList {
  return durationMs === configuredMs ? timers.list(durationMs) : timers.privateList(durationMs);
}

/** Beyond 2^53 a number is not exact, nor does it matter. */
function wholeNumber(text: string): number | undefined {
  return /^[ \t]*\+?\d{1,19}[ \t]*$/.test(text) ? Number(text) : undefined;
}
