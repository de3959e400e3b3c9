import type { DescEnum } from '@bufbuild/protobuf';
import type { BytesRules, EnumRules, FieldRules, NumberRules, StringRules } from '../api/annotations.ts';

/**
 * `(validate.rules)` of one value as functions, with the sentences that Envoy's validator (protoc-gen-validate for C++) says. Rules that no
 * field of the API has are not written here.
 */
export interface RuleCheck {
  passes(value: never): boolean;
  readonly text: string;
}

interface Check<Value> {
  passes(value: Value): boolean;
  readonly text: string;
}

/** The checks of a scalar, enum, duration or wrapped value; messages, lists and maps are walked by the validator. */
export function valueChecks(rules: FieldRules, enumeration: DescEnum | undefined): RuleCheck[] {
  if (rules.any !== undefined) refuseOthers(rules.any, ['required']);
  // A wrapper may have rules of its message beside those of its value.
  const kind = (Object.keys(rules) as (keyof FieldRules)[]).find((name) => !WALKED.includes(name));
  switch (kind) {
    case undefined:
      return [];
    case 'string':
      return stringChecks(rules.string!);
    case 'bytes':
      return bytesChecks(rules.bytes!);
    case 'enum':
      return enumChecks(rules.enum!, enumeration!);
    case 'bool':
      return boolChecks(rules.bool!);
    case 'duration':
      return durationChecks(rules.duration!);
    case 'uint32':
    case 'uint64':
    case 'int32':
    case 'int64':
    case 'double':
    case 'float':
      return numberChecks(rules[kind]!);
    default:
      throw unknownRule(kind);
  }
}

/** The validator itself looks at these. */
const WALKED: readonly (keyof FieldRules)[] = ['message', 'any', 'repeated', 'map'];

/** A new API needs new code here. */
export function refuseOthers(rules: object, known: readonly string[]): void {
  for (const name of Object.keys(rules)) if (!known.includes(name)) throw unknownRule(name);
}

function unknownRule(name: string): Error {
  return new Error(`validation rules of the kind '${name}' are not known`);
}

/** Rules that hold for anything but the zero value. */
function unlessEmpty<Value>(ignoreEmpty: boolean | undefined, isEmpty: (value: Value) => boolean, checks: Array<Check<Value>>): Array<Check<Value>> {
  if (ignoreEmpty !== true) return checks;
  return checks.map(({ passes, text }) => ({ passes: (value) => isEmpty(value) || passes(value), text }));
}

interface Bounds<Value> {
  readonly lt?: Value;
  readonly lte?: Value;
  readonly gt?: Value;
  readonly gte?: Value;
}

/** An upper bound below the lower one means "outside". */
function boundChecks<Value extends number | bigint>(bounds: Bounds<Value>, show: (value: Value) => string): Array<Check<Value>> {
  const { lt, lte, gt, gte } = bounds;
  const low = gt ?? gte;
  const high = lt ?? lte;
  const aboveLow = (value: Value): boolean => (gt === undefined ? value >= gte! : value > gt);
  const belowHigh = (value: Value): boolean => (lt === undefined ? value <= lte! : value < lt);
  if (low !== undefined && high !== undefined) {
    if (high > low) {
      const range = `${gt === undefined ? '[' : '('}${show(low)}, ${show(high)}${lt === undefined ? ']' : ')'}`;
      return [{ passes: (value) => aboveLow(value) && belowHigh(value), text: `value must be inside range ${range}` }];
    }
    const range = `${lt === undefined ? '(' : '['}${show(high)}, ${show(low)}${gt === undefined ? ')' : ']'}`;
    return [{ passes: (value) => aboveLow(value) || belowHigh(value), text: `value must be outside range ${range}` }];
  }
  if (low !== undefined) return [{ passes: aboveLow, text: `value must be greater than ${gt === undefined ? 'or equal to ' : ''}${show(low)}` }];
  if (high !== undefined) return [{ passes: belowHigh, text: `value must be less than ${lt === undefined ? 'or equal to ' : ''}${show(high)}` }];
  return [];
}

const BOUNDS = ['lt', 'lte', 'gt', 'gte'];

function numberChecks(rules: NumberRules): Array<Check<number | bigint>> {
  refuseOthers(rules, [...BOUNDS, 'ignoreEmpty']);
  return unlessEmpty(rules.ignoreEmpty, (value) => value === 0 || value === 0n, boundChecks(rules, String));
}

function boolChecks(rules: NonNullable<FieldRules['bool']>): Array<Check<boolean>> {
  return [{ passes: (value) => value === rules.const, text: `value must equal ${rules.const}` }];
}

interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

function durationChecks(rules: Bounds<Time>): Array<Check<Time>> {
  refuseOthers(rules, [...BOUNDS, 'required']);
  const bounds = { lt: inNanos(rules.lt), lte: inNanos(rules.lte), gt: inNanos(rules.gt), gte: inNanos(rules.gte) };
  return boundChecks(bounds as Bounds<bigint>, goDuration).map(({ passes, text }) => ({ passes: (value) => passes(inNanos(value)!), text }));
}

