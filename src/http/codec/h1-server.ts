import { latin1 } from '../../core/latin1.ts';
import type { Connection, ConnectionOwner, TransportError } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { RequestDecoder, RequestError, ServerCodec, ServerCodecOwner } from './codec.ts';
import type { StringMatcher } from '../matcher/string-matcher.ts';
import { ChunkedReader } from './chunked.ts';
import { ConnectionFlow } from './connection-flow.ts';
import { CasedHeaderMap, type FieldCase } from './field-case.ts';
import { cannotBegin, INVALID } from './h1-grammar.ts';
import { type HeadLeniency, type HeadProblem, HeadParser } from './h1-head.ts';
import { isKnownMethod, isValidAuthority, removeNominated } from './h1-request-checks.ts';
import { isTarget, parseConnectTarget, parseTarget } from './h1-target.ts';
import { H1ResponseEncoder } from './h1-response-encoder.ts';
import { HeadEndScanner, HeldBytes } from './held-bytes.ts';

export interface H1ServerOptions {
  /** `max_request_headers_kb`, in bytes. */
  readonly maxHeadBytes: number;
  /** `max_headers_count`. */
  readonly maxHeaders: number;
  readonly leniency: HeadLeniency;
  readonly acceptHttp10: boolean;
  readonly allowAbsoluteUrl: boolean;
  /** A target of https in a connection without TLS is a client's lie: at the edge nobody has terminated it. */
  readonly refusesHttpsInPlaintext: boolean;
  readonly allowCustomMethods: boolean;
  /** `headers_with_underscores_action`. */
  readonly underscores: 'allow' | 'reject' | 'drop';
  /** `Http1ProtocolOptions.enable_trailers`: without it trailers are read and dropped. */
  readonly trailers: boolean;
  readonly fieldCase: FieldCase;
  /** `ignore_http_11_upgrade`: offers of these are not seen; undefined = none. */
  readonly ignoredUpgrades: readonly StringMatcher[] | undefined;
  /** `per_connection_buffer_limit_bytes`. */
  readonly highWatermarkBytes: number;
}

export interface H1ServerOwner extends ServerCodecOwner {
  /** The connection is one of TLS. */
  readonly secure: boolean;
}

/**
 * HTTP/1 on a downstream connection (RFC 9112): one request at a time, pipelined ones wait.
 *
 *   HEAD ──head──▶ LENGTH ─┐
 *     │  ├──upgrade, CONNECT──▶ RAW (bytes as they are, up to the end of the connection)
 *     ▲  ├───────▶ CHUNKED ─▶ TRAILERS ─┐
 *     │  └──────────────────────────────┴▶ WAIT (response under way; further bytes are held)
 *     └───────────────stream done────────────┘        any state ──refused──▶ CLOSED
 */
const HEAD = 0;
const LENGTH = 1;
const CHUNKED = 2;
const TRAILERS = 3;
const WAIT = 4;
const CLOSED = 5;
/** CONNECT or an upgrade: what follows the head is no HTTP/1. */
const RAW = 6;

