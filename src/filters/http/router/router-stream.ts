import { Timer, type TimerOwner } from '../../../core/timers.ts';
import type { RequestEncoder } from '../../../http/codec/codec.ts';
import { type Failure, resetReasonText } from '../../../http/failure.ts';
import type { FilterHandle, LocalReply } from '../../../http/filter.ts';
import { enabledFilters, type FilterChain } from '../../../http/filter-chain.ts';
import { isGrpcRequest } from '../../../http/grpc-status.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { RequestCounts } from '../../../http/route/request-counts.ts';
import { proxyProtocolHeader } from '../../../http/proxy-protocol.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';
import { ResponseFlag, type StreamInfo } from '../../../http/stream-info.ts';
import type { Cluster, Host, LoadBalancerContext, PendingStream, PoolCallbacks, UpstreamConnectionInfo } from '../../../http/upstream.ts';
import type { RouterConfig } from './config.ts';
import { removeConsumed } from './consumed-headers.ts';
import { CLIENT_GONE, GIVEN_UP, NO_HOST, promisesSuccess, resetDetails, TIMED_OUT, upstreamFailure } from './failure-table.ts';
import { HeldRequest } from './held-request.ts';
import { upstreamScheme } from './scheme.ts';
import { maxStreamDurationMs, perTryTimeoutMs, routeTimeoutMs, tellGrpcTimeout } from './timeouts.ts';
import { copyFields, endsHere, isUpgrade, opensTunnel, refusesWebSocket, tunnelKind, type TunnelKind } from './tunnel.ts';
import { type UpstreamFilterOwner, UpstreamFilterStream } from './upstream-filter-stream.ts';
import { tellAttemptCount, tellConnection } from './upstream-info.ts';
import { LoggedAttempt } from './upstream-log.ts';

/** From the request's end to the response's: the route's timeout. */
const TIMER_ROUTE = 0;
/** From the request's end, once there is a connection, to the response's head. */
const TIMER_TRY = 1;
/** From the start on a connection: `max_stream_duration` of the cluster. */
const TIMER_DURATION = 2;

/**
 * One request on its way to a cluster and its response on the way back.
 *
 *   start ──newStream──▶ waiting ──pool ready──▶ sending ──response headers──▶ answering ──end──▶ done
 *                           └──pool failure──▶ local reply       └──reset, timeout──▶ local reply or reset
 */
export class RouterStream implements UpstreamFilterOwner, PoolCallbacks, LoadBalancerContext, TimerOwner {
  readonly requestHeaders: HeaderMap | undefined;
  readonly #config: RouterConfig;
  readonly #handle: FilterHandle;
  readonly #info: StreamInfo;
  readonly #route: ForwardRoute;
  readonly #cluster: Cluster;
  /** Statistics of the route and the virtual cluster; undefined where the configuration asks for none. */
  readonly #counts: RequestCounts | undefined;
  #host: Host | undefined;
  /** By LoadBalancerContext. */
  chosenHost: Host | undefined;
  /** Of this attempt; undefined: nothing stands between the router and the upstream. */
  #filters: UpstreamFilterStream | undefined;
  #log: LoggedAttempt | undefined;
  #pending: PendingStream | undefined;
  #encoder: RequestEncoder | undefined;
  #held: HeldRequest | undefined;
  #headersEnd = false;
  /** What the upstream has to agree to before the body may go; 'none' once it has. */
  #awaits: TunnelKind = 'none';
  #requestPaused = false;
  #requestEnded = false;
  /** The upstream has begun to answer, be it with a 1xx. */
  #responseStarted = false;
  #responseEnded = false;
  #canary = false;
  /** A second tree of the cluster's statistics; '' = none. */
  #altStatName = '';
  #maxDurationMs = 0;
  #pausedResponses = 0;
  #timer: Timer | undefined;
  #tryTimer: Timer | undefined;
  #durationTimer: Timer | undefined;
  #timeoutMs = 0;
  #perTryMs = 0;
  #timeoutStatus = 504;
  #done = false;

  constructor(config: RouterConfig, handle: FilterHandle, route: ForwardRoute, cluster: Cluster) {
    this.#config = config;
    this.#handle = handle;
    this.#info = handle.stream.info;
    this.#route = route;
    this.#cluster = cluster;
    this.requestHeaders = handle.stream.requestHeaders;
    this.#counts = route.requestCounts(this.requestHeaders, this.#info);
  }

