import type { Connection, ConnectionOwner, TransportError } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { ByteCounts } from '../stream-info.ts';
import { ChunkedReader } from './chunked.ts';
import type { ClientCodec, ClientCodecOwner, PressureWatcher, RequestEncoder, ResponseDecoder } from './codec.ts';
import { type HeadLeniency, HeadParser, INCOMPLETE, INVALID } from './h1-head.ts';
import { isBodiless } from './h1-status.ts';
import { HeadEndScanner, HeldBytes } from './held-bytes.ts';

export interface H1ClientOptions {
  /** `max_response_headers_kb`, in bytes. */
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly leniency: HeadLeniency;
  readonly trailers: boolean;
  /** `per_connection_buffer_limit_bytes` of the cluster. */
  readonly highWatermarkBytes: number;
}

/**
 * HTTP/1 on an upstream connection: one stream at a time, never pipelined.
 *
 *   IDLE ──newStream──▶ HEAD ──head──▶ LENGTH | CHUNKED ─▶ TRAILERS | UNTIL_CLOSE ──end──▶ IDLE
 *     │                  ▲ └─1xx─┘                                     │
 *     └─bytes or FIN─▶ CLOSED ◀── invalid, reset, not reusable ────────┘
 */
const IDLE = 0;
const HEAD = 1;
const LENGTH = 2;
const CHUNKED = 3;
const TRAILERS = 4;
const UNTIL_CLOSE = 5;
const CLOSED = 6;

/** 1xx responses taken before a final one. */
const MAX_INFORMATIONAL = 64;

const parser = new HeadParser();
const EMPTY = Buffer.alloc(0);

export class H1ClientCodec implements ClientCodec, ConnectionOwner {
  readonly #connection: Connection;
  readonly #owner: ClientCodecOwner;
  readonly #options: H1ClientOptions;
  #state = IDLE;
  #stream: H1RequestEncoder | undefined;
  #decoder: ResponseDecoder | undefined;
  #remaining = 0;
  #chunked: ChunkedReader | undefined;
  #held: HeldBytes | undefined;
  #scanner: HeadEndScanner | undefined;
  #informational = 0;
  /** The peer said, or its framing says, that the connection ends with this response. */
  #lastResponse = false;
  #pauses = 0;
  #aboveWatermark = false;
  #closeFailure: Failure | undefined;

  constructor(connection: Connection, owner: ClientCodecOwner, options: H1ClientOptions) {
    this.#connection = connection;
    this.#owner = owner;
    this.#options = options;
  }

  get canTakeStream(): boolean {
    return this.#state === IDLE;
  }

  get activeStreams(): number {
    return this.#stream === undefined ? 0 : 1;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.#decoder = decoder;
    this.#state = HEAD;
    this.#informational = 0;
    this.#lastResponse = false;
    this.#stream = new H1RequestEncoder(this.#connection, this);
    return this.#stream;
  }

  close(failure: Failure): void {
    this.#closeFailure = failure;
    this.#resetStream(failure);
    this.#state = CLOSED;
    this.#connection.destroy();
  }

  // ConnectionOwner

