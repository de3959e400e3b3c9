import type { BodyBuffer } from './body-buffer.ts';
import type { Failure } from './failure.ts';
import type { FilterHandle, FilterStream, LocalReply } from './filter.ts';
import type { FilterChain, FilterEntry } from './filter-chain.ts';
import type { FilterIteration } from './filter-iteration.ts';
import type { HeaderMap } from './header-map.ts';

/** A stream whose two messages pass through the filters of a chain. */
export interface IteratedStream extends FilterStream {
  readonly chain: FilterChain;
  /** The filter whose hook is running. */
  current: FilterEntry | undefined;
  readonly decoding: FilterIteration;
  readonly encoding: FilterIteration;
  readonly destroyed: boolean;
  respondHeaders(headers: HeaderMap, end: boolean): void;
  respondData(chunk: Buffer, end: boolean): void;
  respondTrailers(trailers: HeaderMap): void;
}

/**
 * One filter's access to one stream from later turns. Extended for each kind of stream by what lies behind its chain's two ends: who
 * can be paused there, and what a reset is.
 */
export abstract class IterationHandle<Stream extends IteratedStream> implements FilterHandle {
  readonly stream: Stream;
  readonly #entry: FilterEntry;

  constructor(stream: Stream, entry: FilterEntry) {
    this.stream = stream;
    this.#entry = entry;
  }

  abstract pauseRequest(backedUp: boolean): void;
  abstract resumeRequest(backedUp: boolean): void;
  abstract pauseResponse(): void;
  abstract resumeResponse(): void;
  abstract reset(failure: Failure): void;
  abstract respondInformational(headers: HeaderMap): void;

  get done(): boolean {
    return this.stream.destroyed;
  }

  continueDecoding(): void {
    this.stream.decoding.resume(this.#decoder);
  }

  continueEncoding(): void {
    this.stream.encoding.resume(this.#encoder);
  }

  localReply(reply: LocalReply): void {
    this.stream.localReply(reply);
  }

  decodingBuffer(): BodyBuffer | undefined {
    return this.stream.decoding.buffer;
  }

  encodingBuffer(): BodyBuffer | undefined {
    return this.stream.encoding.buffer;
  }

  setDecodingBufferLimit(limitBytes: number): void {
    this.stream.decoding.limitBytes = limitBytes;
  }

  addDecodedData(chunk: Buffer): void {
    this.stream.decoding.addData(this.#decoder, chunk);
    this.stream.current = this.#entry;
  }

  addEncodedData(chunk: Buffer): void {
    this.stream.encoding.addData(this.#encoder, chunk);
    this.stream.current = this.#entry;
  }

  injectDecodedData(chunk: Buffer, end: boolean): void {
    this.stream.decoding.injectData(this.#decoder, chunk, end);
    this.stream.current = this.#entry;
  }

  injectEncodedData(chunk: Buffer, end: boolean): void {
    this.stream.encoding.injectData(this.#encoder, chunk, end);
    this.stream.current = this.#entry;
  }

  injectDecodedTrailers(trailers: HeaderMap): void {
    this.stream.decoding.injectTrailers(this.#decoder, trailers);
  }

  injectEncodedTrailers(trailers: HeaderMap): void {
    this.stream.encoding.injectTrailers(this.#encoder, trailers);
  }

  respondHeaders(headers: HeaderMap, end: boolean): void {
    this.stream.respondHeaders(headers, end);
  }

  respondData(chunk: Buffer, end: boolean): void {
    this.stream.respondData(chunk, end);
  }

  respondTrailers(trailers: HeaderMap): void {
    this.stream.respondTrailers(trailers);
  }

  /** Where this filter stands in the two rows. */
  get #decoder(): number {
    return this.stream.chain.decoders.indexOf(this.#entry);
  }

  get #encoder(): number {
    return this.stream.chain.encoders.indexOf(this.#entry);
  }
}
