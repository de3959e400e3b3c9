import type { Clock } from '../../../core/clock.ts';
import type { Random } from '../../../core/random.ts';
import { Timer, type Timers, type TimerOwner } from '../../../core/timers.ts';
import type { AccessLogEntry, AccessLogType } from '../../../http/access-log.ts';
import type { PressureWatcher, RequestDecoder, RequestError, ServerEncoder } from '../../../http/codec/codec.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import type { Failure } from '../../../http/failure.ts';
import type { FilterHandle, LocalReply } from '../../../http/filter.ts';
import { enabledFilters, type FilterChain, type FilterEntry } from '../../../http/filter-chain.ts';
import type { IteratedStream } from '../../../http/filter-handle.ts';
import { FilterIteration } from '../../../http/filter-iteration.ts';
import { isGrpcRequest } from '../../../http/grpc-status.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { Route, RouteTable, StreamDuration } from '../../../http/route/route.ts';
import { ResponseFlag, type StreamInfo } from '../../../http/stream-info.ts';
import type { ClusterLookup } from '../../../http/upstream.ts';
import type { ConnectionManagerConfig } from './config.ts';
import { DecodeTarget, EncodeTarget } from './filter-targets.ts';
import { StreamFilterHandle } from './filter-handle.ts';
import { sendInformational } from './informational.ts';
import { beginReply, bodyOf, prepareLocalReply } from './local-reply.ts';
import { mutateRequestHeaders } from './request-headers.ts';
import { admitHead, type Refusal } from './request-refusal.ts';
import { mutateResponseHeaders, tellConnection } from './response-headers.ts';
import { accountStream, nameCluster, resetFlag } from './stream-account.ts';
import { streamDurationList } from './stream-duration.ts';
import { answerTimeout, TIMER_DURATION, TIMER_HEADERS, TIMER_IDLE, TIMER_REQUEST } from './stream-timeouts.ts';
import { countUpgrade, grantsUpgrade, isUpgradeAnswer, upgradeChain } from './upgrades.ts';
import { HTTP_STATS, countResponse } from '../../../http/http-stats.ts';

/** What a stream needs of its connection. */
export interface StreamConnection {
  readonly config: ConnectionManagerConfig;
  /** Whether the response that is about to leave should be the last of this connection. */
  shouldCloseAfterResponse(encoder: ServerEncoder): boolean;
  /** HTTP/2: the client is told to leave when no stream is left. */
  endWhenIdle(): void;
  /** A drain sequence runs on HTTP/1: answers ask the client to close, and the connection itself waits for it. */
  readonly asksToClose: boolean;
  /** Both messages have ended, or the stream was reset. `close`: the connection must not serve another request. */
  onStreamEnd(stream: ActiveStream, close: boolean): void;
  /** The connection ends, and its streams with it. */
  onCodecError(isProtocolError: boolean, gone: boolean): void;
}

/**
 * One request and its response: between the codec, the filters and the access log.
 *
 * The request goes `onHeaders/onData/onTrailers` → decode filters, the last of which forwards it. The response comes back
 * through the encode filters to `sendHeaders/sendData/sendTrailers` here and on to the codec. A local reply enters the encode
 * filters from the front and ends the request's way.
 */
export class ActiveStream implements RequestDecoder, IteratedStream, TimerOwner, PressureWatcher, AccessLogEntry {
  readonly info: StreamInfo;
  readonly config: ConnectionManagerConfig;
  /** Also for access logs; undefined until a head was understood. */
  headers: HeaderMap | undefined;
  responseHeaders: HeaderMap | undefined;
  responseTrailers: HeaderMap | undefined;
  type: AccessLogType = 'DownstreamEnd';
  chain: FilterChain;
  /** The filter whose hook is running. */
  current: FilterEntry | undefined;
  readonly decoding: FilterIteration;
  readonly encoding: FilterIteration;
  readonly encoder: ServerEncoder;
  requestEnded = false;
  responseEnded = false;
  /** Nothing is called any more. */
  destroyed = false;
  closeAfter = false;
  /** When the connection closes after this stream, the peer may still be sending, or may take the end for the answer's. */
  lingers = false;

