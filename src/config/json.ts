import { parsedAs, type ParsedTree } from './parsed-tree.ts';
import type { SourceText } from './source.ts';
import { SyntaxFault } from './syntax-fault.ts';
import { MAX_DEPTH, MAX_STRING_LENGTH, NodeStack, ScalarNode, type ConfigNode, type ListNode, type MapNode } from './tree.ts';

/**
 * JSON as the protobuf library that Envoy uses reads it: RFC 8259 plus single-quoted strings, keys without quotes, a comma after
 * the last entry and control characters inside strings. Comments are errors.
 */
export function parseJson(source: SourceText): ParsedTree {
  return parsedAs('JSON', source, () => ({ root: new JsonParser(source.text).parse(), errors: [], warnings: [] }));
}

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const BARE_KEY = /[A-Za-z_][A-Za-z0-9_]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const LITERALS = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const ESCAPES = new Map([
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** More digits than any number has that a double can hold. */
const LONGEST_NUMBER = 400;

class JsonParser {
  readonly #text: string;
  readonly #stack = new NodeStack();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ConfigNode {
    const root = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('extraneous characters after the end of the value');
    return root;
  }

  #fail(reason: string, offset = this.#at): never {
    const text = this.#text;
    if (offset >= text.length) throw new SyntaxFault(offset, 'unexpected end');
    const isComment = text.startsWith('//', offset) || text.startsWith('/*', offset) || text[offset] === '#';
    throw new SyntaxFault(offset, isComment ? `${reason}; JSON has no comments` : reason);
  }

  /** The code of the next character after white space; NaN at the end. */
  #skipSpace(): number {
    const text = this.#text;
    let code = text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++this.#at);
    return code;
  }

  #value(): ConfigNode {
    const code = this.#skipSpace();
    switch (code) {
      case OPEN_BRACE:
        return this.#map();
      case OPEN_BRACKET:
        return this.#list();
      case QUOTE:
      case APOSTROPHE: {
        const start = this.#at;
        return new ScalarNode(this.#string(code), start);
      }
      default:
        return this.#numberOrLiteral();
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} levels deep`);
    this.#at++;
  }

  #map(): MapNode {
    const start = this.#at;
    const height = this.#stack.height;
    this.#enter();
    let code = this.#skipSpace();
    while (code !== CLOSE_BRACE) {
      const keyStart = this.#at;
      const key = code === QUOTE || code === APOSTROPHE ? this.#string(code) : this.#bareKey();
      if (this.#skipSpace() !== COLON) this.#fail("expected ':'");
      this.#at++;
      this.#stack.pushEntry(key, keyStart, this.#value());
      code = this.#afterEntry(CLOSE_BRACE);
    }
    this.#at++;
    this.#depth--;
    return this.#stack.popMap(start, height);
  }

  #list(): ListNode {
    const start = this.#at;
    const height = this.#stack.height;
    this.#enter();
    let code = this.#skipSpace();
    while (code !== CLOSE_BRACKET) {
      this.#stack.pushItem(this.#value());
      code = this.#afterEntry(CLOSE_BRACKET);
    }
    this.#at++;
    this.#depth--;
    return this.#stack.popList(start, height);
  }

  #afterEntry(close: number): number {
    const code = this.#skipSpace();
    if (code === COMMA) {
      this.#at++;
      return this.#skipSpace();
    }
    if (code !== close) this.#fail(`expected ',' or '${String.fromCharCode(close)}'`);
    return code;
  }

  #bareKey(): string {
    BARE_KEY.lastIndex = this.#at;
    const key = BARE_KEY.exec(this.#text)?.[0];
    if (key === undefined || LITERALS.has(key)) this.#fail('expected a key');
    this.#at = BARE_KEY.lastIndex;
    return key;
  }

  #string(quote: number): string {
    const text = this.#text;
    const start = ++this.#at;
    const end = text.indexOf(quote === QUOTE ? '"' : "'", start);
    if (end < 0) this.#fail('a string without end', start - 1);
    this.#checkLength(end - start, start);
    const plain = text.slice(start, end);
    if (!plain.includes('\\')) {
      this.#at = end + 1;
      return plain;
    }
    return this.#escapedString(quote, start);
  }

  #checkLength(length: number, start: number): void {
    if (length > MAX_STRING_LENGTH) this.#fail(`a string of more than ${MAX_STRING_LENGTH} characters`, start - 1);
  }

  #escapedString(quote: number, start: number): string {
    const text = this.#text;
    let value = '';
    let from = start;
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        return value + text.slice(from, at);
      }
      if (code !== BACKSLASH) continue;
      this.#checkLength(at - start, start);
      this.#at = at + 1;
      value += text.slice(from, at) + this.#escape();
      from = this.#at;
      at = from - 1;
    }
    return this.#fail('a string without end', start - 1);
  }

  #escape(): string {
    const letter = this.#text[this.#at++];
    const simple = letter === undefined ? undefined : ESCAPES.get(letter);
    if (simple !== undefined) return simple;
    if (letter !== 'u' && letter !== 'U') this.#fail(`invalid escape character: '${letter ?? ''}'`, this.#at - 1);
    const high = this.#hex4();
    if (high >= 0xdc00 && high <= 0xdfff) this.#fail('unpaired low surrogate');
    if (high < 0xd800 || high > 0xdbff) return String.fromCharCode(high);
    if (!this.#text.startsWith('\\u', this.#at)) this.#fail('unpaired high surrogate');
    this.#at += 2;
    const low = this.#hex4();
    if (low < 0xdc00 || low > 0xdfff) this.#fail('invalid low surrogate');
    return String.fromCharCode(high, low);
  }

  #hex4(): number {
    HEX4.lastIndex = this.#at;
    const digits = HEX4.exec(this.#text)?.[0];
    if (digits === undefined) this.#fail('invalid Unicode escape');
    this.#at += 4;
    return parseInt(digits, 16);
  }

  #numberOrLiteral(): ScalarNode {
    const start = this.#at;
    NUMBER.lastIndex = start;
    const match = NUMBER.exec(this.#text);
    if (match !== null) return this.#number(match, start);
    for (const [literal, value] of LITERALS) {
      if (!this.#text.startsWith(literal, start)) continue;
      this.#at += literal.length;
      return new ScalarNode(value, start);
    }
    return this.#fail(`unexpected character: '${String.fromCodePoint(this.#text.codePointAt(start) ?? 0)}'`);
  }

  #number(match: RegExpExecArray, start: number): ScalarNode {
    const [digits, fraction, exponent] = match as unknown as [string, string | undefined, string | undefined];
    const value = digits.length > LONGEST_NUMBER ? Infinity : Number(digits);
    if (!Number.isFinite(value)) this.#fail('a number that no double can hold');
    this.#at += digits.length;
    if (/[0-9.]/.test(this.#text[this.#at] ?? '')) this.#fail('invalid number', start);
    const isExact = Number.isSafeInteger(value) || fraction !== undefined || exponent !== undefined;
    return new ScalarNode(isExact ? value : BigInt(digits), start);
  }
}
