import type { Connection } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { ByteCounts } from '../stream-info.ts';
import type { PressureWatcher, ServerEncoder } from './codec.ts';
import { HeadMemo } from './head-memo.ts';
import { CasedHeaderMap, type FieldCase, properFields } from './field-case.ts';
import type { FieldFacts } from './h1-field-facts.ts';
import { isBodiless, statusLine } from './h1-status.ts';

/** What the encoder needs of its connection's codec. */
export interface ResponseEncoderCodec {
  pause(): void;
  resume(): void;
  checkPressure(watcher: PressureWatcher | undefined): void;
  onEncoderReset(): void;
}

const heads = new HeadMemo((statusLine) => statusLine);

/** Writes one HTTP/1 response. */
export class H1ResponseEncoder implements ServerEncoder, ByteCounts {
  watcher: PressureWatcher | undefined;
  readonly multiplexed = false;
  /** Of the request. */
  minorVersion = 1;
  /** The client wants the connection closed after this response, or cannot keep it (RFC 9112 §9.3). */
  closeRequested = false;
  /** HTTP/1.0 with `Connection: keep-alive`. */
  keepAliveRequested = false;
  expectContinue = false;
  wireReceived = 0;
  wireSent = 0;
  headersReceived = 0;
  headersSent = 0;
  readonly #connection: Connection;
  readonly #codec: ResponseEncoderCodec;
  readonly #proper: boolean;
  #isHead = false;
  #isConnect = false;
  #chunked = false;
  #bodiless = false;
  #done = false;

  constructor(connection: Connection, codec: ResponseEncoderCodec, fieldCase: FieldCase) {
    this.#connection = connection;
    this.#codec = codec;
    this.#proper = fieldCase.write === 'proper';
  }

  get bytes(): ByteCounts {
    return this;
  }

  /** The codec has read this much of the request. */
  addReceived(wireBytes: number, headerBytes: number): void {
    this.wireReceived += wireBytes;
    this.headersReceived += headerBytes;
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
    if (!this.#done) this.#writeText(statusLine(headers.status, this.minorVersion) + headers.serialise() + '\r\n');
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
    this.#writeText(head);
    if (end) this.#done = true;
    this.#codec.checkPressure(this.watcher);
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (this.#done) return;
    if (end) this.#done = true;
    if (this.#bodiless) return;
    if (!this.#chunked) {
      if (chunk.length > 0) this.#writeBytes(chunk);
    } else {
      if (chunk.length > 0) {
        this.#writeText(chunk.length.toString(16) + '\r\n');
        this.#writeBytes(chunk);
      }
      if (chunk.length > 0) this.#writeText(end ? '\r\n0\r\n\r\n' : '\r\n');
      else if (end) this.#writeText('0\r\n\r\n');
    }
    this.#codec.checkPressure(this.watcher);
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#chunked) this.#writeText('0\r\n' + trailers.serialise() + '\r\n');
  }

  reset(_failure: Failure): void {
    if (this.#done) return;
    this.#done = true;
    this.#codec.onEncoderReset();
  }

  pause(): void {
    this.#codec.pause();
  }

  resume(): void {
    this.#codec.resume();
  }

  #writeText(text: string): void {
    this.wireSent += text.length;
    this.#connection.writeText(text);
  }

  #writeBytes(bytes: Buffer): void {
    this.wireSent += bytes.length;
    this.#connection.writeBytes(bytes);
  }
}
