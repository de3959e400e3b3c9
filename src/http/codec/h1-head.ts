import { wordsOf } from '../../core/byte-words.ts';
import { latin1 } from '../../core/latin1.ts';
import { type HeaderMap, LOOSE, SPARE_LINES, STRIDE } from '../header-map.ts';
import { H, type HeaderName, lookUpHeaderName, UNKNOWN_HEADER } from '../header-name.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from '../inline-headers.ts';
import { afterLineEnd, COLON, CR, INCOMPLETE, INVALID, isControl, isText, isVersion, LF, skipBlanks, SPACE, TAB, TARGET, TOKEN, VALUE } from './h1-grammar.ts';
import { skipPlain } from './plain-run.ts';

/**
 * Reads one HTTP/1 head (RFC 9112 §2–§6) from bytes that hold it whole. Nothing is kept between heads: the connection that
 * holds an incomplete head calls again when more has come.
 *
 * The parser walks the bytes once, writes offsets, lower-cases names in place and makes one string of the head. What it
 * learned about framing stays in its fields until the next call: one parser serves a thread.
 */

/** Why a head was refused; the connection maps it to status and details. */
export type HeadProblem =
  | 'invalid-method'
  | 'invalid-target'
  | 'control-character'
  | 'invalid-version'
  | 'invalid-status-line'
  | 'invalid-name'
  | 'invalid-value'
  | 'invalid-line-end'
  | 'folded-line'
  | 'too-many-headers'
  | 'invalid-content-length'
  | 'several-content-lengths'
  | 'length-and-chunked'
  | 'invalid-transfer-encoding'
  | 'several-hosts';

/** What a peer is allowed beyond RFC 9112. All false: strict. */
export interface HeadLeniency {
  /** Continuation lines are joined to the line before by their own white space. */
  readonly foldedLines: boolean;
  /** Several Host lines are joined by commas. */
  readonly severalHosts: boolean;
  /** A CR inside a value is dropped. */
  readonly bareCarriageReturn: boolean;
  /** Content-Length beside chunked is dropped instead of refused. */
  readonly chunkedLength: boolean;
}

export const STRICT: HeadLeniency = { foldedLines: false, severalHosts: false, bareCarriageReturn: false, chunkedLength: false };

/** Names that decide about framing or the connection, by id; interned first, so ids are small. */
const LINE_KIND = { none: 0, connection: 1, contentLength: 2, transferEncoding: 3, host: 4, upgrade: 5, expect: 6, proxyConnection: 7 } as const;
const KIND = new Uint8Array(64);
KIND[H.connection] = LINE_KIND.connection;
KIND[H.contentLength] = LINE_KIND.contentLength;
KIND[H.transferEncoding] = LINE_KIND.transferEncoding;
KIND[H.host] = LINE_KIND.host;
KIND[H.upgrade] = LINE_KIND.upgrade;
KIND[H.expect] = LINE_KIND.expect;
KIND[H.proxyConnection] = LINE_KIND.proxyConnection;

/** In Proxy-Connection, which counts as Connection where it asks for the end. */
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;

const NONE: readonly HeaderName[] = [];

/** By id, up to the last inline name: in which head it was last seen. Heads are numbered over all parsers; a number that comes again does no harm. */
const seenIn = new Int32Array(Math.max(...INLINE_REQUEST_HEADERS, ...INLINE_RESPONSE_HEADERS) + 1);
let generation = 0;
const MAX_GENERATION = 2 ** 30 - 1;

/** A status has three digits; more of them pass, as in Envoy, while they make a number. */
const MAX_STATUS_DIGITS = 9;

/** Offsets of the lines of the head being read; grows with the limit on their number. */
let scratch = new Int32Array(STRIDE * 128);

type HeadPart = 'request' | 'response' | 'trailers';

