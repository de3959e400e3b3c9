import { HeaderMap, SPARE_LINES, STRIDE } from '../../header-map.ts';
import { H, type HeaderName } from '../../header-name.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from '../../inline-headers.ts';
import type { FieldRun, FieldSink, RegularFields } from './field-run.ts';
import { FieldKind } from './hpack-table.ts';

export const HeadFlaw = {
  none: 0,
  /** RFC 9113 §8.1.1: the message is malformed. */
  malformed: 1,
  /** More bytes than allowed. */
  tooLarge: 2,
  tooManyFields: 3,
} as const;

const INLINE_IN_REQUEST = 1;
const INLINE_IN_RESPONSE = 2;
const inline = new Uint8Array(Math.max(...INLINE_REQUEST_HEADERS, ...INLINE_RESPONSE_HEADERS) + 1);
for (const name of INLINE_REQUEST_HEADERS) inline[name] |= INLINE_IN_REQUEST;
for (const name of INLINE_RESPONSE_HEADERS) inline[name] |= INLINE_IN_RESPONSE;
const NONE: readonly HeaderName[] = [];
/** Lines of the block that is being read; grows with the largest. */
let scratch = new Int32Array(128 * STRIDE);

/**
 * Takes the fields of one header block as HPACK gives them, and makes a head of them. One for each thread: a block is read in one go.
 * The text it makes has the lines as HTTP/1 would send them, so that a head which goes on to HTTP/1 is copied in ranges.
 */
export class HeadReader implements FieldSink {
  method = '';
  scheme = '';
  path = '';
  authority = '';
  protocol = '';
  status = 0;
  hasAuthority = false;
  hasPath = false;
  flaw: number = HeadFlaw.none;
  /** -1: none; -2: not a number, or several. */
  contentLength = -1;
  underscores = 0;
  pseudoHeaders = 0;
  /** Names and values. */
  bytes = 0;
  fields = 0;
  /** Of `bytes` and `fields`. */
  #pseudoBytes = 0;
  #pseudoFields = 0;
  #maxBytes = 0;
  #maxFields = 0;
  #text = '';
  #linesEnd = 0;
  #present = 0;
  #repeated: readonly HeaderName[] = NONE;
  /** The crumbs, joined (RFC 9113 §8.2.3). */
  #cookie: string | undefined;
  hasRegular = false;
  /** What came of them came of nothing else. */
  #isPlain = true;
  /** The lines, where they were taken over. */
  #taken: readonly number[] | undefined;

  begin(maxBytes: number, maxFields: number): void {
    this.method = '';
    this.scheme = '';
    this.path = '';
    this.authority = '';
    this.protocol = '';
    this.status = 0;
    this.hasAuthority = false;
    this.hasPath = false;
    this.flaw = HeadFlaw.none;
    this.contentLength = -1;
    this.underscores = 0;
    this.pseudoHeaders = 0;
    this.bytes = 0;
    this.fields = 0;
    this.#pseudoBytes = 0;
    this.#pseudoFields = 0;
    this.#maxBytes = maxBytes;
    this.#maxFields = maxFields;
    this.#text = '';
    this.#linesEnd = 0;
    this.#present = 0;
    this.#repeated = NONE;
    this.#cookie = undefined;
    this.hasRegular = false;
    this.#isPlain = true;
    this.#taken = undefined;
  }

