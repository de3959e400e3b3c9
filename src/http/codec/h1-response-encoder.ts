import type { Connection } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { ServerEncoder } from './codec.ts';
import type { ConnectionFlow } from './connection-flow.ts';
import { H1Encoder } from './h1-encoder.ts';
import { HeadMemo } from './head-memo.ts';
import { CasedHeaderMap, type FieldCase, properFields } from './field-case.ts';
import type { FieldFacts } from './h1-field-facts.ts';
import { isBodiless, statusLine } from './h1-status.ts';

/** What the encoder needs of its connection's codec. */
export interface ResponseEncoderCodec {
  onEncoderReset(): void;
}

const heads = new HeadMemo((statusLine) => statusLine);

/** Writes one HTTP/1 response. */
export class H1ResponseEncoder extends H1Encoder implements ServerEncoder {
  readonly multiplexed = false;
  /** Of the request. */
  minorVersion = 1;
  /** The client wants the connection closed after this response, or cannot keep it (RFC 9112 §9.3). */
  closeRequested = false;
  /** HTTP/1.0 with `Connection: keep-alive`. */
  keepAliveRequested = false;
  expectContinue = false;
  readonly #codec: ResponseEncoderCodec;
  readonly #proper: boolean;
  #isHead = false;
  #isConnect = false;
  #chunked = false;
  #bodiless = false;
  #done = false;

  constructor(connection: Connection, flow: ConnectionFlow, codec: ResponseEncoderCodec, fieldCase: FieldCase) {
    super(connection, flow);
    this.#codec = codec;
    this.#proper = fieldCase.write === 'proper';
  }

  /** `version`: 11 for HTTP/1.1. */
  onRequestHead(method: string, version: number, facts: FieldFacts): void {
    this.#isHead = method === 'HEAD';
    this.#isConnect = method === 'CONNECT';
    this.minorVersion = version === 11 ? 1 : 0;
    this.expectContinue = facts.expectContinue;
    this.keepAliveRequested = version !== 11 && facts.connectionKeepAlive;
    this.closeRequested = version === 11 ? facts.connectionClose : !facts.connectionKeepAlive;
  }

  sendInformational(headers: HeaderMap): void {
    if (!this.#done) this.writeText(statusLine(headers.status, this.minorVersion) + headers.serialise() + '\r\n');
  }

  sendHeaders(headers: HeaderMap, end: boolean): void {
    if (this.#done) return;
    const status = headers.status;
    let framing = '\r\n';
    if (isBodiless(status)) {
      // Behind a 101 that the manager lets through, bytes follow as they are.
      this.#bodiless = status !== 101 || !headers.has(H.upgrade);
      if (status === 204 && !end) headers.remove(H.contentLength);
    } else if (!headers.has(H.contentLength)) {
      if (end && !this.#isHead) framing = 'content-length: 0\r\n\r\n';
      else if (this.minorVersion === 1 && !(this.#isConnect && status < 300)) {
        framing = 'transfer-encoding: chunked\r\n\r\n';
        this.#chunked = !this.#isHead;
      }
    }
    if (this.#isHead) this.#bodiless = true;
    const start = statusLine(status, this.minorVersion);
    let head = heads.head(start, headers, framing);
    if (this.#proper && !(headers instanceof CasedHeaderMap)) head = start + properFields(head.slice(start.length));
    this.headersSent += head.length - start.length - 2;
    this.writeText(head);
    if (end) this.#done = true;
    this.flow.checkPressure(this.watcher);
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (this.#done) return;
    if (end) this.#done = true;
    if (this.#bodiless) return;
    this.writeBody(chunk, this.#chunked, end);
    this.flow.checkPressure(this.watcher);
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#chunked) this.writeTrailers(trailers.serialise());
  }

  reset(_failure: Failure): void {
    if (this.#done) return;
    this.#done = true;
    this.#codec.onEncoderReset();
  }

  pause(): void {
    this.flow.pause();
  }

  resume(): void {
    this.flow.resume();
  }
}
