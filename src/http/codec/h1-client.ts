import type { Connection, ConnectionOwner, TransportError } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import { ChunkedReader } from './chunked.ts';
import { CasedHeaderMap } from './field-case.ts';
import type { ClientCodec, ClientCodecOwner, RequestEncoder, ResponseDecoder } from './codec.ts';
import { ConnectionFlow } from './connection-flow.ts';
import { INVALID } from './h1-grammar.ts';
import { type HeadLeniency, HeadParser } from './h1-head.ts';
import { H1RequestEncoder, type RequestEncoderCodec, type RequestForm, type Tunnel } from './h1-request-encoder.ts';
import { isBodiless, isForwardedInformational } from './h1-status.ts';
import { HeadEndScanner, HeldBytes } from './held-bytes.ts';

export interface H1ClientOptions extends RequestForm {
  /** `max_response_headers_kb`, in bytes. */
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly leniency: HeadLeniency;
  /** `per_connection_buffer_limit_bytes` of the cluster. */
  readonly highWatermarkBytes: number;
}

/**
 * HTTP/1 on an upstream connection: one stream at a time, never pipelined.
 *
 *   IDLE ──newStream──▶ HEAD ──head──▶ LENGTH | CHUNKED ─▶ TRAILERS | UNTIL_CLOSE ──end──▶ IDLE | LAST
 *     │                  ▲ └─1xx─┘                                     │                        │
 *     └─bytes or FIN─▶ CLOSED ◀── invalid, reset, peer gone ───────────┴──── last event given ──┘
 *
 * The connection is idle, and its pool knows, before the last event of a response is given: who is told may send the next request
 * on it at once. LAST is the other end: nothing may follow on this connection, because the peer says so, because the request has
 * not been sent whole, or because bytes follow which the next request would take for its answer.
 */
const IDLE = 0;
const HEAD = 1;
const LENGTH = 2;
const CHUNKED = 3;
const TRAILERS = 4;
const UNTIL_CLOSE = 5;
const LAST = 6;
const CLOSED = 7;
/** The connection has changed its protocol: bytes as they are. */
const TUNNEL = 9;
/** As LAST, but the stream is lost with the connection: its request was not sent to the end. */
const ABANDONED = 8;

/** 1xx responses taken before a final one. */
const MAX_INFORMATIONAL = 64;

/** What begins with another byte is no response. */
const CAPITAL_H = 0x48;

const parser = new HeadParser();
const EMPTY = Buffer.alloc(0);

export class H1ClientCodec implements ClientCodec, ConnectionOwner, RequestEncoderCodec {
  /** The head of the response says that the connection ends with it. */
  closeAnnounced = false;
  readonly #connection: Connection;
  readonly #owner: ClientCodecOwner;
  readonly #options: H1ClientOptions;
  readonly #flow: ConnectionFlow;
  #state = IDLE;
  #stream: H1RequestEncoder | undefined;
  #decoder: ResponseDecoder | undefined;
  #remaining = 0;
  #chunked: ChunkedReader | undefined;
  #held: HeldBytes | undefined;
  #scanner: HeadEndScanner | undefined;
  #informational = 0;

  constructor(connection: Connection, owner: ClientCodecOwner, options: H1ClientOptions) {
    this.#connection = connection;
    this.#owner = owner;
    this.#options = options;
    this.#flow = new ConnectionFlow(connection, options.highWatermarkBytes);
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
    this.#flow.forgetWatermark();
    this.closeAnnounced = false;
    this.#stream = new H1RequestEncoder(this.#connection, this.#flow, this, this.#options);
    return this.#stream;
  }

  close(failure: Failure): void {
    this.#shutDown(failure, failure);
  }

  // ConnectionOwner

