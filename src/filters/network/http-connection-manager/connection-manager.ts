import { Timer, type TimerOwner, type Timers } from '../../../core/timers.ts';
import type { RequestDecoder, ResponseEncoder, ServerCodecOwner } from '../../../http/codec/codec.ts';
import type { H1ResponseEncoder } from '../../../http/codec/h1-response-encoder.ts';
import { H1ServerCodec } from '../../../http/codec/h1-server.ts';
import { type ConnectionInfo, StreamInfo } from '../../../http/stream-info.ts';
import type { ConnectionHandler, DrainDecision } from '../../../listener/network-filter.ts';
import { LINGER_EXPIRED, type Connection, type TransportError } from '../../../transport/transport.ts';
import { ActiveStream, type StreamConnection } from './active-stream.ts';
import type { ConnectionManagerConfig } from './config.ts';
import { HTTP1_CODEC_STATS, HTTP_STATS } from '../../../http/http-stats.ts';

const TIMER_IDLE = 0;
const TIMER_DURATION = 1;
const TIMER_DRAIN = 2;
const TIMER_FLUSH = 3;

/** One downstream HTTP connection: its codec, its streams, its end. */
export class ConnectionManager implements ConnectionHandler, ServerCodecOwner, StreamConnection, TimerOwner {
  readonly config: ConnectionManagerConfig;
  readonly #connection: Connection;
  readonly #info: ConnectionInfo;
  readonly #drain: DrainDecision;
  readonly #codec: H1ServerCodec;
  readonly #openedMs: number;
  #stream: ActiveStream | undefined;
  #requests = 0;
  #draining = false;
  #closedHere = false;
  #closed = false;
  #closedInStream = false;
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
    this.#drain = drain;
    this.#codec = new H1ServerCodec(connection, this, config.codec);
    this.#openedMs = config.clock.monotonicMs();
    const { stats } = config;
    stats.inc(HTTP_STATS.downstream_cx_total);
    stats.gaugeAdd(HTTP_STATS.downstream_cx_active, 1);
    if (config.idleTimeout !== undefined) config.idleTimeout.arm((this.#idleTimer = new Timer(this, TIMER_IDLE)));
    if (config.maxConnectionDuration !== undefined) {
      config.maxConnectionDuration.arm((this.#durationTimer = new Timer(this, TIMER_DURATION)));
    }
  }

  // ConnectionHandler

  get active(): boolean {
    return this.#stream !== undefined;
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#codec.onBytes(bytes, length);
  }

  onEnd(): void {
    this.#codec.onEnd();
  }

  onDrained(): void {
    this.#codec.onDrained();
  }

  onClosed(error: TransportError | undefined): void {
    this.#closed = true;
    if (error?.code === LINGER_EXPIRED) this.config.stats.inc(HTTP_STATS.downstream_cx_delayed_close_timeout);
    this.#closedInStream = this.#stream !== undefined;
    this.#codec.onClosed(error);
  }

  startDrain(): void {
    this.#draining = true;
    if (this.#stream === undefined) this.#close();
  }

  // ServerCodecOwner

  newStream(encoder: ResponseEncoder): RequestDecoder {
    this.#idleTimer?.disarm();
    if (this.#requests++ === 0) this.#countCodec();
    const stream = new ActiveStream(this, encoder as H1ResponseEncoder, new StreamInfo(this.#info));
    this.#stream = stream;
    return stream;
  }

  /** A connection is of a protocol once it has spoken. */
  #countCodec(): void {
    this.config.stats.inc(HTTP_STATS.downstream_cx_http1_total);
    this.config.stats.gaugeAdd(HTTP_STATS.downstream_cx_http1_active, 1);
  }

  onUnderscores(action: 'rejected' | 'dropped', count: number): void {
    const { codecStats } = this.config;
    if (action === 'rejected') codecStats.inc(HTTP1_CODEC_STATS.requests_rejected_with_underscores_in_headers);
    else codecStats.add(HTTP1_CODEC_STATS.dropped_headers_with_underscores, count);
  }

  onCodecClosed(): void {
    const { stats, clock } = this.config;
    this.#idleTimer?.disarm();
    this.#durationTimer?.disarm();
    this.#drainTimer?.disarm();
    stats.inc(HTTP_STATS.downstream_cx_destroy);
    stats.inc(this.#closedHere ? HTTP_STATS.downstream_cx_destroy_local : HTTP_STATS.downstream_cx_destroy_remote);
    if (this.#closedInStream) {
      stats.inc(HTTP_STATS.downstream_cx_destroy_active_rq);
      stats.inc(this.#closedHere ? HTTP_STATS.downstream_cx_destroy_local_active_rq : HTTP_STATS.downstream_cx_destroy_remote_active_rq);
    }
    stats.gaugeAdd(HTTP_STATS.downstream_cx_active, -1);
    if (this.#requests > 0) stats.gaugeAdd(HTTP_STATS.downstream_cx_http1_active, -1);
    this.#countBytes();
    stats.record(HTTP_STATS.downstream_cx_length_ms, Math.floor(clock.monotonicMs() - this.#openedMs));
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

  shouldCloseAfterResponse(encoder: H1ResponseEncoder): boolean {
    if (encoder.closeRequested || this.#draining) return true;
    const { config } = this;
    if (config.maxRequestsPerConnection > 0 && this.#requests >= config.maxRequestsPerConnection) {
      config.stats.inc(HTTP_STATS.downstream_cx_max_requests_reached);
      return true;
    }
    if (!this.#drain.shouldClose()) return false;
    config.stats.inc(HTTP_STATS.downstream_cx_drain_close);
    return true;
  }

  onStreamEnd(stream: ActiveStream, close: boolean): void {
    this.#stream = undefined;
    this.#countBytes();
    if (close) {
      this.#close(stream.lingers);
      return;
    }
    if (this.#idleTimer !== undefined) this.config.idleTimeout!.arm(this.#idleTimer);
    this.#codec.onStreamDone();
  }

  // TimerOwner

  onTimer(tag: number): void {
    const { stats } = this.config;
    switch (tag) {
      case TIMER_IDLE:
        stats.inc(HTTP_STATS.downstream_cx_idle_timeout);
        if (this.#requests === 0) this.#close(false);
        else this.#startDrainSequence();
        return;
      case TIMER_DURATION:
        stats.inc(HTTP_STATS.downstream_cx_max_duration_reached);
        this.#startDrainSequence();
        return;
      case TIMER_FLUSH:
        this.#onFlushTimer();
        return;
      default:
        if (this.#stream === undefined) this.#close();
    }
  }

  /** The next answer says that it is the last; without one the connection ends when the drain timeout has passed. */
  #startDrainSequence(): void {
    this.#draining = true;
    this.#drainTimer ??= this.config.timers.after(this.config.drainTimeoutMs, this, TIMER_DRAIN);
  }

  /** `linger`: the peer may still be sending, and must be able to read the answer before its bytes meet a closed socket. */
  #close(linger = true): void {
    // The stream that ends because the peer has gone asks for it too.
    if (this.#closed) return;
    this.#closedHere = true;
    const { timers, delayedCloseTimeoutMs } = this.config;
    this.#connection.closeAfterFlush(linger ? delayedCloseTimeoutMs : 0);
    if (!linger && this.#connection.unsentBytes > 0 && delayedCloseTimeoutMs > 0) this.#watchFlush(timers, this.#connection.unsentBytes);
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
