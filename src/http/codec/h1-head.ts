import { wordsOf } from '../../core/byte-words.ts';
import { latin1 } from '../../core/latin1.ts';
import { type HeaderMap, LOOSE, SPARE_LINES } from '../header-map.ts';
import { type HeaderName, lookUpHeaderName, UNKNOWN_HEADER } from '../header-name.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from '../inline-headers.ts';
import { afterLineEnd, COLON, CR, INCOMPLETE, INVALID, isVersion, LF, skipBlanks, SPACE, TAB, TARGET, TOKEN, VALUE } from './h1-grammar.ts';
import { FieldFacts, LINE_KIND, lineKind } from './h1-field-facts.ts';
import { LineScratch } from './line-scratch.ts';
import { KnownFieldsTable } from './known-fields.ts';
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
  | 'invalid-version'
  | 'invalid-status-line'
  | 'invalid-name'
  | 'invalid-value'
  | 'invalid-line-end'
  | 'folded-line'
  | 'too-many-headers'
  | 'invalid-content-length'
  | 'several-content-lengths'
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

/** By id, up to the last inline name: in which head it was last seen. Heads are numbered over all parsers; a number that comes again does no harm. */
const seenIn = new Int32Array(Math.max(...INLINE_REQUEST_HEADERS, ...INLINE_RESPONSE_HEADERS) + 1);
let generation = 0;
const MAX_GENERATION = 2 ** 30 - 1;

const NO_VERSION = -1;

/** A status has three digits; more of them pass, as in Envoy, while they fit into 16 bits. */
const MAX_STATUS = 65_535;

/** The lines of the head being read. */
const scratch = new LineScratch();

type HeadPart = 'request' | 'response' | 'trailers';

export class HeadParser {
  problem: HeadProblem = 'invalid-name';
  /** The first line was read, what came of the head after it: a field line that is wrong, or not yet whole. */
  inFields = false;
  /** 11 for HTTP/1.1, 10 for HTTP/1.0, NO_VERSION for a request line without one, others as they are written. */
  version = 11;
  /** Of the last head, and of every head with the same field lines. */
  facts = new FieldFacts();

  readonly #known = new KnownFieldsTable();
  /** Of the last head, with those that are kept elsewhere. */
  #lineCount = 0;

  /**
   * Returns the offset after the head, INCOMPLETE or INVALID. `headers` gets method, path (the raw target), authority (from
   * Host) and lines.
   */
  parseRequest(bytes: Buffer, start: number, end: number, maxLines: number, leniency: HeadLeniency, headers: HeaderMap): number {
    this.inFields = false;
    let at = start;
    let byte = bytes[at]!;
    while (TOKEN[byte] !== 0) {
      if (++at >= end) return INCOMPLETE;
      byte = bytes[at]!;
    }
    const methodEnd = at;
    if (at === start) return this.#invalid('invalid-method');
    at = skipLineBlanks(bytes, at, end, leniency);
    if (at >= end) return INCOMPLETE;
    if (at === methodEnd) return this.#invalid('invalid-method');
    const targetStart = at;
    byte = bytes[at]!;
    while (TARGET[byte] === 1) {
      if (++at >= end) return INCOMPLETE;
      byte = bytes[at]!;
    }
    if (at === targetStart) return this.#invalid('invalid-target');
    const targetEnd = at;
    at = this.#readVersion(bytes, at, end, leniency);
    if (at < 0) return at;
    // A request without a version is its first line (HTTP/0.9).
    const fieldsEnd = this.version === NO_VERSION ? this.#withoutFields(at) : this.#readFields(bytes, at, end, maxLines, leniency, 'request', headers);
    if (fieldsEnd < 0) return fieldsEnd;
    const text = latin1(bytes, start, targetEnd);
    headers.method = text.substring(0, methodEnd - start);
    headers.path = text.substring(targetStart - start);
    // As Envoy, which looks for it at the end of the line.
    if (this.version === NO_VERSION && headers.path.endsWith('HTTP/1.1')) this.version = 11;
    return fieldsEnd;
  }

