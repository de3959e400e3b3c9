import { ScalarType } from '../api/protobuf.ts';
import type { ScalarValue } from './tree.ts';
import { shorten } from './tree.ts';

/**
 * From what a text says to what a field holds, by the proto3 JSON mapping as Envoy's protobuf library applies it: numbers may be
 * quoted, integers may be written as floats without a fraction, booleans may be quoted in several spellings.
 */

/** Why a value does not fit. Returned, never thrown. */
export class Misfit {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

const INT64_MIN = -(1n << 63n);
const INT64_MAX = (1n << 63n) - 1n;
const UINT64_MAX = (1n << 64n) - 1n;
const INT32_MIN = -2147483648;
const INT32_MAX = 2147483647;
const UINT32_MAX = 4294967295;
const FLOAT_MAX = 3.4028234663852886e38;
const INTEGER_TEXT = /^[-+]?[0-9]{1,40}$/;
const NUMBER_TEXT = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;
const HEXADECIMAL_TEXT = /^([-+]?)(0[xX][0-9a-fA-F]{1,32})$/;
const QUOTED_BOOLEANS = new Map([
  ['true', true],
  ['t', true],
  ['yes', true],
  ['y', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['no', false],
  ['n', false],
  ['0', false],
]);

export function toScalar(type: ScalarType, value: ScalarValue): string | number | bigint | boolean | Uint8Array | Misfit {
  switch (type) {
    case ScalarType.STRING:
      return typeof value === 'string' ? value : new Misfit(`expected a string, got ${String(value)}; quote it`);
    case ScalarType.BOOL:
      return toBoolean(value);
    case ScalarType.BYTES:
      return toBytes(value);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return toFloat(value, type === ScalarType.FLOAT);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return toInt32(value);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return toUint32(value);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return toInt64(value, INT64_MIN, INT64_MAX, LARGEST_INT_AS_FLOAT);
    default:
      return toInt64(value, 0n, UINT64_MAX, LARGEST_UINT_AS_FLOAT);
  }
}

function toBoolean(value: ScalarValue): boolean | Misfit {
  if (typeof value === 'boolean') return value;
  const quoted = typeof value === 'string' ? QUOTED_BOOLEANS.get(value.toLowerCase()) : undefined;
  return quoted ?? new Misfit(`expected true or false, got ${show(value)}`);
}

export function toInt32(value: ScalarValue): number | Misfit {
  if (typeof value === 'number' && value >= INT32_MIN && value <= INT32_MAX && Number.isInteger(value)) return value;
  const wide = toInt64(value, INT64_MIN, INT64_MAX, LARGEST_INT_AS_FLOAT);
  if (wide instanceof Misfit) return wide;
  return wide >= INT32_MIN && wide <= INT32_MAX ? Number(wide) : new Misfit(outOfRange(wide, INT32_MIN, INT32_MAX));
}

function toUint32(value: ScalarValue): number | Misfit {
  if (typeof value === 'number' && value >= 0 && value <= UINT32_MAX && Number.isInteger(value)) return value;
  const wide = toInt64(value, INT64_MIN, UINT64_MAX, LARGEST_UINT_AS_FLOAT);
  if (wide instanceof Misfit) return wide;
  return wide >= 0 && wide <= UINT32_MAX ? Number(wide) : new Misfit(outOfRange(wide, 0, UINT32_MAX));
}

/** Integers written as floats (`1e3`, `2.0`) are taken up to these, as Envoy takes them. */
const LARGEST_INT_AS_FLOAT = 2 ** 53;
const LARGEST_UINT_AS_FLOAT = 2 ** 54;

function toInt64(value: ScalarValue, low: bigint, high: bigint, largestFloat: number): bigint | Misfit {
  if (typeof value === 'bigint' || (typeof value === 'string' && INTEGER_TEXT.test(value))) {
    const exact = BigInt(typeof value === 'string' && value[0] === '+' ? value.slice(1) : value);
    return exact >= low && exact <= high ? exact : new Misfit(outOfRange(exact, low, high));
  }
  const number = typeof value === 'string' ? parseNumber(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return new Misfit(`expected an integer, got ${show(value)}`);
  if (!Number.isInteger(number)) return new Misfit(`expected an integer, got ${number}`);
  if (number > largestFloat || number < (low === 0n ? 0 : -largestFloat)) return new Misfit(outOfRange(number, low, high));
  return BigInt(number);
}

function outOfRange(value: number | bigint, low: number | bigint, high: number | bigint): string {
  return `${value} is out of range: an integer from ${low} to ${high} is expected`;
}

function parseNumber(text: string): number | undefined {
  if (NUMBER_TEXT.test(text)) return Number(text);
  const hexadecimal = HEXADECIMAL_TEXT.exec(text);
  return hexadecimal === null ? undefined : Number(hexadecimal[2]) * (hexadecimal[1] === '-' ? -1 : 1);
}

function toFloat(value: ScalarValue, single: boolean): number | Misfit {
  const number = typeof value === 'string' ? parseFloatText(value) : typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') return new Misfit(`expected a number, got ${show(value)}`);
  if (!single) return number;
  const rounded = Math.fround(number);
  if (Number.isFinite(number) && !Number.isFinite(rounded)) return new Misfit(`${number} is out of range for a float (${FLOAT_MAX})`);
  return rounded;
}

function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim();
  return SPECIAL_FLOATS.get(trimmed.toLowerCase()) ?? parseNumber(trimmed);
}

const SPECIAL_FLOATS = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['+infinity', Infinity],
  ['-infinity', -Infinity],
]);

