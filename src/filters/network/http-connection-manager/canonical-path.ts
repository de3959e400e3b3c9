/**
 * The canonical form of a path without its query, as `normalize_path` makes it (RFC 3986 §6.2.2, with what Envoy does where that is
 * silent): dot segments are resolved, `\` is a slash, escapes of unreserved characters are undone, characters that must not stand in a
 * path are escaped. Other escapes stay as they came, hexadecimal case included. Undefined for a path with an escaped NUL.
 */
export function canonicalPath(path: string): string | undefined {
  if (isCanonical(path)) return path;
  const canonical = new PathWriter(path.includes(';') ? withoutDotParameters(path) : path);
  return canonical.write() ? canonical.out : undefined;
}

const PLAIN = 0;
/** Needs a look: `.`, `%`, `\`. */
const SPECIAL = 1;
/** Must not stand in a path as it is. */
const ESCAPE = 2;

const KIND = new Uint8Array(256).fill(ESCAPE, 0, 0x21).fill(ESCAPE, 0x7f);
for (const char of '"#<>?^`{|}') KIND[char.charCodeAt(0)] = ESCAPE;
for (const char of '.%\\') KIND[char.charCodeAt(0)] = SPECIAL;

const UNRESERVED = /[\w.~-]/;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;

/** Whether there is surely nothing to do: most paths. A dot inside a segment does no harm. */
function isCanonical(path: string): boolean {
  if (path.charCodeAt(0) !== SLASH) return false;
  for (let at = 1; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (KIND[code] !== PLAIN && (code !== DOT || path.charCodeAt(at - 1) === SLASH)) return false;
  }
  return true;
}

/** `/a/..;x/b`: parameters (RFC 3986 §3.3) do not keep a segment from being a dot segment. Only for dots that are not escaped. */
function withoutDotParameters(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment.startsWith('.;') ? '.' : segment.startsWith('..;') ? '..' : segment))
    .join('/');
}

class PathWriter {
  readonly #path: string;
  #at = 0;
  /** Segments that are complete, each with the slash behind it; the first is the root. */
  readonly #segments: string[] = [];
  /** The one under way, so far. */
  #segment = '';
  /** The end of it, from a `%` that begins no escape on; what is unescaped after it must not make it one. '' = there is none. */
  #loose = '';

  constructor(path: string) {
    this.#path = path;
  }

  get out(): string {
    return this.#segments.join('') + this.#segment + this.#loose;
  }

  /** False when the path has no canonical form. */
  write(): boolean {
    const path = this.#path;
    if (path.charCodeAt(0) !== SLASH && path.charCodeAt(0) !== BACKSLASH) this.#segments.push('/');
    while (this.#at < path.length) {
      const code = path.charCodeAt(this.#at);
      if (this.#dotLength(this.#at) > 0) this.#writeDot();
      else if (code === PERCENT) {
        if (!this.#writeEscape()) return false;
      } else {
        if (code === SLASH || code === BACKSLASH) this.#endSegment();
        else this.#put(KIND[code] === ESCAPE ? escaped(code) : path[this.#at]!);
        this.#at++;
      }
    }
    return true;
  }

  #put(text: string): void {
    if (this.#loose === '') {
      this.#segment += text;
      return;
    }
    this.#loose += text;
    if (this.#loose.length > 3) this.#tighten();
  }

  #tighten(): void {
    this.#segment += this.#loose;
    this.#loose = '';
  }

  #endSegment(): void {
    this.#tighten();
    this.#segments.push(`${this.#segment}/`);
    this.#segment = '';
  }

  /** How long the dot at this place is, which may be escaped; 0 = there is none. */
  #dotLength(at: number): number {
    const path = this.#path;
    if (path.charCodeAt(at) === DOT) return 1;
    return path.charCodeAt(at) === PERCENT && path[at + 1] === '2' && (path[at + 2] === 'e' || path[at + 2] === 'E') ? 3 : 0;
  }

  #endsSegment(at: number): boolean {
    const code = this.#path.charCodeAt(at);
    return at >= this.#path.length || code === SLASH || code === BACKSLASH;
  }

  #writeDot(): void {
    const afterFirst = this.#at + this.#dotLength(this.#at);
    if (this.#segment === '' && this.#loose === '') {
      if (this.#endsSegment(afterFirst)) {
        this.#at = afterFirst + 1;
        return;
      }
      const second = this.#dotLength(afterFirst);
      if (second > 0 && this.#endsSegment(afterFirst + second)) {
        this.#at = afterFirst + second + 1;
        // `..` at the top stays at the top.
        if (this.#segments.length > 1) this.#segments.pop();
        return;
      }
    }
    this.#put('.');
    this.#at = afterFirst;
  }

  #writeEscape(): boolean {
    const code = escapedCode(this.#path, this.#at);
    if (code === -1) {
      this.#tighten();
      this.#loose = '%';
      this.#at++;
      return true;
    }
    const char = String.fromCharCode(code);
    if (UNRESERVED.test(char)) {
      this.#at += 3;
      this.#putUnescaped(char);
      return true;
    }
    this.#put(this.#path.substring(this.#at, this.#at + 3));
    this.#at += 3;
    return code !== 0;
  }

  /** `%%30%30` must not become `%00`, an escape that nobody has checked: the `%` is escaped itself. */
  #putUnescaped(char: string): void {
    const pair = this.#loose.slice(1) + char;
    const next = pair.length === 1 ? (this.#path[this.#at] ?? '') : '';
    if (this.#loose === '' || escapedCode(`%${pair}${next}`, 0) === -1) {
      this.#put(char);
      return;
    }
    this.#segment += `%25${pair}${next}`;
    this.#loose = '';
    this.#at += next.length;
  }
}

/** The value of the escape at this place, -1 when there is none. */
function escapedCode(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at + 1));
  const low = hexDigit(text.charCodeAt(at + 2));
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function escaped(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
}
