import { Timer, type TimerOwner } from '../../../core/timers.ts';
import type { FilterHandle, FilterStream } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';
import { type RateLimitedSink, StreamRateLimiter } from '../../../http/stream-rate-limiter.ts';
import type { FaultDecisions } from './decisions.ts';
import { FAULT_STATS, type Fault } from './fault.ts';
import type { FaultSettings } from './settings.ts';

export interface FaultedStreamOptions {
  readonly settings: FaultSettings;
  readonly decisions: FaultDecisions;
  /** The downstream cluster that has counters of its own; '' when they are not wanted. */
  readonly countedCluster: string;
}

const FILL_INTERVAL_MS = 50;
const BUFFER_LIMIT_BYTES = 1024 * 1024;

/**
 * One request that faults may befall.
 *
 *   begin ──delay──▶ delaying ──timer──▶ abort? ──▶ on its way, response maybe limited ──▶ destroyed
 */
export class FaultedStream implements TimerOwner, RateLimitedSink {
  limiter: StreamRateLimiter | undefined;
  readonly #filter: Fault;
  readonly #handle: FilterHandle;
  readonly #headers: HeaderMap;
  readonly #filterName: string;
  readonly #options: FaultedStreamOptions;
  #timer: Timer | undefined;
  #counted = false;
  #trailers: HeaderMap | undefined;

  constructor(filter: Fault, stream: FilterStream, options: FaultedStreamOptions) {
    this.#filter = filter;
    this.#handle = stream.handle();
    this.#headers = stream.requestHeaders;
    this.#filterName = stream.filterName;
    this.#options = options;
  }

  get delaying(): boolean {
    return this.#timer?.armed === true;
  }

  /** True when the request may go on at once. */
  begin(): boolean {
    const { stream } = this.#handle;
    const { decisions } = this.#options;
    this.#limitResponse();
    const delayMs = decisions.delayMs(this.#headers);
    if (delayMs === undefined || !this.#acquire()) return !this.#abort();
    this.#count('delays_injected');
    stream.info.setFlag(ResponseFlag.delayInjected);
    this.#setMetadata();
    this.#timer = new Timer(this);
    stream.timers.privateList(delayMs).arm(this.#timer);
    return false;
  }

  onTimer(): void {
    if (!this.#abort()) this.#handle.continueDecoding();
  }

  destroy(): void {
    this.#timer?.disarm();
    this.limiter?.destroy();
    if (this.#counted) this.#filter.release();
    this.#counted = false;
  }

  keepTrailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
  }

  // RateLimitedSink

  writeLimited(chunk: Buffer, end: boolean): void {
    this.#handle.injectEncodedData(chunk, end);
  }

  onLimiterDrained(): void {
    this.#handle.injectEncodedTrailers(this.#trailers!);
  }

  pauseSource(): void {
    this.#handle.pauseResponse();
  }

  resumeSource(): void {
    this.#handle.resumeResponse();
  }

  #limitResponse(): void {
    const limitKbps = this.#options.decisions.responseKbps(this.#headers);
    if (limitKbps === undefined || !this.#acquire()) return;
    const { clock, timers } = this.#handle.stream;
    this.#filter.stats.inc(FAULT_STATS.response_rl_injected);
    this.limiter = new StreamRateLimiter(this, { limitKbps, fillIntervalMs: FILL_INTERVAL_MS, bufferLimitBytes: BUFFER_LIMIT_BYTES, clock, timers });
  }

  #abort(): boolean {
    const { settings, decisions } = this.#options;
    const abort = decisions.abort(this.#headers);
    if (abort === undefined || !this.#acquire()) return false;
    this.#count('aborts_injected');
    this.#handle.stream.info.setFlag(ResponseFlag.faultInjected);
    this.#setMetadata();
    this.#handle.localReply({ ...abort, body: settings.abort!.body, details: 'fault_filter_abort' });
    return true;
  }

  /** A request counts once, whatever befalls it. */
  #acquire(): boolean {
    this.#counted ||= this.#filter.acquire(this.#options.decisions.maxActiveFaults);
    return this.#counted;
  }

  #count(name: 'aborts_injected' | 'delays_injected'): void {
    const { stats } = this.#filter;
    const { countedCluster } = this.#options;
    stats.inc(FAULT_STATS[name]);
    if (countedCluster !== '') stats.counter(`${countedCluster}.${name}`).inc();
  }

  #setMetadata(): void {
    const { metadata } = this.#options.settings;
    if (metadata !== undefined) (this.#handle.stream.info.metadata ??= new Map()).set(this.#filterName, metadata);
  }
}
