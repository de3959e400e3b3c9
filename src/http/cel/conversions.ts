import { isUtf8 } from 'node:buffer';
import { int, uint } from './operators.ts';
import { durationJson, floorDivide, parseDuration, parseTimestamp, timestampJson } from './time.ts';
import { CelBytes, CelDuration, type CelResult, CelTimestamp, CelUint, type CelValue } from './value.ts';

/** Conversions between types; undefined where a value has no place in the other type. */

const NANOS = 1_000_000_000n;
/** A longer text is no number that fits. */
const MAX_NUMBER_TEXT = 400;
const INT_TEXT = /^\s*[+-]?\d{1,40}\s*$/;
const UINT_TEXT = /^\s*\+?\d{1,40}\s*$/;
const DOUBLE_TEXT = /^\s*([+-]?)(?:(inf|infinity)|(nan)|(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|0x([0-9a-f]+)(?:p([+-]?\d+))?)\s*$/i;

export function toInt(value: CelValue): CelResult {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Math.abs(value) < 2 ** 63 ? int(BigInt(Math.trunc(value))) : undefined;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string') return INT_TEXT.test(value) ? int(BigInt(unsigned(value)) * (value.includes('-') ? -1n : 1n)) : undefined;
  if (value instanceof CelUint) return int(value.value);
  return value instanceof CelTimestamp ? floorDivide(value.nanos, NANOS) : undefined;
}

function unsigned(text: string): string {
  return text.trim().replace(/^[+-]/, '');
}

export function toUint(value: CelValue): CelResult {
  if (value instanceof CelUint) return value;
  if (typeof value === 'bigint') return uint(value);
  if (typeof value === 'number') return value >= 0 && value < 2 ** 64 ? uint(BigInt(Math.trunc(value))) : undefined;
  return typeof value === 'string' && UINT_TEXT.test(value) ? uint(BigInt(unsigned(value))) : undefined;
}

export function toDouble(value: CelValue): CelResult {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  return typeof value === 'string' && value.length <= MAX_NUMBER_TEXT ? doubleOf(value) : undefined;
}

function doubleOf(text: string): number | undefined {
  const found = DOUBLE_TEXT.exec(text);
  if (found === null) return undefined;
  const [, sign, infinity, nan, decimal, hex, power = '0'] = found;
  const size = infinity !== undefined ? Infinity : nan !== undefined ? NaN : decimal !== undefined ? Number(decimal) : Number(`0x${hex}`) * 2 ** Number(power);
  return sign === '-' ? -size : size;
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'false', 'FALSE', 'False']);

export function toBool(value: CelValue): CelResult {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  return TRUE.has(value) ? true : FALSE.has(value) ? false : undefined;
}

export function toBytes(value: CelValue): CelResult {
  if (value instanceof CelBytes) return value;
  return typeof value === 'string' ? new CelBytes(value) : undefined;
}

export function toDuration(value: CelValue): CelResult {
  if (value instanceof CelDuration) return value;
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

export function toTimestamp(value: CelValue): CelResult {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === 'bigint') return new CelTimestamp(value * NANOS);
  return typeof value === 'string' ? parseTimestamp(value) : undefined;
}

export function toText(value: CelValue): CelResult {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return exactDouble(value);
    default:
      if (value instanceof CelUint) return String(value.value);
      if (value instanceof CelBytes) return isUtf8(Buffer.from(value.bytes, 'latin1')) ? value.bytes : undefined;
      if (value instanceof CelDuration) return durationJson(value);
      return value instanceof CelTimestamp ? timestampJson(value) : undefined;
  }
}

/** With six digits, as `%g` of C. */
export function shortDouble(value: number): string {
  return generalText(value, 5);
}

/** With as many digits as tell it from other doubles, and the exponent of `%g`. */
function exactDouble(value: number): string {
  return generalText(value, undefined);
}

function generalText(value: number, digits: number | undefined): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = value.toExponential(digits).split('e');
  const power = Number(exponent);
  if (power < -4 || power > 5) return `${trimmed(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return digits === undefined ? String(value) : trimmed(value.toFixed(digits - power));
}

function trimmed(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
