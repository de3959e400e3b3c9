import { BodyBuffer } from '../../../http/body-buffer.ts';
import type { RequestEncoder } from '../../../http/codec/codec.ts';
import type { HeaderMap } from '../../../http/header-map.ts';

/** What has come of a request behind its headers before it may go upstream. */
export class HeldRequest {
  readonly #body = new BodyBuffer();
  #end = false;
  #trailers: HeaderMap | undefined;

  get length(): number {
    return this.#body.length;
  }

  addData(chunk: Buffer, end: boolean): void {
    this.#body.append(chunk);
    this.#end = end;
  }

  addTrailers(trailers: HeaderMap): void {
    this.#trailers = trailers;
  }

  sendTo(encoder: RequestEncoder): void {
    const chunks = this.#body.drain();
    for (let at = 0; at < chunks.length; at++) encoder.sendData(chunks[at]!, this.#end && at === chunks.length - 1);
    if (chunks.length === 0 && this.#end) encoder.sendData(EMPTY, true);
    if (this.#trailers !== undefined) encoder.sendTrailers(this.#trailers);
  }
}

const EMPTY = Buffer.alloc(0);