  /** As parseRequest; `headers` gets status and lines. */
  parseResponse(bytes: Buffer, start: number, end: number, maxLines: number, leniency: HeadLeniency, headers: HeaderMap): number {
    this.inFields = false;
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
    if (status > MAX_STATUS) return this.#invalid('invalid-status-line');
    if (at >= end) return INCOMPLETE;
    byte = bytes[at]!;
    if (status < 100 || (byte !== SPACE && byte !== TAB && byte !== CR && byte !== LF)) return this.#invalid('invalid-status-line');
    while (VALUE[byte] === 1) {
      if (++at >= end) return INCOMPLETE;
      byte = bytes[at]!;
    }
    at = afterLineEnd(bytes, at, end);
    if (at < 0) return at === INCOMPLETE ? INCOMPLETE : this.#invalid('invalid-status-line');
    const fieldsEnd = this.#readFields(bytes, at, end, maxLines, leniency, 'response', headers);
    if (fieldsEnd >= 0) headers.status = status;
    return fieldsEnd;
  }

  /** Trailer lines up to and with the empty line (RFC 9112 §7.1.2). Framing fields are lines like others here. */
  parseTrailers(bytes: Buffer, start: number, end: number, maxLines: number, leniency: HeadLeniency, trailers: HeaderMap): number {
    this.inFields = true;
    const trailersEnd = this.#readLines(bytes, start, end, maxLines, leniency, 'trailers');
    if (trailersEnd >= 0) trailers.setLines(scratch.lines(latin1(bytes, start, trailersEnd)), 0);
    return trailersEnd;
  }

