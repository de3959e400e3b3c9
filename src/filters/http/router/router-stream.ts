import { Timer, type TimerOwner } from '../../../core/timers.ts';
import { BodyBuffer } from '../../../http/body-buffer.ts';
import type { PressureWatcher, RequestEncoder, ResponseDecoder } from '../../../http/codec/codec.ts';
import { type Failure, resetReasonText } from '../../../http/failure.ts';
import type { FilterHandle } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';
import { ResponseFlag, type StreamInfo } from '../../../http/stream-info.ts';
import type { Cluster, Host, LoadBalancerContext, PendingStream, PoolCallbacks, UpstreamConnectionInfo } from '../../../http/upstream.ts';
import type { RouterConfig } from './config.ts';
import { upstreamFailure } from './failure-table.ts';

/**
 * One request on its way to a cluster and its response on the way back.
 *
 *   start ──newStream──▶ waiting ──pool ready──▶ sending ──response headers──▶ answering ──end──▶ done
 *                           └──pool failure──▶ local reply       └──reset, timeout──▶ local reply or reset
 */
export class RouterStream implements ResponseDecoder, PoolCallbacks, LoadBalancerContext, TimerOwner, PressureWatcher {
  readonly requestHeaders: HeaderMap | undefined;
  readonly #config: RouterConfig;
  readonly #handle: FilterHandle;
  readonly #info: StreamInfo;
  readonly #route: ForwardRoute;
  readonly #cluster: Cluster;
  #host: Host | undefined;
  #pending: PendingStream | undefined;
  #encoder: RequestEncoder | undefined;
  /** Request body that came before there was a connection. */
  #held: BodyBuffer | undefined;
  #heldEnd = false;
  #heldTrailers: HeaderMap | undefined;
  #headersEnd = false;
  #requestPaused = false;
  #requestEnded = false;
  #responseStarted = false;
  #responseEnded = false;
  #pausedResponses = 0;
  #timer: Timer | undefined;
  #timeoutMs = 0;
  #done = false;

  constructor(config: RouterConfig, handle: FilterHandle, route: ForwardRoute, cluster: Cluster) {
    this.#config = config;
    this.#handle = handle;
    this.#info = handle.stream.info;
    this.#route = route;
    this.#cluster = cluster;
    this.requestHeaders = handle.stream.requestHeaders;
  }

