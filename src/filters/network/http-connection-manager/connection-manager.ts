import { pickList } from '../../../core/jittered-lists.ts';
import { Timer, type TimerOwner, type Timers } from '../../../core/timers.ts';
import type { HeldStream, MultiplexedCodecOwner, MultiplexedServerCodec, RequestDecoder, ServerCodec, ServerEncoder } from '../../../http/codec/codec.ts';
import { downstreamClosedHere, H1ServerCodec } from '../../../http/codec/h1-server.ts';
import { H2_CODEC_STATS } from '../../../http/codec/h2/h2-stats.ts';
import { H2ServerCodec } from '../../../http/codec/h2/h2-server.ts';
import { type ConnectionInfo, ResponseFlag, StreamInfo } from '../../../http/stream-info.ts';
import type { ConnectionHandler, DrainDecision } from '../../../listener/network-filter.ts';
import { LINGER_EXPIRED, type Connection, type TransportError } from '../../../transport/transport.ts';
import { ActiveStream, type StreamConnection } from './active-stream.ts';
import type { ConnectionManagerConfig } from './config.ts';
import { CodecSniffer } from './codec-sniffer.ts';
import { PrematureResets } from './premature-resets.ts';
import { HTTP1_CODEC_STATS, HTTP_STATS } from '../../../http/http-stats.ts';

const TIMER_IDLE = 0;
const TIMER_DURATION = 1;
const TIMER_DRAIN = 2;
const TIMER_FLUSH = 3;
const TIMER_PREFACE = 4;

/**
 * How long bytes that begin like the preface of HTTP/2 may be followed by none. Envoy takes them for HTTP/1 at once; here a preface in two
 * packets is one, and who sends half of it falls under the timeouts of HTTP/1 all the same.
 */
const PREFACE_WAIT_MS = 100;

/** Envoy's reasons for closing a connection. */
const DRAINED = 'deferred_close_on_drained_connection';
const LINGERED = 'triggered_delayed_close_timeout';
const IDLE = 'on_idle_timeout';
const TOO_OLD = 'duration_timeout';

/** One downstream HTTP connection: its codec, its streams, its end. */
export class ConnectionManager implements ConnectionHandler, MultiplexedCodecOwner, StreamConnection, TimerOwner {
  readonly config: ConnectionManagerConfig;
  readonly #connection: Connection;
  readonly #info: ConnectionInfo;
  readonly #drain: DrainDecision;
  /** Undefined until the first bytes tell the protocol. */
  #codec: ServerCodec | undefined;
  /** The same when it is HTTP/2. */
  #multiplexed: MultiplexedServerCodec | undefined;
  #sniffer: CodecSniffer | undefined;
  #prefaceTimer: Timer | undefined;
  #prematureResets: PrematureResets | undefined;
  readonly #openedMs: number;
  #streams = 0;
  /** The second GOAWAY has been sent: the connection closes with its last stream. */
  #drained = false;
  #requests = 0;
  /** The next answer is the last. */
  #draining = false;
  asksToClose = false;
  /** It is of HTTP/2, and a stream has asked for what it may not have. */
  #endsWhenIdle = false;
  /** It is of HTTP/1 and has lasted long enough. */
  #endsWithNextRequest = false;
  /** What is under way has been counted; nothing new is begun. */
  #closing = false;
  #closedHere = false;
  #closed = false;
  #unsentBytes = 0;
  #drainTimer: Timer | undefined;
  /** What has been counted. */
  #bytesRead = 0;
  #bytesWritten = 0;
  readonly #idleTimer: Timer | undefined;
  readonly #durationTimer: Timer | undefined;

