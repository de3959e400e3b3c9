import type { LogLevel } from '../core/log.ts';

/** One line of the log before it is formatted. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly component: string;
  readonly message: string;
  /** 0 is the main thread. */
  readonly thread: number;
  readonly pid: number;
}

/** What a formatter is made from; crosses threads. */
export type LogFormatSpec =
  | { readonly kind: 'pattern'; readonly pattern: string; readonly escaped: boolean }
  | { readonly kind: 'json'; readonly fields: Readonly<Record<string, unknown>> };

export function compileLogFormat(spec: LogFormatSpec): LogFormatter {
  return spec.kind === 'json' ? compileJsonLog(spec.fields) : compileLogPattern(spec.pattern, spec.escaped);
}

/** Without the line end. */
export type LogFormatter = (record: LogRecord) => string;

/** Envoy's. Source positions (`%g:%#`) mean nothing here and are left out with their brackets. */
export const DEFAULT_LOG_FORMAT = '[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v';

type Part = (record: LogRecord, time: Date) => string;

/** Compiles a pattern in spdlog's syntax. Escaping is `--log-format-escaped`. */
function compileLogPattern(pattern: string, escaped = false): LogFormatter {
  const text = pattern.replaceAll(SOURCE_POSITION, '');
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(FLAG)) {
    const [whole, align = '', width = '', flag = ''] = match;
    const literal = text.slice(end, match.index);
    if (literal !== '') parts.push(() => literal);
    end = match.index + whole.length;
    const part = flag === 'v' && escaped ? PARTS._! : (PARTS[flag] ?? constant(MEANINGLESS[flag] ?? whole));
    parts.push(width === '' ? part : (record, time) => pad(part(record, time), align, Number(width)));
  }
  const rest = text.slice(end);
  if (rest !== '') parts.push(() => rest);
  return (record) => {
    const time = new Date(record.timeMs);
    let line = '';
    for (const part of parts) line += part(record, time);
    return line;
  };
}

/** Source positions in brackets, with the blank before them. */
const SOURCE_POSITION = / ?\[%[gs@](?::%#)?\]/g;
/** Alignment, width, flag. Three digits of padding are plenty. */
const FLAG = /%([-=]?)(\d{1,3})?(.)/g;

function constant(text: string): Part {
  return () => text;
}

function pad(text: string, align: string, width: number): string {
  if (align === '-') return text.padEnd(width);
  return align === '=' ? text.padStart(text.length + Math.floor(Math.max(0, width - text.length) / 2)).padEnd(width) : text.padStart(width);
}

/** `application_log_config.log_format.json_format`: patterns by key, one object a line. */
function compileJsonLog(format: Readonly<Record<string, unknown>>): LogFormatter {
  const fields = Object.entries(format).map(([key, value]) => [key, jsonValue(value)] as const);
  return (record) => JSON.stringify(Object.fromEntries(fields.map(([key, value]) => [key, value(record)])));
}

function jsonValue(value: unknown): (record: LogRecord) => unknown {
  // The object is escaped as a whole: %j inside it must not be escaped twice.
  if (typeof value === 'string') return compileLogPattern(value.replaceAll('%j', '%v'));
  if (Array.isArray(value)) {
    const items = value.map(jsonValue);
    return (record) => items.map((item) => item(record));
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, item]) => [key, jsonValue(item)] as const);
    return (record) => Object.fromEntries(fields.map(([key, item]) => [key, item(record)]));
  }
  return () => value;
}

const MEANINGLESS: Readonly<Record<string, string>> = { '%': '%', '^': '', $: '', g: '-', s: '-', '#': '-', '@': '-', '!': '-' };

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

function padded(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}

function clock(time: Date): string {
  return `${padded(time.getHours())}:${padded(time.getMinutes())}:${padded(time.getSeconds())}`;
}

function hour12(time: Date): number {
  return time.getHours() % 12 || 12;
}

function half(time: Date): string {
  return time.getHours() < 12 ? 'AM' : 'PM';
}

function date(time: Date): string {
  return `${padded(time.getMonth() + 1)}/${padded(time.getDate())}/${padded(time.getFullYear() % 100)}`;
}

function zone(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${padded(Math.floor(size / 60))}:${padded(size % 60)}`;
}

function escapeMessage(message: string): string {
  return JSON.stringify(message).slice(1, -1);
}

/** spdlog's flags and Envoy's own (`%_`, `%j`). Times are local, as Envoy writes them. */
const PARTS: Readonly<Record<string, Part>> = {
  v: ({ message }) => message,
  _: ({ message }) => escapeMessage(message),
  j: ({ message }) => escapeMessage(message),
  t: ({ thread }) => String(thread),
  P: ({ pid }) => String(pid),
  n: ({ component }) => component,
  l: ({ level }) => level,
  L: ({ level }) => (level === 'off' ? 'O' : level[0]!.toUpperCase()),
  a: (_record, time) => DAYS[time.getDay()]!.slice(0, 3),
  A: (_record, time) => DAYS[time.getDay()]!,
  b: (_record, time) => MONTHS[time.getMonth()]!.slice(0, 3),
  B: (_record, time) => MONTHS[time.getMonth()]!,
  c: (_record, time) =>
    `${DAYS[time.getDay()]!.slice(0, 3)} ${MONTHS[time.getMonth()]!.slice(0, 3)} ${time.getDate()} ${clock(time)} ${time.getFullYear()}`,
  C: (_record, time) => padded(time.getFullYear() % 100),
  Y: (_record, time) => String(time.getFullYear()),
  D: (_record, time) => date(time),
  x: (_record, time) => date(time),
  m: (_record, time) => padded(time.getMonth() + 1),
  d: (_record, time) => padded(time.getDate()),
  H: (_record, time) => padded(time.getHours()),
  I: (_record, time) => padded(hour12(time)),
  M: (_record, time) => padded(time.getMinutes()),
  S: (_record, time) => padded(time.getSeconds()),
  e: (_record, time) => padded(time.getMilliseconds(), 3),
  f: (_record, time) => `${padded(time.getMilliseconds(), 3)}000`,
  F: (_record, time) => `${padded(time.getMilliseconds(), 3)}000000`,
  p: (_record, time) => half(time),
  r: (_record, time) => `${padded(hour12(time))}:${padded(time.getMinutes())}:${padded(time.getSeconds())} ${half(time)}`,
  R: (_record, time) => `${padded(time.getHours())}:${padded(time.getMinutes())}`,
  T: (_record, time) => clock(time),
  X: (_record, time) => clock(time),
  z: (_record, time) => zone(time),
  E: ({ timeMs }) => String(Math.floor(timeMs / 1000)),
};