  readonly #connection: StreamConnection;
  readonly #routes: RouteTable | undefined;
  #route: Route | undefined;
  #routeKnown = false;
  #randomValue = 0;
  #finished = false;
  /** The codec has refused the request. */
  #invalid = false;
  /** The request may change the connection's protocol. */
  #upgrade = false;
  #states: unknown[] | undefined;
  #handles: StreamFilterHandle[] | undefined;
  #idleTimer: Timer | undefined;
  #requestTimer: Timer | undefined;
  #headersTimer: Timer | undefined;
  #durationTimer: Timer | undefined;

  constructor(connection: StreamConnection, encoder: ServerEncoder, info: StreamInfo) {
    const config = connection.config;
    this.#connection = connection;
    this.config = config;
    this.encoder = encoder;
    encoder.watcher = this;
    this.info = info;
    this.#routes = config.routes.current;
    this.chain = config.chain.unrouted;
    this.decoding = new FilterIteration(new DecodeTarget(this), config.bufferLimitBytes);
    this.encoding = new FilterIteration(new EncodeTarget(this), config.bufferLimitBytes);
    info.downstreamBytes = encoder.bytes;
    info.startMs = config.clock.monotonicMs();
    info.startWallMs = config.clock.wallMs();
    config.stats.inc(HTTP_STATS.downstream_rq_total);
    if (encoder.multiplexed) info.protocol = 'HTTP/2';
    config.stats.inc(encoder.multiplexed ? HTTP_STATS.downstream_rq_http2_total : HTTP_STATS.downstream_rq_http1_total);
    config.stats.gaugeAdd(HTTP_STATS.downstream_rq_active, 1);
    if (config.streamIdleTimeout !== undefined) config.streamIdleTimeout.arm((this.#idleTimer = new Timer(this, TIMER_IDLE)));
    if (config.maxStreamDuration !== undefined) config.maxStreamDuration.arm((this.#durationTimer = new Timer(this, TIMER_DURATION)));
  }

  // RequestDecoder: the request arrives

  onHeadersAwaited(): void {
    const { requestHeadersTimeout } = this.config;
    if (requestHeadersTimeout !== undefined) requestHeadersTimeout.arm((this.#headersTimer = new Timer(this, TIMER_HEADERS)));
    this.#armRequestTimer();
  }

  /** Not for a request that comes whole. */
  #armRequestTimer(): void {
    const { requestTimeout } = this.config;
    if (requestTimeout !== undefined) requestTimeout.arm((this.#requestTimer = new Timer(this, TIMER_REQUEST)));
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    const config = this.config;
    this.headers = headers;
    if (this.encoder.minorVersion === 0) this.info.protocol = 'HTTP/1.0';
    if (headers.has(H.contentType)) this.info.grpcRequest = isGrpcRequest(headers);
    this.#headersTimer?.disarm();
    this.#markActive();
    if (end) this.#onRequestEnd();
    else if (this.#requestTimer === undefined) this.#armRequestTimer();
    this.info.requestHeadersEndMs = end ? this.info.requestEndMs : config.clock.monotonicMs();
    const refusal = admitHead(headers, this);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    if (!mutateRequestHeaders(headers, this.info, config, this.#routes?.internalOnlyHeaders ?? NO_NAMES)) this.#routeKnown = true;
    const chain = headers.has(H.upgrade) || headers.method === 'CONNECT' ? this.#chooseUpgrade(headers) : config.chain;
    if (chain === undefined) return;
    this.chain = enabledFilters(chain, this.route);
    this.decoding.headers(headers, end);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.destroyed) return;
    this.info.bytesReceived += chunk.length;
    this.#markActive();
    if (end) this.#onRequestEnd();
    if (!this.decoding.stopped) this.decoding.data(chunk, end);
    else if (end) this.#endIfComplete();
  }

  onTrailers(trailers: HeaderMap): void {
    if (this.destroyed) return;
    this.#markActive();
    this.#onRequestEnd();
    if (!this.decoding.stopped) this.decoding.trailers(trailers);
    else this.#endIfComplete();
  }

  onInvalidRequest(error: RequestError): void {
    if (this.destroyed) return;
    streamOf(this.info.connection, this.config.clock).setFlag(ResponseFlag.downstreamProtocolError);
    if (this.responseHeaders !== undefined) {
      // The answer has begun: there is no other way to say it than the end.
      this.info.responseCodeDetails = error.details;
      this.info.setFlag(ResponseFlag.downstreamProtocolError);
      this.config.stats.inc(HTTP_STATS.downstream_rq_rx_reset);
      this.#connection.onCodecError(true, false);
      this.encoder.reset(LOCAL_RESET);
      this.#destroy(true);
      return;
    }
    this.config.stats.inc(HTTP_STATS.downstream_cx_protocol_error);
    this.closeAfter = true;
    this.#invalid = true;
    this.localReply({ status: error.status, body: bodyOf(error.status), details: error.details });
  }

  onReset(failure: Failure): void {
    if (this.destroyed) return;
    this.config.stats.inc(HTTP_STATS.downstream_rq_rx_reset);
    this.info.setFlag(resetFlag(failure));
    if (failure.details !== '') this.info.responseCodeDetails = failure.details;
    this.#destroy(true);
  }

  // FilterStream

  get requestHeaders(): HeaderMap {
    return this.headers!;
  }

  get state(): unknown {
    return this.#states?.[this.current!.slot];
  }

  set state(value: unknown) {
    (this.#states ??= new Array(this.config.chain.entries.length))[this.current!.slot] = value;
  }

  get route(): Route | undefined {
    if (!this.#routeKnown && this.headers !== undefined) this.#findRoute();
    return this.#route;
  }

  get filterName(): string {
    return this.current!.name;
  }

  get perRoute(): unknown {
    return this.route?.filterConfig(this.current!.name)?.config;
  }

  get perRouteLevels(): readonly unknown[] {
    return this.route?.filterConfig(this.current!.name)?.levels ?? NO_LEVELS;
  }

  get clusters(): ClusterLookup {
    return this.config.clusters;
  }

  get clock(): Clock {
    return this.config.clock;
  }

  get timers(): Timers {
    return this.config.timers;
  }

  get random(): Random {
    return this.config.random;
  }

  clearRouteCache(): void {
    this.#routeKnown = false;
    this.#route = undefined;
  }

  handle(): FilterHandle {
    const entry = this.current!;
    const handles = (this.#handles ??= new Array(this.config.chain.entries.length));
    return (handles[entry.slot] ??= new StreamFilterHandle(this, entry));
  }

  /** Ends the request's way here and answers. When a response has left there is only a reset; one that filters hold gives way. */
  localReply(reply: LocalReply): void {
    if (this.destroyed) return;
    if (this.info.responseStartMs !== 0) {
      this.info.responseCodeDetails = reply.details;
      this.reset();
      return;
    }
    beginReply(this, reply);
    if (this.responseHeaders !== undefined) {
      this.replaceResponse(reply);
      return;
    }
    const { headers, body } = prepareLocalReply(reply, this, this.#route);
    this.info.responseCode = headers.status;
    const bodyless = body === '' || this.headers?.method === 'HEAD';
    this.respondHeaders(headers, bodyless);
    if (!bodyless && !this.destroyed) this.respondData(Buffer.from(body, 'latin1'), true);
  }

  /** A response of which nothing has left gives way to a local reply, which the filters do not see. */
  replaceResponse(reply: LocalReply): void {
    this.encoding.stopped = true;
    this.info.responseCodeDetails = reply.details;
    const { headers, body } = prepareLocalReply(reply, this, this.#route);
    this.sendHeaders(headers, body === '');
    if (body !== '' && !this.destroyed) this.sendData(Buffer.from(body, 'latin1'), true);
  }

  // The response enters the encode filters

  respondInformational(headers: HeaderMap): void {
    sendInformational(this, headers);
  }

  respondHeaders(headers: HeaderMap, end: boolean): void {
    if (this.destroyed) return;
    this.responseHeaders = headers;
    this.#markActive();
    this.encoding.headers(headers, end);
  }

  respondData(chunk: Buffer, end: boolean): void {
    if (this.destroyed) return;
    this.#markActive();
    this.encoding.data(chunk, end);
  }

  respondTrailers(trailers: HeaderMap): void {
    if (this.destroyed) return;
    this.#markActive();
    this.encoding.trailers(trailers);
  }

  // Past the encode filters

  sendHeaders(headers: HeaderMap, end: boolean): void {
    const info = this.info;
    this.responseHeaders = headers;
    info.responseStartMs = this.config.clock.monotonicMs();
    const tellsId = this.config.alwaysSetRequestIdInResponse || this.headers?.has(H.envoyForceTrace) === true;
    mutateResponseHeaders(headers, info, this.config, tellsId ? this.headers?.get(H.xRequestId) : undefined, this.#upgrade && isUpgradeAnswer(headers));
    info.responseCode = headers.status;
    if (!info.healthCheck) countResponse(this.config.stats, this.config.listenerStats, headers.status);
    if (!this.requestEnded) {
      this.closeAfter = !this.encoder.multiplexed;
      this.lingers = this.encoder.minorVersion !== 0 || headers.has(H.contentLength);
      this.#requestTimer?.disarm();
      this.config.stats.inc(HTTP_STATS.downstream_rq_response_before_rq_complete);
    }
    // Of an upgraded connection, which ends with its stream, it is asked for what it counts.
    if (this.#upgrade && grantsUpgrade(this.headers!, headers)) this.#connection.shouldCloseAfterResponse(this.encoder);
    else this.closeAfter = tellConnection(headers, this.encoder, this.#connection, this.closeAfter);
    this.encoder.sendHeaders(headers, end);
    if (end) this.#onResponseEnd();
  }

  sendData(chunk: Buffer, end: boolean): void {
    this.info.bytesSent += chunk.length;
    this.encoder.sendData(chunk, end);
    if (end) this.#onResponseEnd();
  }

  sendTrailers(trailers: HeaderMap): void {
    this.responseTrailers = trailers;
    // HTTP/1 clients get them only where `enable_trailers` says so.
    if (this.encoder.multiplexed || this.config.codec.current.trailers) this.encoder.sendTrailers(trailers);
    else this.encoder.sendData(NO_BODY, true);
    this.#onResponseEnd();
  }

  /** Ends the stream without an answer, or the answer without its end. */
  reset(): void {
    if (this.destroyed) return;
    this.config.stats.inc(HTTP_STATS.downstream_rq_tx_reset);
    this.config.stats.inc(HTTP_STATS.downstream_rq_rx_reset);
    this.lingers = !this.closeAfter || !this.requestEnded;
    this.encoder.reset(LOCAL_RESET);
    this.#destroy(true);
  }

  // PressureWatcher: the client does not take the response as fast as it comes

  onHighWatermark(): void {
    if (!this.destroyed) this.tellPressure('onAboveWriteBuffer');
  }

  onLowWatermark(): void {
    if (this.destroyed) return;
    this.#markActive();
    this.tellPressure('onBelowWriteBuffer');
  }

  /** The client, or a filter, takes less of the response than comes. */
  tellPressure(hook: 'onAboveWriteBuffer' | 'onBelowWriteBuffer'): void {
    for (const entry of this.#finished ? NO_FILTERS : this.chain.entries) {
      if (entry.filter[hook] === undefined) continue;
      this.current = entry;
      entry.filter[hook]!(this);
    }
  }

  // TimerOwner

  onTimer(tag: number): void {
    answerTimeout(this, tag);
  }

  /** A route may set its own idle timeout; 0 turns it off. */
  setIdleTimeout(timeoutMs: number): void {
    this.#idleTimer?.disarm();
    if (timeoutMs === 0) {
      this.#idleTimer = undefined;
      return;
    }
    this.#idleTimer ??= new Timer(this, TIMER_IDLE);
    this.config.timers.list(timeoutMs).arm(this.#idleTimer);
  }

  #setMaxDuration(rules: StreamDuration): void {
    this.#durationTimer?.disarm();
    streamDurationList(this.headers!, this.info, rules, this.config)?.arm((this.#durationTimer ??= new Timer(this, TIMER_DURATION)));
  }

  #markActive(): void {
    const timer = this.#idleTimer;
    if (timer !== undefined && timer.list !== null) timer.list.arm(timer);
  }

  #refuse({ reply, closes, counter }: Refusal): void {
    if (counter !== undefined) this.config.stats.inc(counter);
    // As Envoy, whose routes are not asked before the scheme is known.
    if (this.headers!.get(H.xForwardedProto)) this.#findRoute();
    else {
      this.#routeKnown = true;
      this.#routes?.onRefused(this.headers!, this.info);
    }
    this.closeAfter = closes && !this.config.keepsInvalidConnections;
    this.localReply(reply);
  }

  /** Undefined: answered. A request without a route is the router's to answer. */
  #chooseUpgrade(headers: HeaderMap): FilterChain | undefined {
    const { route, config } = this;
    const chain = upgradeChain(headers, route, config);
    this.#upgrade = chain !== undefined;
    if (this.#upgrade) countUpgrade(config.stats);
    if (this.#upgrade || route === undefined) return chain ?? config.chain;
    config.stats.inc(HTTP_STATS.downstream_rq_ws_on_non_ws_route);
    this.#connection.endWhenIdle();
    this.chain = enabledFilters(config.chain, route);
    this.localReply({ status: 403, body: '', details: 'upgrade_failed' });
    return undefined;
  }

  #findRoute(): void {
    this.#routeKnown = true;
    this.#randomValue = this.config.random.uint32();
    const route = (this.#route = this.#routes?.route(this.headers!, this.info, this.#randomValue));
    nameCluster(this, route);
    if (route === undefined) return;
    this.info.route = route;
    this.info.routeName = route.name;
    if (route.kind !== 'forward') return;
    if (route.bodyBufferLimitBytes > this.decoding.limitBytes) this.decoding.limitBytes = route.bodyBufferLimitBytes;
    if (route.idleTimeoutMs !== undefined) this.setIdleTimeout(route.idleTimeoutMs);
    if (route.flushTimeoutMs !== undefined) this.encoder.setFlushTimeout?.(route.flushTimeoutMs === 0 ? undefined : this.config.timers.reducibleList('stream-flush', route.flushTimeoutMs));
    if (route.streamDuration !== undefined) this.#setMaxDuration(route.streamDuration);
  }

  #onRequestEnd(): void {
    this.requestEnded = true;
    this.info.requestEndMs = this.config.clock.monotonicMs();
    this.#requestTimer?.disarm();
  }

  #onResponseEnd(): void {
    this.responseEnded = true;
    this.info.responseEndMs = this.config.clock.monotonicMs();
    this.#endIfComplete();
  }

  #endIfComplete(): void {
    if (!this.responseEnded || (!this.requestEnded && !this.closeAfter && !this.encoder.multiplexed)) return;
    if (!this.requestEnded) this.config.stats.inc(HTTP_STATS.downstream_rq_rx_reset);
    else if (this.encoder.flushing === true) return this.#finishFilters();
    this.#destroy(false);
  }

  onFlushed(): void {
    if (!this.destroyed && this.responseEnded) this.#destroy(false);
  }

  /** Nothing more is asked of them, and what the router has upstream goes, also while the client takes its time with the answer. */
  #finishFilters(): void {
    this.#idleTimer?.disarm();
    this.#requestTimer?.disarm();
    this.#headersTimer?.disarm();
    this.#durationTimer?.disarm();
    for (const entry of this.#finished ? NO_FILTERS : this.chain.finishers) {
      this.current = entry;
      entry.filter.onDestroy!(this);
    }
    this.#finished = true;
  }

  #destroy(reset: boolean): void {
    this.destroyed = true;
    this.decoding.stopped = true;
    this.encoding.stopped = true;
    // As Envoy: not while the reply is made.
    if (this.#invalid) this.info.setFlag(ResponseFlag.downstreamProtocolError);
    this.#finishFilters();
    accountStream(this, this.#upgrade);
    this.#connection.onStreamEnd(this, reset || this.closeAfter);
  }
}

const NO_BODY = Buffer.alloc(0);
const NO_NAMES: readonly string[] = [];
const NO_LEVELS: readonly unknown[] = [];
const NO_FILTERS: readonly FilterEntry[] = [];
const LOCAL_RESET: Failure = { source: 'local', kind: 'local-reset', details: '' };
