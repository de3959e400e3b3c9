import { CelBytes, CelDuration, CelMap, CelMessage, type CelResult, CelTimestamp, CelType, CelUint, type CelValue } from './value.ts';

/** Operators over values; undefined where the types do not fit, or the result does not. */

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

export function int(value: bigint): CelResult {
  return value < MIN_INT || value > MAX_INT ? undefined : value;
}

export function uint(value: bigint): CelResult {
  return value < 0n || value > MAX_UINT ? undefined : new CelUint(value);
}

type Numeric<T> = (a: T, b: T) => T;

interface Arithmetic {
  readonly ints: Numeric<bigint>;
  readonly doubles?: Numeric<number>;
}

function arithmetic({ ints, doubles }: Arithmetic, a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? int(ints(a, b)) : undefined;
  if (typeof a === 'number') return typeof b === 'number' ? doubles?.(a, b) : undefined;
  return a instanceof CelUint && b instanceof CelUint ? uint(ints(a.value, b.value)) : undefined;
}

const SUM: Arithmetic = { ints: (a, b) => a + b, doubles: (a, b) => a + b };
const DIFFERENCE: Arithmetic = { ints: (a, b) => a - b, doubles: (a, b) => a - b };
const PRODUCT: Arithmetic = { ints: (a, b) => a * b, doubles: (a, b) => a * b };
const QUOTIENT: Arithmetic = { ints: (a, b) => a / b, doubles: (a, b) => a / b };
const REMAINDER: Arithmetic = { ints: (a, b) => a % b };

export function add(a: CelValue, b: CelValue): CelResult {
  if (a instanceof CelDuration) {
    if (b instanceof CelDuration) return new CelDuration(a.nanos + b.nanos);
    return b instanceof CelTimestamp ? new CelTimestamp(a.nanos + b.nanos) : undefined;
  }
  if (a instanceof CelTimestamp) return b instanceof CelDuration ? new CelTimestamp(a.nanos + b.nanos) : undefined;
  return arithmetic(SUM, a, b);
}

/** `+` of text, where a configuration allows it. */
export function concatenate(a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'string') return typeof b === 'string' ? a + b : undefined;
  if (a instanceof CelBytes) return b instanceof CelBytes ? new CelBytes(a.bytes + b.bytes) : undefined;
  return add(a, b);
}

export function subtract(a: CelValue, b: CelValue): CelResult {
  if (a instanceof CelDuration) return b instanceof CelDuration ? new CelDuration(a.nanos - b.nanos) : undefined;
  if (!(a instanceof CelTimestamp)) return arithmetic(DIFFERENCE, a, b);
  if (b instanceof CelDuration) return new CelTimestamp(a.nanos - b.nanos);
  return b instanceof CelTimestamp ? new CelDuration(a.nanos - b.nanos) : undefined;
}

export function multiply(a: CelValue, b: CelValue): CelResult {
  return arithmetic(PRODUCT, a, b);
}

export function divide(a: CelValue, b: CelValue): CelResult {
  return isZero(b) ? undefined : arithmetic(QUOTIENT, a, b);
}

/** The lowest int by -1 is an overflow here as well. */
export function modulo(a: CelValue, b: CelValue): CelResult {
  return isZero(b) || (a === MIN_INT && b === -1n) ? undefined : arithmetic(REMAINDER, a, b);
}

function isZero(value: CelValue): boolean {
  return value === 0n || (value instanceof CelUint && value.value === 0n);
}

export function negate(value: CelValue): CelResult {
  if (typeof value === 'bigint') return int(-value);
  return typeof value === 'number' ? -value : undefined;
}

/** Below 0, 0, above 0, or NaN; undefined for what has no order. Numbers of all types compare; with a double as doubles do. */
export function compare(a: CelValue, b: CelValue): number | undefined {
  const left = asNumber(a);
  if (left !== undefined) {
    const right = asNumber(b);
    if (right === undefined) return undefined;
    if (typeof left === 'bigint' && typeof right === 'bigint') return order(left, right);
    const difference = Number(left) - Number(right);
    return Number(left) === Number(right) ? 0 : difference;
  }
  if (typeof a === 'string') return typeof b === 'string' ? order(a, b) : undefined;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined;
  if (a instanceof CelBytes) return b instanceof CelBytes ? order(a.bytes, b.bytes) : undefined;
  if (a instanceof CelDuration) return b instanceof CelDuration ? order(a.nanos, b.nanos) : undefined;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp ? order(a.nanos, b.nanos) : undefined;
  return undefined;
}

function asNumber(value: CelValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof CelUint ? value.value : undefined;
}

function order<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Values of different types are not equal, except numbers. */
export function equals(a: CelValue, b: CelValue): boolean {
  if (a === b) return !Number.isNaN(a);
  if (a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => equals(item as CelValue, b[index] as CelValue));
  if (a instanceof CelMap) return b instanceof CelMap && mapsEqual(a, b);
  if (a instanceof CelMessage) return b instanceof CelMessage && messagesEqual(a, b);
  if (a instanceof CelType) return b instanceof CelType && a.name === b.name;
  return compare(a, b) === 0;
}

function mapsEqual(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  return (a.keys() ?? []).every((key) => {
    const value = a.get(key);
    const other = b.get(key);
    return value !== undefined && other !== undefined && equals(value, other);
  });
}

function messagesEqual(a: CelMessage, b: CelMessage): boolean {
  if (a.typeName !== b.typeName) return false;
  for (const [name, value] of a.fields) if (!equals(value, b.fields.get(name) ?? null)) return false;
  return true;
}

/** `in`. */
export function contains(item: CelValue, container: CelValue): CelResult {
  if (Array.isArray(container)) {
    for (const member of container) if (equals(item, member as CelValue)) return true;
    return false;
  }
  return container instanceof CelMap && mayBeKey(item) ? container.has(item) : undefined;
}

function mayBeKey(value: CelValue): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || asNumber(value) !== undefined;
}

/** `container[key]`. */
export function index(container: CelValue, key: CelValue): CelResult {
  if (container instanceof CelMap) return container.get(key);
  if (!Array.isArray(container)) return undefined;
  const at = asNumber(key);
  return at === undefined ? undefined : (container[Number(at)] as CelResult);
}
