import type { DescEnum } from '@bufbuild/protobuf';
import type { BytesRules, EnumRules, FieldRules, NumberRules, StringRules } from '../api/annotations.ts';
import { isHostname, isIpv4, isIpv6, isUuid } from './value-formats.ts';

/**
 * `(validate.rules)` of one value as functions, with the sentences that Envoy's validator (protoc-gen-validate for C++) says.
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
  if (rules.string !== undefined) return stringChecks(rules.string);
  if (rules.bytes !== undefined) return bytesChecks(rules.bytes);
  if (rules.enum !== undefined) return enumChecks(rules.enum, enumeration!);
  if (rules.bool !== undefined) return constCheck(rules.bool.const);
  if (rules.duration !== undefined) return durationChecks(rules.duration);
  if (rules.any !== undefined) return anyChecks(rules.any);
  if (rules.timestamp !== undefined) return timestampChecks(rules.timestamp);
  for (const kind of NUMBER_KINDS) {
    const numbers = rules[kind];
    if (numbers !== undefined) return numberChecks(numbers);
  }
  return [];
}

const NUMBER_KINDS = [
  'uint32',
  'uint64',
  'int32',
  'int64',
  'double',
  'float',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
] as const;

/** A rule of a kind that Envoy's own validator does not have either: a new API needs new code here. */
function unsupported(kind: string): never {
  throw new Error(`validation rules of the kind '${kind}' are not known`);
}

function constCheck<Value extends string | number | bigint | boolean>(expected: Value | undefined): Array<Check<Value>> {
  if (expected === undefined) return [];
  const shown = typeof expected === 'string' ? goQuote(expected) : String(expected);
  return [{ passes: (value) => value === expected, text: `value must equal ${shown}` }];
}

