import { CelDuration, type CelResult, CelTimestamp, type CelValue } from './value.ts';

const NANOS_PER: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const SECOND = 1_000_000_000n;
/** What a duration may be as text, in either direction (protobuf's limit). */
const MAX_DURATION = 315_576_000_000n * SECOND;

/** Longer texts are no durations: their numbers would cost more to read than they can say. */
const MAX_TEXT = 64;
const DURATION = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|ms|s|m|h))+$/;
const DURATION_PART = /(\d*)\.?(\d*)(ns|us|ms|s|m|h)/g;

/** `1h30m`, `-1.5s`, `0`. */
export function parseDuration(text: string): CelResult {
  if (text.length > MAX_TEXT) return undefined;
  if (/^[+-]?0$/.test(text)) return new CelDuration(0n);
  if (!DURATION.test(text)) return undefined;
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(DURATION_PART)) {
    const scale = NANOS_PER[unit]!;
    nanos += BigInt(whole) * scale + (BigInt(`0${fraction}`) * scale) / 10n ** BigInt(fraction.length);
  }
  if (text.startsWith('-')) nanos = -nanos;
  return nanos > MAX_DURATION || nanos < -MAX_DURATION ? undefined : new CelDuration(nanos);
}

const TIMESTAMP = /^\s*([+-]?\d{1,5})-(\d{1,2})-(\d{1,2})[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):?(\d{2})?)\s*$/;

/** RFC 3339, as leniently as Envoy reads it. */
export function parseTimestamp(text: string): CelResult {
  const found = text.length > MAX_TEXT ? null : TIMESTAMP.exec(text);
  if (found === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', sign = '+', offsetHour = '0', offsetMinute = '0'] = found;
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)];
  if (hours > 23 || minutes > 59 || seconds > 60 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  const days = dayNumber(Number(year), Number(month), Number(day));
  if (days === undefined) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60 * (sign === '-' ? -1 : 1);
  const sinceEpoch = days * 86_400 + hours * 3_600 + minutes * 60 + seconds - offset;
  return new CelTimestamp(BigInt(sinceEpoch) * SECOND + BigInt(fraction.substring(0, 9).padEnd(9, '0')));
}

/** Days since the epoch; undefined for a day that the calendar does not have. */
function dayNumber(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / 86_400_000 : undefined;
}

const MAX_DATE_MS = 8.64e15;

/** Undefined beyond what a calendar knows. */
function dateOf({ nanos }: CelTimestamp, offsetMs: number): Date | undefined {
  const ms = Number(floorDivide(nanos, 1_000_000n)) + offsetMs;
  return Math.abs(ms) > MAX_DATE_MS ? undefined : new Date(ms);
}

export function floorDivide(a: bigint, b: bigint): bigint {
  return a >= 0n ? a / b : -((-a + b - 1n) / b);
}

type DatePart = (date: Date) => number;

