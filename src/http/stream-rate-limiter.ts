import type { Clock } from '../core/clock.ts';
import { Timer, type TimerList, type TimerOwner, type Timers } from '../core/timers.ts';
import { TokenBucket } from './token-bucket.ts';

/** Where limited body goes, and how its source is stopped. */
export interface RateLimitedSink {
  /** Body that may go on now. `end`: all of it has, and no trailers wait. */
  writeLimited(chunk: Buffer, end: boolean): void;
  /** Everything has gone on; the trailers may follow. */
  onLimiterDrained(): void;
  pauseSource(): void;
  resumeSource(): void;
}

export interface StreamRateLimiterOptions {
  readonly limitKbps: number;
  readonly fillIntervalMs: number;
  /** More than this pauses the source. */
  readonly bufferLimitBytes: number;
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * Lets body pass at so many KiB a second, in slices of the fill interval (Envoy's `StreamRateLimiter`). Its bucket holds one second and
 * begins with one slice.
 */
export class StreamRateLimiter implements TimerOwner {
  readonly #sink: RateLimitedSink;
  readonly #bytesPerSlice: number;
  readonly #bucket: TokenBucket;
  readonly #bufferLimitBytes: number;
  readonly #slices: TimerList;
  readonly #now: TimerList;
  readonly #timer = new Timer(this);
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  #trailersWait = false;
  #paused = false;

  constructor(sink: RateLimitedSink, options: StreamRateLimiterOptions) {
    const { limitKbps, fillIntervalMs, bufferLimitBytes, clock, timers } = options;
    const slices = slicesPerSecond(fillIntervalMs);
    this.#sink = sink;
    this.#bytesPerSlice = Math.max(1, Math.floor((limitKbps * 1024) / slices));
    this.#bucket = new TokenBucket(clock, { maxTokens: slices, tokensPerSecond: slices, tokens: 1 });
    this.#bufferLimitBytes = bufferLimitBytes;
    this.#slices = timers.list(fillIntervalMs);
    this.#now = timers.list(0);
  }

  /** Copies the chunk. */
  write(chunk: Buffer, end: boolean): void {
    if (chunk.length > 0) this.#chunks.push(Buffer.from(chunk));
    this.#length += chunk.length;
    this.#ended = end;
    if (this.#length === 0 && end) {
      this.#sink.writeLimited(EMPTY, true);
      return;
    }
    if (!this.#paused && this.#length > this.#bufferLimitBytes) {
      this.#paused = true;
      this.#sink.pauseSource();
    }
    if (!this.#timer.armed) this.#now.arm(this.#timer);
  }

  /** True when they must wait for `onLimiterDrained`. */
  onTrailers(): boolean {
    this.#trailersWait = this.#length > 0;
    return this.#trailersWait;
  }

  destroy(): void {
    this.#timer.disarm();
    this.#chunks = [];
    this.#length = 0;
  }

  onTimer(): void {
    const wanted = Math.ceil(this.#length / this.#bytesPerSlice);
    const chunk = this.#take(Math.min(this.#bucket.takeUpTo(wanted) * this.#bytesPerSlice, this.#length));
    if (this.#length > 0) this.#slices.arm(this.#timer);
    if (this.#paused && this.#length <= this.#bufferLimitBytes / 2) {
      this.#paused = false;
      this.#sink.resumeSource();
    }
    const done = this.#length === 0;
    if (chunk.length > 0) this.#sink.writeLimited(chunk, done && this.#ended && !this.#trailersWait);
    if (done && this.#trailersWait) this.#sink.onLimiterDrained();
  }

  #take(count: number): Buffer {
    if (count === 0) return EMPTY;
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#length);
    this.#length -= count;
    this.#chunks = this.#length === 0 ? [] : [all.subarray(count)];
    return all.subarray(0, count);
  }
}

const EMPTY = Buffer.alloc(0);

function slicesPerSecond(fillIntervalMs: number): number {
  return Math.max(1, Math.floor(1000 / fillIntervalMs));
}