function listChecks<Value>(rules: { in?: readonly Value[]; notIn?: readonly Value[] }, show: (value: Value) => string): Array<Check<Value>> {
  if (rules.in !== undefined && rules.in.length > 0) {
    const allowed = new Set(rules.in);
    return [{ passes: (value) => allowed.has(value), text: `value must be in list [${rules.in.map(show).join(' ')}]` }];
  }
  if (rules.notIn !== undefined && rules.notIn.length > 0) {
    const refused = new Set(rules.notIn);
    return [{ passes: (value) => !refused.has(value), text: `value must not be in list [${rules.notIn.map(show).join(' ')}]` }];
  }
  return [];
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

function numberChecks(rules: NumberRules): Array<Check<number | bigint>> {
  const checks = [...constCheck(rules.const), ...boundChecks(rules, String), ...listChecks(rules, String)];
  return unlessEmpty(rules.ignoreEmpty, (value) => value === 0 || value === 0n, checks);
}

interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

interface TimeBounds {
  readonly const?: Time;
  readonly lt?: Time;
  readonly lte?: Time;
  readonly gt?: Time;
  readonly gte?: Time;
  readonly in?: readonly Time[];
  readonly notIn?: readonly Time[];
}

function durationChecks(rules: TimeBounds): Array<Check<Time>> {
  return timeChecks(rules, goDuration);
}

function timestampChecks(rules: TimeBounds & { ltNow?: boolean; gtNow?: boolean; within?: Time }): Array<Check<Time>> {
  if (rules.ltNow === true || rules.gtNow === true || rules.within !== undefined) unsupported('timestamp relative to now');
  return timeChecks(rules, (nanos) => new Date(Number(nanos / 1_000_000n)).toISOString());
}

function timeChecks(rules: TimeBounds, show: (nanos: bigint) => string): Array<Check<Time>> {
  const bounds = { lt: inNanos(rules.lt), lte: inNanos(rules.lte), gt: inNanos(rules.gt), gte: inNanos(rules.gte) };
  const lists = { in: rules.in?.map((time) => inNanos(time)!), notIn: rules.notIn?.map((time) => inNanos(time)!) };
  const checks = [...boundChecks(bounds as Bounds<bigint>, show), ...listChecks(lists as { in?: bigint[] }, show)];
  const expected = inNanos(rules.const);
  if (expected !== undefined) checks.push({ passes: (value) => value === expected, text: `value must equal ${show(expected)}` });
  return checks.map(({ passes, text }) => ({ passes: (value) => passes(inNanos(value)!), text }));
}

function inNanos(time: Time | undefined): bigint | undefined {
  return time === undefined ? undefined : time.seconds * 1_000_000_000n + BigInt(time.nanos);
}

function anyChecks(rules: { in?: readonly string[]; notIn?: readonly string[] }): Array<Check<{ typeUrl: string }>> {
  return listChecks(rules, String).map(({ passes, text }) => ({
    passes: (value) => passes(value.typeUrl),
    text: text.replace('value must', 'type URL must'),
  }));
}

function enumChecks(rules: EnumRules, enumeration: DescEnum): Array<Check<number>> {
  const nameOf = (number: number): string => enumeration.value[number]?.name ?? String(number);
  const checks = [...constCheck(rules.const), ...listChecks(rules, nameOf)];
  if (rules.definedOnly === true) {
    const defined = new Set(enumeration.values.map((value) => value.number));
    checks.push({ passes: (value) => defined.has(value), text: 'value must be one of the defined enum values' });
  }
  return checks;
}

function stringChecks(rules: StringRules): Array<Check<string>> {
  const checks: Array<Check<string>> = [
    ...constCheck(rules.const),
    ...listChecks(rules, String),
    ...lengthChecks(rules.len, rules.minLen, rules.maxLen, 'characters', countCharacters),
    ...lengthChecks(rules.lenBytes, rules.minBytes, rules.maxBytes, 'bytes', (value: string) => Buffer.byteLength(value)),
  ];
  const { prefix, suffix, contains, notContains } = rules;
  if (prefix !== undefined) checks.push({ passes: (value) => value.startsWith(prefix), text: `value does not have prefix ${goQuote(prefix)}` });
  if (suffix !== undefined) checks.push({ passes: (value) => value.endsWith(suffix), text: `value does not have suffix ${goQuote(suffix)}` });
  if (contains !== undefined) {
    checks.push({ passes: (value) => value.includes(contains), text: `value does not contain substring ${goQuote(contains)}` });
  }
  if (notContains !== undefined) {
    checks.push({ passes: (value) => !value.includes(notContains), text: `value contains substring ${goQuote(notContains)}` });
  }
  const pattern = rules.pattern ?? wellKnownPattern(rules);
  if (pattern !== undefined) checks.push(patternCheck(pattern));
  checks.push(...formatChecks(rules));
  return unlessEmpty(rules.ignoreEmpty, (value) => value === '', checks);
}

function lengthChecks<Value>(
  exact: number | undefined,
  least: number | undefined,
  most: number | undefined,
  unit: string,
  count: (value: Value) => number,
): Array<Check<Value>> {
  const only = exact ?? (least !== undefined && least === most ? least : undefined);
  if (only !== undefined) return [{ passes: (value) => count(value) === only, text: `value length must be ${only} ${unit}` }];
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

function formatChecks(rules: StringRules): Array<Check<string>> {
  if (rules.email === true) unsupported('email');
  if (rules.uri === true || rules.uriRef === true) unsupported('uri');
  const isIp = (value: string): boolean => isIpv4(value) || isIpv6(value);
  if (rules.ip === true) return [{ passes: isIp, text: 'value must be a valid IP address' }];
  if (rules.ipv4 === true) return [{ passes: isIpv4, text: 'value must be a valid IPv4 address' }];
  if (rules.ipv6 === true) return [{ passes: isIpv6, text: 'value must be a valid IPv6 address' }];
  if (rules.hostname === true) return [{ passes: isHostname, text: 'value must be a valid hostname' }];
  if (rules.uuid === true) return [{ passes: isUuid, text: 'value must be a valid UUID' }];
  if (rules.address === true) return [{ passes: (value) => isHostname(value) || isIp(value), text: 'value must be a valid hostname, or ip address' }];
  return [];
}

function bytesChecks(rules: BytesRules): Array<Check<Uint8Array>> {
  const { prefix, suffix, contains } = rules;
  if (rules.pattern !== undefined || rules.ip === true || rules.ipv4 === true || rules.ipv6 === true) unsupported('bytes as text');
  if (rules.const !== undefined || (rules.in?.length ?? 0) + (rules.notIn?.length ?? 0) > 0) unsupported('bytes in a list');
  const checks = lengthChecks<Uint8Array>(rules.len, rules.minLen, rules.maxLen, 'bytes', (value) => value.length);
  const add = (expected: Uint8Array | undefined, passes: (value: Buffer, expected: Buffer) => boolean, text: string): void => {
    if (expected === undefined) return;
    const bytes = Buffer.from(expected);
    checks.push({ passes: (value) => passes(Buffer.from(value), bytes), text: `${text} ${goQuote(bytes.toString('latin1'))}` });
  };
  add(prefix, (value, start) => value.subarray(0, start.length).equals(start), 'value does not have prefix');
  add(suffix, (value, end) => value.length >= end.length && value.subarray(value.length - end.length).equals(end), 'value does not have suffix');
  add(contains, (value, part) => value.includes(part), 'value does not contain substring');
  return unlessEmpty(rules.ignoreEmpty, (value) => value.length === 0, checks);
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

