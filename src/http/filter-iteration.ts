import { BodyBuffer } from './body-buffer.ts';
import { CONTINUE, type FilterStatus, STOP, STOP_AND_BUFFER, STOP_AND_WATERMARK, TAKEN } from './filter.ts';
import type { HeaderMap } from './header-map.ts';

/**
 * One message on its way through a row of filters: where it stands, who holds it, what waits.
 *
 *   running ──hook returns a stop──▶ held at i ──resume(i), or i's data hook continues──▶ running from i+1
 *
 * Headers reach a filter before any body does, body before trailers. What arrives while the message is held goes through the
 * filters before the holder, then waits there. Both directions use this; `IterationTarget` calls the hooks of its direction.
 */
export interface IterationTarget {
  readonly length: number;
  /** The last chunk says that it is; else the end counts as an event of its own behind it. */
  readonly lastChunkEnds: boolean;
  callHeaders(index: number, headers: HeaderMap, end: boolean): FilterStatus;
  callData(index: number, chunk: Buffer, end: boolean): FilterStatus;
  callTrailers(index: number, trailers: HeaderMap): FilterStatus;
  /** Past the last filter. */
  passHeaders(headers: HeaderMap, end: boolean): void;
  passData(chunk: Buffer, end: boolean): void;
  passTrailers(trailers: HeaderMap): void;
  /** A STOP_AND_BUFFER filter holds more than the limit. */
  onBufferOverflow(): void;
  /** A STOP_AND_WATERMARK filter holds more than the limit, and less again. */
  onHighWatermark(): void;
  onLowWatermark(): void;
}

const NOBODY = -1;
const EMPTY = Buffer.alloc(0);

export class FilterIteration {
  readonly #target: IterationTarget;
  /** What a holder may have buffered. */
  limitBytes: number;
  /** Nothing goes on after this is set: a local reply took over, or the stream is gone. */
  stopped = false;
  #holder = NOBODY;
  /** The holder's data hook is not asked while it holds (its headers hook said to wait). */
  #holdsAll = false;
  #watermark = false;
  /** A data hook has asked for a buffer: from then on what exceeds the limit is an error, also in the chunk that ends the wait. */
  #buffers = false;
  #aboveWatermark = false;
  #headers: HeaderMap | undefined;
  /** Filters [0, n) have seen the headers; length + 1 when they have left the row. */
  #headersSeenBy = 0;
  #buffer: BodyBuffer | undefined;
  /** The last event has arrived, and waits. */
  #endWaits = false;
  #trailers: HeaderMap | undefined;

  constructor(target: IterationTarget, limitBytes: number) {
    this.#target = target;
    this.limitBytes = limitBytes;
  }

  get buffer(): BodyBuffer | undefined {
    return this.#buffer;
  }

  headers(headers: HeaderMap, end: boolean): void {
    this.#headers = headers;
    this.#runHeaders(0, end);
  }

  data(chunk: Buffer, end: boolean): void {
    this.#runData(0, chunk, end);
  }

  trailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
    this.#runTrailers(0);
  }

  /** The filter at `index` lets go. */
  resume(index: number): void {
    if (this.stopped || this.#holder !== index) return;
    this.#release();
    this.#flushFrom(index);
  }

  /** Adds body before or behind what the filter at `index` holds. */
  addData(index: number, chunk: Buffer): void {
    if (this.stopped) return;
    if (this.#holder === index) this.#keep(chunk);
    else this.#runData(index + 1, chunk, false);
  }

  /** Body or trailers that the filter at `index` has taken go on behind it. */
  injectData(index: number, chunk: Buffer, end: boolean): void {
    if (!this.stopped) this.#runData(index + 1, chunk, end);
  }

  injectTrailers(index: number, trailers: HeaderMap): void {
    if (this.stopped) return;
    this.#trailers = trailers;
    this.#runTrailers(index + 1);
  }

  #release(): void {
    this.#holder = NOBODY;
    this.#holdsAll = false;
    this.#watermark = false;
    if (this.#aboveWatermark) {
      this.#aboveWatermark = false;
      this.#target.onLowWatermark();
    }
  }

  /** Everything that waited behind filter `index` goes on to the next. */
  #flushFrom(index: number): void {
    const body = this.#takeBuffer();
    const ended = this.#endWaits;
    const trailers = this.#trailers;
    this.#endWaits = false;
    if (this.#headersSeenBy <= index + 1) this.#runHeaders(index + 1, ended && body === undefined && trailers === undefined);
    if (this.stopped) return;
    if (body !== undefined) this.#runData(index + 1, body, ended && trailers === undefined);
    else if (ended && trailers === undefined && this.#headersEndedBefore(index + 1)) this.#runData(index + 1, EMPTY, true);
    if (trailers !== undefined && !this.stopped) this.#runTrailers(index + 1);
  }

  /** Headers had gone on without `end`, so the end must follow as an empty chunk. */
  #headersEndedBefore(index: number): boolean {
    return this.#headersSeenBy > index && !this.#headersCarriedEnd;
  }
  #headersCarriedEnd = false;

  #takeBuffer(): Buffer | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined || buffer.length === 0) return undefined;
    const body = buffer.peek();
    buffer.replace(EMPTY);
    return body;
  }

  #runHeaders(from: number, end: boolean): void {
    const target = this.#target;
    const headers = this.#headers!;
    const length = target.length;
    this.#headersCarriedEnd = end;
    for (let index = from; index < length; index++) {
      this.#headersSeenBy = index + 1;
      const status = target.callHeaders(index, headers, end);
      if (this.stopped) return;
      if (status !== CONTINUE) {
        this.#hold(index, status);
        this.#holdsAll = status !== STOP;
        if (end) this.#endWaits = true;
        return;
      }
    }
    this.#headersSeenBy = length + 1;
    target.passHeaders(headers, end);
  }

  #runData(from: number, chunk: Buffer, end: boolean): void {
    const target = this.#target;
    const length = target.length;
    for (let index = from; index < length; index++) {
      if (index === this.#holder && this.#holdsAll) {
        this.#keepWaiting(chunk, end);
        return;
      }
      const status = target.callData(index, chunk, end);
      if (this.stopped) return;
      if (status === CONTINUE) {
        if (index !== this.#holder) continue;
        if (end) this.#endWaits = true;
        this.#continueFromData(index, chunk);
        return;
      }
      if (status === TAKEN) return;
      this.#hold(index, status);
      this.#keepWaiting(status === STOP ? EMPTY : chunk, end);
      return;
    }
    target.passData(chunk, end);
  }

  /** The holder's data hook let go: what waited goes first, then this chunk. */
  #continueFromData(index: number, chunk: Buffer): void {
    this.#release();
    if (this.#buffer !== undefined && this.#buffer.length > 0) this.#buffer.append(chunk);
    else {
      this.#buffer ??= new BodyBuffer();
      this.#buffer.append(chunk);
    }
    const isLate = this.#buffers || !this.#target.lastChunkEnds;
    if (isLate && this.#buffer.length > this.limitBytes) this.#target.onBufferOverflow();
    if (!this.stopped) this.#flushFrom(index);
  }

  #runTrailers(from: number): void {
    const target = this.#target;
    const trailers = this.#trailers!;
    for (let index = from; index < target.length; index++) {
      if (index === this.#holder && this.#holdsAll) return;
      const status = target.callTrailers(index, trailers);
      if (this.stopped) return;
      if (status === CONTINUE) {
        if (index !== this.#holder) continue;
        this.#release();
        this.#flushFrom(index);
        return;
      }
      if (status === TAKEN) this.#trailers = undefined;
      else this.#hold(index, status);
      return;
    }
    this.#trailers = undefined;
    target.passTrailers(trailers);
  }

  #hold(index: number, status: FilterStatus): void {
    this.#holder = index;
    this.#watermark = status === STOP_AND_WATERMARK;
    if (status !== STOP) this.#buffers = status === STOP_AND_BUFFER;
    if (status === STOP_AND_BUFFER && this.#buffer !== undefined) this.#checkLimit();
  }

  #keepWaiting(chunk: Buffer, end: boolean): void {
    if (end) this.#endWaits = true;
    this.#keep(chunk);
  }

  #keep(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#buffer ??= new BodyBuffer();
    this.#buffer.append(chunk);
    this.#checkLimit();
  }

  #checkLimit(): void {
    if (this.#buffer!.length <= this.limitBytes) return;
    if (!this.#watermark) this.#target.onBufferOverflow();
    else if (!this.#aboveWatermark) {
      this.#aboveWatermark = true;
      this.#target.onHighWatermark();
    }
  }
}