export class HeadParser {
  problem: HeadProblem = 'invalid-name';
  /** 11 for HTTP/1.1, 10 for HTTP/1.0, 9 for a request line without version (HTTP/0.9), others as they are written. */
  version = 11;
  /** -1: no Content-Length. */
  contentLength = -1;
  chunked = false;
  /** A final coding other than chunked was named (`gzip`, `identity`, `chunked, gzip`). */
  unknownTransferEncoding = false;
  hasTransferEncoding = false;
  /** Tokens of Connection; of Proxy-Connection for `close`. */
  connectionClose = false;
  connectionKeepAlive = false;
  connectionUpgrade = false;
  /** Connection names other fields, or there is one: the manager must look. */
  hasConnection = false;
  hasUpgrade = false;
  expectContinue = false;
  hostLines = 0;
  /** The inline names that stand on more than one line; as good as always none. */
  repeatedInline: readonly HeaderName[] = NONE;
  /** Names and values of the field lines and three bytes a line, as Envoy's byte meters count them. */
  fieldBytes = 0;

  /** Where the value of the last Host line stands; its end is -1 when there is none. */
  #hostStart = 0;
  #hostEnd = -1;
  /** The values of several Host lines. */
  #hosts: string | undefined;
  #bytes: Buffer = EMPTY;
  #leniency = STRICT;
  /** What of the scratch lines is used. */
  #linesEnd = 0;
  #present = 0;

  /**
   * Returns the offset after the head, INCOMPLETE or INVALID. `headers` gets method, path (the raw target), authority (from
   * Host) and lines.
   */
  parseRequest(bytes: Buffer, start: number, end: number, maxLines: number, leniency: HeadLeniency, headers: HeaderMap): number {
    let at = start;
    let byte = bytes[at]!;
    while (TOKEN[byte] !== 0) {
      if (++at >= end) return INCOMPLETE;
      byte = bytes[at]!;
    }
    const methodEnd = at;
    if (at === start) return this.#invalid('invalid-method');
    at = skipBlanks(bytes, at, end);
    if (at >= end) return INCOMPLETE;
    if (at === methodEnd) return this.#invalid('invalid-method');
    const targetStart = at;
    byte = bytes[at]!;
    while (TARGET[byte] === 1) {
      if (++at >= end) return INCOMPLETE;
      byte = bytes[at]!;
    }
    if (at === targetStart) return this.#invalid(isControl(byte) ? 'control-character' : 'invalid-target');
    const targetEnd = at;
    at = this.#readVersion(bytes, at, end);
    if (at < 0) return at;
    const headEnd = this.#readLines(bytes, start, at, end, maxLines, leniency, 'request');
    if (headEnd < 0) return headEnd;
    const text = latin1(bytes, start, headEnd);
    headers.method = text.substring(0, methodEnd - start);
    headers.path = text.substring(targetStart - start, targetEnd - start);
    headers.authority = this.#hosts ?? (this.#hostEnd === -1 ? '' : text.substring(this.#hostStart - start, this.#hostEnd - start));
    this.#handLines(text, headers);
    return headEnd;
  }

  /** As parseRequest; `headers` gets status and lines. */
  parseResponse(bytes: Buffer, start: number, end: number, maxLines: number, leniency: HeadLeniency, headers: HeaderMap): number {
    if (end - start < 9) {
      return isVersion(bytes, start, Math.min(end, start + 8)) ? INCOMPLETE : this.#invalid('invalid-status-line');
    }
    if (!isVersion(bytes, start, start + 8)) return this.#invalid('invalid-status-line');
    this.version = (bytes[start + 5]! - 48) * 10 + bytes[start + 7]! - 48;
    const statusStart = skipBlanks(bytes, start + 8, end);
    if (statusStart === start + 8) return this.#invalid('invalid-status-line');
    let at = statusStart;
    let status = 0;
    let byte = bytes[at];
    while (at < end && byte! >= 48 && byte! <= 57) {
      status = status * 10 + byte! - 48;
      byte = bytes[++at];
    }
    if (at - statusStart > MAX_STATUS_DIGITS) return this.#invalid('invalid-status-line');
    if (at >= end) return INCOMPLETE;
    byte = bytes[at]!;
    if (status < 100 || (byte !== SPACE && byte !== TAB && byte !== CR && byte !== LF)) return this.#invalid('invalid-status-line');
    while (VALUE[byte] === 1) {
      if (++at >= end) return INCOMPLETE;
      byte = bytes[at]!;
    }
    at = afterLineEnd(bytes, at, end);
    if (at < 0) return at === INCOMPLETE ? INCOMPLETE : this.#invalid('invalid-status-line');
    const headEnd = this.#readLines(bytes, start, at, end, maxLines, leniency, 'response');
    if (headEnd < 0) return headEnd;
    headers.status = status;
    this.#handLines(latin1(bytes, start, headEnd), headers);
    return headEnd;
  }

