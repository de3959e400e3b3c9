import { isUtf8 } from 'node:buffer';
import { wireText } from '../../core/wire-text.ts';

/** JSON as Envoy writes it, as bytes of the wire. */

const NEEDS_CARE = /["\\\x00-\x1f\x7f-\xff]/;
const ESCAPED = /["\\\x00-\x1f]/g;
const ESCAPED_IN_BROKEN_TEXT = /["\\\x00-\x1f\x7f-\xff]/g;
const SHORT: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The inside of a JSON string. Bytes that are not UTF-8 make every unusual byte of the text a `\u00xx`. */
export function jsonText(bytes: string): string {
  if (!NEEDS_CARE.test(bytes)) return bytes;
  if (isUtf8(Buffer.from(bytes, 'latin1'))) return bytes.replace(ESCAPED, shortEscape);
  return bytes.replace(ESCAPED_IN_BROKEN_TEXT, unicodeEscape);
}

function shortEscape(character: string): string {
  return SHORT[character] ?? unicodeEscape(character);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A plain value with the keys of its objects in order of their bytes. */
export function jsonOfValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `"${jsonText(wireText(value))}"`;
    case 'number':
      return numberText(value);
    case 'boolean':
      return String(value);
    default:
      if (value === null || value === undefined) return 'null';
      if (Array.isArray(value)) return `[${value.map(jsonOfValue).join(',')}]`;
      return `{${sortedEntries(value).map(([key, item]) => `"${jsonText(key)}":${jsonOfValue(item)}`).join(',')}}`;
  }
}

/** Keys as bytes of the wire. */
export function sortedEntries(object: object): [string, unknown][] {
  const entries = Object.entries(object).map(([key, value]): [string, unknown] => [wireText(key), value]);
  return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** As C++ `std::to_chars`: the shorter of the plain and the scientific form, the plain one where they are equal. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  const [mantissa = '', exponent = '0'] = size.toExponential().split('e');
  const power = Number(exponent);
  const scientific = `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const digits = mantissa.replace('.', '');
  const shown = power >= 0 ? Math.max(digits.length + (digits.length > power + 1 ? 1 : 0), power + 1) : 1 - power + digits.length;
  if (scientific.length < shown) return sign + scientific;
  if (power >= digits.length - 1) return sign + BigInt(size);
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  return `${sign}${digits.substring(0, power + 1)}.${digits.substring(power + 1)}`;
}