function inNanos(time: Time | undefined): bigint | undefined {
  return time === undefined ? undefined : time.seconds * 1_000_000_000n + BigInt(time.nanos);
}

function enumChecks(rules: EnumRules, enumeration: DescEnum): Array<Check<number>> {
  refuseOthers(rules, ['definedOnly', 'notIn']);
  const checks: Array<Check<number>> = [];
  const { notIn = [] } = rules;
  if (notIn.length > 0) checks.push({ passes: (value) => !notIn.includes(value), text: `value must not be in list [${notIn.map((number) => enumeration.value[number]?.name ?? number).join(' ')}]` });
  if (rules.definedOnly === true) {
    const defined = new Set(enumeration.values.map((value) => value.number));
    checks.push({ passes: (value) => defined.has(value), text: 'value must be one of the defined enum values' });
  }
  return checks;
}

const STRING_RULES = ['minLen', 'maxLen', 'minBytes', 'maxBytes', 'pattern', 'prefix', 'suffix', 'in', 'wellKnownRegex', 'strict', 'ignoreEmpty'];

function stringChecks(rules: StringRules): Array<Check<string>> {
  refuseOthers(rules, STRING_RULES);
  const { in: allowed = [], prefix, suffix } = rules;
  const checks: Array<Check<string>> = [];
  if (allowed.length > 0) checks.push({ passes: (value) => allowed.includes(value), text: `value must be in list [${allowed.join(' ')}]` });
  checks.push(...lengthChecks(rules.minLen, rules.maxLen, 'characters', countCharacters));
  checks.push(...lengthChecks(rules.minBytes, rules.maxBytes, 'bytes', (value: string) => Buffer.byteLength(value)));
  if (prefix !== undefined) checks.push({ passes: (value) => value.startsWith(prefix), text: `value does not have prefix ${goQuote(prefix)}` });
  if (suffix !== undefined) checks.push({ passes: (value) => value.endsWith(suffix), text: `value does not have suffix ${goQuote(suffix)}` });
  const pattern = rules.pattern ?? wellKnownPattern(rules);
  if (pattern !== undefined) checks.push(patternCheck(pattern));
  return unlessEmpty(rules.ignoreEmpty, (value) => value === '', checks);
}

function bytesChecks(rules: BytesRules): Array<Check<Uint8Array>> {
  refuseOthers(rules, ['minLen', 'maxLen']);
  return lengthChecks<Uint8Array>(rules.minLen, rules.maxLen, 'bytes', (value) => value.length);
}

function lengthChecks<Value>(least: number | undefined, most: number | undefined, unit: string, count: (value: Value) => number): Array<Check<Value>> {
  if (least !== undefined && least === most) return [{ passes: (value) => count(value) === least, text: `value length must be ${least} ${unit}` }];
  if (least !== undefined && most !== undefined) {
    const text = `value length must be between ${least} and ${most} ${unit}, inclusive`;
    return [{ passes: (value) => count(value) >= least && count(value) <= most, text }];
  }
  if (least !== undefined) return [{ passes: (value) => count(value) >= least, text: `value length must be at least ${least} ${unit}` }];
  if (most !== undefined) return [{ passes: (value) => count(value) <= most, text: `value length must be at most ${most} ${unit}` }];
  return [];
}

/** Code points: what RE2 and C++ call characters of UTF-8. */
function countCharacters(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index++) {
    const isPair = (text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
    if (isPair) count--;
  }
  return count;
}

/** KnownRegex of validate.proto: HTTP_HEADER_NAME and HTTP_HEADER_VALUE; not strict means only that no line can be smuggled. */
function wellKnownPattern(rules: StringRules): string | undefined {
  if (rules.wellKnownRegex === undefined || rules.wellKnownRegex === 0) return undefined;
  if (rules.strict === false) return '^[^\u0000\n\r]*$';
  return rules.wellKnownRegex === 1 ? "^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$" : '^[^\u0000-\b\n-\u001f\u007f]*$';
}

/** The patterns come from the API's authors, never from a configuration. */
function patternCheck(pattern: string): Check<string> {
  const expression = new RegExp(`^(?:${pattern})$`, 'u');
  return { passes: (value) => expression.test(value), text: `value does not match regex pattern ${goQuote(pattern)}` };
}

const GO_ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);

/** As Go prints strings (`%q`), because that is how the texts were generated into Envoy. */
export function goQuote(text: string): string {
  // eslint-disable-next-line no-control-regex
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/g, (character) => {
    return GO_ESCAPES.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

/** As Go prints durations: `1ms`, `5m0s`, `1h0m0.5s`. */
export function goDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  if (nanos < 0n) return `-${goDuration(-nanos)}`;
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${Number(nanos) / 1e3}µs`;
  if (nanos < 1_000_000_000n) return `${Number(nanos) / 1e6}ms`;
  const totalSeconds = nanos / 1_000_000_000n;
  const seconds = Number(totalSeconds % 60n) + Number(nanos % 1_000_000_000n) / 1e9;
  const minutes = (totalSeconds / 60n) % 60n;
  const hours = totalSeconds / 3600n;
  if (hours > 0n) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0n ? `${minutes}m${seconds}s` : `${seconds}s`;
}

