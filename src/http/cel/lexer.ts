import { CelSyntaxError } from './expression.ts';
import { bytesLiteral, stringLiteral } from './literal.ts';
import { CelBytes, type CelValue, CelUint } from './value.ts';

export type Token =
  | { readonly kind: 'constant'; readonly value: CelValue; readonly at: number }
  /** A number is signed by the parser, which alone knows whether it may be the lowest one. */
  | { readonly kind: 'int'; readonly text: string; readonly at: number }
  | { readonly kind: 'ident'; readonly text: string; readonly at: number }
  /** A field in backquotes. */
  | { readonly kind: 'quoted'; readonly text: string; readonly at: number }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number };

const BLANK = /(?:[\t\n\f\r ]+|\/\/[^\n]*)*/y;
const STRING = /([bB]?)([rR]?)("""|'''|"|')/y;
const UINT = /(0x[0-9a-fA-F]+|\d+)[uU]/y;
const FLOAT = /(?:\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)/y;
const INT = /(?:0x[0-9a-fA-F]+|\d+)/y;
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED = /`([A-Za-z0-9_.\-/ ]+)`/y;
const SIGN = /==|!=|<=|>=|&&|\|\||[<>+\-*/%!?:.,()[\]{}]/y;
const MAX_UINT = 2n ** 64n;

const WORDS: Readonly<Record<string, CelValue>> = { true: true, false: false, null: null };

/** Cuts bytes of the wire into tokens. Throws `CelSyntaxError`. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let at = skip(text, 0); at < text.length; ) {
    const { token, end } = nextToken(text, at);
    found.push(token);
    at = skip(text, end);
  }
  found.push({ kind: 'end', text: '', at: text.length });
  return found;
}

function skip(text: string, at: number): number {
  BLANK.lastIndex = at;
  BLANK.test(text);
  return BLANK.lastIndex;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function nextToken(text: string, at: number): { token: Token; end: number } {
  const opening = match(STRING, text, at);
  if (opening !== undefined) return quotedText(text, at, opening);
  const uint = match(UINT, text, at);
  if (uint !== undefined) {
    const value = BigInt(uint[1]!);
    if (value >= MAX_UINT) throw new CelSyntaxError(`invalid uint literal at ${at + 1}`);
    return { token: { kind: 'constant', value: new CelUint(value), at }, end: UINT.lastIndex };
  }
  const float = match(FLOAT, text, at);
  if (float !== undefined) return { token: { kind: 'constant', value: Number(float[0]), at }, end: FLOAT.lastIndex };
  const int = match(INT, text, at);
  if (int !== undefined) return { token: { kind: 'int', text: int[0], at }, end: INT.lastIndex };
  const ident = match(IDENT, text, at);
  if (ident !== undefined) {
    const [word] = ident;
    const token: Token = Object.hasOwn(WORDS, word) ? { kind: 'constant', value: WORDS[word]!, at } : { kind: 'ident', text: word, at };
    return { token, end: IDENT.lastIndex };
  }
  const quoted = match(QUOTED, text, at);
  if (quoted !== undefined) return { token: { kind: 'quoted', text: quoted[1]!, at }, end: QUOTED.lastIndex };
  const sign = match(SIGN, text, at);
  if (sign !== undefined) return { token: { kind: 'sign', text: sign[0], at }, end: SIGN.lastIndex };
  throw new CelSyntaxError(`Syntax error: token recognition error at ${at + 1}`);
}

function quotedText(text: string, at: number, [, b = '', r = '', quote = '']: RegExpExecArray): { token: Token; end: number } {
  const start = STRING.lastIndex;
  const end = closing(text, start, quote, r !== '');
  if (end === -1) throw new CelSyntaxError(`Syntax error: unterminated string at ${at + 1}`);
  const inside = text.substring(start, end);
  // A raw string has no escapes, and lines end in one way.
  const value = r !== '' ? inside : b === '' ? stringLiteral(inside, at) : bytesLiteral(inside, at);
  return { token: { kind: 'constant', value: b === '' ? value : new CelBytes(value), at }, end: end + quote.length };
}

function closing(text: string, from: number, quote: string, raw: boolean): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (text.startsWith(quote, at)) return at;
    if (character === '\\' && !raw) at++;
    else if (quote.length === 1 && (character === '\n' || character === '\r')) return -1;
  }
  return -1;
}
