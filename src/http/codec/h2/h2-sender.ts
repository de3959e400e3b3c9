import { LinkedList } from '../../../core/linked-list.ts';
import type { Connection } from '../../../transport/transport.ts';
import type { HeaderMap } from '../../header-map.ts';
import { type Flood, FloodGuard } from './flood-guard.ts';
import { DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES, NO_BYTES } from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import type { H2Options } from './h2-options.ts';
import { H2_CODEC_STATS } from './h2-stats.ts';
import type { H2Stream } from './h2-stream.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import type { StreamTable } from './stream-table.ts';

export interface SenderSession {
  readonly streams: StreamTable;
  readonly closed: boolean;
  /** Returns false. */
  onFlood(flood: Flood): boolean;
  /** The peer's settings have made its window wider than windows may be. */
  onWideWindow(stream: H2Stream): void;
  /** This side's END_STREAM has been written. */
  onLocalEnd(stream: H2Stream): void;
}

/** What one stream sends in a turn when several wait for the connection's window. */
const TURN_BYTES = 16_384;

/**
 * The sending half of a connection: heads, body within the windows, what waits for them. Body that a window does not take is kept with
 * its stream; above the high watermark, of the stream's own or of the connection, the stream's user is told to stop its source.
 */
export class H2Sender {
  readonly writer: FrameWriter;
  readonly guard: FloodGuard;
  readonly #session: SenderSession;
  readonly #connection: Connection;
  readonly #options: H2Options;
  /** Of the options, for each frame. */
  readonly #highWatermarkBytes: number;
  readonly #encoder: HpackEncoder;
  #window = DEFAULT_WINDOW_BYTES;
  #initialWindow = DEFAULT_WINDOW_BYTES;
  /** Streams with body that waits. */
  readonly #waiting = new LinkedList<H2Stream>();
  /** A stream was told to stop because of the connection. */
  #presses = false;

  constructor(session: SenderSession, connection: Connection, options: H2Options) {
    this.#session = session;
    this.#connection = connection;
    this.#options = options;
    this.#highWatermarkBytes = options.highWatermarkBytes;
    this.writer = new FrameWriter(connection);
    this.guard = new FloodGuard(options);
    this.#encoder = new HpackEncoder(4096);
  }

  get initialWindow(): number {
    return this.#initialWindow;
  }

  /** True when `flood` is none. */
  check(flood: Flood | undefined): boolean {
    if (flood === undefined) return true;
    return this.#session.onFlood(flood);
  }

  // Heads

  response(stream: H2Stream, headers: HeaderMap, end: boolean): void {
    const at = this.writer.beginHead();
    this.#head(stream, this.#encoder.writeResponse(headers, this.writer.buffer, at), end);
  }

  /** `protocol`: of an extended CONNECT; '' = none. */
  request(stream: H2Stream, headers: HeaderMap, protocol: string, end: boolean): void {
    const at = this.writer.beginHead();
    this.#head(stream, this.#encoder.writeRequest(headers, protocol, this.writer.buffer, at), end);
  }

