import { shortDouble } from './conversions.ts';
import { durationJson, timestampShortJson } from './time.ts';
import { CelBytes, CelDuration, CelMap, CelMessage, type CelResult, CelTimestamp, CelType, CelUint, type CelValue } from './value.ts';

/** `'…'.format([…])` of CEL's string extension. */

const CLAUSE = /%(?:%|(?:\.(\d+))?([sdfexXbo])|)/g;
const DEFAULT_PRECISION = 6;
/** What JavaScript counts up to. */
const MAX_PRECISION = 100;

/** Undefined for a clause that is none, and for a value that is missing or does not fit it. */
export function formatText(text: string, values: readonly CelValue[], maxBytes: number): CelResult {
  let next = 0;
  let out = '';
  let from = 0;
  for (const clause of text.matchAll(CLAUSE)) {
    const [whole, precision, verb] = clause;
    const written = whole === '%%' ? '%' : verb === undefined || next >= values.length ? undefined : valueText(verb, values[next++]!, precision === undefined ? DEFAULT_PRECISION : Number(precision));
    if (written === undefined) return undefined;
    out += text.substring(from, clause.index) + written;
    from = clause.index + whole.length;
    if (out.length > maxBytes) return undefined;
  }
  return out + text.substring(from);
}

function valueText(verb: string, value: CelValue, precision: number): string | undefined {
  switch (verb) {
    case 's':
      return plainText(value);
    case 'd':
      return decimalText(value);
    case 'f':
      return doubleText(value, precision, fixed);
    case 'e':
      return doubleText(value, precision, scientific);
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integerText(value, 2);
    case 'o':
      return integerText(value, 8);
    default: {
      const hex = typeof value === 'string' ? hexOf(value) : value instanceof CelBytes ? hexOf(value.bytes) : integerText(value, 16);
      return verb === 'X' ? hex?.toUpperCase() : hex;
    }
  }
}

function hexOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('hex');
}

function integerText(value: CelValue, base: number): string | undefined {
  return typeof value === 'bigint' ? value.toString(base) : value instanceof CelUint ? value.value.toString(base) : undefined;
}

function decimalText(value: CelValue): string | undefined {
  return integerText(value, 10) ?? (typeof value === 'number' ? doubleText(value, DEFAULT_PRECISION, fixed) : undefined);
}

const SPECIAL: ReadonlyMap<string, number> = new Map([['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]]);

function doubleText(value: CelValue, precision: number, write: (value: number, precision: number) => string): string | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : value instanceof CelUint ? Number(value.value) : typeof value === 'string' ? SPECIAL.get(value) : undefined;
  if (number === undefined || precision > MAX_PRECISION) return undefined;
  return Number.isFinite(number) ? write(number, precision) : String(number);
}

/** More digits than decide. */
const DECIDING_DIGITS = 25;

/** What lies between two goes to the even one, as in C. */
function fixed(value: number, precision: number): string {
  if (Math.abs(value) < 1e21) {
    const rounded = value.toFixed(precision);
    const exact = value.toFixed(Math.min(precision + DECIDING_DIGITS, MAX_PRECISION));
    const kept = exact.length - Math.min(DECIDING_DIGITS, MAX_PRECISION - precision);
    const isHalfWay = /^50*$/.test(exact.substring(kept));
    const below = exact.substring(0, precision === 0 ? kept - 1 : kept);
    return isHalfWay && '02468'.includes(below.at(-1)!) ? below : rounded;
  }
  return precision === 0 ? String(BigInt(value)) : `${BigInt(value)}.${'0'.repeat(precision)}`;
}

function scientific(value: number, precision: number): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
}

function plainText(value: CelValue): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? shortDouble(value) : String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'null';
      if (value instanceof CelUint) return String(value.value);
      if (value instanceof CelBytes) return value.bytes;
      if (value instanceof CelType) return value.name;
      if (value instanceof CelDuration) return durationJson(value);
      if (value instanceof CelTimestamp) return timestampShortJson(value);
      if (value instanceof CelMap) return mapText(value);
      return value instanceof CelMessage ? undefined : listText(value as readonly CelValue[]);
  }
}

function listText(list: readonly CelValue[]): string | undefined {
  const items = list.map(plainText);
  return items.includes(undefined) ? undefined : `[${items.join(', ')}]`;
}

function mapText(map: CelMap): string | undefined {
  const entries = map.keys()?.map((key) => [plainText(key)!, plainText(map.get(key) ?? null)] as const);
  if (entries === undefined || entries.some(([, value]) => value === undefined)) return undefined;
  return `{${entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, value]) => `${key}: ${value}`).join(', ')}}`;
}
