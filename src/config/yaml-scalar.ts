/**
 * What an unquoted YAML scalar means, as Envoy (through yaml-cpp) reads it: booleans in the YAML 1.1 spellings, integers in
 * decimal, hexadecimal and octal, and everything else a string that the field's type converts later. Floats are strings here.
 */

const BOOLEANS = new Map<string, boolean>();
for (const [spelling, value] of [
  ['y', true],
  ['yes', true],
  ['true', true],
  ['on', true],
  ['n', false],
  ['no', false],
  ['false', false],
  ['off', false],
] as const) {
  BOOLEANS.set(spelling, value);
  BOOLEANS.set(spelling.toUpperCase(), value);
  BOOLEANS.set(spelling[0]!.toUpperCase() + spelling.slice(1), value);
}

const LONGEST_BOOLEAN = 5;
const INT32_MIN = -2147483648n;
const INT32_MAX = 2147483647n;
const INT64_MIN = -(1n << 63n);
const INT64_MAX = (1n << 63n) - 1n;
/** A leading zero means octal, as in C. */
const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;
const SHORT_DECIMAL = /^(?:0|-?[1-9][0-9]{0,8})$/;

export function isNullScalar(text: string): boolean {
  return text === '' || text === '~' || text === 'null' || text === 'Null' || text === 'NULL';
}

/** Integers that int32 cannot hold come back as decimal strings, so that no digit is lost on the way to a 64-bit field. */
export function resolvePlainScalar(text: string): string | number | boolean {
  const first = text.charCodeAt(0);
  const startsLikeNumber = (first >= 0x30 && first <= 0x39) || first === 0x2d || first === 0x2b;
  if (startsLikeNumber) return SHORT_DECIMAL.test(text) ? Number(text) : resolveInteger(text);
  if (text.length > LONGEST_BOOLEAN) return text;
  return BOOLEANS.get(text) ?? text;
}

function resolveInteger(text: string): string | number {
  const match = INTEGER.exec(text);
  if (match === null) return text;
  const [, sign, digits] = match as unknown as [string, string, string];
  if (digits.length > MAX_INTEGER_DIGITS) return text;
  const isOctal = digits.length > 1 && digits[0] === '0' && digits[1] !== 'x' && digits[1] !== 'X';
  const magnitude = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  const value = sign === '-' ? -magnitude : magnitude;
  if (value < INT64_MIN || value > INT64_MAX) return text;
  return value >= INT32_MIN && value <= INT32_MAX ? Number(value) : value.toString();
}

/** Longer runs of digits are out of int64's range, or zeroes that nobody writes; converting them would cost square time. */
const MAX_INTEGER_DIGITS = 64;