  #head(stream: H2Stream, blockEnd: number, end: boolean): void {
    const { buffer, begin } = this.#encoder;
    stream.wireSent += this.writer.endHead(stream.id, buffer, begin, blockEnd, end);
    stream.headersSent += blockEnd - begin;
    if (!this.check(this.guard.onSent())) return;
    if (end) this.#session.onLocalEnd(stream);
    else this.#checkPressure(stream);
  }

  // Body

  data(stream: H2Stream, chunk: Buffer, end: boolean): void {
    if (stream.hasPending) {
      this.#hold(stream, chunk, 0);
      stream.pendingEnd = end;
    } else {
      const room = Math.min(stream.sendWindow, this.#window);
      const sent = Math.max(0, Math.min(chunk.length, room));
      const whole = sent === chunk.length;
      // An empty frame that ends nothing says nothing.
      if (sent > 0 || (end && whole)) this.#send(stream, chunk, 0, sent, end && whole);
      if (this.#session.closed || stream.closed) return;
      if (!whole) {
        this.#hold(stream, chunk, sent);
        stream.pendingEnd = end;
        this.#waiting.addLast(stream);
      } else if (end) {
        this.#session.onLocalEnd(stream);
        return;
      }
    }
    if (stream.pendingEnd) this.#armFlushTimer(stream);
    this.#checkPressure(stream);
  }

  /** Keeps what the window does not take. */
  #hold(stream: H2Stream, chunk: Buffer, start: number): void {
    stream.hold(chunk, start);
    this.#options.stats.gaugeAdd(H2_CODEC_STATS.pending_send_bytes, chunk.length - start);
  }

  trailers(stream: H2Stream, trailers: HeaderMap): void {
    if (stream.hasPending) {
      stream.pendingTrailers = trailers;
      stream.pendingEnd = true;
      this.#armFlushTimer(stream);
      return;
    }
    // Trailers without a field would be an empty block: the end says the same.
    if (trailers.size === 0) {
      this.data(stream, NO_BYTES, true);
      return;
    }
    const at = this.writer.beginHead();
    this.#head(stream, this.#encoder.writeTrailers(trailers, this.writer.buffer, at), true);
  }

  #send(stream: H2Stream, bytes: Buffer, start: number, end: number, endStream: boolean): void {
    const length = end - start;
    this.#window -= length;
    stream.sendWindow -= length;
    stream.wireSent += this.writer.data(stream.id, bytes, start, end, endStream);
    this.check(this.guard.onDataSent());
  }

  /** Sends what waits, as far as windows allow, at most `limit` bytes. True when nothing waits any more. */
  #flush(stream: H2Stream, limit: number): boolean {
    const { pending } = stream;
    if (pending === undefined) return true;
    let left = limit;
    while (pending.bytes > 0) {
      const room = Math.min(stream.sendWindow, this.#window, left);
      if (room <= 0) return false;
      const chunk = pending.take(room);
      const last = pending.bytes === 0 && stream.pendingEnd && stream.pendingTrailers === undefined;
      left -= chunk.length;
      this.#options.stats.gaugeAdd(H2_CODEC_STATS.pending_send_bytes, -chunk.length);
      this.#send(stream, chunk, 0, chunk.length, last);
      if (this.#session.closed) return true;
    }
    this.#endFlush(stream);
    return true;
  }

  #endFlush(stream: H2Stream): void {
    const { pendingEnd, pendingTrailers } = stream;
    stream.pending = undefined;
    stream.pendingEnd = false;
    stream.pendingTrailers = undefined;
    if (pendingTrailers !== undefined) this.trailers(stream, pendingTrailers);
    else if (pendingEnd) this.#session.onLocalEnd(stream);
    if (pendingEnd) stream.watcher?.onFlushed?.();
  }

  /** The stream is over. */
  drop(stream: H2Stream): void {
    if (stream.hasPending) {
      this.#waiting.remove(stream);
      this.#options.stats.gaugeAdd(H2_CODEC_STATS.pending_send_bytes, -stream.pendingBytes);
    }
  }

  // Windows. False: the window would be wider than windows may be.

  widen(stream: H2Stream, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW_BYTES) return false;
    if (stream.hasPending) this.#flushOne(stream);
    return true;
  }

  widenConnection(increment: number): boolean {
    this.#window += increment;
    if (this.#window > MAX_WINDOW_BYTES) return false;
    this.flushAll();
    return true;
  }

  /** As Envoy: a stream whose window becomes too wide ends, the connection goes on. */
  setInitialWindow(bytes: number): void {
    const change = bytes - this.#initialWindow;
    if (change === 0) return;
    this.#initialWindow = bytes;
    const tooWide: H2Stream[] = [];
    this.#session.streams.forEach((stream) => {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW_BYTES) tooWide.push(stream);
    });
    for (const stream of tooWide) this.#session.onWideWindow(stream);
  }

  setTableSize(bytes: number): void {
    this.#encoder.setTableSize(bytes);
  }

  #flushOne(stream: H2Stream): void {
    if (this.#flush(stream, Infinity)) this.#waiting.remove(stream);
    this.#relieve(stream);
  }

  /** Sends what waits, in turns, so that no stream takes the whole window. */
  flushAll(): void {
    /** In a row, since one has sent something. */
    let stuck = 0;
    while (stuck < this.#waiting.size && this.#window > 0 && !this.#session.closed) {
      const stream = this.#waiting.first!;
      this.#waiting.remove(stream);
      const before = stream.pendingBytes;
      if (!this.#flush(stream, TURN_BYTES)) this.#waiting.addLast(stream);
      stuck = stream.pendingBytes === before ? stuck + 1 : 0;
      this.#relieve(stream);
    }
  }

  #armFlushTimer(stream: H2Stream): void {
    const list = stream.flushTimeout === null ? this.#options.flushTimeout : stream.flushTimeout;
    if (list !== undefined && !stream.closed) stream.armFlushTimer(list);
  }

  // Pressure

  #checkPressure(stream: H2Stream): void {
    if (stream.above) return;
    const limit = this.#highWatermarkBytes;
    const connectionAbove = this.#connection.unsentBytes > limit;
    if (!connectionAbove && stream.pendingBytes <= limit) return;
    stream.above = true;
    stream.pressed = connectionAbove;
    this.#presses ||= connectionAbove;
    stream.watcher?.onHighWatermark();
  }

  #relieve(stream: H2Stream): void {
    if (!stream.above || stream.pressed || stream.closed || stream.pendingBytes * 2 > this.#highWatermarkBytes) return;
    stream.above = false;
    stream.watcher?.onLowWatermark();
  }

  /** The connection has sent everything. */
  onDrained(): void {
    this.guard.onAllSent();
    this.writer.onDrained();
    if (!this.#presses) return;
    this.#presses = false;
    for (const stream of this.#session.streams.values()) {
      if (!stream.pressed) continue;
      stream.pressed = false;
      this.#relieve(stream);
    }
  }
}
