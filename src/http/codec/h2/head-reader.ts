import { type HeadLines, HeaderMap, OFFSETS, SPARE_LINES } from '../../header-map.ts';
import { H, type HeaderName } from '../../header-name.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from '../../inline-headers.ts';
import { LineScratch } from '../line-scratch.ts';
import type { FieldSink } from './hpack-decoder.ts';
import { FieldKind, type TableEntry } from './hpack-table.ts';
import type { RegularFields, RepeatedFields } from './repeated-fields.ts';

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
/** Lines of the block that is being read. */
const scratch = new LineScratch();
/** The entries that its regular fields came from. */
const entries: TableEntry[] = [];

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
  /** As Envoy counts fields, those that become one line are one, but for crumbs of a cookie: this is how many fewer. */
  #joined = 0;
  #maxBytes = 0;
  #maxFields = 0;
  #text = '';
  #repeated: readonly HeaderName[] = NONE;
  /** The crumbs, joined (RFC 9113 §8.2.3). */
  #cookie = '';
  /** Regular fields so far. */
  #regular = 0;
  /** The same entries come to the same lines again. */
  #canRepeat = true;
  /** What the connection's last such head had; undefined: heads are not remembered. */
  #last: RepeatedFields | undefined;
  /** All regular fields so far are those of the last head: their lines are made only when another one comes. */
  #follows = false;
  /** The lines, where they were taken over. */
  #taken: HeadLines | undefined;

  /** `last` is for heads of this connection and kind. */
  begin(maxBytes: number, maxFields: number, last?: RepeatedFields): void {
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
    this.#joined = 0;
    this.#maxBytes = maxBytes;
    this.#maxFields = maxFields;
    this.#text = '';
    scratch.clear();
    this.#repeated = NONE;
    this.#cookie = '';
    this.#regular = 0;
    this.#canRepeat = true;
    this.#last = last;
    this.#follows = last !== undefined && last.length > 0;
    this.#taken = undefined;
  }

  add(entry: TableEntry, isKnown: boolean): void {
    this.bytes += entry.bytes;
    if (this.flaw !== HeadFlaw.none) return;
    const { kind } = entry;
    this.fields++;
    if (kind !== FieldKind.regular && kind <= FieldKind.protocol) this.#addPseudo(entry);
    else this.#addRegular(entry, isKnown);
    // As Envoy: a field is looked at before it is counted.
    if (this.flaw !== HeadFlaw.none) return;
    if (this.bytes > this.#maxBytes) this.flaw = HeadFlaw.tooLarge;
    else if (this.fields - this.#joined > this.#maxFields && !this.#follows) this.flaw = HeadFlaw.tooManyFields;
  }

  #addRegular(entry: TableEntry, isKnown: boolean): void {
    const at = this.#regular++;
    if (this.#follows) {
      if (this.#last!.entries[at] === entry) return;
      this.#stopFollowing(at);
    }
    entries[at] = entry;
    if (!isKnown) this.#canRepeat = false;
    this.#addField(entry);
  }

  /** Makes the lines of the first `count` fields. */
  #stopFollowing(count: number): void {
    this.#follows = false;
    for (let at = 0; at < count; at++) {
      entries[at] = this.#last!.entries[at]!;
      this.#addField(entries[at]!);
    }
  }

  #addField(entry: TableEntry): void {
    if (entry.kind === FieldKind.regular) this.#addLine(entry.id, entry.name, entry.value, entry.line);
    else this.#addSpecial(entry);
  }

  complete(): void {
    if (this.#follows) {
      if (this.#regular === this.#last!.entries.length) {
        this.#takeOver(this.#last!.fields!);
        return;
      }
      this.#stopFollowing(this.#regular);
    }
    // As Envoy: behind all others.
    if (this.#cookie !== '') this.#addLine(H.cookie, 'cookie', this.#cookie, `cookie: ${this.#cookie}\r\n`);
    if (this.flaw !== HeadFlaw.none) return;
    if (this.#repeated.length > 0) this.#joinRepeated(this.#repeated);
    if (this.#last === undefined || !this.#canRepeat || this.#regular === 0) return;
    this.#last.remember(entries, this.#regular, this.#regularFields());
  }

  /** Of each of these names one line stays, where its first was, with all values. */
  #joinRepeated(names: readonly HeaderName[]): void {
    const { text, tags, offsets } = scratch.lines(this.#text);
    scratch.clear();
    this.#text = '';
    for (let at = 0; at < tags.length; at++) {
      const id = tags[at]!;
      const [nameStart, nameEnd, valueStart, valueEnd] = offsets.slice(at * OFFSETS);
      let value = text.substring(valueStart!, valueEnd);
      if (names.includes(id as HeaderName)) {
        if (tags.indexOf(id) < at) continue;
        for (let next = tags.indexOf(id, at + 1); next !== -1; next = tags.indexOf(id, next + 1)) {
          const more = text.substring(offsets[next * OFFSETS + 2]!, offsets[next * OFFSETS + 3]);
          value = value === '' || more === '' ? value + more : `${value},${more}`;
        }
      }
      const name = text.substring(nameStart!, nameEnd);
      this.#addLine(id, name, value, name + ': ' + value + '\r\n');
    }
  }

  /** While a head followed the last, its fields were not held to the limit. */
  #takeOver({ lines, joined, contentLength, underscores }: RegularFields): void {
    if (this.fields - joined > this.#maxFields) this.flaw = HeadFlaw.tooManyFields;
    this.#taken = lines;
    this.contentLength = contentLength;
    this.underscores = underscores;
  }

  #regularFields(): RegularFields {
    const { contentLength, underscores } = this;
    return { lines: scratch.lines(this.#text), joined: this.#joined, contentLength, underscores };
  }

  /** The fields as a head. Not after a flaw. */
  finish(): HeaderMap {
    const headers = new HeaderMap();
    // Nothing is added to trailers, as a rule.
    headers.setLines(this.#taken ?? scratch.lines(this.#text), this.pseudoHeaders === 0 ? 0 : SPARE_LINES);
    headers.method = this.method;
    headers.path = this.path;
    headers.scheme = this.scheme;
    headers.authority = this.authority;
    headers.hasHost = this.hasAuthority;
    headers.status = this.status;
    this.#text = '';
    return headers;
  }

  #addLine(id: number, name: string, value: string, line: string): void {
    const start = this.#text.length;
    const nameEnd = start + name.length;
    const valueEnd = nameEnd + 2 + value.length;
    const wanted = this.status === 0 ? INLINE_IN_REQUEST : INLINE_IN_RESPONSE;
    if ((inline[id]! & wanted) !== 0 && scratch.has(id)) {
      this.#joined++;
      if (!this.#repeated.includes(id as HeaderName)) this.#repeated = [...this.#repeated, id as HeaderName];
    }
    scratch.add(id, start, nameEnd, nameEnd + 2, valueEnd);
    this.#text += line;
  }

  /** Each at most once, and before all regular fields (RFC 9113 §8.3). */
  #addPseudo(entry: TableEntry): void {
    const { kind, value } = entry;
    const bit = 1 << kind;
    if (this.#regular > 0 || (this.pseudoHeaders & bit) !== 0) {
      this.flaw = HeadFlaw.malformed;
      return;
    }
    this.pseudoHeaders |= bit;
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
        this.status = entry.number;
        if (this.status === 0) this.flaw = HeadFlaw.malformed;
        return;
      default:
        this.protocol = value;
    }
  }

  #addSpecial(entry: TableEntry): void {
    const { id, name, value } = entry;
    switch (entry.kind) {
      case FieldKind.cookie:
        this.#cookie = this.#cookie === '' ? value : this.#cookie + '; ' + value;
        return;
      case FieldKind.host:
        // In a response and in trailers it is a field like any other.
        if (this.status !== 0 || this.pseudoHeaders === 0) break;
        // The authority wins; without one, Host stands for it.
        this.#canRepeat = false;
        if (this.hasAuthority) return;
        this.authority = value;
        this.hasAuthority = true;
        return;
      case FieldKind.contentLength:
        this.contentLength = this.contentLength === -1 ? entry.number : -2;
        break;
      case FieldKind.te:
        if (value !== 'trailers' && value.toLowerCase() !== 'trailers') this.flaw = HeadFlaw.malformed;
        break;
      case FieldKind.underscored:
        this.underscores++;
        break;
      default:
        this.flaw = HeadFlaw.malformed;
    }
    if (this.flaw === HeadFlaw.none) this.#addLine(id, name, value, entry.line);
  }
}