  /** Trailer lines up to and with the empty line (RFC 9112 §7.1.2). Framing fields are lines like others here. */
  parseTrailers(bytes: Buffer, start: number, end: number, maxLines: number, leniency: HeadLeniency, trailers: HeaderMap): number {
    const trailersEnd = this.#readLines(bytes, start, start, end, maxLines, leniency, 'trailers');
    if (trailersEnd >= 0) this.#handLines(latin1(bytes, start, trailersEnd), trailers);
    return trailersEnd;
  }

  #invalid(problem: HeadProblem): typeof INVALID {
    this.problem = problem;
    return INVALID;
  }

  /** Blanks and `HTTP/1.1\r\n`, or the line's end; returns the offset of the first field line. */
  #readVersion(bytes: Buffer, targetEnd: number, end: number): number {
    let at = skipBlanks(bytes, targetEnd, end);
    if (at >= end) return INCOMPLETE;
    this.version = 9;
    if (bytes[at] !== CR && bytes[at] !== LF) {
      if (at === targetEnd) return this.#invalid(isControl(bytes[at]!) ? 'control-character' : 'invalid-target');
      if (end - at < 8) return isVersion(bytes, at, end) ? INCOMPLETE : this.#invalid('invalid-version');
      if (!isVersion(bytes, at, at + 8)) return this.#invalid('invalid-version');
      this.version = (bytes[at + 5]! - 48) * 10 + bytes[at + 7]! - 48;
      at = skipBlanks(bytes, at + 8, end);
    }
    const next = afterLineEnd(bytes, at, end);
    return next === INVALID ? this.#invalid('invalid-version') : next;
  }

  #handLines(text: string, headers: HeaderMap): void {
    const length = this.#linesEnd;
    const lines: number[] = new Array(length + SPARE_LINES * STRIDE);
    for (let i = 0; i < length; i++) lines[i] = scratch[i]!;
    headers.setLines(text, lines, length, this.#present);
  }

  #reset(bytes: Buffer, leniency: HeadLeniency): void {
    this.#bytes = bytes;
    this.#leniency = leniency;
    this.contentLength = -1;
    this.chunked = false;
    this.unknownTransferEncoding = false;
    this.hasTransferEncoding = false;
    this.connectionClose = false;
    this.connectionKeepAlive = false;
    this.connectionUpgrade = false;
    this.hasConnection = false;
    this.hasUpgrade = false;
    this.expectContinue = false;
    this.hostLines = 0;
    this.#hostEnd = -1;
    this.#hosts = undefined;
    this.repeatedInline = NONE;
    generation = (generation + 1) & MAX_GENERATION;
  }

  /** Field lines from `at` to the empty line. Offsets are stored relative to `base`. */
  #readLines(bytes: Buffer, base: number, at: number, end: number, maxLines: number, leniency: HeadLeniency, part: HeadPart): number {
    this.#reset(bytes, leniency);
    const linesStart = at;
    const words = wordsOf(bytes);
    let slot = 0;
    let present = 0;
    for (let left = maxLines; ; left--) {
      if (at >= end) return INCOMPLETE;
      let byte = bytes[at]!;
      if (byte === CR || byte === LF) {
        const headEnd = afterLineEnd(bytes, at, end);
        if (headEnd === INVALID) return this.#invalid('invalid-line-end');
        if (headEnd === INCOMPLETE) return INCOMPLETE;
        this.#linesEnd = slot;
        this.#present = present;
        this.fieldBytes = at - linesStart - (maxLines - left);
        return this.#checkFraming() ? headEnd : INVALID;
      }
      const nameStart = at;
      let hash = 0;
      let lower = TOKEN[byte]!;
      while (lower !== 0) {
        if (lower !== byte) bytes[at] = lower;
        hash = (Math.imul(hash, 31) + lower) | 0;
        if (++at >= end) return INCOMPLETE;
        byte = bytes[at]!;
        lower = TOKEN[byte]!;
      }
      if (byte !== COLON || at === nameStart) return this.#invalid(nameProblem(byte, at === nameStart));
      const nameEnd = at;
      do {
        if (++at >= end) return INCOMPLETE;
        byte = bytes[at]!;
      } while (byte === SPACE || byte === TAB);
      let valueStart = at;
      if (words !== undefined) at = skipPlain(words, at, end);
      if (at >= end) return INCOMPLETE;
      byte = bytes[at]!;
      while (VALUE[byte] === 1) {
        if (++at >= end) return INCOMPLETE;
        byte = bytes[at]!;
      }
      let valueEnd = at;
      if (at + 2 < end && byte === CR && bytes[at + 1] === LF && bytes[at + 2] !== SPACE && bytes[at + 2] !== TAB) {
        at += 2;
      } else {
        at = this.#lineEnd(bytes, at, end, valueStart);
        if (at < 0) return at;
        // A value that needs rewriting (folded, bare CR) has been rewritten in place: take what stands there.
        if (this.#rewrittenEnd !== -1) {
          valueStart = this.#rewrittenStart;
          valueEnd = this.#rewrittenEnd;
        }
      }
      const lineEnd = valueEnd;
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;
      const canonical = valueStart - nameEnd === 2 && bytes[nameEnd + 1] === SPACE && valueEnd === lineEnd && at - lineEnd === 2;
      const id = lookUpHeaderName(bytes, nameStart, nameEnd, hash);
      const kind = id < 64 ? KIND[id]! : 0;
      if (kind !== 0 && part !== 'trailers' && !this.#note(kind, valueStart, valueEnd)) return INVALID;
      if (left === 0) return this.#invalid('too-many-headers');
      // It counts, though it is kept elsewhere.
      if (kind === LINE_KIND.host && part === 'request') continue;
      if (id !== UNKNOWN_HEADER && id < seenIn.length) {
        if (seenIn[id] === generation) this.#noteRepeated(id as HeaderName, part);
        seenIn[id] = generation;
      }
      if (slot === scratch.length) scratch = grown(scratch);
      scratch[slot] = canonical ? id : id | LOOSE;
      scratch[slot + 1] = nameStart - base;
      scratch[slot + 2] = nameEnd - base;
      scratch[slot + 3] = valueStart - base;
      scratch[slot + 4] = valueEnd - base;
      slot += STRIDE;
      present |= 1 << (id & 31);
    }
  }

  #noteRepeated(name: HeaderName, part: HeadPart): void {
    const inline = part === 'response' ? INLINE_RESPONSE_HEADERS : INLINE_REQUEST_HEADERS;
    if (inline.has(name) && !this.repeatedInline.includes(name)) this.repeatedInline = this.repeatedInline.concat(name);
  }

  /** Set by #lineEnd when it had to rewrite the value in place, else -1. */
  #rewrittenStart = -1;
  #rewrittenEnd = -1;

  /**
   * The byte at `at` ended the value: returns the start of the next line. Looks ahead for a folded line (RFC 9112 §5.2) and,
   * where allowed, takes the line end of the fold or a bare CR out of the value, as Envoy does.
   */
  #lineEnd(bytes: Buffer, at: number, end: number, valueStart: number): number {
    this.#rewrittenEnd = -1;
    let unusual = false;
    for (;;) {
      let next = at + 1;
      if (bytes[at] === CR && next < end && bytes[next] !== LF) {
        if (!this.#leniency.bareCarriageReturn) return this.#invalid('invalid-line-end');
      } else if (bytes[at] !== CR && bytes[at] !== LF) {
        return this.#invalid('invalid-value');
      } else {
        next = afterLineEnd(bytes, at, end);
        if (next === INCOMPLETE || next >= end) return INCOMPLETE;
        if (bytes[next] !== SPACE && bytes[next] !== TAB) {
          if (unusual) this.#compact(bytes, valueStart, at);
          return next;
        }
        if (!this.#leniency.foldedLines) return this.#invalid('folded-line');
      }
      unusual = true;
      at = next;
      while (VALUE[bytes[at]!] === 1) if (++at >= end) return INCOMPLETE;
    }
  }

  /** Moves the value to the end of its line without the line ends in it. What is left in front is white space: reading it again finds the same. */
  #compact(bytes: Buffer, start: number, end: number): void {
    let to = end;
    for (let from = end - 1; from >= start; from--) {
      const byte = bytes[from]!;
      if (byte !== CR && byte !== LF) bytes[--to] = byte;
    }
    bytes.fill(SPACE, start, to);
    while (to < end && (bytes[to] === SPACE || bytes[to] === TAB)) to++;
    this.#rewrittenStart = to;
    this.#rewrittenEnd = end;
  }

  /** Learns from a line that matters for framing; false when it must not stand. */
  #note(kind: number, valueStart: number, valueEnd: number): boolean {
    switch (kind) {
      case LINE_KIND.connection:
        this.hasConnection = true;
        if (isText(this.#bytes, valueStart, valueEnd, 'keep-alive')) this.connectionKeepAlive = true;
        else this.#noteConnection(latin1(this.#bytes, valueStart, valueEnd));
        return true;
      case LINE_KIND.contentLength:
        return this.#noteContentLength(valueStart, valueEnd);
      case LINE_KIND.transferEncoding:
        this.#noteTransferEncoding(latin1(this.#bytes, valueStart, valueEnd));
        return true;
      case LINE_KIND.host:
        if (this.hostLines++ > 0 && !this.#leniency.severalHosts) {
          this.problem = 'several-hosts';
          return false;
        }
        if (this.hostLines > 1) this.#hosts = `${this.#hosts ?? latin1(this.#bytes, this.#hostStart, this.#hostEnd)},${latin1(this.#bytes, valueStart, valueEnd)}`;
        this.#hostStart = valueStart;
        this.#hostEnd = valueEnd;
        return true;
      case LINE_KIND.upgrade:
        this.hasUpgrade = true;
        return true;
      case LINE_KIND.proxyConnection:
        if (CLOSE.test(latin1(this.#bytes, valueStart, valueEnd))) this.connectionClose = true;
        return true;
      default:
        if (latin1(this.#bytes, valueStart, valueEnd).toLowerCase() === '100-continue') this.expectContinue = true;
        return true;
    }
  }

  #noteConnection(value: string): void {
    for (const part of value.toLowerCase().split(',')) {
      const token = part.trim();
      if (token === 'close') this.connectionClose = true;
      else if (token === 'keep-alive') this.connectionKeepAlive = true;
      else if (token === 'upgrade') this.connectionUpgrade = true;
    }
  }

  #noteContentLength(valueStart: number, valueEnd: number): boolean {
    const bytes = this.#bytes;
    if (valueEnd === valueStart) return this.#refuse('invalid-content-length');
    let value = 0;
    for (let at = valueStart; at < valueEnd; at++) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) return this.#refuse('invalid-content-length');
      value = value * 10 + digit;
    }
    // Beyond 2^53 the count is not exact, which no body lives long enough to show; beyond 64 bits it is no length.
    if (value >= 2 ** 64 && BigInt(latin1(bytes, valueStart, valueEnd)) >= 2n ** 64n) return this.#refuse('invalid-content-length');
    if (this.contentLength !== -1) return this.#refuse('several-content-lengths');
    this.contentLength = value;
    return true;
  }

  #noteTransferEncoding(value: string): void {
    if (this.hasTransferEncoding || value.toLowerCase() !== 'chunked') this.unknownTransferEncoding = true;
    else this.chunked = true;
    this.hasTransferEncoding = true;
  }

  #refuse(problem: HeadProblem): false {
    this.problem = problem;
    return false;
  }

  #checkFraming(): boolean {
    if (this.hasTransferEncoding && this.contentLength !== -1 && !this.#leniency.chunkedLength) return this.#refuse('length-and-chunked');
    return true;
  }
}

function nameProblem(byte: number, isFirst: boolean): HeadProblem {
  if (byte === 0) return 'control-character';
  return isFirst && (byte === SPACE || byte === TAB) ? 'folded-line' : 'invalid-name';
}

function grown(lines: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(lines.length * 2);
  larger.set(lines);
  return larger;
}

const EMPTY = Buffer.alloc(0);
