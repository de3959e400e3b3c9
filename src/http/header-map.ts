import { type HeaderName, type HeaderNameSet, UNKNOWN_HEADER, fieldStart, findHeaderName, furtherFieldStart, headerText } from './header-name.ts';

/**
 * The head of one message: pseudo-headers as fields, lines as offsets into the head's text, changes as an overlay.
 *
 * Lines that came from the wire are ranges of `#text` until somebody changes them, so that a proxy which adds three lines
 * copies the others as one substring. Names are lower case. Order is kept; duplicates stay separate lines.
 * Values are latin1 text, exactly the bytes of the wire. A value may be a slice of the head's text and pin it: what outlives
 * the stream is copied out.
 */
export class HeaderMap {
  /** Request pseudo-headers; the `host` line of HTTP/1 becomes `authority`. Empty when absent. */
  method = '';
  path = '';
  authority = '';
  scheme = '';
  /** A Host line or an authority was there, be it empty. */
  hasHost = false;
  /** Response status, 0 for a request. */
  status = 0;

  /** Of lines as they were read; shared with whoever has read them. */
  #text = '';
  #offsets: readonly number[] = NO_OFFSETS;
  /** Per line: its id, or'ed with what became of it. */
  #tags: number[] = NO_TAGS;
  /** How many lines there are; behind them there may be room. */
  #end = 0;
  /** Per line: the value that replaced the one on the wire, or of a line that was added. */
  #values: (string | undefined)[] | undefined;
  /** Per line: the name of an added line that is not interned. */
  #names: (string | undefined)[] | undefined;
  /** Bloom filter over the ids present, one bit each modulo 32. */
  #present = 0;

  /** For parsers. `lines` are shared, and not changed here. With `spare`, lines that are added find room. */
  setLines({ text, tags, offsets, present }: HeadLines, spare: number): void {
    const { length } = tags;
    const own: number[] = new Array(length + spare);
    for (let at = 0; at < length; at++) own[at] = tags[at]!;
    this.#text = text;
    this.#offsets = offsets;
    this.#tags = own;
    this.#end = length;
    this.#present = present;
  }