const BASE64 = /^[A-Za-z0-9+/_-]*$/;

/** Both alphabets; padding may be left out. */
function toBytes(value: ScalarValue): Uint8Array | Misfit {
  if (typeof value !== 'string') return new Misfit(`expected a string in base64, got ${show(value)}`);
  const padded = value.length % 4 === 0;
  const digits = padded && value.endsWith('==') ? value.slice(0, -2) : padded && value.endsWith('=') ? value.slice(0, -1) : value;
  if (!BASE64.test(digits) || digits.length % 4 === 1) return new Misfit('corrupt base64');
  return new Uint8Array(Buffer.from(digits, 'base64'));
}

/** 10,000 years, the range of google.protobuf.Duration. */
const LONGEST_DURATION_SECONDS = 3652500n * 86400n;
const DURATION = /^(-?[0-9]{1,18})(?:\.([0-9]{1,9}))?s$/;

export interface SecondsAndNanos {
  seconds: bigint;
  nanos: number;
}

export function toDuration(value: ScalarValue): SecondsAndNanos | Misfit {
  const match = typeof value === 'string' ? DURATION.exec(value) : null;
  if (match === null) return new Misfit(`expected a duration such as "1.5s", got ${show(value)}`);
  const seconds = BigInt(match[1]!);
  if (seconds > LONGEST_DURATION_SECONDS || seconds < -LONGEST_DURATION_SECONDS) return new Misfit(`the duration is out of range: at most ${LONGEST_DURATION_SECONDS}s is expected`);
  const nanos = toNanos(match[2]);
  return { seconds, nanos: match[1]!.startsWith('-') && nanos !== 0 ? -nanos : nanos };
}

function toNanos(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.padEnd(9, '0'));
}

const TIMESTAMP = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[-+][0-9]{2}:[0-9]{2})$/;

export function toTimestamp(value: ScalarValue): SecondsAndNanos | Misfit {
  const match = typeof value === 'string' ? TIMESTAMP.exec(value) : null;
  const milliseconds = match === null ? NaN : Date.parse(match[1]! + match[3]!);
  if (match === null || Number.isNaN(milliseconds) || match[1]!.startsWith('0000')) {
    return new Misfit(`expected a timestamp such as "2026-01-31T12:00:00Z", got ${show(value)}`);
  }
  return { seconds: BigInt(milliseconds / 1000), nanos: toNanos(match[2]) };
}

/** `userId,address.zipCode` → the paths in snake_case. */
export function toFieldMaskPaths(value: ScalarValue): string[] | Misfit {
  if (typeof value !== 'string') return new Misfit(`expected field names separated by commas, got ${show(value)}`);
  if (value === '') return [];
  return value.split(',').map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** The key of a map entry, which JSON always writes as a string. */
export function toMapKey(type: ScalarType, key: string): string | Misfit {
  if (type === ScalarType.STRING) return key;
  if (type === ScalarType.BOOL) return key === 'true' || key === 'false' ? key : new Misfit(`expected true or false as the key, got ${show(key)}`);
  if (!INTEGER_TEXT.test(key)) return new Misfit(`expected an integer as the key, got ${show(key)}`);
  const number = toScalar(type, key);
  return number instanceof Misfit ? number : String(number);
}

function show(value: ScalarValue): string {
  return typeof value === 'string' ? JSON.stringify(shorten(value)) : String(value);
}
