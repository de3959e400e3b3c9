import type { FilterStatus } from '../../../http/filter.ts';
import type { IterationTarget } from '../../../http/filter-iteration.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import type { UpstreamFilterStream } from './upstream-filter-stream.ts';

/** The request's way, from the router to the upstream. */
export class UpstreamDecodeTarget implements IterationTarget {
  readonly lastChunkEnds = false;
  readonly #stream: UpstreamFilterStream;

  constructor(stream: UpstreamFilterStream) {
    this.#stream = stream;
  }

  get length(): number {
    return this.#stream.chain.decoders.length;
  }

  callHeaders(index: number, headers: HeaderMap, end: boolean): FilterStatus {
    return this.#stream.call(this.#stream.chain.decoders[index]!, 'decodeHeaders', headers, end);
  }

  callData(index: number, chunk: Buffer, end: boolean): FilterStatus {
    return this.#stream.call(this.#stream.chain.decoders[index]!, 'decodeData', chunk, end);
  }

  callTrailers(index: number, trailers: HeaderMap): FilterStatus {
    return this.#stream.call(this.#stream.chain.decoders[index]!, 'decodeTrailers', trailers, true);
  }

  passHeaders(headers: HeaderMap, end: boolean): void {
    this.#stream.forwardHeaders(headers, end);
  }

  passData(chunk: Buffer, end: boolean): void {
    this.#stream.upstream?.sendData(chunk, end);
  }

  passTrailers(trailers: HeaderMap): void {
    this.#stream.upstream?.sendTrailers(trailers);
  }

  onBufferOverflow(): void {
    this.#stream.localReply({ status: 413, body: 'Payload Too Large', details: 'request_payload_too_large', cutsRequest: true });
  }

  onHighWatermark(): void {
    this.#stream.owner.onHighWatermark();
  }

  onLowWatermark(): void {
    this.#stream.owner.onLowWatermark();
  }
}

/** The response's way, from the upstream to the router. */
export class UpstreamEncodeTarget implements IterationTarget {
  readonly lastChunkEnds = false;
  readonly #stream: UpstreamFilterStream;

  constructor(stream: UpstreamFilterStream) {
    this.#stream = stream;
  }

  get length(): number {
    return this.#stream.chain.encoders.length;
  }

  callHeaders(index: number, headers: HeaderMap, end: boolean): FilterStatus {
    return this.#stream.call(this.#stream.chain.encoders[index]!, 'encodeHeaders', headers, end);
  }

  callData(index: number, chunk: Buffer, end: boolean): FilterStatus {
    return this.#stream.call(this.#stream.chain.encoders[index]!, 'encodeData', chunk, end);
  }

  callTrailers(index: number, trailers: HeaderMap): FilterStatus {
    return this.#stream.call(this.#stream.chain.encoders[index]!, 'encodeTrailers', trailers, true);
  }

  passHeaders(headers: HeaderMap, end: boolean): void {
    this.#stream.owner.onHeaders(headers, end);
  }

  passData(chunk: Buffer, end: boolean): void {
    this.#stream.owner.onData(chunk, end);
  }

  passTrailers(trailers: HeaderMap): void {
    this.#stream.owner.onTrailers(trailers);
  }

  onBufferOverflow(): void {
    this.#stream.localReply({ status: 500, body: 'Internal Server Error', details: 'response_payload_too_large' });
  }

  onHighWatermark(): void {
    this.#stream.upstream?.pause();
  }

  onLowWatermark(): void {
    this.#stream.upstream?.resume();
  }
}