  #withoutFields(at: number): number {
    this.facts = new FieldFacts();
    return at;
  }

  #invalid(problem: HeadProblem): typeof INVALID {
    this.problem = problem;
    return INVALID;
  }

  /** Blanks and `HTTP/1.1\r\n`, or the line's end; returns the offset of the first field line. */
  #readVersion(bytes: Buffer, targetEnd: number, end: number, leniency: HeadLeniency): number {
    let at = skipLineBlanks(bytes, targetEnd, end, leniency);
    if (at >= end) return INCOMPLETE;
    this.version = NO_VERSION;
    if (bytes[at] !== CR && bytes[at] !== LF) {
      if (at === targetEnd) return this.#invalid('invalid-target');
      if (end - at < 8) return isVersion(bytes, at, end) ? INCOMPLETE : this.#invalid('invalid-version');
      if (!isVersion(bytes, at, at + 8)) return this.#invalid('invalid-version');
      this.version = (bytes[at + 5]! - 48) * 10 + bytes[at + 7]! - 48;
      at = skipLineBlanks(bytes, at + 8, end, leniency);
    }
    const next = afterLineEnd(bytes, at, end);
    return next === INVALID ? this.#invalid('invalid-version') : next;
  }

  /** The lines of a head, with the offset after them; `headers` gets them. */
  #readFields(bytes: Buffer, at: number, end: number, maxLines: number, leniency: HeadLeniency, part: HeadPart, headers: HeaderMap): number {
    const known = this.#known.find(bytes, at, end, leniency);
    if (known !== undefined && known.lineCount <= maxLines) {
      this.facts = known.facts;
      headers.authority = known.authority;
      headers.setLines(known.lines, SPARE_LINES);
      return at + known.byteLength;
    }
    this.inFields = true;
    const fieldsEnd = this.#readLines(bytes, at, end, maxLines, leniency, part);
    if (fieldsEnd < 0) return fieldsEnd;
    const { facts } = this;
    const text = latin1(bytes, at, fieldsEnd);
    const lines = scratch.lines(text);
    headers.authority = facts.hosts ?? (facts.hostEnd === -1 ? '' : text.substring(facts.hostStart - at, facts.hostEnd - at));
    headers.setLines(lines, SPARE_LINES);
    if (this.#known.isWanted) {
      this.#known.learn({ byteLength: fieldsEnd - at, lineCount: this.#lineCount, lines, authority: headers.authority, facts }, leniency);
    }
    return fieldsEnd;
  }

  /** Field lines from `at` to the empty line. Offsets are stored relative to the first. */
  #readLines(bytes: Buffer, at: number, end: number, maxLines: number, leniency: HeadLeniency, part: HeadPart): number {
    const facts = (this.facts = new FieldFacts());
    generation = (generation + 1) & MAX_GENERATION;
    const base = at;
    const words = wordsOf(bytes);
    scratch.clear();
    let joined = 0;
    for (let left = maxLines; ; left--) {
      if (at >= end) return INCOMPLETE;
      let byte = bytes[at]!;
      if (byte === CR || byte === LF) return left < 0 ? this.#invalid('too-many-headers') : this.#endFields(bytes, at, end, maxLines - left, at - base - joined);
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
        at = this.#lineEnd(bytes, at, end, valueStart, leniency);
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
      const kind = lineKind(id);
      if (kind !== LINE_KIND.none && part !== 'trailers') {
        const problem = facts.note(kind, bytes, valueStart, valueEnd, leniency);
        if (problem !== undefined) return this.#invalid(problem);
      }
      if (id !== UNKNOWN_HEADER && id < seenIn.length && this.#isJoined(id as HeaderName, part)) {
        joined++;
        left++;
      }
      // As Envoy, which counts the lines of a whole head that it can read.
      if (left <= 0) continue;
      // It counts, though it is kept elsewhere.
      if (kind === LINE_KIND.host && part === 'request') continue;
      scratch.add(canonical ? id : id | LOOSE, nameStart - base, nameEnd - base, valueStart - base, valueEnd - base);
    }
  }

  /** The empty line. `fieldBytes`: of the lines, with one more for each. */
  #endFields(bytes: Buffer, at: number, end: number, lineCount: number, fieldBytes: number): number {
    const headEnd = afterLineEnd(bytes, at, end);
    if (headEnd < 0) return headEnd === INVALID ? this.#invalid('invalid-line-end') : headEnd;
    this.#lineCount = lineCount;
    this.facts.fieldBytes = fieldBytes - lineCount;
    return headEnd;
  }

  /** Whether there was a line of the name before, and both count as one. */
  #isJoined(name: HeaderName, part: HeadPart): boolean {
    const again = seenIn[name] === generation;
    seenIn[name] = generation;
    if (!again || !(part === 'response' ? INLINE_RESPONSE_HEADERS : INLINE_REQUEST_HEADERS).has(name)) return false;
    this.facts.noteRepeated(name);
    return true;
  }

  /** Set by #lineEnd when it had to rewrite the value in place, else -1. */
  #rewrittenStart = -1;
  #rewrittenEnd = -1;

  /**
   * The byte at `at` ended the value: returns the start of the next line. Looks ahead for a folded line (RFC 9112 §5.2) and,
   * where allowed, takes the line end of the fold or a bare CR out of the value, as Envoy does.
   */
  #lineEnd(bytes: Buffer, at: number, end: number, valueStart: number, leniency: HeadLeniency): number {
    this.#rewrittenEnd = -1;
    let unusual = false;
    for (;;) {
      let next = at + 1;
      if (bytes[at] === CR && next < end && bytes[next] !== LF) {
        if (!leniency.bareCarriageReturn) return this.#invalid('invalid-line-end');
      } else if (bytes[at] !== CR && bytes[at] !== LF) {
        return this.#invalid('invalid-value');
      } else {
        next = afterLineEnd(bytes, at, end);
        if (next === INCOMPLETE || next >= end) return INCOMPLETE;
        if (bytes[next] !== SPACE && bytes[next] !== TAB) {
          if (unusual) this.#compact(bytes, valueStart, at);
          return next;
        }
        if (!leniency.foldedLines) return this.#invalid('folded-line');
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
}

/** Between the words of a first line, where a bare CR may be one of them. */
function skipLineBlanks(bytes: Buffer, at: number, end: number, leniency: HeadLeniency): number {
  let next = skipBlanks(bytes, at, end);
  if (!leniency.bareCarriageReturn) return next;
  while (next + 1 < end && bytes[next] === CR && bytes[next + 1] !== LF) next = skipBlanks(bytes, next + 1, end);
  return next;
}

function nameProblem(byte: number, isFirst: boolean): HeadProblem {
  return isFirst && (byte === SPACE || byte === TAB) ? 'folded-line' : 'invalid-name';
}