  onBytes(bytes: Buffer, length: number): void {
    if (this.#held === undefined) {
      this.#dispatch(bytes, length);
      return;
    }
    const held = this.#held;
    const before = held.length;
    held.append(bytes, 0, length);
    const waitsForHead = this.#state === HEAD && held.length <= this.#options.maxHeadBytes;
    if (waitsForHead && !this.#scanner!.scan(held.bytes, before, held.length)) return;
    this.#held = undefined;
    this.#dispatch(held.bytes, held.length);
  }

  onEnd(): void {
    if (this.#state === UNTIL_CLOSE) {
      this.#state = CLOSED;
      this.#lastResponse = true;
      this.#decoder!.onData(EMPTY, true);
      this.#endStream();
    }
    this.#connection.destroy();
  }

  onClosed(error: TransportError | undefined): void {
    this.#state = CLOSED;
    const failure = this.#closeFailure ?? connectionEnded(error);
    this.#resetStream(failure);
    this.#owner.onCodecClosed(this, failure);
  }

  onDrained(): void {
    if (!this.#aboveWatermark) return;
    this.#aboveWatermark = false;
    this.#stream?.watcher?.onLowWatermark();
  }

  // For the encoder of the current stream

  pause(): void {
    if (this.#pauses++ === 0) this.#connection.pauseReads();
  }

  resume(): void {
    if (this.#pauses === 0 || --this.#pauses > 0) return;
    this.#connection.resumeReads();
  }

  checkPressure(watcher: PressureWatcher | undefined): void {
    if (this.#aboveWatermark || this.#connection.unsentBytes <= this.#options.highWatermarkBytes) return;
    this.#aboveWatermark = true;
    watcher?.onHighWatermark();
  }

  /** The stream's user gave it up: what is half read or half written spoils the connection. */
  onEncoderReset(failure: Failure): void {
    this.#decoder = undefined;
    this.#stream = undefined;
    this.#closeFailure = failure;
    this.#state = CLOSED;
    this.#connection.destroy();
  }

  // Reading

  #dispatch(bytes: Buffer, length: number): void {
    let at = 0;
    while (at < length || this.#state === TRAILERS) {
      const before = at;
      switch (this.#state) {
        case HEAD:
          at = this.#readHead(bytes, at, length);
          break;
        case LENGTH:
          at = this.#readLength(bytes, at, length);
          break;
        case CHUNKED:
          at = this.#readChunked(bytes, at, length);
          break;
        case TRAILERS:
          at = this.#readTrailers(bytes, at, length);
          break;
        case UNTIL_CLOSE:
          this.#stream!.addReceived(length - at, 0);
          this.#decoder!.onData(bytes.subarray(at, length), false);
          at = length;
          break;
        case IDLE:
          // Bytes nobody asked for: whatever follows could be taken for the answer to the next request.
          this.#fail();
          return;
        default:
          return;
      }
      if (at === before) return;
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const headers = new HeaderMap();
    const headEnd = parser.parseResponse(bytes, at, end, this.#options.maxHeaders, this.#options.leniency, headers);
    if (headEnd === INVALID) return this.#fail();
    if ((headEnd === INCOMPLETE ? end : headEnd) - at > this.#options.maxHeadBytes) return this.#fail();
    if (headEnd === INCOMPLETE) {
      this.#held = new HeldBytes();
      this.#held.append(bytes, at, end);
      this.#scanner ??= new HeadEndScanner();
      this.#scanner.reset();
      this.#scanner.scan(bytes, at, end);
      return end;
    }
    if (headers.status < 200) {
      this.#stream!.addReceived(headEnd - at, parser.fieldBytes);
      if (headers.status === 101 || ++this.#informational > MAX_INFORMATIONAL) return this.#fail();
      this.#decoder!.onInformational(headers);
      return headEnd;
    }
    this.#stream!.addReceived(headEnd - at, parser.fieldBytes);
    return this.#onHead(headers, headEnd) ? headEnd : INVALID;
  }

  #onHead(headers: HeaderMap, _headEnd: number): boolean {
    if (parser.unknownTransferEncoding || (parser.chunked && parser.version < 11)) {
      this.#fail();
      return false;
    }
    this.#lastResponse = parser.version >= 11 ? parser.connectionClose : !parser.connectionKeepAlive;
    let end = false;
    if (this.#stream!.isHead || isBodiless(headers.status)) {
      end = true;
    } else if (parser.chunked) {
      this.#chunked ??= new ChunkedReader();
      this.#chunked.reset();
      this.#state = CHUNKED;
    } else if (parser.contentLength >= 0) {
      end = parser.contentLength === 0;
      this.#remaining = parser.contentLength;
      this.#state = LENGTH;
    } else {
      this.#state = UNTIL_CLOSE;
    }
    this.#decoder!.onHeaders(headers, end);
    if (end) this.#endStream();
    return true;
  }

  #readLength(bytes: Buffer, at: number, end: number): number {
    const run = Math.min(end - at, this.#remaining);
    this.#remaining -= run;
    const last = this.#remaining === 0;
    this.#stream!.addReceived(run, 0);
    this.#decoder!.onData(bytes.subarray(at, at + run), last);
    if (last) this.#endStream();
    return at + run;
  }

  #readChunked(bytes: Buffer, start: number, end: number): number {
    const chunked = this.#chunked!;
    const at = chunked.next(bytes, start, end);
    if (chunked.broken) return this.#fail();
    if (chunked.atTrailers) this.#state = TRAILERS;
    this.#stream!.addReceived(at - start, 0);
    if (chunked.dataEnd > chunked.dataStart) this.#decoder!.onData(bytes.subarray(chunked.dataStart, chunked.dataEnd), false);
    return at;
  }

  #readTrailers(bytes: Buffer, at: number, end: number): number {
    const trailers = new HeaderMap();
    const trailersEnd = parser.parseTrailers(bytes, at, end, this.#options.maxHeaders, this.#options.leniency, trailers);
    if (trailersEnd === INVALID) return this.#fail();
    if (trailersEnd === INCOMPLETE) {
      if (end - at > this.#options.maxHeadBytes) return this.#fail();
      if (end > at) {
        this.#held ??= new HeldBytes();
        this.#held.append(bytes, at, end);
      }
      return at;
    }
    this.#stream!.addReceived(trailersEnd - at, parser.fieldBytes);
    if (this.#options.trailers && trailers.size > 0) this.#decoder!.onTrailers(trailers);
    else this.#decoder!.onData(EMPTY, true);
    this.#endStream();
    return trailersEnd;
  }

  /** The response is complete. The connection can serve again only if the request is complete as well. */
  #endStream(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    this.#decoder = undefined;
    if (this.#pauses !== 0) {
      this.#pauses = 0;
      this.#connection.resumeReads();
    }
    const reusable = stream.done && !this.#lastResponse && this.#state !== CLOSED;
    stream.finish();
    if (reusable) {
      this.#state = IDLE;
    } else {
      this.#state = CLOSED;
      this.#connection.destroy();
    }
    this.#owner.onStreamEnd(this);
  }

  /** The peer broke the protocol. Returns INVALID, which ends the loop over its bytes. */
  #fail(): typeof INVALID {
    this.#state = CLOSED;
    this.#closeFailure = PROTOCOL_ERROR;
    this.#owner.onProtocolError(this);
    this.#resetStream(PROTOCOL_ERROR);
    this.#connection.destroy();
    return INVALID;
  }

  #resetStream(failure: Failure): void {
    const decoder = this.#decoder;
    this.#stream?.finish();
    this.#stream = undefined;
    this.#decoder = undefined;
    decoder?.onReset(failure);
  }
}

/** What a request line has beside method and path, and the empty line. */
const REQUEST_LINE_REST = '  HTTP/1.1\r\n\r\n'.length;

/** Writes one HTTP/1 request. */
class H1RequestEncoder implements RequestEncoder, ByteCounts {
  watcher: PressureWatcher | undefined;
  isHead = false;
  /** The whole request has been written. */
  done = false;
  wireReceived = 0;
  wireSent = 0;
  headersReceived = 0;
  headersSent = 0;
  readonly #connection: Connection;
  readonly #codec: H1ClientCodec;
  #chunked = false;
  #detached = false;

  constructor(connection: Connection, codec: H1ClientCodec) {
    this.#connection = connection;
    this.#codec = codec;
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
  finish(): void {
    this.#detached = true;
  }

  sendHeaders(headers: HeaderMap, end: boolean): void {
    if (this.#detached) return;
    const method = headers.method;
    this.isHead = method === 'HEAD';
    let framing = '\r\n';
    if (!headers.has(H.contentLength)) {
      if (!end) {
        this.#chunked = true;
        framing = 'transfer-encoding: chunked\r\n\r\n';
      } else if (!mayLackLength(method)) {
        framing = 'content-length: 0\r\n\r\n';
      }
    }
    this.done = end;
    const head = `${method} ${headers.path} HTTP/1.1\r\nhost: ${headers.authority}\r\n${headers.serialise()}${framing}`;
    this.headersSent += head.length - method.length - headers.path.length - REQUEST_LINE_REST;
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
    if (this.#chunked) this.#writeText('0\r\n' + trailers.serialise() + '\r\n');
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

/** Methods whose requests carry no body unless they say so (RFC 9110 §9.3). */
function mayLackLength(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'CONNECT' || method === 'TRACE' || method === 'OPTIONS';
}

const PROTOCOL_ERROR: Failure = { source: 'upstream', kind: 'protocol-error', retryable: false, details: '' };

function connectionEnded(error: TransportError | undefined): Failure {
  return { source: 'upstream', kind: 'connection-termination', retryable: false, details: error?.code ?? '' };
}
