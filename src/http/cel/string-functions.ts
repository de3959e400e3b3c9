import { unicodeText, wireText } from '../../core/wire-text.ts';
import { formatText } from './format-text.ts';
import type { CelFunction } from './library.ts';
import type { CelResult, CelValue } from './value.ts';

/** CEL's string extension, which `enable_string_functions` brings. Positions count code points. */

/** No function makes a longer text: replacements could multiply. */
export const MAX_TEXT_BYTES = 1024 * 1024;

type Apply = (text: string, ...rest: CelValue[]) => CelResult;

function method(arity: number, apply: Apply): CelFunction {
  return { arity, styles: 'method', apply: (a, b, c, d) => (typeof a === 'string' ? apply(a, b, c, d) : undefined) };
}

const isNumber = (value: CelValue): value is bigint => typeof value === 'bigint';
const isText = (value: CelValue): value is string => typeof value === 'string';

const CHARACTER = /[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]*|[\x80-\xbf]/g;

/** The characters of UTF-8, each as its bytes. */
function characters(text: string): string[] {
  return text.match(CHARACTER) ?? [];
}

function charAt(text: string, at: CelValue): CelResult {
  if (!isNumber(at)) return undefined;
  const all = characters(text);
  return at < 0n || at > BigInt(all.length) ? undefined : (all[Number(at)] ?? '');
}

function substring(text: string, from: CelValue, to?: CelValue): CelResult {
  const all = characters(text);
  const end = to ?? BigInt(all.length);
  if (!isNumber(from) || !isNumber(end) || from < 0n || end > BigInt(all.length) || from > end) return undefined;
  return all.slice(Number(from), Number(end)).join('');
}

function indexOf(text: string, part: CelValue, from: CelValue = 0n): CelResult {
  if (!isText(part) || !isNumber(from)) return undefined;
  const all = characters(text);
  if (from < 0n || from > BigInt(all.length)) return undefined;
  const start = all.slice(0, Number(from)).join('').length;
  return positionOf(text, text.indexOf(part, start));
}

function lastIndexOf(text: string, part: CelValue, from?: CelValue): CelResult {
  if (!isText(part) || (from !== undefined && !isNumber(from))) return undefined;
  if (from === undefined) return positionOf(text, text.lastIndexOf(part));
  const all = characters(text);
  if (from < 0n || from > BigInt(all.length)) return undefined;
  return positionOf(text, text.lastIndexOf(part, all.slice(0, Number(from)).join('').length));
}

function positionOf(text: string, byte: number): bigint {
  return byte === -1 ? -1n : BigInt(characters(text.substring(0, byte)).length);
}

function split(text: string, separator: CelValue, limit: CelValue = -1n): CelResult {
  if (!isText(separator) || !isNumber(limit)) return undefined;
  if (limit === 0n) return [];
  if (text === '') return [''];
  const parts = separator === '' ? characters(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const most = Number(limit) - 1;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

function replace(text: string, part: CelValue, by: CelValue, limit: CelValue = -1n): CelResult {
  if (!isText(part) || !isText(by) || !isNumber(limit)) return undefined;
  const units = part === '' ? ['', ...characters(text)] : text.split(part);
  const most = part === '' ? units.length : units.length - 1;
  const times = limit < 0n || limit > BigInt(most) ? most : Number(limit);
  if (text.length + times * by.length > MAX_TEXT_BYTES) return undefined;
  if (part === '') return units.map((unit, at) => (at < times ? unit + by : unit)).join('');
  const replaced = units.slice(0, times + 1).join(by);
  return times === most ? replaced : [replaced, ...units.slice(times + 1)].join(part);
}

function join(list: CelValue, separator: CelValue): CelResult {
  if (!Array.isArray(list) || !isText(separator)) return undefined;
  let bytes = 0;
  for (const item of list) {
    if (!isText(item as CelValue)) return undefined;
    bytes += (item as string).length + separator.length;
  }
  return bytes > MAX_TEXT_BYTES + separator.length ? undefined : list.join(separator);
}

const BLANK = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const BLANK_START = new RegExp(`^${BLANK}+`);
const BLANK_ENDING = new RegExp(BLANK);

/** White space of Unicode; text that is no UTF-8 has only what ASCII knows. */
function trim(text: string): string {
  const unicode = unicodeText(text);
  const start = BLANK_START.exec(unicode)?.[0].length ?? 0;
  let end = unicode.length;
  while (end > start && BLANK_ENDING.test(unicode[end - 1]!)) end--;
  const inside = unicode.substring(start, end);
  return unicode === text ? inside : wireText(inside);
}

const QUOTED = /[\x07\b\f\n\r\t\v\\"]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"' };

function quote(text: string): string {
  return `"${text.replace(QUOTED, (character) => ESCAPES[character]!)}"`;
}

export const STRING_FUNCTIONS: readonly (readonly [name: string, fn: CelFunction])[] = [
  ['charAt', method(2, charAt)],
  ['format', method(2, (text, values) => (Array.isArray(values) ? formatText(text, values as readonly CelValue[], MAX_TEXT_BYTES) : undefined))],
  ['indexOf', method(2, (text, part) => indexOf(text, part!))],
  ['indexOf', method(3, (text, part, from) => indexOf(text, part!, from))],
  ['join', { arity: 1, styles: 'method', apply: (list) => join(list, '') }],
  ['join', { arity: 2, styles: 'method', apply: join }],
  ['lastIndexOf', method(2, (text, part) => lastIndexOf(text, part!))],
  ['lastIndexOf', method(3, (text, part, from) => lastIndexOf(text, part!, from))],
  ['lowerAscii', method(1, (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()))],
  ['upperAscii', method(1, (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()))],
  ['replace', method(3, (text, part, by) => replace(text, part!, by!))],
  ['replace', method(4, (text, part, by, limit) => replace(text, part!, by!, limit))],
  ['reverse', method(1, (text) => characters(text).reverse().join(''))],
  ['split', method(2, (text, separator) => split(text, separator!))],
  ['split', method(3, (text, separator, limit) => split(text, separator!, limit))],
  ['substring', method(2, (text, from) => substring(text, from!))],
  ['substring', method(3, (text, from, to) => substring(text, from!, to))],
  ['trim', method(1, trim)],
  ['strings.quote', { arity: 1, styles: 'function', apply: (text) => (isText(text) ? quote(text) : undefined) }],
];