  constructor(connection: Connection, info: ConnectionInfo, drain: DrainDecision, config: ConnectionManagerConfig) {
    this.config = config;
    this.#connection = connection;
    this.#info = info;
    info.protocol = '';
    this.#drain = drain;
    this.#openedMs = config.clock.monotonicMs();
    const { stats } = config;
    stats.inc(HTTP_STATS.downstream_cx_total);
    stats.gaugeAdd(HTTP_STATS.downstream_cx_active, 1);
    if (info.secure) {
      stats.inc(HTTP_STATS.downstream_cx_ssl_total);
      stats.gaugeAdd(HTTP_STATS.downstream_cx_ssl_active, 1);
    }
    if (config.idleTimeout !== undefined) config.idleTimeout.arm((this.#idleTimer = new Timer(this, TIMER_IDLE)));
    if (config.maxConnectionDurations !== undefined) {
      pickList(config.maxConnectionDurations, config.random).arm((this.#durationTimer = new Timer(this, TIMER_DURATION)));
    }
  }

  // ConnectionHandler

  get active(): boolean {
    return this.#streams > 0;
  }

  get secure(): boolean {
    return this.#info.secure;
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.#codec === undefined) this.#onFirstBytes(bytes, length);
    else this.#codec.onBytes(bytes, length);
  }

  onEnd(): void {
    this.#endSniffing();
    if (this.#codec === undefined) this.#connection.destroy();
    else this.#codec.onEnd();
  }

  onDrained(): void {
    this.#codec?.onDrained();
  }

  onClosed(error: TransportError | undefined): void {
    this.#endSniffing();
    this.#closed = true;
    this.#info.endMs = this.config.clock.monotonicMs();
    if (error?.code === LINGER_EXPIRED) {
      this.config.stats.inc(HTTP_STATS.downstream_cx_delayed_close_timeout);
      this.#closedHere = true;
      this.#info.localCloseReason = LINGERED;
    }
    this.#beginClose(this.#closedHere);
    if (this.#codec === undefined) this.onCodecClosed();
    else this.#codec.onClosed(error, this.#closeReason === '' ? undefined : downstreamClosedHere(this.#closeReason));
  }

  startDrain(): void {
    if (this.#multiplexed !== undefined) {
      this.#startDrainSequence();
      return;
    }
    this.#draining = true;
    if (this.#streams === 0) this.#close();
  }

  heldStreams(): Iterable<HeldStream> {
    return this.#multiplexed?.heldStreams() ?? [];
  }

  #onFirstBytes(bytes: Buffer, length: number): void {
    this.#chooseCodec(bytes, length);
    if (this.#codec === undefined || ((this.#info.stream?.responseFlags ?? 0) & ResponseFlag.downstreamProtocolError) !== 0) return;
    this.#info.protocol = this.#multiplexed === undefined ? 'HTTP/1.1' : 'HTTP/2';
  }

  #chooseCodec(bytes: Buffer, length: number): void {
    const { config } = this;
    const protocol = this.#protocolOf(bytes, length);
    if (protocol === undefined) {
      this.#prefaceTimer ??= config.timers.after(PREFACE_WAIT_MS, this, TIMER_PREFACE);
      return;
    }
    this.#prefaceTimer?.disarm();
    if (protocol === 'http1') {
      this.#beginHttp1();
      this.#codec!.onBytes(bytes, length);
      return;
    }
    this.#multiplexed = this.#codec = new H2ServerCodec(this.#connection, this, config.http2);
    config.stats.inc(HTTP_STATS.downstream_cx_http2_total);
    config.stats.gaugeAdd(HTTP_STATS.downstream_cx_http2_active, 1);
    const held = this.#sniffer?.held;
    if (held !== undefined && held.length > 0) this.#codec.onBytes(held, held.length);
    this.#codec.onBytes(bytes, length);
  }

  /** `codec_type` AUTO looks at the first bytes, which are as many as tell HTTP/1 from the preface of HTTP/2. Undefined: it needs more. */
  #protocolOf(bytes: Buffer, length: number): 'http1' | 'http2' | undefined {
    const { codecType } = this.config;
    return codecType === 'auto' ? (this.#sniffer ??= new CodecSniffer()).sniff(bytes, length) : codecType;
  }

  #beginHttp1(): void {
    this.#codec = new H1ServerCodec(this.#connection, this, this.config.codec.current);
    const held = this.#sniffer?.held;
    if (held !== undefined && held.length > 0) this.#codec.onBytes(held, held.length);
  }

  /** What has not become HTTP/2 by now is HTTP/1. */
  #endSniffing(): void {
    this.#prefaceTimer?.disarm();
    if (this.#codec === undefined && this.#sniffer !== undefined) this.#beginHttp1();
  }

  // MultiplexedCodecOwner

  newStream(encoder: ServerEncoder): RequestDecoder {
    this.#idleTimer?.disarm();
    if (this.#requests++ === 0 && !encoder.multiplexed) this.#countHttp1();
    if (this.#isLastRequest) {
      this.config.stats.inc(HTTP_STATS.downstream_cx_max_requests_reached);
      if (encoder.multiplexed) this.#startDrainSequence();
    }
    this.#streams++;
    if (this.#endsWithNextRequest) this.#draining = true;
    return new ActiveStream(this, encoder, new StreamInfo(this.#info));
  }

  get #isLastRequest(): boolean {
    const { maxRequestsPerConnection } = this.config;
    return maxRequestsPerConnection > 0 && this.#requests >= maxRequestsPerConnection;
  }

  /** A connection is of HTTP/1 once it has spoken. */
  #countHttp1(): void {
    this.config.stats.inc(HTTP_STATS.downstream_cx_http1_total);
    this.config.stats.gaugeAdd(HTTP_STATS.downstream_cx_http1_active, 1);
    // Nothing stays buffered between reads; the gauge counts as used from here on.
    this.config.stats.gaugeAdd(HTTP_STATS.downstream_cx_rx_bytes_buffered, 0);
  }

  onCodecStreamClosed(): void {
    this.#endIfIdle();
  }

  onCodecError(isProtocolError: boolean, gone: boolean): void {
    if (isProtocolError) this.config.stats.inc(HTTP_STATS.downstream_cx_protocol_error);
    if (gone) {
      this.#beginClose(true);
      this.#closedHere = true;
      this.#connection.destroy();
    } else {
      this.#close();
    }
  }

  onUnderscores(action: 'rejected' | 'dropped', count: number): void {
    const { codecStats } = this.config;
    if (this.#multiplexed !== undefined) {
      const { stats } = this.config.http2;
      if (action === 'rejected') stats.inc(H2_CODEC_STATS.requests_rejected_with_underscores_in_headers);
      else stats.add(H2_CODEC_STATS.dropped_headers_with_underscores, count);
      return;
    }
    if (action === 'rejected') codecStats.inc(HTTP1_CODEC_STATS.requests_rejected_with_underscores_in_headers);
    else codecStats.add(HTTP1_CODEC_STATS.dropped_headers_with_underscores, count);
  }

  onCodecClosed(): void {
    const { stats, clock } = this.config;
    stats.inc(HTTP_STATS.downstream_cx_destroy);
    stats.inc(this.#isClosedHere() ? HTTP_STATS.downstream_cx_destroy_local : HTTP_STATS.downstream_cx_destroy_remote);
    stats.gaugeAdd(HTTP_STATS.downstream_cx_active, -1);
    if (this.#info.secure) stats.gaugeAdd(HTTP_STATS.downstream_cx_ssl_active, -1);
    if (this.#multiplexed !== undefined) stats.gaugeAdd(HTTP_STATS.downstream_cx_http2_active, -1);
    else if (this.#requests > 0) stats.gaugeAdd(HTTP_STATS.downstream_cx_http1_active, -1);
    if (this.#endsWithNextRequest) stats.gaugeAdd(HTTP_STATS.downstream_cx_http1_soft_drain, -1);
    this.#countBytes();
    stats.record(HTTP_STATS.downstream_cx_length_ms, Math.floor(clock.monotonicMs() - this.#openedMs));
  }

  /** The listener and filters in front say why they close. */
  #isClosedHere(): boolean {
    return this.#closedHere || this.#closeReason !== '';
  }

  get #closeReason(): string {
    return this.#info.localCloseReason ?? '';
  }

  #countBytes(): void {
    const { stats } = this.config;
    const { bytesRead, bytesWritten } = this.#connection;
    stats.add(HTTP_STATS.downstream_cx_rx_bytes_total, bytesRead - this.#bytesRead);
    stats.add(HTTP_STATS.downstream_cx_tx_bytes_total, bytesWritten - this.#bytesWritten);
    this.#bytesRead = bytesRead;
    this.#bytesWritten = bytesWritten;
  }

  // StreamConnection

  shouldCloseAfterResponse(encoder: ServerEncoder): boolean {
    if (encoder.multiplexed) {
      this.#considerDrain();
      return false;
    }
    if (this.#draining) return true;
    if (this.#overloadEndsKeepAlive()) return false;
    if (encoder.closeRequested) return true;
    const { config } = this;
    if (this.#isLastRequest) return true;
    if (!this.asksToClose && this.#drain.shouldClose()) {
      config.stats.inc(HTTP_STATS.downstream_cx_drain_close);
      this.#startDrainSequence();
    }
    return false;
  }

  #overloadEndsKeepAlive(): boolean {
    const { overload, random, stats } = this.config;
    const chance = overload.states.disable_http_keepalive;
    if (chance === undefined || random.unit() >= chance) return false;
    if (!this.asksToClose) {
      stats.inc(HTTP_STATS.downstream_cx_overload_disable_keepalive);
      stats.inc(HTTP_STATS.downstream_cx_drain_close);
      this.#startDrainSequence();
    }
    return true;
  }

  endWhenIdle(): void {
    this.#endsWhenIdle = true;
  }

  /** HTTP/2: GOAWAY says what `Connection: close` says in HTTP/1. */
  #considerDrain(): void {
    if (this.#draining || this.#overloadEndsKeepAlive() || !this.#drain.shouldClose()) return;
    this.config.stats.inc(HTTP_STATS.downstream_cx_drain_close);
    this.#startDrainSequence();
  }

  onStreamEnd(stream: ActiveStream, close: boolean): void {
    this.#streams--;
    this.#countBytes();
    if (this.#multiplexed !== undefined) {
      this.#onMultiplexedStreamEnd(stream);
      return;
    }
    if (close || this.#draining) {
      this.#close(stream.lingers || this.#codec!.isReading || this.#isDrainedBy(stream));
      return;
    }
    if (this.#idleTimer !== undefined) this.config.idleTimeout!.arm(this.#idleTimer);
    this.#codec!.onStreamDone();
  }

  /** It ends with an answer that nobody asked to be the last. */
  #isDrainedBy({ encoder }: ActiveStream): boolean {
    return this.#draining && !this.#endsWithNextRequest && !encoder.closeRequested;
  }

  #onMultiplexedStreamEnd(stream: ActiveStream): void {
    const { stats, runtime, clock } = this.config;
    const { info } = stream;
    const resets = (this.#prematureResets ??= new PrematureResets(runtime));
    if (resets.onStreamEnd(clock.monotonicMs() - info.startMs, info.responseCode !== 0) && !this.#closed) {
      stats.inc(HTTP_STATS.downstream_rq_too_many_premature_resets);
      stats.inc(HTTP_STATS.downstream_cx_protocol_error);
      this.#closed = true;
      this.#closedHere = true;
      this.#connection.destroy();
      return;
    }
    if (this.#streams > 0) return;
    if (this.#idleTimer !== undefined && !this.#closed && !this.#closing) this.config.idleTimeout!.arm(this.#idleTimer);
    this.#endIfIdle();
  }

  /** Called when a stream is over here, or on the wire: the last of both is what counts. */
  #endIfIdle(): void {
    if (this.#streams > 0 || this.#codec!.activeStreams > 0) return;
    if (this.#endsWhenIdle) this.#startDrainSequence();
    if (this.#drained) this.#close();
  }

  // TimerOwner

  onTimer(tag: number): void {
    const { stats } = this.config;
    switch (tag) {
      case TIMER_IDLE:
        stats.inc(HTTP_STATS.downstream_cx_idle_timeout);
        if (this.#requests === 0 && this.#multiplexed === undefined) this.#close(false, IDLE);
        else this.#startDrainSequence();
        return;
      case TIMER_DURATION:
        stats.inc(HTTP_STATS.downstream_cx_max_duration_reached);
        this.#onMaxDuration();
        return;
      case TIMER_FLUSH:
        this.#onFlushTimer();
        return;
      case TIMER_PREFACE:
        this.#endSniffing();
        return;
      default:
        this.#onDrainTimer();
    }
  }

  #onMaxDuration(): void {
    if (this.#multiplexed === undefined && this.#requests === 0) {
      this.#close(false, TOO_OLD);
    } else if (this.config.http1SafeMaxConnectionDuration && this.#multiplexed === undefined) {
      this.#endsWithNextRequest = true;
      this.config.stats.gaugeAdd(HTTP_STATS.downstream_cx_http1_soft_drain, 1);
    } else {
      this.#startDrainSequence();
    }
  }

  /** As Envoy: answers ask the client to close, and who does not is closed when the drain timeout has passed. */
  #startDrainSequence(): void {
    if (this.#multiplexed === undefined) {
      this.asksToClose = true;
    } else if (!this.#draining) {
      this.#draining = true;
      this.#multiplexed.startDrain();
    }
    this.#drainTimer ??= this.config.timers.after(this.#drainTimeoutMs(), this, TIMER_DRAIN);
  }

  #drainTimeoutMs(): number {
    const { drainTimeoutMs, drainTimeoutJitterPercent, random } = this.config;
    return drainTimeoutJitterPercent === 0 ? drainTimeoutMs : drainTimeoutMs * (1 + (drainTimeoutJitterPercent / 100) * random.unit());
  }

  #onDrainTimer(): void {
    if (this.#multiplexed !== undefined && !this.#drained) {
      this.#drained = true;
      this.#multiplexed.finishDrain();
      this.#endIfIdle();
    } else {
      this.#draining = true;
      if (this.#streams === 0) this.#close();
    }
  }

  /** `linger`: the peer may still be sending, and must be able to read the answer before its bytes meet a closed socket. */
  #close(linger = true, reason = DRAINED): void {
    // The stream that ends because the peer has gone asks for it too.
    if (this.#closed || this.#closing) return;
    this.#beginClose(true);
    const { timers, delayedCloseTimeoutMs } = this.config;
    const lingerMs = linger ? delayedCloseTimeoutMs : 0;
    // Where it lingers, the peer may close first.
    this.#closedHere = lingerMs === 0;
    if (this.#closedHere) this.#info.localCloseReason = reason;
    this.#multiplexed?.flush();
    this.#connection.closeAfterFlush(lingerMs);
    if (!linger && this.#connection.unsentBytes > 0 && delayedCloseTimeoutMs > 0) this.#watchFlush(timers, this.#connection.unsentBytes);
  }

  /** Streams that are under way are lost with the connection. */
  #beginClose(closedHere: boolean): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#idleTimer?.disarm();
    this.#durationTimer?.disarm();
    this.#drainTimer?.disarm();
    this.#prefaceTimer?.disarm();
    if (this.#streams === 0) return;
    const { stats } = this.config;
    stats.inc(HTTP_STATS.downstream_cx_destroy_active_rq);
    stats.inc(closedHere ? HTTP_STATS.downstream_cx_destroy_local_active_rq : HTTP_STATS.downstream_cx_destroy_remote_active_rq);
  }

  /** A peer that takes nothing of its last answer is not waited for. */
  #watchFlush(timers: Timers, unsentBytes: number): void {
    this.#unsentBytes = unsentBytes;
    timers.after(this.config.delayedCloseTimeoutMs, this, TIMER_FLUSH);
  }

  #onFlushTimer(): void {
    const { unsentBytes, closed } = this.#connection;
    if (closed) return;
    if (unsentBytes < this.#unsentBytes) {
      this.#watchFlush(this.config.timers, unsentBytes);
      return;
    }
    this.config.stats.inc(HTTP_STATS.downstream_cx_delayed_close_timeout);
    this.#connection.destroy();
  }
}
