import type { Connection } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { ByteCounts } from '../stream-info.ts';
import type { PressureWatcher, RequestEncoder } from './codec.ts';
import { HeadMemo } from './head-memo.ts';
import { CasedHeaderMap, type FieldCase, properFields } from './field-case.ts';

/** What the encoder needs of its connection's codec. */
export interface RequestEncoderCodec {
  pause(): void;
  resume(): void;
  checkPressure(watcher: PressureWatcher | undefined): void;
  onEncoderReset(failure: Failure): void;
}

/** How requests are written. */
export interface RequestForm {
  readonly trailers: boolean;
  readonly fieldCase: FieldCase;
  /** `send_fully_qualified_url`. */
  readonly fullUrl: boolean;
}

function properHead(head: string): string {
  const lineEnd = head.indexOf('\n') + 1;
  return head.slice(0, lineEnd) + properFields(head.slice(lineEnd));
}

/** What follows the target. */
const rests = new HeadMemo((authority, headers) => ` HTTP/1.1\r\n${headers.nameOf('host')}: ${authority}\r\n`);

/** What a request line has beside method and path, and the empty line. */
const REQUEST_LINE_REST = '  HTTP/1.1\r\n\r\n'.length;

/** What the request asks the peer to change its connection to. */
export type Tunnel = 'none' | 'connect' | 'upgrade';

/** Writes one HTTP/1 request. */
export class H1RequestEncoder implements RequestEncoder, ByteCounts {
  watcher: PressureWatcher | undefined;
  isHead = false;
  tunnel: Tunnel = 'none';
  /** The whole request has been written. */
  done = false;
  wireReceived = 0;
  wireSent = 0;
  headersReceived = 0;
  headersSent = 0;
  readonly #connection: Connection;
  readonly #codec: RequestEncoderCodec;
  readonly #form: RequestForm;
  #chunked = false;
  #detached = false;

  constructor(connection: Connection, codec: RequestEncoderCodec, form: RequestForm) {
    this.#connection = connection;
    this.#codec = codec;
    this.#form = form;
  }

  get bytes(): ByteCounts {
    return this;
  }

  /** The codec has read this much of the response. */
  addReceived(wireBytes: number, headerBytes: number): void {
    this.wireReceived += wireBytes;
    this.headersReceived += headerBytes;
  }

  /** The stream is over: later calls do nothing. */
  detach(): void {
    this.#detached = true;
  }

  sendHeaders(headers: HeaderMap, end: boolean): void {
    if (this.#detached) return;
    const method = headers.method;
    this.isHead = method === 'HEAD';
    let target = headers.path;
    let framing = '\r\n';
    if (method === 'CONNECT') {
      this.tunnel = 'connect';
      target = headers.authority;
    } else if (headers.has(H.upgrade)) {
      this.tunnel = 'upgrade';
    } else if (!headers.has(H.contentLength)) {
      if (!end) {
        this.#chunked = true;
        framing = 'transfer-encoding: chunked\r\n\r\n';
      } else if (!mayLackLength(method)) {
        framing = 'content-length: 0\r\n\r\n';
      }
    }
    this.done = end;
    const { fullUrl, fieldCase } = this.#form;
    if (fullUrl && method !== 'CONNECT') target = `${headers.scheme || 'http'}://${headers.authority}${target}`;
    let head = `${method} ${target}${rests.head(headers.authority, headers, framing)}`;
    if (fieldCase.write === 'proper' && !(headers instanceof CasedHeaderMap)) head = properHead(head);
    this.headersSent += head.length - method.length - target.length - REQUEST_LINE_REST;
    this.#writeText(head);
    this.#codec.checkPressure(this.watcher);
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (this.#detached || this.done) return;
    this.done = end;
    if (this.#chunked && chunk.length > 0) {
      this.#writeText(chunk.length.toString(16) + '\r\n');
      this.#writeBytes(chunk);
      this.#writeText(end ? '\r\n0\r\n\r\n' : '\r\n');
    } else if (chunk.length > 0) {
      this.#writeBytes(chunk);
    } else if (end && this.#chunked) {
      this.#writeText('0\r\n\r\n');
    }
    this.#codec.checkPressure(this.watcher);
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.#detached || this.done) return;
    this.done = true;
    if (this.#chunked) this.#writeText('0\r\n' + (this.#form.trailers ? trailers.serialise() : '') + '\r\n');
  }

  reset(failure: Failure): void {
    if (this.#detached) return;
    this.#detached = true;
    this.#codec.onEncoderReset(failure);
  }

  pause(): void {
    if (!this.#detached) this.#codec.pause();
  }

  resume(): void {
    if (!this.#detached) this.#codec.resume();
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

/** Methods whose requests carry no body unless they say so (RFC 9110 §9.3); Envoy counts OPTIONS among the others. */
function mayLackLength(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'CONNECT' || method === 'TRACE';
}
