import { wireText } from '../../core/wire-text.ts';
import { CelSyntaxError } from './expression.ts';

const ESCAPE = /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|)/g;
const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** What stands between the quotes of a string: escapes are code points. */
export function stringLiteral(inside: string, at: number): string {
  return unescaped(inside, at, (code) => {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new CelSyntaxError(`Invalid string literal at ${at + 1}: no such code point`);
    return wireText(String.fromCodePoint(code));
  });
}

/** The same of bytes: escapes are bytes. */
export function bytesLiteral(inside: string, at: number): string {
  return unescaped(inside, at, (code, isUnicode) => {
    if (isUnicode) throw new CelSyntaxError(`Invalid bytes literal at ${at + 1}: Unicode escape sequences cannot be used in bytes literals`);
    return String.fromCharCode(code);
  });
}

function unescaped(inside: string, at: number, written: (code: number, isUnicode: boolean) => string): string {
  if (!inside.includes('\\')) return inside;
  return inside.replace(ESCAPE, (_whole, simple?: string, hex?: string, short?: string, long?: string, octal?: string) => {
    if (simple !== undefined) return SIMPLE[simple] ?? simple;
    if (hex !== undefined) return written(Number.parseInt(hex, 16), false);
    if (octal !== undefined) return written(Number.parseInt(octal, 8), false);
    const unicode = short ?? long;
    if (unicode === undefined) throw new CelSyntaxError(`Syntax error: no such escape sequence in the literal at ${at + 1}`);
    return written(Number.parseInt(unicode, 16), true);
  });
}