  start(headers: HeaderMap, end: boolean): void {
    const { stream } = this.#handle;
    const info = this.#info;
    if (this.#cluster.inMaintenanceMode()) {
      info.setFlag(ResponseFlag.upstreamOverflow);
      this.#count(503);
      this.#cluster.requestStats.onMaintenanceMode();
      this.#reply(503, 'maintenance mode', 'maintenance_mode', true);
      return;
    }
    this.#prepareHeaders(headers);
    this.#headersEnd = end;
    info.upstreamRequestStartMs = stream.clock.monotonicMs();
    this.#awaits = tunnelKind(headers);
    if (end) this.#onRequestEnd();
    // The end of an upgrade request says nothing: its timeout counts from the start, until the upgrade.
    else if (this.#timeoutMs > 0 && isUpgrade(this.#awaits)) this.#arm((this.#timer = new Timer(this, TIMER_ROUTE)), this.#timeoutMs);
    const chain = this.#cluster.upstreamFilters ?? this.#config.upstreamFilters;
    if ((chain !== undefined || this.#config.upstreamLogs !== undefined) && !this.#startAttempt(chain, headers, end)) return;
    const decoder = this.#filters ?? this.#log ?? this;
    const pending =
      this.#route.connect !== undefined && endsHere(this.#route, headers.method)
        ? this.#cluster.newTcpStream(this, this.#route.priority, decoder, this)
        : this.#cluster.newStream(this, this.#route.priority, decoder, this);
    if (pending === undefined || this.#encoder !== undefined || this.#done) return;
    this.#pending = pending;
    this.#setHost(pending.host);
  }

  /** Filters see the request when its host is known, and there is no connection yet. False: it is answered. */
  #startAttempt(chain: FilterChain | undefined, headers: HeaderMap, end: boolean): boolean {
    const host = (this.chosenHost = this.#cluster.chooseHost(this));
    if (host === undefined) {
      this.onPoolFailure(NO_HOST, undefined);
      return false;
    }
    this.#setHost(host);
    const { upstreamLogs } = this.#config;
    if (upstreamLogs !== undefined) this.#log = new LoggedAttempt(upstreamLogs, this.#handle, host, this);
    if (chain === undefined) return true;
    this.#filters = new UpstreamFilterStream(enabledFilters(chain, this.#route), this.#handle, this.#log ?? this, this.#cluster.bufferLimitBytes);
    this.#filters.start(headers, end);
    return !this.#done;
  }

  onRequestData(chunk: Buffer, end: boolean): void {
    if (this.#done) return;
    if (end) this.#onRequestEnd();
    if (this.#encoder !== undefined && this.#awaits === 'none') {
      this.#encoder.sendData(chunk, end);
      if (end) this.#info.upstreamRequestEndMs = this.#handle.stream.clock.monotonicMs();
      return;
    }
    this.#held ??= new HeldRequest();
    this.#held.addData(chunk, end);
    if (!this.#requestPaused && (this.#awaits === 'none' || this.#held.length > this.#cluster.bufferLimitBytes)) {
      this.#requestPaused = true;
      this.#handle.pauseRequest(false);
    }
  }

  onRequestTrailers(trailers: HeaderMap): void {
    if (this.#done) return;
    this.#onRequestEnd();
    if (this.#encoder === undefined || this.#awaits !== 'none') {
      (this.#held ??= new HeldRequest()).addTrailers(trailers);
      return;
    }
    this.#encoder.sendTrailers(trailers);
    this.#info.upstreamRequestEndMs = this.#handle.stream.clock.monotonicMs();
  }

  // PoolCallbacks

  onPoolReady(upstream: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void {
    const info = this.#info;
    let encoder = this.#filters === undefined ? upstream : this.#filters.connect(upstream);
    if (this.#log !== undefined) encoder = this.#log.connect(encoder, connection, host);
    this.#pending = undefined;
    this.#encoder = encoder;
    encoder.watcher = this;
    this.#setHost(host);
    tellConnection(info, connection, host, encoder);
    info.upstreamPoolReadyMs = this.#handle.stream.clock.monotonicMs();
    for (let i = 0; i < this.#pausedResponses; i++) encoder.pause();
    const headers = this.requestHeaders!;
    if (this.#route.autoHostRewrite && host.hostname !== '') {
      this.#route.replaceHost(headers, host.hostname, !this.#config.suppressEnvoyHeaders);
    }
    headers.scheme = upstreamScheme(headers, info, this.#config.schemeMatchesUpstream);
    this.#counts?.onSent();
    this.#armOnConnection();
    const proxyProtocol = this.#route.connect?.proxyProtocol;
    if (proxyProtocol !== undefined && connection.protocol === '') {
      const { remoteAddress, localAddress } = info.connection;
      upstream.sendData(proxyProtocolHeader(proxyProtocol, remoteAddress, localAddress), false);
    }
    encoder.sendHeaders(headers, this.#headersEnd);
    if (this.#requestEnded) info.upstreamRequestEndMs = info.upstreamPoolReadyMs;
    if (!this.#headersEnd && !this.#done && this.#awaits === 'none') this.#sendHeld(encoder);
  }

  onPoolFailure(failure: Failure, host: Host | undefined): void {
    this.#pending = undefined;
    if (host === undefined && failure.kind !== 'overflow') {
      this.#info.setFlag(ResponseFlag.noHealthyUpstream);
      this.#count(503);
      this.#reply(503, 'no healthy upstream', 'no_healthy_upstream', false);
      return;
    }
    if (host !== undefined) this.#setHost(host);
    this.#log?.onFailure(failure);
    this.#info.upstreamPoolReadyMs = this.#handle.stream.clock.monotonicMs();
    this.#onUpstreamReset(failure);
  }

  // ResponseDecoder

  onInformational(headers: HeaderMap): void {
    // Envoy counts the first one, and passes no other on.
    if (this.#responseStarted) return;
    this.#count(headers.status);
    this.#responseStarted = true;
    this.#handle.respondInformational(headers);
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    const info = this.#info;
    const { status } = headers;
    info.upstreamResponseStartMs = this.#handle.stream.clock.monotonicMs();
    info.responseCode = status;
    info.responseCodeDetails = 'via_upstream';
    if (this.#awaits !== 'none' && !this.#settleTunnel(headers)) return;
    this.#responseStarted = true;
    this.#tryTimer?.disarm();
    this.#canary = this.#host!.canary || headers.get(H.envoyUpstreamCanary) === 'true';
    this.#count(status);
    if (status < 500) this.#host!.onRequestSuccess();
    if (!this.#config.suppressEnvoyHeaders && this.#requestEnded) {
      headers.set(H.envoyUpstreamServiceTime, String(this.#sinceRequestEnd(info.upstreamResponseStartMs)));
    }
    this.#route.responseHeaders?.apply(headers, { info, requestHeaders: this.requestHeaders, responseHeaders: headers });
    tellAttemptCount(headers, info, this.#route);
    if (end) this.#onResponseEnd();
    this.#handle.respondHeaders(headers, end);
  }

  /** The upstream has agreed, or not: then the body stays here. False: the answer has been given otherwise. */
  #settleTunnel(headers: HeaderMap): boolean {
    if (opensTunnel(this.#awaits, headers.status)) {
      this.#awaits = 'none';
      this.#timer?.disarm();
      this.#sendHeld(this.#encoder!);
      return true;
    }
    if (this.#info.upstreamProtocol === 'HTTP/2' || !refusesWebSocket(this.#awaits, headers.status)) return true;
    this.#abandonUpstream(GIVEN_UP);
    this.#reply(headers.status, '', 'websocket_handshake_unsuccessful', false, headers);
    return false;
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#info.upstreamResponseBodyStartMs === 0) this.#info.upstreamResponseBodyStartMs = this.#handle.stream.clock.monotonicMs();
    if (end) this.#onResponseEnd();
    this.#handle.respondData(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#onResponseEnd();
    this.#handle.respondTrailers(trailers);
  }

  onReset(failure: Failure): void {
    this.#encoder = undefined;
    this.#onUpstreamReset(failure);
  }

  // LoadBalancerContext

  get downstream(): StreamInfo {
    return this.#info;
  }

  hash(): undefined {
    return undefined;
  }

  metadataMatch(): undefined {
    return undefined;
  }

  isHostTried(host: Host): boolean {
    return this.#host === host;
  }

  // UpstreamFilterOwner

  onLocalReply(reply: LocalReply): void {
    if (this.#done) return;
    this.#done = true;
    this.#responseEnded = true;
    this.#disarm();
    this.#abandonUpstream(GIVEN_UP);
    this.#handle.localReply(reply);
  }

  // PressureWatcher: the upstream does not take the request as fast as it comes

  onHighWatermark(): void {
    this.#cluster.requestStats.onFlowControl('backed-up');
    this.#handle.pauseRequest(true);
  }

  onLowWatermark(): void {
    this.#cluster.requestStats.onFlowControl('drained');
    this.#handle.resumeRequest(true);
  }

  /** The client does not take the response. */
  pauseResponse(): void {
    this.#pausedResponses++;
    if (this.#encoder === undefined || this.#responseEnded) return;
    this.#cluster.requestStats.onFlowControl('paused-reading');
    this.#encoder.pause();
  }

  resumeResponse(): void {
    this.#pausedResponses--;
    if (this.#encoder === undefined || this.#responseEnded) return;
    this.#cluster.requestStats.onFlowControl('resumed-reading');
    this.#encoder.resume();
  }

  // TimerOwner

  onTimer(tag: number): void {
    if (this.#done) return;
    switch (tag) {
      case TIMER_ROUTE:
        this.#cluster.requestStats.onTimeout();
        this.#counts?.onTimeout();
        this.#onTimeout('response_timeout');
        return;
      case TIMER_TRY:
        if (this.#responseStarted) return;
        this.#cluster.requestStats.onPerTryTimeout();
        this.#onTimeout('upstream_per_try_timeout');
        return;
      default:
        this.#cluster.requestStats.onMaxDurationReached();
        this.#info.setFlag(ResponseFlag.upstreamMaxStreamDurationReached);
        this.#abandonUpstream(GIVEN_UP);
        this.#reply(this.#requestEnded ? 504 : 408, 'upstream max stream duration reached', 'upstream_max_stream_duration_reached', false);
    }
  }

  /** The stream is over: whatever still runs upstream is given up. */
  onDestroy(): void {
    this.#done = true;
    this.#disarm();
    if (!this.#responseEnded || !this.#requestEnded) this.#abandonUpstream(CLIENT_GONE);
    this.#filters?.destroy();
    this.#log?.end();
  }

  /** In Envoy's order: timeout, attempt count, then what the configuration says. */
  #prepareHeaders(headers: HeaderMap): void {
    const { suppressEnvoyHeaders, respectExpectedRqTimeout } = this.#config;
    const hedging = headers.get(H.envoyHedgeOnPerTryTimeout) === 'true';
    const altStatName = headers.get(H.envoyUpstreamAltStatName);
    if (altStatName !== undefined) {
      this.#altStatName = altStatName;
      headers.remove(H.envoyUpstreamAltStatName);
    }
    this.#maxDurationMs = maxStreamDurationMs(headers, this.#cluster.maxStreamDurationMs);
    removeConsumed(headers);
    if (headers.remove(H.envoyUpstreamRqTimeoutAltResponse)) this.#timeoutStatus = 204;
    this.#info.attemptCount = 1;
    this.#timeoutMs = routeTimeoutMs(headers, this.#route, respectExpectedRqTimeout);
    this.#perTryMs = perTryTimeoutMs(headers, this.#timeoutMs);
    const expectedMs = this.#perTryMs > 0 && !hedging ? this.#perTryMs : this.#timeoutMs;
    if (expectedMs > 0 && !suppressEnvoyHeaders) headers.set(H.envoyExpectedRqTimeoutMs, String(expectedMs));
    if (this.#route.virtualHost.includeRequestAttemptCount) headers.set(H.envoyAttemptCount, '1');
    if (this.#route.grpcTimeout !== undefined) tellGrpcTimeout(headers, this.#route, expectedMs);
    this.#route.finalizeRequestHeaders(headers, { info: this.#info, requestHeaders: headers, responseHeaders: undefined }, !suppressEnvoyHeaders);
  }

  #setHost(host: Host): void {
    if (this.#host === host) return;
    this.#host = host;
    this.#info.upstreamHost = host;
  }

  #onRequestEnd(): void {
    this.#requestEnded = true;
    if (this.#responseEnded) return;
    if (this.#timeoutMs > 0) this.#arm((this.#timer = new Timer(this, TIMER_ROUTE)), this.#timeoutMs);
    if (this.#perTryMs > 0 && this.#encoder !== undefined) this.#armTry();
  }

  #armOnConnection(): void {
    if (this.#perTryMs > 0 && (this.#requestEnded || isUpgrade(this.#awaits))) this.#armTry();
    if (this.#maxDurationMs > 0) this.#arm((this.#durationTimer = new Timer(this, TIMER_DURATION)), this.#maxDurationMs);
  }

  #armTry(): void {
    if (!this.#responseStarted) this.#arm((this.#tryTimer = new Timer(this, TIMER_TRY)), this.#perTryMs);
  }

  /** Durations of the configuration have lists; one that a peer chose must not leave a list behind. */
  #arm(timer: Timer, durationMs: number): void {
    const { timers } = this.#handle.stream;
    const configured = durationMs === this.#route.timeoutMs || durationMs === this.#cluster.maxStreamDurationMs;
    (configured ? timers.list(durationMs) : timers.privateList(durationMs)).arm(timer);
  }

  #disarm(): void {
    this.#timer?.disarm();
    this.#tryTimer?.disarm();
    this.#durationTimer?.disarm();
  }

  #sendHeld(encoder: RequestEncoder): void {
    const held = this.#held;
    this.#held = undefined;
    held?.sendTo(encoder);
    if (this.#requestPaused) {
      this.#requestPaused = false;
      this.#handle.resumeRequest(false);
    }
  }

  #onResponseEnd(): void {
    const info = this.#info;
    this.#responseEnded = true;
    this.#disarm();
    info.upstreamResponseEndMs = this.#handle.stream.clock.monotonicMs();
    if (!this.#requestEnded || info.healthCheck || !this.#config.dynamicStats) return;
    const timeMs = this.#sinceRequestEnd(info.upstreamResponseEndMs);
    this.#counts?.onResponseTime(timeMs);
    this.#cluster.requestStats.onResponseTime(timeMs, this.requestHeaders!.has(H.envoyInternal), this.#canary, this.#altStatName, this.#host?.locality.zone);
  }

  /** Whole milliseconds. */
  #sinceRequestEnd(nowMs: number): number {
    return Math.max(0, Math.trunc(nowMs - this.#info.requestEndMs));
  }

  /** Counts what the client gets from the cluster or in its place. */
  #count(status: number): void {
    if (status >= 500 && status < 600) this.#host?.onRequestError();
    const { dynamicStats, suppressGrpcCodeStats } = this.#config;
    if (this.#info.healthCheck || !dynamicStats) return;
    this.#counts?.onResponse(status);
    const headers = this.requestHeaders!;
    const withoutCodes = suppressGrpcCodeStats && isGrpcRequest(headers);
    this.#cluster.requestStats.onResponse(status, headers.has(H.envoyInternal), this.#canary, this.#altStatName, withoutCodes, this.#host?.locality.zone);
  }

  #onTimeout(details: string): void {
    const status = this.#timeoutStatus;
    this.#host?.onRequestTimeout();
    this.#info.setFlag(ResponseFlag.upstreamRequestTimeout);
    this.#abandonUpstream(TIMED_OUT);
    if (!this.#responseStarted) this.#countAbort(status);
    this.#reply(status, status === 504 ? 'upstream request timeout' : '', details, false);
  }

  #onUpstreamReset(failure: Failure): void {
    if (this.#done) return;
    const info = this.#info;
    const outcome = upstreamFailure(failure);
    info.upstreamTransportFailureReason = failure.details;
    info.setFlag(outcome.flag);
    if (!this.#responseStarted) this.#countAbort(outcome.status);
    const body = `upstream connect error or disconnect/reset before headers. reset reason: ${resetReasonText(failure)}`;
    this.#reply(outcome.status, body, resetDetails(failure, this.#responseStarted), failure.kind === 'overflow');
  }

  #countAbort(status: number): void {
    this.#count(status);
    if (status < 500) this.#host?.onRequestError();
  }

  /** Answers in place of the upstream; a response that has begun is cut off. */
  #reply(status: number, body: string, details: string, overloaded: boolean, fields?: HeaderMap): void {
    this.#done = true;
    this.#disarm();
    this.#responseEnded = true;
    if (this.#responseStarted && promisesSuccess(this.#info.responseCode) && isGrpcRequest(this.requestHeaders!)) this.#config.stats.inc(HTTP_STATS.rq_reset_after_downstream_response_started);
    this.#handle.localReply({
      status,
      body,
      details,
      headers: (reply) => {
        if (fields !== undefined) copyFields(fields, reply);
        if (overloaded && !this.#config.suppressEnvoyHeaders) reply.set(H.envoyOverloaded, 'true');
        tellAttemptCount(reply, this.#info, this.#route);
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
