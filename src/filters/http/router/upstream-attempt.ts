import { Timer, type TimerOwner } from '../../../core/timers.ts';
import type { PressureWatcher, RequestEncoder } from '../../../http/codec/codec.ts';
import type { Failure } from '../../../http/failure.ts';
import type { FilterHandle, LocalReply } from '../../../http/filter.ts';
import { enabledFilters, type FilterChain } from '../../../http/filter-chain.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { proxyProtocolHeader } from '../../../http/proxy-protocol.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import { tellUpstreamConnection } from '../../../http/upstream-connection.ts';
import type { Cluster, Host, LoadBalancerContext, PendingStream, PoolCallbacks, UpstreamConnectionInfo } from '../../../http/upstream.ts';
import type { RouterConfig } from './config.ts';
import { NO_HOST } from './failure-table.ts';
import { HeldRequest } from './held-request.ts';
import { upstreamScheme } from './scheme.ts';
import { durationList } from './timeouts.ts';
import { endsHere, isUpgrade, opensTunnel, refusesWebSocket, type TunnelKind } from './tunnel.ts';
import { type UpstreamFilterOwner, UpstreamFilterStream } from './upstream-filter-stream.ts';
import { LoggedAttempt } from './upstream-log.ts';

/** What the attempt tells of and asks: the router's side of the request. */
export interface AttemptOwner {
  readonly config: RouterConfig;
  readonly handle: FilterHandle;
  readonly route: ForwardRoute;
  readonly cluster: Cluster;
  readonly requestHeaders: HeaderMap;
  /** The request has come to its end. */
  readonly requestEnded: boolean;
  /** Of the attempt, from the request's end to the response's head; 0 = no limit. */
  readonly perTryMs: number;
  /** Of the stream, from its start on a connection; 0 = no limit. */
  readonly maxDurationMs: number;
  /** How many ask at the moment that no response comes. */
  readonly pausedResponses: number;
  /** There is a connection, and the request goes. */
  onSent(): void;
  /** The upstream has agreed to a tunnel. */
  onTunnelOpen(): void;
  /** It has answered otherwise, with a head that goes to the client and a body that does not. */
  onTunnelRefused(headers: HeaderMap): void;
  onInformational(headers: HeaderMap): void;
  onResponseHeaders(headers: HeaderMap, end: boolean): void;
  /** Before the last of the response is passed on. */
  onResponseEnd(): void;
  onNoHost(): void;
  /** No connection, or the stream was reset. */
  onFailure(failure: Failure): void;
  onTryTimeout(): void;
  onMaxDuration(): void;
  onLocalReply(reply: LocalReply): void;
}

const TIMER_TRY = 0;
const TIMER_DURATION = 1;

/**
 * One try to have a request answered by a host of its cluster.
 *
 *   start ──newStream──▶ waiting ──pool ready──▶ sending ──response headers──▶ answering ──▶ end
 *                           └──pool failure, reset, timeout, abandon──▶ over
 */
export class UpstreamAttempt implements UpstreamFilterOwner, PoolCallbacks, LoadBalancerContext, PressureWatcher, TimerOwner {
  host: Host | undefined;
  readonly requestHeaders: HeaderMap;
  /** By LoadBalancerContext. */
  chosenHost: Host | undefined;
  readonly #owner: AttemptOwner;
  readonly #info: StreamInfo;
  /** Undefined: nothing stands between the router and the upstream. */
  #filters: UpstreamFilterStream | undefined;
  #log: LoggedAttempt | undefined;
  /** Neither a connection nor a failure yet. */
  #waiting = true;
  #pending: PendingStream | undefined;
  #encoder: RequestEncoder | undefined;
  #held: HeldRequest | undefined;
  #headersEnd = false;
  /** What the upstream has to agree to before the body may go; 'none' once it has. */
  #awaits: TunnelKind;
  #requestPaused = false;
  /** The upstream has begun to answer, be it with a 1xx. */
  #answered = false;
  #tryTimer: Timer | undefined;
  #durationTimer: Timer | undefined;

  constructor(owner: AttemptOwner, tunnel: TunnelKind) {
    this.#owner = owner;
    this.#info = owner.handle.stream.info;
    this.requestHeaders = owner.requestHeaders;
    this.#awaits = tunnel;
  }