  add(kind: number, id: number, name: string, value: string, line: string | undefined): void {
    this.bytes += name.length + value.length;
    if (this.flaw !== HeadFlaw.none) return;
    if (this.bytes > this.#maxBytes) this.flaw = HeadFlaw.tooLarge;
    else if (++this.fields > this.#maxFields) this.flaw = HeadFlaw.tooManyFields;
    else if (kind === FieldKind.regular) this.#addLine(id, name, value, line);
    else if (kind <= FieldKind.protocol) this.#addPseudo(kind, value);
    else this.#addSpecial(kind, id, name, value, line);
  }

  take(run: FieldRun, bytes: Uint8Array, at: number): boolean {
    if (this.hasRegular || this.flaw !== HeadFlaw.none || !run.matches(bytes, at)) return false;
    const fields = run.fields!;
    if (this.bytes + fields.bytes > this.#maxBytes || this.fields + fields.fields > this.#maxFields) return false;
    this.hasRegular = true;
    this.#text = fields.text;
    this.#taken = fields.lines;
    this.#linesEnd = fields.end;
    this.#present = fields.present;
    this.contentLength = fields.contentLength;
    this.underscores = fields.underscores;
    this.bytes += fields.bytes;
    this.fields += fields.fields;
    return true;
  }

  get canRepeat(): boolean {
    return this.flaw === HeadFlaw.none && this.#isPlain && this.#repeated.length === 0;
  }

  regularFields(): RegularFields {
    return {
      text: this.#text,
      lines: this.#copyLines(),
      end: this.#linesEnd,
      present: this.#present,
      contentLength: this.contentLength,
      underscores: this.underscores,
      bytes: this.bytes - this.#pseudoBytes,
      fields: this.fields - this.#pseudoFields,
    };
  }

  complete(): void {
    // As Envoy: behind all others.
    if (this.#cookie !== undefined) this.#addLine(H.cookie, 'cookie', this.#cookie, undefined);
  }

  /** The fields as a head. Not after a flaw. */
  finish(): HeaderMap {
    const headers = new HeaderMap();
    const lines = this.#taken === undefined ? this.#copyLines() : this.#taken.slice();
    headers.setLines(this.#text, lines, this.#linesEnd, this.#present);
    headers.method = this.method;
    headers.path = this.path;
    headers.scheme = this.scheme;
    headers.authority = this.authority;
    headers.hasHost = this.hasAuthority;
    headers.status = this.status;
    if (this.#repeated.length > 0) headers.joinRepeated(this.#repeated);
    this.#text = '';
    return headers;
  }

  #copyLines(): number[] {
    const end = this.#linesEnd;
    const lines: number[] = new Array(end + SPARE_LINES * STRIDE);
    for (let at = 0; at < end; at++) lines[at] = scratch[at]!;
    return lines;
  }

  #addLine(id: number, name: string, value: string, line: string | undefined): void {
    this.hasRegular = true;
    const start = this.#text.length;
    const nameEnd = start + name.length;
    const valueEnd = nameEnd + 2 + value.length;
    const bit = 1 << (id & 31);
    const wanted = this.status === 0 ? INLINE_IN_REQUEST : INLINE_IN_RESPONSE;
    if ((this.#present & bit) !== 0 && (inline[id]! & wanted) !== 0 && !this.#repeated.includes(id as HeaderName)) {
      this.#repeated = [...this.#repeated, id as HeaderName];
    }
    this.#present |= bit;
    const at = this.#linesEnd;
    if (at + STRIDE > scratch.length) scratch = grown(scratch);
    scratch[at] = id;
    scratch[at + 1] = start;
    scratch[at + 2] = nameEnd;
    scratch[at + 3] = nameEnd + 2;
    scratch[at + 4] = valueEnd;
    this.#linesEnd = at + STRIDE;
    this.#text += line ?? name + ': ' + value + '\r\n';
  }

  /** Each at most once, and before all regular fields (RFC 9113 §8.3). */
  #addPseudo(kind: number, value: string): void {
    const bit = 1 << kind;
    if (this.hasRegular || (this.pseudoHeaders & bit) !== 0) {
      this.flaw = HeadFlaw.malformed;
      return;
    }
    this.pseudoHeaders |= bit;
    this.#pseudoBytes = this.bytes;
    this.#pseudoFields = this.fields;
    switch (kind) {
      case FieldKind.method:
        this.method = value;
        return;
      case FieldKind.scheme:
        this.scheme = value;
        return;
      case FieldKind.path:
        this.path = value;
        this.hasPath = true;
        return;
      case FieldKind.authority:
        this.authority = value;
        this.hasAuthority = true;
        return;
      case FieldKind.status:
        this.status = statusOf(value);
        if (this.status === 0) this.flaw = HeadFlaw.malformed;
        return;
      default:
        this.protocol = value;
    }
  }

  #addSpecial(kind: number, id: number, name: string, value: string, line: string | undefined): void {
    switch (kind) {
      case FieldKind.cookie:
        this.hasRegular = true;
        this.#cookie = this.#cookie === undefined ? value : this.#cookie + '; ' + value;
        return;
      case FieldKind.host:
        // In a response it is a field like any other.
        if (this.status !== 0) break;
        // The authority wins; without one, Host stands for it.
        this.hasRegular = true;
        this.#isPlain = false;
        if (this.hasAuthority) return;
        this.authority = value;
        this.hasAuthority = true;
        return;
      case FieldKind.contentLength:
        this.contentLength = this.contentLength === -1 ? lengthOf(value) : -2;
        break;
      case FieldKind.te:
        if (value !== 'trailers') this.flaw = HeadFlaw.malformed;
        break;
      case FieldKind.underscored:
        this.underscores++;
        break;
      default:
        this.flaw = HeadFlaw.malformed;
    }
    if (this.flaw === HeadFlaw.none) this.#addLine(id, name, value, line);
  }
}

function grown(lines: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(lines.length * 2);
  larger.set(lines);
  return larger;
}

/** Three digits; 0 for anything else. */
function statusOf(value: string): number {
  return /^[1-9]\d\d$/.test(value) ? Number(value) : 0;
}

/** -2: not a length. */
function lengthOf(value: string): number {
  return /^\d{1,16}$/.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER ? Number(value) : -2;
}
