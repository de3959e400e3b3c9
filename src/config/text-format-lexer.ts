import { SyntaxFault } from './syntax-fault.ts';
import { MAX_STRING_LENGTH } from './tree.ts';

export interface TextToken {
  readonly kind: 'name' | 'number' | 'string' | 'symbol' | 'end';
  /** As written; for a string with its quotes. */
  readonly text: string;
  readonly start: number;
}

const LINE_FEED = 0x0a;
const HASH = 0x23;
const BACKSLASH = 0x5c;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fF]?)/y;
/** The name of a type in `[type.googleapis.com/envoy.config.core.v3.Node]`. */
const BRACKETED = /\[([^\][\n"'{}<>,:]+)\]/y;

/** Protobuf's text format, one token ahead. */
export class TextFormatLexer {
  readonly #text: string;
  #at = 0;
  #next: TextToken;

  constructor(text: string) {
    this.#text = text;
    this.#next = this.#read();
  }

  get next(): TextToken {
    return this.#next;
  }

  take(): TextToken {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  isSymbol(...symbols: string[]): boolean {
    return this.#next.kind === 'symbol' && symbols.includes(this.#next.text);
  }

  /** Takes the symbol if it is next. */
  skip(...symbols: string[]): boolean {
    const isNext = this.isSymbol(...symbols);
    if (isNext) this.take();
    return isNext;
  }

  expect(symbol: string): void {
    if (!this.skip(symbol)) this.fail(`expected '${symbol}', found ${describe(this.#next)}`);
  }

  fail(reason: string, offset = this.#next.start): never {
    throw new SyntaxFault(offset, reason);
  }

  /** `[name]` as one, where a field's name is expected. */
  takeBracketed(): string {
    const { start } = this.#next;
    BRACKETED.lastIndex = start;
    const match = BRACKETED.exec(this.#text);
    if (match === null) this.fail('expected the name of a type in brackets');
    this.#at = BRACKETED.lastIndex;
    this.#next = this.#read();
    return match[1]!.trim();
  }

  #read(): TextToken {
    const start = this.#skipSpace();
    const first = this.#text[start];
    if (first === undefined) return { kind: 'end', text: '', start };
    if (first === '"' || first === "'") return this.#string(start);
    return this.#match(NAME, 'name', start) ?? this.#match(NUMBER, 'number', start) ?? this.#token('symbol', start, start + 1);
  }

  /** White space and comments. By hand, as a regular expression would keep a way back for each character. */
  #skipSpace(): number {
    const text = this.#text;
    let at = this.#at;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === HASH) {
        const end = text.indexOf('\n', at);
        at = end < 0 ? text.length : end;
      } else if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) at++;
      else return at;
    }
  }

  #string(start: number): TextToken {
    const text = this.#text;
    const quote = text.charCodeAt(start);
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === LINE_FEED) break;
      if (code === BACKSLASH) at++;
      else if (code === quote) return this.#token('string', start, at + 1);
    }
    return fault(start, 'a string without end');
  }

  #token(kind: TextToken['kind'], start: number, end: number): TextToken {
    if (end - start > MAX_STRING_LENGTH) fault(start, `a string of more than ${MAX_STRING_LENGTH} characters`);
    this.#at = end;
    return { kind, text: this.#text.slice(start, end), start };
  }

  #match(expression: RegExp, kind: TextToken['kind'], start: number): TextToken | undefined {
    expression.lastIndex = start;
    const text = expression.exec(this.#text)?.[0];
    return text === undefined ? undefined : this.#token(kind, start, start + text.length);
  }
}

function fault(offset: number, reason: string): never {
  throw new SyntaxFault(offset, reason);
}

export function describe(token: TextToken): string {
  return token.kind === 'end' ? 'the end' : `'${token.text.slice(0, 40)}'`;
}

const ESCAPE = /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g;
const LETTERS = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['?', '?'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);

/** The bytes of a quoted string: octal and `\x` escapes are bytes, everything else is UTF-8. */
export function stringBytes(token: TextToken): Buffer {
  const body = token.text.slice(1, -1);
  if (!body.includes('\\')) return Buffer.from(body);
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of body.matchAll(ESCAPE)) {
    parts.push(Buffer.from(body.slice(from, match.index)), escapeBytes(match, token.start + 1 + match.index));
    from = match.index + match[0].length;
  }
  parts.push(Buffer.from(body.slice(from)));
  return Buffer.concat(parts);
}

function escapeBytes([whole, octal, hex, short, long, letter]: RegExpMatchArray, offset: number): Buffer {
  if (octal !== undefined) return Buffer.from([parseInt(octal, 8) & 0xff]);
  if (hex !== undefined) return Buffer.from([parseInt(hex, 16)]);
  const code = short ?? long;
  if (code !== undefined) {
    const point = parseInt(code, 16);
    return point > 0x10ffff ? fault(offset, `invalid code point: ${whole}`) : Buffer.from(String.fromCodePoint(point));
  }
  return Buffer.from(LETTERS.get(letter!) ?? fault(offset, `unknown escape: ${whole}`));
}
