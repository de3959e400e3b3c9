import type { Connection } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { RequestEncoder } from './codec.ts';
import type { ConnectionFlow } from './connection-flow.ts';
import { H1Encoder } from './h1-encoder.ts';
import { HeadMemo } from './head-memo.ts';
import { CasedHeaderMap, type FieldCase, properFields } from './field-case.ts';

/** What the encoder needs of its connection's codec. */
export interface RequestEncoderCodec {
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
export class H1RequestEncoder extends H1Encoder implements RequestEncoder {
  isHead = false;
  tunnel: Tunnel = 'none';
  /** The whole request has been written. */
  done = false;
  readonly #codec: RequestEncoderCodec;
  readonly #form: RequestForm;
  #chunked = false;
  #detached = false;

  constructor(connection: Connection, flow: ConnectionFlow, codec: RequestEncoderCodec, form: RequestForm) {
    super(connection, flow);
    this.#codec = codec;
    this.#form = form;
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
    this.writeText(head);
    this.flow.checkPressure(this.watcher);
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (this.#detached || this.done) return;
    this.done = end;
    this.writeBody(chunk, this.#chunked, end);
    this.flow.checkPressure(this.watcher);
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.#detached || this.done) return;
    this.done = true;
    if (this.#chunked) this.writeTrailers(this.#form.trailers ? trailers.serialise() : '');
  }

  reset(failure: Failure): void {
    if (this.#detached) return;
    this.#detached = true;
    this.#codec.onEncoderReset(failure);
  }

  pause(): void {
    if (!this.#detached) this.flow.pause();
  }

  resume(): void {
    if (!this.#detached) this.flow.resume();
  }
}

/** Methods whose requests carry no body unless they say so (RFC 9110 §9.3); Envoy counts OPTIONS among the others. */
function mayLackLength(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'CONNECT' || method === 'TRACE';
}