  start(headers: HeaderMap, end: boolean): void {
    const { stream } = this.#handle;
    this.#timeoutMs = this.#chooseTimeout(headers);
    const context = { info: this.#info, requestHeaders: headers, responseHeaders: undefined };
    this.#route.finalizeRequestHeaders(headers, context, !this.#config.suppressEnvoyHeaders);
    if (!this.#config.suppressEnvoyHeaders && this.#timeoutMs > 0) headers.set(H.envoyExpectedRqTimeoutMs, String(this.#timeoutMs));
    this.#headersEnd = end;
    this.#info.attemptCount = 1;
    this.#info.upstreamRequestStartMs = stream.clock.monotonicMs();
    if (this.#route.virtualHost.includeRequestAttemptCount) headers.set(H.envoyAttemptCount, '1');
    if (end) this.#onRequestEnd();
    if (this.#cluster.inMaintenanceMode()) {
      this.#cluster.requestStats.onMaintenanceMode();
      this.#info.setFlag(ResponseFlag.upstreamOverflow);
      this.#reply(503, 'maintenance mode', 'maintenance_mode', true);
      return;
    }
    const pending = this.#cluster.newStream(this, this.#route.priority, this, this);
    if (this.#encoder === undefined && !this.#done) this.#pending = pending;
  }

  onRequestData(chunk: Buffer, end: boolean): void {
    if (this.#done) return;
    if (end) this.#onRequestEnd();
    if (this.#encoder !== undefined) {
      this.#encoder.sendData(chunk, end);
      if (end) this.#info.upstreamRequestEndMs = this.#handle.stream.clock.monotonicMs();
      return;
    }
    this.#held ??= new BodyBuffer();
    this.#held.append(chunk);
    this.#heldEnd = end;
    if (!this.#requestPaused) {
      this.#requestPaused = true;
      this.#handle.pauseRequest();
    }
  }

  onRequestTrailers(trailers: HeaderMap): void {
    if (this.#done) return;
    this.#onRequestEnd();
    if (this.#encoder !== undefined) this.#encoder.sendTrailers(trailers);
    else this.#heldTrailers = trailers;
  }

  // PoolCallbacks

  onPoolReady(encoder: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void {
    const info = this.#info;
    this.#pending = undefined;
    this.#encoder = encoder;
    encoder.watcher = this;
    this.#setHost(host);
    info.upstreamLocalAddress = connection.local;
    info.upstreamRemoteAddress = connection.remote;
    info.upstreamConnectionId = connection.id;
    (info.upstreamConnectionIdsAttempted ??= []).push(connection.id);
    info.upstreamBytes = encoder.bytes;
    info.upstreamPoolReadyMs = this.#handle.stream.clock.monotonicMs();
    info.upstreamProtocol = connection.protocol;
    info.upstreamConnectStartMs = connection.connectStartMs;
    info.upstreamConnectEndMs = connection.connectEndMs;
    for (let i = 0; i < this.#pausedResponses; i++) encoder.pause();
    const headers = this.requestHeaders!;
    if (this.#route.autoHostRewrite && host.hostname !== '') headers.authority = host.hostname;
    encoder.sendHeaders(headers, this.#headersEnd);
    if (this.#requestEnded) info.upstreamRequestEndMs = info.upstreamPoolReadyMs;
    if (!this.#headersEnd && !this.#done) this.#sendHeld(encoder);
  }

  onPoolFailure(failure: Failure, host: Host | undefined): void {
    this.#pending = undefined;
    if (host === undefined && failure.kind !== 'overflow') {
      this.#info.setFlag(ResponseFlag.noHealthyUpstream);
      this.#reply(503, 'no healthy upstream', 'no_healthy_upstream', false);
      return;
    }
    if (host !== undefined) this.#setHost(host);
    this.#onUpstreamReset(failure);
  }

  // ResponseDecoder

  onInformational(headers: HeaderMap): void {
    this.#handle.respondInformational(headers);
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    const info = this.#info;
    const { stream } = this.#handle;
    info.upstreamResponseStartMs = stream.clock.monotonicMs();
    this.#responseStarted = true;
    info.responseCodeDetails = 'via_upstream';
    if (headers.status < 500) this.#host!.onRequestSuccess();
    else this.#host!.onRequestError();
    if (!this.#config.suppressEnvoyHeaders && this.#requestEnded) {
      const elapsedMs = info.upstreamResponseStartMs - info.requestEndMs;
      headers.set(H.envoyUpstreamServiceTime, String(elapsedMs > 0 ? Math.floor(elapsedMs) : 0));
    }
    if (this.#route.virtualHost.includeAttemptCountInResponse) headers.set(H.envoyAttemptCount, String(info.attemptCount));
    this.#route.responseHeaders?.apply(headers, { info, requestHeaders: this.requestHeaders, responseHeaders: headers });
    if (end) this.#onResponseEnd(headers.status);
    this.#status = headers.status;
    this.#handle.respondHeaders(headers, end);
  }
  #status = 0;

  onData(chunk: Buffer, end: boolean): void {
    if (this.#info.upstreamResponseBodyStartMs === 0) this.#info.upstreamResponseBodyStartMs = this.#handle.stream.clock.monotonicMs();
    if (end) this.#onResponseEnd(this.#status);
    this.#handle.respondData(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#onResponseEnd(this.#status);
    this.#handle.respondTrailers(trailers);
  }

  onReset(failure: Failure): void {
    this.#encoder = undefined;
    this.#onUpstreamReset(failure);
  }

  // LoadBalancerContext

  hash(): undefined {
    return undefined;
  }

  metadataMatch(): undefined {
    return undefined;
  }

  isHostTried(host: Host): boolean {
    return this.#host === host;
  }

  // PressureWatcher: the upstream does not take the request as fast as it comes

  onHighWatermark(): void {
    this.#handle.pauseRequest();
  }

  onLowWatermark(): void {
    this.#handle.resumeRequest();
  }

  /** The client does not take the response. */
  pauseResponse(): void {
    this.#pausedResponses++;
    this.#encoder?.pause();
  }

  resumeResponse(): void {
    this.#pausedResponses--;
    this.#encoder?.resume();
  }

  // TimerOwner: the route's timeout

  onTimer(): void {
    if (this.#done) return;
    this.#cluster.requestStats.onTimeout();
    this.#host?.onRequestTimeout();
    this.#info.setFlag(ResponseFlag.upstreamRequestTimeout);
    this.#abandonUpstream(TIMED_OUT);
    if (this.#responseStarted) {
      this.#done = true;
      this.#info.responseCodeDetails = 'response_timeout';
      this.#handle.reset(TIMED_OUT);
    } else {
      this.#reply(504, 'upstream request timeout', 'upstream_response_timeout', false);
    }
  }

  /** The stream is over: whatever still runs upstream is given up. */
  onDestroy(): void {
    this.#done = true;
    this.#timer?.disarm();
    if (!this.#responseEnded) this.#abandonUpstream(CLIENT_GONE);
  }

  #setHost(host: Host): void {
    this.#host = host;
    this.#info.upstreamHost = host;
    (this.#info.upstreamHostsAttempted ??= []).push(host);
  }

  #chooseTimeout(headers: HeaderMap): number {
    const asked = headers.get(H.envoyUpstreamRqTimeoutMs);
    if (asked === undefined) return this.#route.timeoutMs;
    headers.remove(H.envoyUpstreamRqTimeoutMs);
    return /^\d{1,9}$/.test(asked) ? Number(asked) : this.#route.timeoutMs;
  }

  /** The route's timeout runs from the request's end. */
  #onRequestEnd(): void {
    this.#requestEnded = true;
    if (this.#timeoutMs === 0 || this.#responseEnded) return;
    this.#timer = new Timer(this);
    const { timers } = this.#handle.stream;
    const list = this.#timeoutMs === this.#route.timeoutMs ? timers.list(this.#timeoutMs) : timers.privateList(this.#timeoutMs);
    list.arm(this.#timer);
  }

  #sendHeld(encoder: RequestEncoder): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) {
      const chunks = held.drain();
      chunks.forEach((chunk, index) => encoder.sendData(chunk, this.#heldEnd && index === chunks.length - 1));
      if (chunks.length === 0 && this.#heldEnd) encoder.sendData(EMPTY, true);
    }
    if (this.#heldTrailers !== undefined) encoder.sendTrailers(this.#heldTrailers);
    if (this.#requestPaused) {
      this.#requestPaused = false;
      this.#handle.resumeRequest();
    }
  }

  #onResponseEnd(status: number): void {
    const info = this.#info;
    this.#responseEnded = true;
    this.#timer?.disarm();
    info.upstreamResponseEndMs = this.#handle.stream.clock.monotonicMs();
    const timeMs = info.requestEndMs === 0 ? 0 : Math.max(0, info.upstreamResponseEndMs - info.requestEndMs);
    const internal = this.requestHeaders!.has(H.envoyInternal);
    this.#cluster.requestStats.onResponse(status, timeMs, internal, false);
  }

  #onUpstreamReset(failure: Failure): void {
    if (this.#done) return;
    this.#timer?.disarm();
    this.#cluster.requestStats.onReset(failure);
    this.#host?.onRequestError();
    const info = this.#info;
    info.upstreamTransportFailureReason = failure.details;
    const outcome = upstreamFailure(failure);
    info.setFlag(outcome.flag);
    const reason = failure.details === '' ? resetReasonText(failure) : `${resetReasonText(failure)}|${failure.details}`;
    if (this.#responseStarted) {
      this.#done = true;
      this.#config.stats.inc(HTTP_STATS.rq_reset_after_downstream_response_started);
      info.responseCodeDetails = `upstream_reset_after_response_started{${underscored(reason)}}`;
      this.#handle.reset(failure);
      return;
    }
    const transport = failure.details === '' ? '' : `, transport failure reason: ${failure.details}`;
    const body = `upstream connect error or disconnect/reset before headers. reset reason: ${resetReasonText(failure)}${transport}`;
    this.#reply(outcome.status, body, `upstream_reset_before_response_started{${underscored(reason)}}`, failure.kind === 'overflow');
  }

  #reply(status: number, body: string, details: string, overloaded: boolean): void {
    this.#done = true;
    this.#timer?.disarm();
    this.#responseEnded = true;
    const info = this.#info;
    const timeMs = info.requestEndMs === 0 ? 0 : Math.max(0, this.#handle.stream.clock.monotonicMs() - info.requestEndMs);
    this.#cluster.requestStats.onResponse(status, timeMs, this.requestHeaders!.has(H.envoyInternal), false);
    const suppress = this.#config.suppressEnvoyHeaders;
    this.#handle.localReply({
      status,
      body,
      details,
      headers: (reply) => {
        if (overloaded && !suppress) reply.set(H.envoyOverloaded, 'true');
        this.#route.responseHeaders?.apply(reply, { info, requestHeaders: this.requestHeaders, responseHeaders: reply });
      },
    });
  }

  #abandonUpstream(failure: Failure): void {
    this.#pending?.cancel();
    this.#pending = undefined;
    const encoder = this.#encoder;
    this.#encoder = undefined;
    encoder?.reset(failure);
  }
}

const EMPTY = Buffer.alloc(0);
const TIMED_OUT: Failure = { source: 'local', kind: 'timeout', retryable: true, details: '' };
const CLIENT_GONE: Failure = { source: 'downstream', kind: 'local-reset', retryable: false, details: '' };

/** Details hold no white space. */
function underscored(text: string): string {
  return text.includes(' ') ? text.replace(/\s/g, '_') : text;
}
