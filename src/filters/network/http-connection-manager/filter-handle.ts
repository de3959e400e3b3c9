import type { BodyBuffer } from '../../../http/body-buffer.ts';
import type { Failure } from '../../../http/failure.ts';
import type { FilterHandle, LocalReply } from '../../../http/filter.ts';
import type { FilterEntry } from '../../../http/filter-chain.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import type { ActiveStream } from './active-stream.ts';

/** One filter's access to one stream from later turns. */
export class StreamFilterHandle implements FilterHandle {
  readonly stream: ActiveStream;
  readonly #entry: FilterEntry;

  constructor(stream: ActiveStream, entry: FilterEntry) {
    this.stream = stream;
    this.#entry = entry;
  }

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

  pauseRequest(): void {
    if (!this.stream.destroyed) this.stream.encoder.pause();
  }

  resumeRequest(): void {
    if (!this.stream.destroyed) this.stream.encoder.resume();
  }

  pauseResponse(): void {
    if (!this.stream.destroyed) this.stream.tellPressure('onAboveWriteBuffer');
  }

  resumeResponse(): void {
    if (!this.stream.destroyed) this.stream.tellPressure('onBelowWriteBuffer');
  }

  reset(_failure: Failure): void {
    this.stream.reset();
  }

  /** Envoy passes no 1xx on unless told to; an HTTP/1.0 client would not understand one. */
  respondInformational(headers: HeaderMap): void {
    if (this.stream.config.proxy100Continue && this.stream.encoder.minorVersion === 1) this.stream.respondInformational(headers);
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