  start(end: boolean): void {
    const { config, route, cluster } = this.#owner;
    this.#headersEnd = end;
    const chain = cluster.upstreamFilters ?? config.upstreamFilters;
    if ((chain !== undefined || config.upstreamLogs !== undefined) && !this.#startObserved(chain, end)) return;
    const decoder = this.#filters ?? this.#log ?? this;
    const pending =
      route.connect !== undefined && endsHere(route, this.requestHeaders.method)
        ? cluster.newTcpStream(this, route.priority, decoder, this)
        : cluster.newStream(this, route.priority, decoder, this);
    if (pending === undefined || !this.#waiting) return;
    this.#pending = pending;
    this.#setHost(pending.host);
  }

  /** Filters and logs see the request when its host is known, and there is no connection yet. False: the attempt is over. */
  #startObserved(chain: FilterChain | undefined, end: boolean): boolean {
    const { config, handle, route, cluster } = this.#owner;
    const host = (this.chosenHost = cluster.chooseHost(this));
    if (host === undefined) {
      this.onPoolFailure(NO_HOST, undefined);
      return false;
    }
    this.#setHost(host);
    if (config.upstreamLogs !== undefined) this.#log = new LoggedAttempt(config.upstreamLogs, handle, host, this);
    if (chain === undefined) return true;
    this.#filters = new UpstreamFilterStream(enabledFilters(chain, route), handle, this.#log ?? this, cluster.bufferLimitBytes);
    this.#filters.start(this.requestHeaders, end);
    return this.#waiting;
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (this.#encoder !== undefined && this.#awaits === 'none') {
      this.#encoder.sendData(chunk, end);
      if (end) this.#info.upstreamRequestEndMs = this.#nowMs;
      return;
    }
    this.#held ??= new HeldRequest();
    this.#held.addData(chunk, end);
    if (!this.#requestPaused && (this.#awaits === 'none' || this.#held.length > this.#owner.cluster.bufferLimitBytes)) {
      this.#requestPaused = true;
      this.#owner.handle.pauseRequest(false);
    }
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.#encoder === undefined || this.#awaits !== 'none') {
      (this.#held ??= new HeldRequest()).addTrailers(trailers);
      return;
    }
    this.#encoder.sendTrailers(trailers);
    this.#info.upstreamRequestEndMs = this.#nowMs;
  }

  /** The owner's request has come to its end. */
  onRequestEnd(): void {
    if (this.#encoder !== undefined) this.#armTry();
  }

  /** The client does not take the response. */
  pauseResponse(): void {
    if (this.#encoder === undefined) return;
    this.#owner.cluster.requestStats.onFlowControl('paused-reading');
    this.#encoder.pause();
  }

  resumeResponse(): void {
    if (this.#encoder === undefined) return;
    this.#owner.cluster.requestStats.onFlowControl('resumed-reading');
    this.#encoder.resume();
  }

  disarm(): void {
    this.#tryTimer?.disarm();
    this.#durationTimer?.disarm();
  }

  /** Nothing more comes of it. */
  abandon(failure: Failure): void {
    this.#waiting = false;
    this.#pending?.cancel();
    this.#pending = undefined;
    const encoder = this.#encoder;
    this.#encoder = undefined;
    encoder?.reset(failure);
  }

  /** The request is over. */
  destroy(): void {
    this.#encoder = undefined;
    this.#filters?.destroy();
    this.#log?.end();
  }

  // PoolCallbacks

  onPoolReady(upstream: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void {
    const info = this.#info;
    const { config, route } = this.#owner;
    let encoder = this.#filters === undefined ? upstream : this.#filters.connect(upstream);
    if (this.#log !== undefined) encoder = this.#log.connect(encoder, connection, host);
    this.#waiting = false;
    this.#pending = undefined;
    this.#encoder = encoder;
    encoder.watcher = this;
    this.#setHost(host);
    tellUpstreamConnection(info, connection, host, encoder.bytes);
    info.upstreamProtocol = connection.protocol;
    info.upstreamPoolReadyMs = this.#nowMs;
    for (let i = 0; i < this.#owner.pausedResponses; i++) encoder.pause();
    const headers = this.requestHeaders;
    if (route.autoHostRewrite && host.hostname !== '') route.replaceHost(headers, host.hostname, !config.suppressEnvoyHeaders);
    headers.scheme = upstreamScheme(headers, info, config.schemeMatchesUpstream);
    this.#owner.onSent();
    this.#armOnConnection();
    const proxyProtocol = route.connect?.proxyProtocol;
    if (proxyProtocol !== undefined && connection.protocol === '') {
      const { remoteAddress, localAddress } = info.connection;
      upstream.sendData(proxyProtocolHeader(proxyProtocol, remoteAddress, localAddress), false);
    }
    encoder.sendHeaders(headers, this.#headersEnd);
    if (this.#owner.requestEnded) info.upstreamRequestEndMs = info.upstreamPoolReadyMs;
    if (!this.#headersEnd && this.#encoder !== undefined && this.#awaits === 'none') this.#sendHeld(encoder);
  }

  onPoolFailure(failure: Failure, host: Host | undefined): void {
    this.#waiting = false;
    this.#pending = undefined;
    if (host === undefined && failure.kind !== 'overflow') {
      this.#owner.onNoHost();
      return;
    }
    if (host !== undefined) this.#setHost(host);
    this.#log?.onFailure(failure);
    this.#info.upstreamPoolReadyMs = this.#nowMs;
    this.#owner.onFailure(failure);
  }

  // ResponseDecoder

  onInformational(headers: HeaderMap): void {
    this.#answered = true;
    this.#owner.onInformational(headers);
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.#info.upstreamResponseStartMs = this.#nowMs;
    if (this.#awaits !== 'none' && !this.#settleTunnel(headers)) return;
    this.#answered = true;
    this.#tryTimer?.disarm();
    this.#owner.onResponseHeaders(headers, end);
  }

  /** The upstream has agreed, or not: then the body stays here. False: the answer has been given otherwise. */
  #settleTunnel(headers: HeaderMap): boolean {
    if (opensTunnel(this.#awaits, headers.status)) {
      this.#awaits = 'none';
      this.#owner.onTunnelOpen();
      this.#sendHeld(this.#encoder!);
      return true;
    }
    if (this.#info.upstreamProtocol === 'HTTP/2' || !refusesWebSocket(this.#awaits, headers.status)) return true;
    this.#owner.onTunnelRefused(headers);
    return false;
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#info.upstreamResponseBodyStartMs === 0) this.#info.upstreamResponseBodyStartMs = this.#nowMs;
    if (end) this.#owner.onResponseEnd();
    this.#owner.handle.respondData(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#owner.onResponseEnd();
    this.#owner.handle.respondTrailers(trailers);
  }

  onReset(failure: Failure): void {
    this.#encoder = undefined;
    this.#owner.onFailure(failure);
  }

  // UpstreamFilterOwner

  onLocalReply(reply: LocalReply): void {
    this.#owner.onLocalReply(reply);
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
    return this.host === host;
  }

  // PressureWatcher: the upstream does not take the request as fast as it comes

  onHighWatermark(): void {
    this.#owner.cluster.requestStats.onFlowControl('backed-up');
    this.#owner.handle.pauseRequest(true);
  }

  onLowWatermark(): void {
    this.#owner.cluster.requestStats.onFlowControl('drained');
    this.#owner.handle.resumeRequest(true);
  }

  // TimerOwner

  onTimer(tag: number): void {
    if (tag === TIMER_DURATION) this.#owner.onMaxDuration();
    else if (!this.#answered) this.#owner.onTryTimeout();
  }

  #armOnConnection(): void {
    const { cluster, handle, maxDurationMs, requestEnded } = this.#owner;
    if (requestEnded || isUpgrade(this.#awaits)) this.#armTry();
    if (maxDurationMs > 0) durationList(handle.stream.timers, maxDurationMs, cluster.maxStreamDurationMs).arm((this.#durationTimer = new Timer(this, TIMER_DURATION)));
  }

  #armTry(): void {
    const { handle, perTryMs } = this.#owner;
    if (perTryMs > 0 && !this.#answered) handle.stream.timers.privateList(perTryMs).arm((this.#tryTimer = new Timer(this, TIMER_TRY)));
  }

  #sendHeld(encoder: RequestEncoder): void {
    const held = this.#held;
    this.#held = undefined;
    held?.sendTo(encoder);
    if (this.#requestPaused) {
      this.#requestPaused = false;
      this.#owner.handle.resumeRequest(false);
    }
  }

  #setHost(host: Host): void {
    if (this.host === host) return;
    this.host = host;
    this.#info.upstreamHost = host;
  }

  get #nowMs(): number {
    return this.#owner.handle.stream.clock.monotonicMs();
  }
}
