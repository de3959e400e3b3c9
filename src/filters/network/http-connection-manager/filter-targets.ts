import { CONTINUE, type FilterStatus } from '../../../http/filter.ts';
import type { IterationTarget } from '../../../http/filter-iteration.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { ActiveStream } from './active-stream.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';

/** The request's way: decode hooks in order; the last filter is terminal, so nothing passes it. */
export class DecodeTarget implements IterationTarget {
  readonly #stream: ActiveStream;

  constructor(stream: ActiveStream) {
    this.#stream = stream;
  }

  get length(): number {
    return this.#stream.chain.decoders.length;
  }

  /** HTTP/1 hands over body before it knows that the request has ended. */
  get lastChunkEnds(): boolean {
    return this.#stream.encoder.multiplexed;
  }

  callHeaders(index: number, headers: HeaderMap, end: boolean): FilterStatus {
    const stream = this.#stream;
    const entry = stream.chain.decoders[index]!;
    const hook = entry.decodeHeaders;
    if (hook === undefined) return CONTINUE;
    stream.current = entry;
    return hook.call(entry.filter, stream, headers, end);
  }

  callData(index: number, chunk: Buffer, end: boolean): FilterStatus {
    const stream = this.#stream;
    const entry = stream.chain.decoders[index]!;
    const hook = entry.decodeData;
    if (hook === undefined) return CONTINUE;
    stream.current = entry;
    return hook.call(entry.filter, stream, chunk, end);
  }

  callTrailers(index: number, trailers: HeaderMap): FilterStatus {
    const stream = this.#stream;
    const entry = stream.chain.decoders[index]!;
    const hook = entry.decodeTrailers;
    if (hook === undefined) return CONTINUE;
    stream.current = entry;
    return hook.call(entry.filter, stream, trailers);
  }

  passHeaders(): void {}
  passData(): void {}
  passTrailers(): void {}

  onBufferOverflow(): void {
    const stream = this.#stream;
    stream.config.stats.inc(HTTP_STATS.downstream_rq_too_large);
    stream.localReply({ status: 413, body: 'Payload Too Large', details: 'request_payload_too_large', cutsRequest: true });
  }

  onHighWatermark(): void {
    this.#stream.config.stats.inc(HTTP_STATS.downstream_flow_control_paused_reading_total);
    this.#stream.encoder.pause();
  }

  onLowWatermark(): void {
    this.#stream.config.stats.inc(HTTP_STATS.downstream_flow_control_resumed_reading_total);
    this.#stream.encoder.resume();
  }
}

/** The response's way: encode hooks in reverse order, then the codec. */
export class EncodeTarget implements IterationTarget {
  readonly lastChunkEnds = false;
  readonly #stream: ActiveStream;

  constructor(stream: ActiveStream) {
    this.#stream = stream;
  }

  get length(): number {
    return this.#stream.chain.encoders.length;
  }

  callHeaders(index: number, headers: HeaderMap, end: boolean): FilterStatus {
    const stream = this.#stream;
    const entry = stream.chain.encoders[index]!;
    const hook = entry.encodeHeaders;
    if (hook === undefined) return CONTINUE;
    stream.current = entry;
    return hook.call(entry.filter, stream, headers, end);
  }

  callData(index: number, chunk: Buffer, end: boolean): FilterStatus {
    const stream = this.#stream;
    const entry = stream.chain.encoders[index]!;
    const hook = entry.encodeData;
    if (hook === undefined) return CONTINUE;
    stream.current = entry;
    return hook.call(entry.filter, stream, chunk, end);
  }

  callTrailers(index: number, trailers: HeaderMap): FilterStatus {
    const stream = this.#stream;
    const entry = stream.chain.encoders[index]!;
    const hook = entry.encodeTrailers;
    if (hook === undefined) return CONTINUE;
    stream.current = entry;
    return hook.call(entry.filter, stream, trailers);
  }

  passHeaders(headers: HeaderMap, end: boolean): void {
    this.#stream.sendHeaders(headers, end);
  }

  passData(chunk: Buffer, end: boolean): void {
    this.#stream.sendData(chunk, end);
  }

  passTrailers(trailers: HeaderMap): void {
    this.#stream.sendTrailers(trailers);
  }

  /** The answer cannot be given whole: 500 while nothing of it has left, else a reset. */
  onBufferOverflow(): void {
    const stream = this.#stream;
    stream.config.stats.inc(HTTP_STATS.rs_too_large);
    if (stream.info.responseStartMs !== 0) {
      stream.info.responseCodeDetails = 'response_payload_too_large';
      stream.reset();
      return;
    }
    stream.replaceResponse({
      status: 500,
      body: 'Internal Server Error',
      details: 'response_payload_too_large',
      headers: (headers) => headers.remove(H.connection),
    });
  }

  onHighWatermark(): void {
    this.#stream.onHighWatermark();
  }

  onLowWatermark(): void {
    this.#stream.onLowWatermark();
  }
}