const DATE_PARTS: Readonly<Record<string, DatePart>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) => (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000,
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

const DURATION_PARTS: Readonly<Record<string, (nanos: bigint) => bigint>> = {
  getHours: (nanos) => nanos / NANOS_PER['h']!,
  getMinutes: (nanos) => nanos / NANOS_PER['m']!,
  getSeconds: (nanos) => nanos / SECOND,
  getMilliseconds: (nanos) => (nanos % SECOND) / NANOS_PER['ms']!,
};

export const TIME_PARTS: readonly string[] = Object.keys(DATE_PARTS);

/** Of a timestamp in UTC or in the zone, or of a duration. */
export function timePart(name: string, value: CelValue, zone?: CelValue): CelResult {
  if (value instanceof CelDuration) {
    const part = zone === undefined ? DURATION_PARTS[name] : undefined;
    return part?.(value.nanos);
  }
  if (!(value instanceof CelTimestamp) || (zone !== undefined && typeof zone !== 'string')) return undefined;
  const offsetMs = zone === undefined ? 0 : zoneOffsetMs(value, zone);
  const date = offsetMs === undefined ? undefined : dateOf(value, offsetMs);
  return date === undefined ? undefined : BigInt(DATE_PARTS[name]!(date));
}

const FIXED_OFFSET = /^([+-]?)(\d{1,2}):(\d{2})$/;
/** As the database of zones spells them, whatever JavaScript would take besides. */
const ZONE_NAME = /^[A-Z][\w+-]*(?:\/[A-Z][\w+-]*)*$/;

function zoneOffsetMs(value: CelTimestamp, zone: string): number | undefined {
  if (zone === '' || zone === 'UTC') return 0;
  const [, sign = '', hours = '', minutes = ''] = FIXED_OFFSET.exec(zone) ?? [];
  if (hours !== '') return (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  const date = dateOf(value, 0);
  const format = date && ZONE_NAME.test(zone) ? zoneFormat(zone) : undefined;
  return date && format && localOffsetMs(format, date);
}

const MAX_ZONES = 64;
const zones = new Map<string, Intl.DateTimeFormat | undefined>();

/** Undefined for a name that is no zone. */
function zoneFormat(name: string): Intl.DateTimeFormat | undefined {
  if (zones.has(name)) return zones.get(name);
  if (zones.size >= MAX_ZONES) zones.clear();
  let format: Intl.DateTimeFormat | undefined;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    // There is no such zone.
  }
  zones.set(name, format);
  return format;
}

function localOffsetMs(format: Intl.DateTimeFormat, date: Date): number {
  const text = format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?/.exec(text) ?? [];
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000 * (sign === '-' ? -1 : 1);
}

/** As `absl::FormatDuration`: `1h30m`, `1.5ms`, `0`. */
export function durationText({ nanos }: CelDuration): string {
  if (nanos === 0n) return '0';
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  if (size < SECOND) {
    const unit = size < 1_000n ? 'ns' : size < 1_000_000n ? 'us' : 'ms';
    return sign + decimal(size, NANOS_PER[unit]!) + unit;
  }
  const hours = size / NANOS_PER['h']!;
  const minutes = (size % NANOS_PER['h']!) / NANOS_PER['m']!;
  const rest = size % NANOS_PER['m']!;
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes > 0n ? `${minutes}m` : ''}${rest > 0n ? `${decimal(rest, SECOND)}s` : ''}`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = String(value % unit).padStart(String(unit).length - 1, '0').replace(/0+$/, '');
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`;
}

/** As protobuf's JSON: no, three, six or nine digits. Undefined beyond its limits. */
export function durationJson({ nanos }: CelDuration): string | undefined {
  if (nanos > MAX_DURATION || nanos < -MAX_DURATION) return undefined;
  const size = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? '-' : ''}${size / SECOND}${fractionJson(size % SECOND)}s`;
}

function fractionJson(nanos: bigint): string {
  if (nanos === 0n) return '';
  const digits = String(nanos).padStart(9, '0');
  if (digits.endsWith('000000')) return `.${digits.substring(0, 3)}`;
  return digits.endsWith('000') ? `.${digits.substring(0, 6)}` : `.${digits}`;
}

/** As `absl::FormatTime` in UTC. */
export function timestampText(value: CelTimestamp): string {
  const date = dateOf(value, 0);
  if (date === undefined) return value.nanos > 0n ? 'infinite-future' : 'infinite-past';
  return `${date.getUTCFullYear()}-${monthToSecond(date)}${shortFraction(nanosOfSecond(value))}+00:00`;
}

/** As protobuf's JSON. Undefined outside the years 1 to 9999. */
export function timestampJson(value: CelTimestamp): string | undefined {
  return timestampWith(value, fractionJson);
}

/** The same with as few digits as there are. */
export function timestampShortJson(value: CelTimestamp): string | undefined {
  return timestampWith(value, shortFraction);
}

function timestampWith(value: CelTimestamp, fraction: (nanos: bigint) => string): string | undefined {
  const date = dateOf(value, 0);
  const year = date?.getUTCFullYear() ?? 0;
  if (date === undefined || year < 1 || year > 9999) return undefined;
  return `${String(year).padStart(4, '0')}-${monthToSecond(date)}${fraction(nanosOfSecond(value))}Z`;
}

function shortFraction(nanos: bigint): string {
  return nanos === 0n ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
}

function nanosOfSecond({ nanos }: CelTimestamp): bigint {
  return ((nanos % SECOND) + SECOND) % SECOND;
}

function monthToSecond(date: Date): string {
  const iso = date.toISOString();
  return iso.substring(iso.length - 'MM-DDTHH:MM:SS.mmmZ'.length, iso.length - '.mmmZ'.length);
}
