/** Characters that mean something in YAML, and the classes they form. A position after the end of the text has the code NaN. */

export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
export const TAG = 0x21;
export const DOUBLE_QUOTE = 0x22;
export const HASH = 0x23;
export const DIRECTIVE = 0x25;
export const ANCHOR = 0x26;
export const SINGLE_QUOTE = 0x27;
export const ALIAS = 0x2a;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const COLON = 0x3a;
export const FOLDED = 0x3e;
export const QUESTION = 0x3f;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const LITERAL = 0x7c;
export const CLOSE_BRACE = 0x7d;

export function isBreak(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Blank, line break or the end of the text. */
export function endsWord(code: number): boolean {
  return code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB || code !== code;
}

/** `,`, `]` or `}`. */
export function endsFlowItem(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACKET || code === CLOSE_BRACE;
}

/** Characters that no unquoted scalar starts with, besides `-`, `?` and `:` before a blank. */
const RESERVED_STARTS = new Set([...',[]{}#&*!|>\'"%@`'].map((character) => character.charCodeAt(0)));

/** The characters of `[a-zA-Z0-9_./]` and the like need no table. */
export function isReservedStart(code: number): boolean {
  return RESERVED_STARTS.has(code);
}

const ESCAPES = new Map([
  ['0', '\0'],
  ['a', '\u0007'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\u001b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['/', '/'],
  ['N', '\u0085'],
  ['_', '\u00a0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);

const HEX_DIGITS = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/** How many characters the escape takes whose letter stands at `at`, the backslash counted in. */
export function escapeLength(text: string, at: number): number {
  return 2 + (HEX_DIGITS.get(text[at] ?? '') ?? 0);
}

/** What `\\` and the text at `at` stand for and how many characters that takes, or why they stand for nothing. */
export function readEscape(text: string, at: number): { readonly text: string; readonly length: number } | string {
  const letter = text[at] ?? '';
  const simple = ESCAPES.get(letter);
  if (simple !== undefined) return { text: simple, length: 1 };
  const length = HEX_DIGITS.get(letter);
  if (length === undefined) return `unknown escape character: ${letter}`;
  const digits = text.slice(at + 1, at + 1 + length);
  if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits)) return 'bad character found while scanning hex number';
  const code = parseInt(digits, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return `invalid unicode: ${code}`;
  return { text: String.fromCodePoint(code), length: length + 1 };
}

/** Backslash escapes as they stand in a line that was scanned to its end, so that each is whole. */
export const ESCAPE_SEQUENCE = /\\(?:x[^]{2}|u[^]{4}|U[^]{8}|[^])/g;