const parser = new HeadParser();
const EMPTY = Buffer.alloc(0);
/** A first line that Envoy's parser cannot take apart. */
const ONE_WORD = /^[^ \t]+[ \t]*\r?$/;
/** What else a line must not hold where it began well. */
const CONTROL_WITHIN = /.[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/s;
/** Empty lines tolerated before a request line (RFC 9112 §2.2). */
export const MAX_LEADING_EMPTY_LINES = 16;

/** Requests behind the one that is under way. */
const MAX_HELD_BYTES = 65_536;

export class H1ServerCodec implements ServerCodec, ConnectionOwner {
  isReading = false;
  readonly #connection: Connection;
  readonly #owner: H1ServerOwner;
  readonly #options: H1ServerOptions;
  readonly #flow: ConnectionFlow;
  #state = HEAD;
  #encoder: H1ResponseEncoder | undefined;
  #decoder: RequestDecoder | undefined;
  #remaining = 0;
  #chunked: ChunkedReader | undefined;
  #held: HeldBytes | undefined;
  #scanner: HeadEndScanner | undefined;
  #leadingLines = 0;
  /** Bytes that came before the request they begin has a stream. */
  #received = 0;

  constructor(connection: Connection, owner: H1ServerOwner, options: H1ServerOptions) {
    this.#connection = connection;
    this.#owner = owner;
    this.#options = options;
    this.#flow = new ConnectionFlow(connection, options.highWatermarkBytes);
  }

  get activeStreams(): number {
    return this.#decoder === undefined ? 0 : 1;
  }

  startDrain(): void {}

  onStreamDone(): void {
    this.#encoder = undefined;
    this.#decoder = undefined;
    if (this.#state === CLOSED) return;
    this.#state = HEAD;
    this.#leadingLines = 0;
    this.#flow.forgetPauses();
    if (!this.isReading && this.#held !== undefined) this.#readLater(this.#held);
  }

  /** As Envoy: the next request is looked at when the upstream connection of this one has been given back or closed. */
  #readLater(held: HeldBytes): void {
    this.#held = undefined;
    this.#connection.unread(held.bytes.subarray(0, held.length));
    this.#connection.resumeReads();
  }

  // ConnectionOwner

  onBytes(bytes: Buffer, length: number): void {
    if (this.#state === CLOSED) return;
    if (this.#state !== WAIT) this.#count(length);
    if (this.#held === undefined) {
      this.#dispatch(bytes, length);
      return;
    }
    const held = this.#held;
    const before = held.length;
    held.append(bytes, 0, length);
    if (this.#state === WAIT) this.#limitHeld();
    if (this.#state === WAIT || !this.#hasMoreToSay(held, before)) return;
    this.#dispatchHeld();
  }

  onEnd(): void {
    // As Envoy: a client that half-closes has gone.
    this.#connection.destroy();
  }

  onClosed(_error: TransportError | undefined, failure = DOWNSTREAM_GONE): void {
    this.#state = CLOSED;
    const decoder = this.#decoder;
    this.#decoder = undefined;
    decoder?.onReset(failure);
    this.#owner.onCodecClosed();
  }

  onDrained(): void {
    if (!this.#flow.aboveWatermark) return;
    this.#flow.onDrained(this.#encoder?.watcher);
    if (this.#state === HEAD && this.#held !== undefined && !this.isReading) this.#dispatchPostponed();
  }

  // For the encoder of the current stream

  /** Nothing more is read; the owner closes the connection when what was written before has left. */
  onEncoderReset(): void {
    this.#state = CLOSED;
    this.#decoder = undefined;
  }

  // Reading

  /** As Envoy, which counts what it reads for the request that is then under way, and what it puts off once more for the next. */
  #count(length: number): void {
    if (this.#encoder === undefined) this.#received += length;
    else this.#encoder.addReceived(length, 0);
  }

  #dispatchPostponed(): void {
    this.#count(this.#held!.length);
    this.#dispatchHeld();
  }

  #dispatchHeld(): void {
    const held = this.#held!;
    this.#held = undefined;
    this.#connection.resumeReads();
    this.#dispatch(held.bytes, held.length);
  }

  #dispatch(bytes: Buffer, length: number): void {
    this.isReading = true;
    let at = 0;
    while (at < length || this.#state === TRAILERS) {
      const before = at;
      switch (this.#state) {
        case HEAD:
          // A peer that takes no answers gets no more of them.
          if (this.#flow.aboveWatermark) {
            at = this.#postpone(bytes, at, length);
            break;
          }
          if (at > 0) this.#count(length - at);
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
        case RAW:
          this.#decoder?.onData(bytes.subarray(at, length), false);
          at = length;
          break;
        case WAIT:
          at = this.#postpone(bytes, at, length);
          break;
        default:
          at = length;
      }
      if (at === before) break;
    }
    this.isReading = false;
  }

  #postpone(bytes: Buffer, start: number, end: number): number {
    this.#hold(bytes, start, end);
    this.#limitHeld();
    return end;
  }

  /** A peer cannot make this side store requests until the response is out; that it goes is noticed while these are few. */
  #limitHeld(): void {
    if (this.#flow.aboveWatermark || this.#held!.length > MAX_HELD_BYTES) this.#connection.pauseReads();
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    this.#held ??= new HeldBytes();
    this.#held.append(bytes, start, end);
  }

  #scan(bytes: Buffer, start: number, end: number, lineFeeds: 0 | 1): HeadEndScanner {
    return (this.#scanner ??= new HeadEndScanner()).begin(bytes, start, end, lineFeeds);
  }

  /** Scans only what is new, so that a head that drips in costs each byte once. */
  #hasMoreToSay(held: HeldBytes, from: number): boolean {
    return held.length > this.#options.maxHeadBytes || this.#scanner!.scan(held.bytes, from, held.length);
  }

  #readHead(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && (bytes[at] === 13 || bytes[at] === 10)) {
      if (++this.#leadingLines > MAX_LEADING_EMPTY_LINES * 2) return this.#refuse(CODEC_ERROR, end);
      at++;
    }
    if (at === end) {
      // As Envoy, for which even an empty line begins a request.
      if (this.#decoder === undefined) this.#awaitHead();
      return end;
    }
    const { keep } = this.#options.fieldCase;
    const cased = keep === 'no' ? undefined : new CasedHeaderMap(keep);
    const original = cased && Buffer.from(bytes.subarray(at, Math.min(end, at + this.#options.maxHeadBytes)));
    const headers = cased ?? new HeaderMap();
    const headEnd = parser.parseRequest(bytes, at, end, this.#options.maxHeaders, this.#options.leniency, headers);
    cased?.learn(original!, bytes, at, headEnd);
    const isNew = this.#decoder === undefined;
    if (isNew) this.#beginStream();
    if (headEnd < 0) return this.#onPartHead(headEnd === INVALID, bytes, at, end, isNew);
    if (headEnd - at > this.#options.maxHeadBytes) return this.#refuse(HEAD_TOO_LARGE, end);
    return this.#onHead(headers, headEnd, end);
  }

  /** As Envoy, which says what is wrong with the first line when that is whole, with field lines when the head is. */
  #onPartHead(invalid: boolean, bytes: Buffer, at: number, end: number, isNew: boolean): number {
    const { inFields, problem } = parser;
    const { lineSeen, headSeen, controlSeen } = this.#scan(bytes, at, end, 0);
    const line = lineSeen ? latin1(bytes, at, bytes.indexOf(10, at)) : '';
    let error = lineSeen && inFields ? this.#checkLine(line) : undefined;
    const isNone = cannotBegin(bytes[at]!);
    if (invalid && (inFields ? headSeen : lineSeen || isNone)) error ??= requestError(problem);
    // Where the line is one word, nothing behind it is looked at.
    if (error !== undefined && !isNone && (ONE_WORD.test(line) ? CONTROL_WITHIN.test(line) : headSeen && controlSeen)) error = INVALID_CHARACTERS;
    if (error !== undefined) return this.#refuse(error, end);
    if (end - at > this.#options.maxHeadBytes) return this.#refuse(HEAD_TOO_LARGE, end);
    if (isNew) this.#decoder!.onHeadersAwaited();
    this.#hold(bytes, at, end);
    return end;
  }

  /** Of a head whose fields are not here, or wrong. */
  #checkLine(line: string): RequestError | undefined {
    const [method, target] = line.split(/[ \t\r]+/, 2) as [string, string];
    if (!this.#options.allowCustomMethods && !isKnownMethod(method)) return CODEC_ERROR;
    return isTarget(method, target) ? undefined : CODEC_ERROR;
  }

  #beginStream(): void {
    this.#encoder = new H1ResponseEncoder(this.#connection, this.#flow, this, this.#options.fieldCase);
    this.#encoder.addReceived(this.#received, 0);
    this.#received = 0;
    this.#decoder = this.#owner.newStream(this.#encoder);
  }

  #awaitHead(): void {
    this.#beginStream();
    this.#decoder!.onHeadersAwaited();
  }

  #onHead(headers: HeaderMap, headEnd: number, end: number): number {
    const encoder = this.#encoder!;
    encoder.addReceived(0, parser.facts.fieldBytes);
    const error = this.#checkHead(headers);
    if (error !== undefined) return this.#refuse(error, end);
    encoder.onRequestHead(headers.method, parser.version, parser.facts);
    if (headers.method === 'CONNECT' || isUpgrade(headers)) {
      this.#state = RAW;
    } else if (parser.facts.chunked) {
      this.#chunked ??= new ChunkedReader();
      this.#chunked.reset();
      this.#state = CHUNKED;
    } else if (parser.facts.contentLength > 0) {
      this.#remaining = parser.facts.contentLength;
      this.#state = LENGTH;
    } else {
      this.#state = WAIT;
    }
    this.#decoder!.onHeaders(headers, this.#state === WAIT);
    return headEnd;
  }

  #checkHead(headers: HeaderMap): RequestError | undefined {
    const options = this.#options;
    if (!options.allowCustomMethods && !isKnownMethod(headers.method)) return CODEC_ERROR;
    if (!isTarget(headers.method, headers.path)) return CODEC_ERROR;
    headers.hasHost = parser.facts.hostLines > 0;
    if (options.underscores !== 'allow' && this.#treatUnderscores(headers)) return UNDERSCORE;
    const error = parser.facts.hasTransferEncoding || headers.method === 'CONNECT' ? this.#checkFraming(headers) : undefined;
    if (error !== undefined) return error;
    if (parser.facts.repeatedInline.length > 0) headers.joinRepeated(parser.facts.repeatedInline);
    if (parser.facts.hasUpgrade && parser.facts.connectionUpgrade) {
      if (options.ignoredUpgrades !== undefined) dropIgnoredUpgrades(headers, options.ignoredUpgrades);
      dropHttp2Upgrade(headers);
    }
    const rejected = parser.facts.hasConnection && !isUpgrade(headers) ? removeNominated(headers) : undefined;
    return rejected ?? parseTarget(headers, options.allowAbsoluteUrl) ?? this.#checkScheme(headers) ?? this.#checkVersion() ?? (isValidAuthority(headers.authority) ? undefined : INVALID_AUTHORITY);
  }

  #checkScheme({ scheme }: HeaderMap): RequestError | undefined {
    return scheme === 'https' && this.#options.refusesHttpsInPlaintext && !this.#owner.secure ? HTTPS_IN_PLAINTEXT : undefined;
  }

  /** As Envoy: every version but 1.1 is taken for 1.0. */
  #checkVersion(): RequestError | undefined {
    return parser.version === 11 || this.#options.acceptHttp10 ? undefined : LOW_VERSION;
  }

  #checkFraming(headers: HeaderMap): RequestError | undefined {
    const { facts } = parser;
    const isConnect = headers.method === 'CONNECT';
    if (isConnect && facts.contentLength > 0) return BODY_DISALLOWED;
    if (facts.hasTwoLengths(this.#options.leniency)) return LENGTH_AND_CHUNKED;
    if (facts.unknownTransferEncoding || (facts.hasTransferEncoding && isConnect)) return UNKNOWN_TRANSFER_ENCODING;
    if (facts.contentLength !== -1) headers.remove(H.contentLength);
    return isConnect ? parseConnectTarget(headers) : undefined;
  }

  /** True when the request is to be refused for a name with an underscore. */
  #treatUnderscores(headers: HeaderMap): boolean {
    const names: string[] = [];
    headers.forEach((name) => {
      if (name.includes('_')) names.push(name);
    });
    if (names.length === 0) return false;
    const reject = this.#options.underscores === 'reject';
    this.#owner.onUnderscores(reject ? 'rejected' : 'dropped', names.length);
    if (!reject) for (const name of names) headers.removeText(name);
    return reject;
  }

  #readLength(bytes: Buffer, at: number, end: number): number {
    const run = Math.min(end - at, this.#remaining);
    this.#remaining -= run;
    const last = this.#remaining === 0;
    if (last) this.#state = WAIT;
    this.#decoder?.onData(bytes.subarray(at, at + run), last);
    return at + run;
  }

  #readChunked(bytes: Buffer, start: number, end: number): number {
    const chunked = this.#chunked!;
    const at = chunked.read(bytes, start, end);
    if (chunked.atTrailers) this.#state = TRAILERS;
    const { dataStart, dataEnd } = chunked;
    if (dataEnd > dataStart) this.#decoder?.onData(bytes.subarray(dataStart, dataEnd), false);
    return chunked.broken && this.#state === CHUNKED ? this.#refuse(requestError('invalid-transfer-encoding'), end) : at;
  }

  #readTrailers(bytes: Buffer, at: number, end: number): number {
    const trailers = new HeaderMap();
    const { maxHeaders, maxHeadBytes } = this.#options;
    // Those that are dropped are not counted.
    const maxLines = this.#options.trailers ? maxHeaders : maxHeadBytes;
    const trailersEnd = parser.parseTrailers(bytes, at, end, maxLines, this.#options.leniency, trailers);
    if (trailersEnd < 0) return this.#onPartTrailers(trailersEnd === INVALID, bytes, at, end);
    if (trailersEnd - at > maxHeadBytes) return this.#refuse(HEAD_TOO_LARGE, end);
    this.#encoder?.addReceived(0, parser.facts.fieldBytes);
    if (this.#options.underscores !== 'allow' && this.#treatUnderscores(trailers)) return this.#refuse(UNDERSCORE, end);
    this.#state = WAIT;
    if (this.#options.trailers && trailers.size > 0) this.#decoder?.onTrailers(trailers);
    else this.#decoder?.onData(EMPTY, true);
    return trailersEnd;
  }

  #onPartTrailers(invalid: boolean, bytes: Buffer, at: number, end: number): number {
    const { headSeen, controlSeen } = this.#scan(bytes, at, end, 1);
    if (invalid && headSeen) return this.#refuse(controlSeen ? INVALID_CHARACTERS : requestError(parser.problem), end);
    if (end - at > this.#options.maxHeadBytes) return this.#refuse(HEAD_TOO_LARGE, end);
    if (end > at) this.#hold(bytes, at, end);
    // Leaves the loop: nothing more can be read from these bytes.
    return at;
  }

  /** Nothing more is read; the stream answers if it still can. */
  #refuse(error: RequestError, end: number): number {
    if (this.#decoder === undefined) this.#beginStream();
    this.#state = CLOSED;
    this.#held = undefined;
    this.#decoder!.onInvalidRequest(error);
    return end;
  }
}

export const DOWNSTREAM_GONE: Failure = { source: 'downstream', kind: 'connection-termination', details: 'downstream_remote_disconnect' };

/** The listener, or a filter in front, has closed the connection. */
export function downstreamClosedHere(reason: string): Failure {
  return { ...DOWNSTREAM_GONE, details: `downstream_local_disconnect(${reason})` };
}

const CODEC_ERROR: RequestError = { status: 400, details: 'http1.codec_error' };
const LOW_VERSION: RequestError = { status: 426, details: 'low_version' };
const INVALID_AUTHORITY: RequestError = { status: 400, details: 'http.invalid_authority' };
const UNDERSCORE: RequestError = { status: 400, details: 'http1.unexpected_underscore' };
const BODY_DISALLOWED: RequestError = { status: 400, details: 'http1.body_disallowed' };
const INVALID_CHARACTERS: RequestError = { status: 400, details: 'http1.invalid_characters' };
const HTTPS_IN_PLAINTEXT: RequestError = { status: 403, details: 'http1.https_url_on_plaintext_connection' };
const TOO_MANY_HEADERS: RequestError = { status: 431, details: 'http1.too_many_headers' };
const HEAD_TOO_LARGE: RequestError = { status: 431, details: 'http1.headers_too_large' };
const LENGTH_AND_CHUNKED: RequestError = { status: 400, details: 'http1.content_length_and_chunked_not_allowed' };
const UNKNOWN_TRANSFER_ENCODING: RequestError = { status: 501, details: 'http1.invalid_transfer_encoding' };

/** What Envoy answers to a head that its parser refuses. */
function requestError(problem: HeadProblem): RequestError {
  return problem === 'too-many-headers' ? TOO_MANY_HEADERS : CODEC_ERROR;
}

/** The request asks for another protocol on this connection. */
function isUpgrade(headers: HeaderMap): boolean {
  return parser.facts.connectionUpgrade && headers.has(H.upgrade);
}

function dropIgnoredUpgrades(headers: HeaderMap, ignored: readonly StringMatcher[]): void {
  const offered = (headers.getJoined(H.upgrade) ?? '').split(',').map((protocol) => protocol.trim());
  const seen = offered.filter((protocol) => !ignored.some((matcher) => matcher.matches(protocol)));
  if (seen.length === offered.length) return;
  if (seen.length === 0) headers.remove(H.upgrade);
  else headers.set(H.upgrade, seen.join(', '));
}

/** An offer of HTTP/2 in clear text is not taken up, and is for this hop only (RFC 9113 §3.1). */
function dropHttp2Upgrade(headers: HeaderMap): void {
  if (headers.get(H.upgrade)?.toLowerCase() !== 'h2c') return;
  headers.remove(H.upgrade);
  headers.remove(H.http2Settings);
}

