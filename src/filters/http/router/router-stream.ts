import { Timer, type TimerOwner } from '../../../core/timers.ts';
import { type Failure, resetReasonText } from '../../../http/failure.ts';
import type { FilterHandle, LocalReply } from '../../../http/filter.ts';
import { isGrpcRequest } from '../../../http/grpc-status.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { RequestCounts } from '../../../http/route/request-counts.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';
import { ResponseFlag, type StreamInfo } from '../../../http/stream-info.ts';
import type { Cluster } from '../../../http/upstream.ts';
import type { RouterConfig } from './config.ts';
import { removeConsumed } from './consumed-headers.ts';
import { CLIENT_GONE, GIVEN_UP, promisesSuccess, resetDetails, TIMED_OUT, upstreamFailure } from './failure-table.ts';
import { durationList, maxStreamDurationMs, perTryTimeoutMs, routeTimeoutMs, tellGrpcTimeout } from './timeouts.ts';
import { copyFields, isUpgrade, tunnelKind } from './tunnel.ts';
import { type AttemptOwner, UpstreamAttempt } from './upstream-attempt.ts';
import { tellAttemptCount } from './upstream-info.ts';

/**
 * One request on its way to a cluster and its response on the way back: what the client is told, what is counted, how long it may take.
 * Sending it and reading the response is the attempt's.
 *
 *   start ──▶ attempt ──response headers──▶ answering ──end──▶ done
 *                └──failure, timeout──▶ local reply, or reset where the response has begun
 */
export class RouterStream implements AttemptOwner, TimerOwner {
  readonly config: RouterConfig;
  readonly handle: FilterHandle;
  readonly route: ForwardRoute;
  readonly cluster: Cluster;
  readonly requestHeaders: HeaderMap;
  requestEnded = false;
  perTryMs = 0;
  maxDurationMs = 0;
  pausedResponses = 0;
  readonly #info: StreamInfo;
  /** Statistics of the route and the virtual cluster; undefined where the configuration asks for none. */
  readonly #counts: RequestCounts | undefined;
  /** Undefined: nothing has been tried. */
  #attempt: UpstreamAttempt | undefined;
  /** Something of a response, be it a 1xx, has gone on to the client. */
  #responseStarted = false;
  #responseEnded = false;
  #canary = false;
  /** A second tree of the cluster's statistics; '' = none. */
  #altStatName = '';
  /** From the request's end to the response's. */
  #timer: Timer | undefined;
  #timeoutMs = 0;
  #timeoutStatus = 504;
  #done = false;

  constructor(config: RouterConfig, handle: FilterHandle, route: ForwardRoute, cluster: Cluster) {
    this.config = config;
    this.handle = handle;
    this.route = route;
    this.cluster = cluster;
    this.requestHeaders = handle.stream.requestHeaders;
    this.#info = handle.stream.info;
    this.#counts = route.requestCounts(this.requestHeaders, this.#info);
  }

  start(headers: HeaderMap, end: boolean): void {
    const info = this.#info;
    if (this.cluster.inMaintenanceMode()) {
      info.setFlag(ResponseFlag.upstreamOverflow);
      this.#count(503);
      this.cluster.requestStats.onMaintenanceMode();
      this.#reply(503, 'maintenance mode', 'maintenance_mode', true);
      return;
    }
    this.#prepareHeaders(headers);
    info.upstreamRequestStartMs = this.handle.stream.clock.monotonicMs();
    const tunnel = tunnelKind(headers);
    if (end) this.#onRequestEnd();
    // The end of an upgrade request says nothing: its timeout counts from the start, until the upgrade.
    else if (isUpgrade(tunnel)) this.#armTimeout();
    this.#attempt = new UpstreamAttempt(this, tunnel);
    this.#attempt.start(end);
  }