  /** The first value of the name. */
  get(name: HeaderName): string | undefined {
    if ((this.#present & (1 << (name & 31))) === 0) return undefined;
    const tags = this.#tags;
    for (let at = 0; at < this.#end; at++) {
      if ((tags[at]! & ID_MASK) === name) return this.#value(at);
    }
    return undefined;
  }

  has(name: HeaderName): boolean {
    if ((this.#present & (1 << (name & 31))) === 0) return false;
    const tags = this.#tags;
    for (let at = 0; at < this.#end; at++) if ((tags[at]! & ID_MASK) === name) return true;
    return false;
  }

  /** Every value of the name, in order. */
  getAll(name: HeaderName): string[] {
    const values: string[] = [];
    if ((this.#present & (1 << (name & 31))) === 0) return values;
    const tags = this.#tags;
    for (let at = 0; at < this.#end; at++) {
      if ((tags[at]! & ID_MASK) === name) values.push(this.#value(at));
    }
    return values;
  }

  /** The values of the name joined with `separator`; undefined when there is none. */
  getJoined(name: HeaderName, separator = ','): string | undefined {
    if ((this.#present & (1 << (name & 31))) === 0) return undefined;
    const values = this.getAll(name);
    return values.length === 0 ? undefined : values.length === 1 ? values[0] : values.join(separator);
  }

  /** One line with this value: replaces the first, drops the others, or adds at the end. */
  set(name: HeaderName, value: string): void {
    if ((this.#present & (1 << (name & 31))) !== 0) {
      const tags = this.#tags;
      for (let at = 0; at < this.#end; at++) {
        if ((tags[at]! & ID_MASK) !== name) continue;
        this.#setValue(at, value);
        this.#removeFrom(at + 1, name);
        return;
      }
    }
    this.add(name, value);
  }

  /** A further line at the end. */
  add(name: HeaderName, value: string): void {
    const at = this.#end;
    if (at === this.#tags.length) this.#makeRoom();
    const tags = this.#tags;
    this.#end = at + 1;
    tags[at] = name | CHANGED;
    this.#present |= 1 << (name & 31);
    (this.#values ??= new Array(tags.length))[at] = value;
  }

  #makeRoom(): void {
    const grown: number[] = new Array(this.#end * 2 + SPARE_LINES);
    for (let at = 0; at < this.#end; at++) grown[at] = this.#tags[at]!;
    this.#tags = grown;
  }

  /** Removes every line of the name; true if there was one. */
  remove(name: HeaderName): boolean {
    if ((this.#present & (1 << (name & 31))) === 0) return false;
    return this.#removeFrom(0, name);
  }

  /** Removes every line of every name in the set, in one pass. */
  removeAll(names: HeaderNameSet): void {
    const tags = this.#tags;
    for (let at = 0; at < this.#end; at++) {
      if (names.has(tags[at]! & ID_BITS)) tags[at]! |= REMOVED;
    }
  }

  /** Joins the lines of each of these names into the first, with commas; what is empty is left out. */
  joinRepeated(names: readonly HeaderName[]): void {
    for (const name of names) {
      const values = this.getAll(name);
      if (values.length > 1) this.set(name, values.filter((value) => value !== '').join(','));
    }
  }

  // The same by text, for names that only a message or a template knows. Case matters: names are lower case.

  getText(name: string): string | undefined {
    const id = findHeaderName(name);
    if (id !== UNKNOWN_HEADER) {
      const value = this.get(id);
      if (value !== undefined) return value;
    }
    for (let at = 0; at < this.#end; at++) if (this.#isNamed(at, name)) return this.#value(at);
    return undefined;
  }

  addText(name: string, value: string): void {
    const id = findHeaderName(name);
    if (id !== UNKNOWN_HEADER) {
      this.add(id, value);
      return;
    }
    const at = this.#end;
    this.add(UNKNOWN_HEADER as HeaderName, value);
    (this.#names ??= new Array(this.#tags.length))[at] = name;
  }

  setText(name: string, value: string): void {
    const id = findHeaderName(name);
    if (id !== UNKNOWN_HEADER) {
      this.set(id, value);
      return;
    }
    for (let at = 0; at < this.#end; at++) {
      if (!this.#isNamed(at, name)) continue;
      this.#setValue(at, value);
      this.#removeTextFrom(at + 1, name);
      return;
    }
    this.addText(name, value);
  }

  removeText(name: string): boolean {
    const id = findHeaderName(name);
    const removed = id !== UNKNOWN_HEADER && this.remove(id);
    return this.#removeTextFrom(0, name) || removed;
  }

  // Lines by position, for writers of other forms than `serialise`: from 0 to `linesEnd`.

  get linesEnd(): number {
    return this.#end;
  }

  /** The interned name of the line, UNKNOWN_HEADER, or -1 for a line that is gone. */
  lineId(at: number): number {
    const tag = this.#tags[at]!;
    return (tag & REMOVED) === 0 ? tag & ID_BITS : -1;
  }

  lineName(at: number): string {
    return this.#name(at);
  }

  lineValue(at: number): string {
    return this.#value(at);
  }

  /** What lines that are as they were read lie in. */
  get text(): string {
    return this.#text;
  }

  /** Where the value of such a line begins in `text`; -1 for other lines. */
  valueStart(at: number): number {
    return (this.#tags[at]! & CHANGED) === 0 ? this.#offsets[at * OFFSETS + 2]! : -1;
  }

  /** Where it ends. */
  valueEnd(at: number): number {
    return this.#offsets[at * OFFSETS + 3]!;
  }

  /** Lines in order. Not for the hot path: makes a string for each name and value. */
  forEach(visit: (name: string, value: string) => void): void {
    for (let at = 0; at < this.#end; at++) {
      if ((this.#tags[at]! & REMOVED) === 0) visit(this.#name(at), this.#value(at));
    }
  }

  /** How many lines there are. */
  get size(): number {
    let size = 0;
    for (let at = 0; at < this.#end; at++) if ((this.#tags[at]! & REMOVED) === 0) size++;
    return size;
  }

  /** Bytes of names and values, as Envoy counts them: pseudo-headers included, no separators. */
  byteSize(): number {
    let bytes = this.method === '' ? ':status200'.length : this.#pseudoBytes();
    const tags = this.#tags;
    const offsets = this.#offsets;
    for (let at = 0; at < this.#end; at++) {
      const tag = tags[at]!;
      if ((tag & REMOVED) !== 0) continue;
      const from = at * OFFSETS;
      if ((tag & CHANGED) === 0) bytes += offsets[from + 1]! - offsets[from]! + offsets[from + 3]! - offsets[from + 2]!;
      else bytes += this.#name(at).length + this.#value(at).length;
    }
    return bytes;
  }

  /** Of a request, whose head may have been refused before it had all of them. */
  #pseudoBytes(): number {
    let bytes = ':method'.length + this.method.length;
    if (this.path !== '') bytes += ':path'.length + this.path.length;
    if (this.hasHost || this.authority !== '') bytes += ':authority'.length + this.authority.length;
    if (this.scheme !== '') bytes += ':scheme'.length + this.scheme.length;
    return bytes;
  }

  /** A name as it is written; see `codec/field-case.ts`. */
  nameOf(name: string): string {
    return name;
  }

  /** `name: value\r\n` for each line. */
  serialise(): string {
    const tags = this.#tags;
    const offsets = this.#offsets;
    const text = this.#text;
    let out = '';
    let runStart = -1;
    let runEnd = -1;
    /** An added line ends with the start of the next: fewer pieces to join. */
    let isOpen = false;
    for (let at = 0; at < this.#end; at++) {
      const tag = tags[at]!;
      if ((tag & NOT_AS_READ) === 0) {
        const start = offsets[at * OFFSETS]!;
        if (start !== runEnd) {
          if (runEnd !== -1) out += text.substring(runStart, runEnd);
          else if (isOpen) out += '\r\n';
          isOpen = false;
          runStart = start;
        }
        runEnd = offsets[at * OFFSETS + 3]! + 2;
      } else if ((tag & REMOVED) === 0) {
        if (runEnd !== -1) out += text.substring(runStart, runEnd);
        runEnd = -1;
        const id = tag & ID_BITS;
        if (id !== UNKNOWN_HEADER) out += isOpen ? furtherFieldStart(id as HeaderName) : fieldStart(id as HeaderName);
        else out += (isOpen ? '\r\n' : '') + this.#name(at) + ': ';
        out += this.#value(at);
        isOpen = true;
      }
    }
    if (runEnd !== -1) return out + text.substring(runStart, runEnd);
    return isOpen ? out + '\r\n' : out;
  }

  // For who has made a row of lines like these before.

  /** Values of changed lines at their places, with those of lines that were removed since. */
  get values(): readonly (string | undefined)[] {
    return this.#values ?? NO_VALUES;
  }

  /** What was read and what became of each line; undefined where that does not tell the names. */
  shape(): LinesShape | undefined {
    const tags = this.#tags.slice(0, this.#end);
    return tags.some((tag) => (tag & (REMOVED | CHANGED | ID_BITS)) === (CHANGED | UNKNOWN_HEADER)) ? undefined : { offsets: this.#offsets, tags };
  }

  isOf({ offsets, tags }: LinesShape): boolean {
    if (offsets !== this.#offsets || tags.length !== this.#end) return false;
    const own = this.#tags;
    for (let at = 0; at < tags.length; at++) if (tags[at] !== own[at]) return false;
    return true;
  }

  /** Values that are written. */
  writtenValues(): (string | undefined)[] {
    return Array.from(this.values, (value, at) => ((this.#tags[at]! & REMOVED) === 0 ? value : undefined));
  }

  /** A copy with other values at places where this has some. */
  withValues(values: readonly (string | undefined)[]): HeaderMap {
    const copy = this.clone();
    copy.#values = values.slice();
    return copy;
  }

  /** A copy that shares nothing that can change. */
  clone(): HeaderMap {
    const copy = new HeaderMap();
    copy.method = this.method;
    copy.path = this.path;
    copy.authority = this.authority;
    copy.scheme = this.scheme;
    copy.hasHost = this.hasHost;
    copy.status = this.status;
    copy.#text = this.#text;
    copy.#offsets = this.#offsets;
    copy.#tags = this.#tags.slice();
    copy.#end = this.#end;
    copy.#values = this.#values?.slice();
    copy.#names = this.#names?.slice();
    copy.#present = this.#present;
    return copy;
  }

  #value(at: number): string {
    if ((this.#tags[at]! & CHANGED) !== 0) return this.#values![at]!;
    const from = at * OFFSETS;
    return this.#text.substring(this.#offsets[from + 2]!, this.#offsets[from + 3]!);
  }

  #name(at: number): string {
    const tags = this.#tags;
    const id = tags[at]! & ID_BITS;
    if (id !== UNKNOWN_HEADER) return headerText(id as HeaderName);
    const from = at * OFFSETS;
    return from >= this.#offsets.length ? this.#names![at]! : this.#text.substring(this.#offsets[from]!, this.#offsets[from + 1]!);
  }

  /** Only for lines that are not interned; an interned name is found by id. */
  #isNamed(at: number, name: string): boolean {
    const tag = this.#tags[at]!;
    return (tag & (REMOVED | ID_BITS)) === 0 && this.#name(at) === name;
  }

  #setValue(at: number, value: string): void {
    this.#tags[at]! |= CHANGED;
    (this.#values ??= new Array(this.#tags.length))[at] = value;
  }

  #removeFrom(from: number, name: HeaderName): boolean {
    const tags = this.#tags;
    let removed = false;
    for (let at = from; at < this.#end; at++) {
      if ((tags[at]! & ID_MASK) !== name) continue;
      tags[at]! |= REMOVED;
      removed = true;
    }
    return removed;
  }

  #removeTextFrom(from: number, name: string): boolean {
    let removed = false;
    for (let at = from; at < this.#end; at++) {
      if (!this.#isNamed(at, name)) continue;
      this.#tags[at]! |= REMOVED;
      removed = true;
    }
    return removed;
  }
}

/** The lines of a head as they were read. */
export interface HeadLines {
  readonly text: string;
  /** Per line its id, with the LOOSE bit when its separator or white space is not canonical (`name: value\r\n`): such a line is rewritten when serialised. */
  readonly tags: readonly number[];
  /** Per line: where name and value start and end in `text`, OFFSETS numbers. */
  readonly offsets: readonly number[];
  /** The bit `id & 31` of each interned name that is there. */
  readonly present: number;
}

/** Lines of the same shape differ in nothing but the values that were changed. */
export interface LinesShape {
  /** Those of the lines as they were read: lines that share them share their text. */
  readonly offsets: readonly number[];
  readonly tags: readonly number[];
}

/** Name start, name end, value start, value end. */
export const OFFSETS = 4;

/** Room for lines to add: what a proxy adds in its fullest configuration. */
export const SPARE_LINES = 8;

const NO_TAGS: number[] = [];
const NO_VALUES: readonly (string | undefined)[] = [];
const NO_OFFSETS: readonly number[] = [];

const ID_BITS = 0xffff;
/** The line has another value than on the wire, or never was on the wire. */
const CHANGED = 1 << 16;
/** Separator or white space differs from `name: value\r\n`. */
export const LOOSE = 1 << 17;
const REMOVED = 1 << 18;
/** A removed line must not match its id. */
const ID_MASK = ID_BITS | REMOVED;
const NOT_AS_READ = CHANGED | LOOSE | REMOVED;