  onBytes(bytes: Buffer, length: number): void {
    // As Envoy, which counts what it reads, whatever it is then found to be.
    this.#stream?.addReceived(length, 0);
    if (this.#held === undefined) {
      this.#dispatch(bytes, length);
      return;
    }
    const held = this.#held;
    const before = held.length;
    held.append(bytes, 0, length);
    // Scans only what is new, so that a head, or trailers, that drip in cost each byte once.
    if (held.length <= this.#options.maxHeadBytes && !this.#scanner!.scan(held.bytes, before, held.length)) return;
    this.#held = undefined;
    this.#dispatch(held.bytes, held.length);
  }

  onEnd(): void {
    // As Envoy, which keeps a connection half-open for CONNECT, and so is the one who closes it.
    if (this.#state === TUNNEL && this.#stream?.tunnel === 'connect') this.#shutDown(TERMINATED, CLOSED_HERE);
    else this.#onPeerGone();
  }

  onClosed(_error: TransportError | undefined): void {
    this.#onPeerGone();
  }

  onDrained(): void {
    this.#flow.onDrained(this.#stream?.watcher);
  }

  // For the encoder of the current stream

  /** The stream's user gave it up: what is half read or half written spoils the connection. */
  onEncoderReset(failure: Failure): void {
    this.#decoder = undefined;
    // As with Envoy, a request that is cut off has begun.
    this.#connection.flush();
    this.#shutDown(failure, failure);
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
        case TUNNEL:
          this.#decoder!.onData(bytes.subarray(at, length), false);
          at = length;
          break;
        case IDLE:
          // Bytes nobody asked for: whatever follows could be taken for the answer to the next request.
          if (saysTimeout(bytes, at)) this.#shutDown(TERMINATED, CLOSED_HERE);
          else this.#fail();
          return;
        default:
          return;
      }
      if (at === before) return;
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const { keep } = this.#options.fieldCase;
    const cased = keep === 'no' ? undefined : new CasedHeaderMap(keep);
    const original = cased && Buffer.from(bytes.subarray(at, Math.min(end, at + this.#options.maxHeadBytes)));
    const headers = cased ?? new HeaderMap();
    const headEnd = parser.parseResponse(bytes, at, end, this.#options.maxHeaders, this.#options.leniency, headers);
    cased?.learn(original!, bytes, at, headEnd);
    if (headEnd < 0) return this.#onPartHead(headEnd === INVALID, bytes, at, end);
    if (headEnd - at > this.#options.maxHeadBytes) return this.#fail();
    this.#stream!.addReceived(0, parser.facts.fieldBytes);
    if (!this.#checkFraming(headers)) return this.#fail();
    if (parser.facts.repeatedInline.length > 0) headers.joinRepeated(parser.facts.repeatedInline);
    if (headers.status >= 200 || headers.status === 101) this.#onFinalHead(headers, headEnd < end);
    else if (++this.#informational > MAX_INFORMATIONAL) return this.#fail();
    else if (isForwardedInformational(headers.status)) this.#decoder!.onInformational(headers);
    return headEnd;
  }

  /** As Envoy, which says what is wrong when the first line is whole, of field lines when the head is. */
  #onPartHead(invalid: boolean, bytes: Buffer, at: number, end: number): number {
    const { headSeen, lineSeen } = this.#scan(bytes, at, end, 0);
    if (invalid && (parser.inFields ? headSeen : lineSeen || bytes[at] !== CAPITAL_H)) return this.#fail();
    if (end - at > this.#options.maxHeadBytes) return this.#fail();
    this.#held = new HeldBytes();
    this.#held.append(bytes, at, end);
    return end;
  }

  #scan(bytes: Buffer, start: number, end: number, lineFeeds: 0 | 1): HeadEndScanner {
    return (this.#scanner ??= new HeadEndScanner()).begin(bytes, start, end, lineFeeds);
  }

  /** What Envoy refuses beside what the parser does; removes fields that must not be passed on. */
  #checkFraming(headers: HeaderMap): boolean {
    if (parser.facts.unknownTransferEncoding || parser.facts.hasTwoLengths(this.#options.leniency)) return false;
    if (headers.status < 200 || headers.status === 204) {
      if (parser.facts.chunked || parser.facts.contentLength > 0) return false;
      if (parser.facts.contentLength === 0) headers.remove(H.contentLength);
    } else if (parser.facts.chunked && parser.facts.contentLength !== -1) {
      headers.remove(H.contentLength);
    }
    return true;
  }

  #onFinalHead(headers: HeaderMap, followed: boolean): void {
    this.closeAnnounced = announcesClose(headers);
    if (this.closeAnnounced) this.#owner.onCloseAnnounced(this);
    let end = false;
    if (this.#stream!.tunnel !== 'none' && opensTunnel(this.#stream!.tunnel, headers)) {
      this.#state = TUNNEL;
    } else if (this.#stream!.isHead || isBodiless(headers.status)) {
      end = true;
    } else if (parser.facts.chunked) {
      this.#chunked ??= new ChunkedReader();
      this.#chunked.reset();
      this.#state = CHUNKED;
    } else if (parser.facts.contentLength >= 0) {
      end = parser.facts.contentLength === 0;
      this.#remaining = parser.facts.contentLength;
      this.#state = LENGTH;
    } else {
      this.#state = UNTIL_CLOSE;
    }
    if (!end) {
      this.#decoder!.onHeaders(headers, false);
      return;
    }
    this.#beginEnd(followed).onHeaders(headers, true);
    this.#afterEnd(followed);
  }

  #readLength(bytes: Buffer, at: number, end: number): number {
    const run = Math.min(end - at, this.#remaining);
    this.#remaining -= run;
    const chunk = bytes.subarray(at, at + run);
    if (this.#remaining > 0) {
      this.#decoder!.onData(chunk, false);
      return at + run;
    }
    const followed = at + run < end;
    this.#beginEnd(followed).onData(chunk, true);
    this.#afterEnd(followed);
    return at + run;
  }

  #readChunked(bytes: Buffer, start: number, end: number): number {
    const chunked = this.#chunked!;
    const at = chunked.read(bytes, start, end);
    if (chunked.atTrailers) this.#state = TRAILERS;
    const { dataStart, dataEnd } = chunked;
    if (dataEnd > dataStart) this.#decoder?.onData(bytes.subarray(dataStart, dataEnd), false);
    return chunked.broken && this.#state === CHUNKED ? this.#fail() : at;
  }

  #readTrailers(bytes: Buffer, at: number, end: number): number {
    const trailers = new HeaderMap();
    const { maxHeaders, maxHeadBytes } = this.#options;
    // Those that are dropped are not counted.
    const maxLines = this.#options.trailers ? maxHeaders : maxHeadBytes;
    const trailersEnd = parser.parseTrailers(bytes, at, end, maxLines, this.#options.leniency, trailers);
    if (trailersEnd < 0) {
      const { headSeen } = this.#scan(bytes, at, end, 1);
      if ((trailersEnd === INVALID && headSeen) || end - at > maxHeadBytes) return this.#fail();
      if (end > at) {
        this.#held = new HeldBytes();
        this.#held.append(bytes, at, end);
      }
      return at;
    }
    if (trailersEnd - at > maxHeadBytes) return this.#fail();
    this.#stream!.addReceived(0, parser.facts.fieldBytes);
    const followed = trailersEnd < end;
    const decoder = this.#beginEnd(followed);
    if (this.#options.trailers && trailers.size > 0) decoder.onTrailers(trailers);
    else decoder.onData(EMPTY, true);
    this.#afterEnd(followed);
    return trailersEnd;
  }

  /**
   * The response is complete: the codec takes leave of its stream, and of the connection's reuse decides now. Returns the decoder,
   * to be given the last event. `followed`: bytes follow in the same read.
   */
  #beginEnd(followed: boolean): ResponseDecoder {
    const stream = this.#stream!;
    const decoder = this.#decoder!;
    this.#stream = undefined;
    this.#decoder = undefined;
    stream.detach();
    this.#flow.forgetPauses();
    if (followed || this.closeAnnounced || !stream.done || this.#state === UNTIL_CLOSE) {
      this.#state = stream.done ? LAST : ABANDONED;
    } else {
      this.#state = IDLE;
      this.#owner.onStreamEnd(this);
    }
    return decoder;
  }

  /** The last event has been given. */
  #afterEnd(followed: boolean): void {
    if (this.#state !== LAST && this.#state !== ABANDONED) return;
    if (followed) this.#owner.onProtocolError(this);
    // A request that was not sent to its end is lost with the connection.
    if (this.#state === LAST) this.#owner.onStreamEnd(this);
    this.#shutDown(CLOSED_HERE, CLOSED_HERE);
  }

  /** The peer broke the protocol. Returns INVALID, which ends the loop over its bytes. */
  #fail(): typeof INVALID {
    this.#owner.onProtocolError(this);
    this.#shutDown(PROTOCOL_ERROR, PROTOCOL_ERROR);
    return INVALID;
  }

  /** FIN or RST: the end of a body that has no other end, else of a message cut short. */
  #onPeerGone(): void {
    if (this.#state === CLOSED) return;
    if (this.#state === UNTIL_CLOSE) {
      const sentWhole = this.#stream!.done;
      this.#beginEnd(false).onData(EMPTY, true);
      if (sentWhole) this.#owner.onStreamEnd(this, true);
      this.#shutDown(TERMINATED, TERMINATED);
      return;
    }
    const cutShort = this.#state === HEAD ? this.#held !== undefined : this.#stream !== undefined && this.#state !== TUNNEL;
    if (cutShort) this.#owner.onProtocolError(this);
    this.#shutDown(cutShort ? PROTOCOL_ERROR : TERMINATED, TERMINATED);
  }

  /** The pool is told at once: nobody may be given a connection that is gone. */
  #shutDown(streamFailure: Failure, connectionFailure: Failure): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#held = undefined;
    this.#connection.destroy();
    const decoder = this.#decoder;
    this.#stream?.detach();
    this.#stream = undefined;
    this.#decoder = undefined;
    decoder?.onReset(streamFailure);
    this.#owner.onCodecClosed(this, connectionFailure);
  }
}

/** Servers that are tired of an idle connection say so before they close it (RFC 9110 §15.5.9). */
function saysTimeout(bytes: Buffer, at: number): boolean {
  return /^HTTP\/1\.[01] 408 /.test(bytes.toString('latin1', at, at + 13));
}

/** Only a 101 changes the protocol for an upgrade, any 2xx for CONNECT; what the answer says of a body does not count then (RFC 9110 §9.3.6). */
function opensTunnel(tunnel: Tunnel, headers: HeaderMap): boolean {
  const { status } = headers;
  if (tunnel === 'connect') return status >= 200 && status < 300;
  return status === 101 && parser.facts.connectionUpgrade && headers.has(H.upgrade);
}

/** RFC 9112 §9.3; every version but 1.1 keeps a connection only if it says so. */
function announcesClose(headers: HeaderMap): boolean {
  if (parser.version === 11 ? parser.facts.connectionClose : !parser.facts.connectionKeepAlive) return true;
  const proxyConnection = headers.get(H.proxyConnection);
  return proxyConnection !== undefined && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(proxyConnection);
}

const PROTOCOL_ERROR: Failure = { source: 'upstream', kind: 'protocol-error', details: '' };
const TERMINATED: Failure = { source: 'upstream', kind: 'connection-termination', details: '' };
const CLOSED_HERE: Failure = { source: 'local', kind: 'local-reset', details: '' };