  onRequestData(chunk: Buffer, end: boolean): void {
    if (this.#done) return;
    if (end) this.#onRequestEnd();
    this.#attempt!.sendData(chunk, end);
  }

  onRequestTrailers(trailers: HeaderMap): void {
    if (this.#done) return;
    this.#onRequestEnd();
    this.#attempt!.sendTrailers(trailers);
  }

  /** The client does not take the response. */
  pauseResponse(): void {
    this.pausedResponses++;
    if (!this.#responseEnded) this.#attempt?.pauseResponse();
  }

  resumeResponse(): void {
    this.pausedResponses--;
    if (!this.#responseEnded) this.#attempt?.resumeResponse();
  }

  /** The stream is over: whatever still runs upstream is given up. */
  onDestroy(): void {
    this.#done = true;
    this.#disarm();
    if (!this.#responseEnded || !this.requestEnded) this.#attempt?.abandon(CLIENT_GONE);
    this.#attempt?.destroy();
  }

  // AttemptOwner

  onSent(): void {
    this.#counts?.onSent();
  }

  onTunnelOpen(): void {
    this.#timer?.disarm();
  }

  onTunnelRefused(headers: HeaderMap): void {
    this.#attempt!.abandon(GIVEN_UP);
    this.#reply(headers.status, '', 'websocket_handshake_unsuccessful', false, headers);
  }

  onInformational(headers: HeaderMap): void {
    // Envoy counts the first one, and passes no other on.
    if (this.#responseStarted) return;
    this.#count(headers.status);
    this.#responseStarted = true;
    this.handle.respondInformational(headers);
  }

  onResponseHeaders(headers: HeaderMap, end: boolean): void {
    const info = this.#info;
    const { status } = headers;
    const { host } = this.#attempt!;
    info.responseCode = status;
    info.responseCodeDetails = 'via_upstream';
    this.#responseStarted = true;
    this.#canary = host!.canary || headers.get(H.envoyUpstreamCanary) === 'true';
    this.#count(status);
    if (status < 500) host!.onRequestSuccess();
    if (!this.config.suppressEnvoyHeaders && this.requestEnded) {
      headers.set(H.envoyUpstreamServiceTime, String(this.#sinceRequestEnd(info.upstreamResponseStartMs)));
    }
    this.route.responseHeaders?.apply(headers, { info, requestHeaders: this.requestHeaders, responseHeaders: headers });
    tellAttemptCount(headers, info, this.route);
    if (end) this.onResponseEnd();
    this.handle.respondHeaders(headers, end);
  }

  onResponseEnd(): void {
    const info = this.#info;
    this.#responseEnded = true;
    this.#disarm();
    info.upstreamResponseEndMs = this.handle.stream.clock.monotonicMs();
    if (!this.requestEnded || info.healthCheck || !this.config.dynamicStats) return;
    const timeMs = this.#sinceRequestEnd(info.upstreamResponseEndMs);
    this.#counts?.onResponseTime(timeMs);
    const { requestStats } = this.cluster;
    requestStats.onResponseTime(timeMs, this.requestHeaders.has(H.envoyInternal), this.#canary, this.#altStatName, this.#attempt!.host?.locality.zone);
  }

  onNoHost(): void {
    this.#info.setFlag(ResponseFlag.noHealthyUpstream);
    this.#count(503);
    this.#reply(503, 'no healthy upstream', 'no_healthy_upstream', false);
  }

  onFailure(failure: Failure): void {
    if (this.#done) return;
    const info = this.#info;
    const outcome = upstreamFailure(failure);
    info.upstreamTransportFailureReason = failure.details;
    info.setFlag(outcome.flag);
    if (!this.#responseStarted) this.#countAbort(outcome.status);
    else if (promisesSuccess(info.responseCode) && isGrpcRequest(this.requestHeaders)) this.config.stats.inc(HTTP_STATS.rq_reset_after_downstream_response_started);
    const body = `upstream connect error or disconnect/reset before headers. reset reason: ${resetReasonText(failure)}`;
    this.#reply(outcome.status, body, resetDetails(failure, this.#responseStarted), failure.kind === 'overflow');
  }

  onTryTimeout(): void {
    this.cluster.requestStats.onPerTryTimeout();
    this.#onTimeout('upstream_per_try_timeout');
  }

  onMaxDuration(): void {
    this.cluster.requestStats.onMaxDurationReached();
    this.#info.setFlag(ResponseFlag.upstreamMaxStreamDurationReached);
    this.#attempt!.abandon(GIVEN_UP);
    this.#reply(this.requestEnded ? 504 : 408, 'upstream max stream duration reached', 'upstream_max_stream_duration_reached', false);
  }

  onLocalReply(reply: LocalReply): void {
    if (this.#done) return;
    this.#finish();
    this.#attempt!.abandon(GIVEN_UP);
    this.handle.localReply(reply);
  }

  // TimerOwner

  onTimer(): void {
    this.cluster.requestStats.onTimeout();
    this.#counts?.onTimeout();
    this.#onTimeout('response_timeout');
  }

  /** In Envoy's order: timeout, attempt count, then what the configuration says. */
  #prepareHeaders(headers: HeaderMap): void {
    const { suppressEnvoyHeaders, respectExpectedRqTimeout } = this.config;
    const hedging = headers.get(H.envoyHedgeOnPerTryTimeout) === 'true';
    const altStatName = headers.get(H.envoyUpstreamAltStatName);
    if (altStatName !== undefined) {
      this.#altStatName = altStatName;
      headers.remove(H.envoyUpstreamAltStatName);
    }
    this.maxDurationMs = maxStreamDurationMs(headers, this.cluster.maxStreamDurationMs);
    removeConsumed(headers);
    if (headers.remove(H.envoyUpstreamRqTimeoutAltResponse)) this.#timeoutStatus = 204;
    this.#info.attemptCount = 1;
    this.#timeoutMs = routeTimeoutMs(headers, this.route, respectExpectedRqTimeout);
    this.perTryMs = perTryTimeoutMs(headers, this.#timeoutMs);
    const expectedMs = this.perTryMs > 0 && !hedging ? this.perTryMs : this.#timeoutMs;
    if (expectedMs > 0 && !suppressEnvoyHeaders) headers.set(H.envoyExpectedRqTimeoutMs, String(expectedMs));
    if (this.route.virtualHost.includeRequestAttemptCount) headers.set(H.envoyAttemptCount, '1');
    if (this.route.grpcTimeout !== undefined) tellGrpcTimeout(headers, this.route, expectedMs);
    this.route.finalizeRequestHeaders(headers, { info: this.#info, requestHeaders: headers, responseHeaders: undefined }, !suppressEnvoyHeaders);
  }

  #onRequestEnd(): void {
    this.requestEnded = true;
    if (this.#responseEnded) return;
    this.#armTimeout();
    this.#attempt?.onRequestEnd();
  }

  #armTimeout(): void {
    if (this.#timeoutMs === 0) return;
    durationList(this.handle.stream.timers, this.#timeoutMs, this.route.timeoutMs).arm((this.#timer = new Timer(this)));
  }

  #disarm(): void {
    this.#timer?.disarm();
    this.#attempt?.disarm();
  }

  /** Whole milliseconds. */
  #sinceRequestEnd(nowMs: number): number {
    return Math.max(0, Math.trunc(nowMs - this.#info.requestEndMs));
  }

  /** Counts what the client gets from the cluster or in its place. */
  #count(status: number): void {
    const host = this.#attempt?.host;
    if (status >= 500 && status < 600) host?.onRequestError();
    const { dynamicStats, suppressGrpcCodeStats } = this.config;
    if (this.#info.healthCheck || !dynamicStats) return;
    this.#counts?.onResponse(status);
    const headers = this.requestHeaders;
    const withoutCodes = suppressGrpcCodeStats && isGrpcRequest(headers);
    this.cluster.requestStats.onResponse(status, headers.has(H.envoyInternal), this.#canary, this.#altStatName, withoutCodes, host?.locality.zone);
  }

  #countAbort(status: number): void {
    this.#count(status);
    if (status < 500) this.#attempt!.host?.onRequestError();
  }

  #onTimeout(details: string): void {
    const status = this.#timeoutStatus;
    const attempt = this.#attempt!;
    attempt.host?.onRequestTimeout();
    this.#info.setFlag(ResponseFlag.upstreamRequestTimeout);
    attempt.abandon(TIMED_OUT);
    if (!this.#responseStarted) this.#countAbort(status);
    this.#reply(status, status === 504 ? 'upstream request timeout' : '', details, false);
  }

  /** Answers in place of the upstream; a response that has begun is cut off. */
  #reply(status: number, body: string, details: string, overloaded: boolean, fields?: HeaderMap): void {
    this.#finish();
    this.handle.localReply({
      status,
      body,
      details,
      headers: (reply) => {
        if (fields !== undefined) copyFields(fields, reply);
        if (overloaded && !this.config.suppressEnvoyHeaders) reply.set(H.envoyOverloaded, 'true');
        tellAttemptCount(reply, this.#info, this.route);
      },
    });
  }

  /** Nothing more is taken from upstream, nor given to it. */
  #finish(): void {
    this.#done = true;
    this.#responseEnded = true;
    this.#disarm();
  }
}
