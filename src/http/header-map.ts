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

  #text = '';
  /** Per line: id, name start, name end, value start, value end. `id` is REMOVED or'ed in for lines that are gone. */
  #lines: number[] = NO_LINES;
  /** What of `#lines` is used; behind it there may be room. */
  #end = 0;
  /** Per line: the value that replaced the one on the wire, or of a line that was added. */
  #values: (string | undefined)[] | undefined;
  /** Per line: the name of an added line that is not interned. */
  #names: (string | undefined)[] | undefined;
  /** Bloom filter over the ids present, one bit each modulo 32. */
  #present = 0;

  /**
   * For parsers. `lines` holds STRIDE numbers a line with offsets into `text`; a line whose separator or white space is
   * not canonical (`name: value\r\n`) has the LOOSE bit set in its id and is rewritten when serialised. The array is longer
   * than `end` by SPARE_LINES lines: lines that are added must not make it grow.
   */
  setLines(text: string, lines: number[], end: number, present: number): void {
    this.#text = text;
    this.#lines = lines;
    this.#end = end;
    this.#present = present;
  }

  /** The first value of the name. */
  get(name: HeaderName): string | undefined {
    if ((this.#present & (1 << (name & 31))) === 0) return undefined;
    const lines = this.#lines;
    for (let at = 0; at < this.#end; at += STRIDE) {
      if ((lines[at]! & ID_MASK) === name) return this.#value(at);
    }
    return undefined;
  }

  has(name: HeaderName): boolean {
    if ((this.#present & (1 << (name & 31))) === 0) return false;
    const lines = this.#lines;
    for (let at = 0; at < this.#end; at += STRIDE) if ((lines[at]! & ID_MASK) === name) return true;
    return false;
  }

  /** Every value of the name, in order. */
  getAll(name: HeaderName): string[] {
    const values: string[] = [];
    if ((this.#present & (1 << (name & 31))) === 0) return values;
    const lines = this.#lines;
    for (let at = 0; at < this.#end; at += STRIDE) {
      if ((lines[at]! & ID_MASK) === name) values.push(this.#value(at));
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
      const lines = this.#lines;
      for (let at = 0; at < this.#end; at += STRIDE) {
        if ((lines[at]! & ID_MASK) !== name) continue;
        this.#setValue(at, value);
        this.#removeFrom(at + STRIDE, name);
        return;
      }
    }
    this.add(name, value);
  }

  /** A further line at the end. */
  add(name: HeaderName, value: string): void {
    const at = this.#end;
    if (at === this.#lines.length) this.#makeRoom();
    const lines = this.#lines;
    this.#end = at + STRIDE;
    lines[at] = name | CHANGED;
    lines[at + 1] = -1;
    this.#present |= 1 << (name & 31);
    (this.#values ??= new Array(lines.length / STRIDE))[at / STRIDE] = value;
  }

  #makeRoom(): void {
    const grown: number[] = new Array(this.#end * 2 + SPARE_LINES * STRIDE);
    for (let at = 0; at < this.#end; at++) grown[at] = this.#lines[at]!;
    this.#lines = grown;
  }

  /** Removes every line of the name; true if there was one. */
  remove(name: HeaderName): boolean {
    if ((this.#present & (1 << (name & 31))) === 0) return false;
    return this.#removeFrom(0, name);
  }

  /** Removes every line of every name in the set, in one pass. */
  removeAll(names: HeaderNameSet): void {
    const lines = this.#lines;
    for (let at = 0; at < this.#end; at += STRIDE) {
      if (names.has(lines[at]! & ID_BITS)) lines[at]! |= REMOVED;
    }
  }

  /** Joins the lines of each of these names into the first, with commas. */
  joinRepeated(names: readonly HeaderName[]): void {
    for (const name of names) {
      const values = this.getAll(name);
      if (values.length > 1) this.set(name, values.join(','));
    }
  }

  // The same by text, for names that only a message or a template knows. Case matters: names are lower case.

  getText(name: string): string | undefined {
    const id = findHeaderName(name);
    if (id !== UNKNOWN_HEADER) {
      const value = this.get(id);
      if (value !== undefined) return value;
    }
    for (let at = 0; at < this.#end; at += STRIDE) if (this.#isNamed(at, name)) return this.#value(at);
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
    (this.#names ??= new Array(this.#lines.length / STRIDE))[at / STRIDE] = name;
  }

  setText(name: string, value: string): void {
    const id = findHeaderName(name);
    if (id !== UNKNOWN_HEADER) {
      this.set(id, value);
      return;
    }
    for (let at = 0; at < this.#end; at += STRIDE) {
      if (!this.#isNamed(at, name)) continue;
      this.#setValue(at, value);
      this.#removeTextFrom(at + STRIDE, name);
      return;
    }
    this.addText(name, value);
  }

  removeText(name: string): boolean {
    const id = findHeaderName(name);
    const removed = id !== UNKNOWN_HEADER && this.remove(id);
    return this.#removeTextFrom(0, name) || removed;
  }

  // Lines by position, for writers of other forms than `serialise`: from 0 in steps of STRIDE to `linesEnd`.

  get linesEnd(): number {
    return this.#end;
  }

  /** The interned name of the line, UNKNOWN_HEADER, or -1 for a line that is gone. */
  lineId(at: number): number {
    const tag = this.#lines[at]!;
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
    return (this.#lines[at]! & CHANGED) === 0 ? this.#lines[at + 3]! : -1;
  }

  /** Where it ends. */
  valueEnd(at: number): number {
    return this.#lines[at + 4]!;
  }

  /** Lines in order. Not for the hot path: makes a string for each name and value. */
  forEach(visit: (name: string, value: string) => void): void {
    for (let at = 0; at < this.#end; at += STRIDE) {
      if ((this.#lines[at]! & REMOVED) === 0) visit(this.#name(at), this.#value(at));
    }
  }

  /** How many lines there are. */
  get size(): number {
    let size = 0;
    for (let at = 0; at < this.#end; at += STRIDE) if ((this.#lines[at]! & REMOVED) === 0) size++;
    return size;
  }

  /** Bytes of names and values, as Envoy counts them: pseudo-headers included, no separators. */
  byteSize(): number {
    let bytes = this.method.length + this.path.length + this.authority.length + this.scheme.length;
    if (this.method !== '') bytes += ':method:path:authority:scheme'.length;
    else bytes += ':status200'.length;
    const lines = this.#lines;
    for (let at = 0; at < this.#end; at += STRIDE) {
      const tag = lines[at]!;
      if ((tag & REMOVED) !== 0) continue;
      if ((tag & CHANGED) === 0) bytes += lines[at + 2]! - lines[at + 1]! + lines[at + 4]! - lines[at + 3]!;
      else bytes += this.#name(at).length + this.#value(at).length;
    }
    return bytes;
  }

  /** A name as it is written; see `codec/field-case.ts`. */
  nameOf(name: string): string {
    return name;
  }

  /** `name: value\r\n` for each line. */
  serialise(): string {
    const lines = this.#lines;
    const text = this.#text;
    let out = '';
    let runStart = -1;
    let runEnd = -1;
    /** An added line ends with the start of the next: fewer pieces to join. */
    let isOpen = false;
    for (let at = 0; at < this.#end; at += STRIDE) {
      const tag = lines[at]!;
      if ((tag & NOT_AS_READ) === 0) {
        const start = lines[at + 1]!;
        if (start !== runEnd) {
          if (runEnd !== -1) out += text.substring(runStart, runEnd);
          else if (isOpen) out += '\r\n';
          isOpen = false;
          runStart = start;
        }
        runEnd = lines[at + 4]! + 2;
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
    copy.#lines = this.#lines.slice();
    copy.#end = this.#end;
    copy.#values = this.#values?.slice();
    copy.#names = this.#names?.slice();
    copy.#present = this.#present;
    return copy;
  }

  #value(at: number): string {
    const lines = this.#lines;
    if ((lines[at]! & CHANGED) !== 0) return this.#values![at / STRIDE]!;
    return this.#text.substring(lines[at + 3]!, lines[at + 4]!);
  }

  #name(at: number): string {
    const lines = this.#lines;
    const id = lines[at]! & ID_BITS;
    if (id !== UNKNOWN_HEADER) return headerText(id as HeaderName);
    const start = lines[at + 1]!;
    return start === -1 ? this.#names![at / STRIDE]! : this.#text.substring(start, lines[at + 2]!);
  }

  /** Only for lines that are not interned; an interned name is found by id. */
  #isNamed(at: number, name: string): boolean {
    const tag = this.#lines[at]!;
    return (tag & (REMOVED | ID_BITS)) === 0 && this.#name(at) === name;
  }

  #setValue(at: number, value: string): void {
    this.#lines[at]! |= CHANGED;
    (this.#values ??= new Array(this.#lines.length / STRIDE))[at / STRIDE] = value;
  }

  #removeFrom(from: number, name: HeaderName): boolean {
    const lines = this.#lines;
    let removed = false;
    for (let at = from; at < this.#end; at += STRIDE) {
      if ((lines[at]! & ID_MASK) !== name) continue;
      lines[at]! |= REMOVED;
      removed = true;
    }
    return removed;
  }

  #removeTextFrom(from: number, name: string): boolean {
    let removed = false;
    for (let at = from; at < this.#end; at += STRIDE) {
      if (!this.#isNamed(at, name)) continue;
      this.#lines[at]! |= REMOVED;
      removed = true;
    }
    return removed;
  }
}

/** Numbers a line in `setLines`. */
export const STRIDE = 5;

/** Room for lines to add: what a proxy adds in its fullest configuration. */
export const SPARE_LINES = 8;

const NO_LINES: number[] = [];

const ID_BITS = 0xffff;
/** The line has another value than on the wire, or never was on the wire. */
const CHANGED = 1 << 16;
/** Separator or white space differs from `name: value\r\n`. */
export const LOOSE = 1 << 17;
const REMOVED = 1 << 18;
/** A removed line must not match its id. */
const ID_MASK = ID_BITS | REMOVED;
const NOT_AS_READ = CHANGED | LOOSE | REMOVED;
