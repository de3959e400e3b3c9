/**
 * Dates by strftime patterns, as Envoy's DateFormatter understands them: what glibc knows, `%E3S` and kin of absl, `%f` and
 * `%1f` … `%9f` for the fraction of the second, `%s` for seconds since the epoch.
 *
 * Whatever a second has in common is made once for it, and records of one moment share their text.
 */
export class DateFormat {
  readonly #pieces: readonly Piece[];
  readonly #local: boolean;
  /** Parts of a second in the finest fraction that is shown. */
  readonly #perSecond: number;
  /** What this second has in front of each fraction, and after the last. */
  readonly #runs: string[] = [];
  readonly #fractions: readonly number[];
  #second = NaN;
  #part = NaN;
  #text = '';

  constructor(pattern: string, local: boolean) {
    this.#pieces = compilePattern(pattern);
    this.#local = local;
    this.#fractions = this.#pieces.map(({ digits }) => digits).filter((digits) => digits > 0);
    this.#perSecond = this.#fractions.length === 0 ? 1 : Math.max(...this.#fractions) <= 3 ? 1000 : MICROSECONDS;
  }

  /** `wallMs`: milliseconds since the epoch with a fraction. */
  format(wallMs: number): string {
    // Envoy's clock has microseconds; ours is a number of milliseconds, which has not quite.
    const second = Math.floor(wallMs / 1000);
    const microsOfSecond = Math.min(MICROSECONDS - 1, Math.round((wallMs - second * 1000) * 1000));
    const part = Math.floor(microsOfSecond / (MICROSECONDS / this.#perSecond));
    if (second === this.#second && part === this.#part) return this.#text;
    if (second !== this.#second) this.#startSecond(second);
    this.#part = part;
    this.#text = this.#withFractions(`${String(microsOfSecond).padStart(6, '0')}000`);
    return this.#text;
  }

  #withFractions(nanos: string): string {
    let out = '';
    this.#fractions.forEach((digits, at) => {
      out += this.#runs[at]! + (digits === SIGNIFICANT_DIGITS ? withoutZeros(nanos) : nanos.substring(0, digits));
    });
    return out + this.#runs[this.#fractions.length]!;
  }

  #startSecond(second: number): void {
    this.#second = second;
    this.#runs.length = 0;
    const moment = momentOf(second, this.#local);
    let run = '';
    for (const piece of this.#pieces) {
      const text = piece.text(moment);
      run += text;
      if (piece.digits === 0) continue;
      this.#runs.push(text === '' ? run : `${run}.`);
      run = '';
    }
    this.#runs.push(run);
  }
}

/** A line break in a record would be a second record. Envoy's check: `%n`, also with flags. */
export function hasNewline(pattern: string): boolean {
  return /%[-_0^#]*[1-9]*[EO]?n/.test(pattern) || pattern.includes('\n');
}

interface Moment {
  readonly second: number;
  readonly date: Date;
  /** Minutes east of Greenwich. */
  readonly offsetMinutes: number;
  readonly zone: string;
  readonly dayOfYear: number;
}

interface Piece {
  text(moment: Moment): string;
  /** Of the second's fraction; 0 for none. They follow the text, where there is one, after a point. */
  readonly digits: number;
}

const MICROSECONDS = 1_000_000;

/** `%E*S`, `%E*f`: as many digits as say something. */
const SIGNIFICANT_DIGITS = 99;

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
const spaced = (value: number): string => (value < 10 ? ` ${value}` : String(value));
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;
const dayName = (date: Date): string => DAYS[date.getUTCDay()]!;
const monthName = (date: Date): string => MONTHS[date.getUTCMonth()]!;

/** `date` is shifted so that its UTC fields are the fields of the wanted zone. */
const CONVERSIONS: Readonly<Record<string, (moment: Moment) => string>> = {
  a: ({ date }) => dayName(date).substring(0, 3),
  A: ({ date }) => dayName(date),
  b: ({ date }) => monthName(date).substring(0, 3),
  B: ({ date }) => monthName(date),
  C: ({ date }) => two(Math.floor(date.getUTCFullYear() / 100)),
  d: ({ date }) => two(date.getUTCDate()),
  e: ({ date }) => spaced(date.getUTCDate()),
  g: ({ date }) => two(isoWeek(date).year % 100),
  G: ({ date }) => String(isoWeek(date).year),
  H: ({ date }) => two(date.getUTCHours()),
  I: ({ date }) => two(hour12(date)),
  j: ({ dayOfYear }) => String(dayOfYear + 1).padStart(3, '0'),
  k: ({ date }) => spaced(date.getUTCHours()),
  l: ({ date }) => spaced(hour12(date)),
  m: ({ date }) => two(date.getUTCMonth() + 1),
  M: ({ date }) => two(date.getUTCMinutes()),
  p: ({ date }) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: ({ date }) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  s: ({ second }) => String(second),
  S: ({ date }) => two(date.getUTCSeconds()),
  t: () => '\t',
  u: ({ date }) => String(date.getUTCDay() || 7),
  U: ({ date, dayOfYear }) => two(Math.floor((dayOfYear + 7 - date.getUTCDay()) / 7)),
  V: ({ date }) => two(isoWeek(date).week),
  w: ({ date }) => String(date.getUTCDay()),
  W: ({ date, dayOfYear }) => two(Math.floor((dayOfYear + 7 - ((date.getUTCDay() + 6) % 7)) / 7)),
  y: ({ date }) => two(date.getUTCFullYear() % 100),
  Y: ({ date }) => String(date.getUTCFullYear()),
  z: ({ offsetMinutes }) => offsetText(offsetMinutes, ''),
  Z: ({ zone }) => zone,
  '%': () => '%',
};

/** Conversions that stand for others. */
const ALIASES: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  h: '%b',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

/** Envoy's and absl's own, tried before the rest. */
const SPECIAL = /^%(?:E(\d+|\*)([Sf])|([1-9])?f|[1-9]?s|E(\*?z)|(:{1,2})z|E(4Y)|E(T))/;
const CONVERSION = /^%([-_0^#]*)(\d*)([EO]?)([A-Za-z%])/;

function compilePattern(pattern: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < pattern.length) {
    const percent = pattern.indexOf('%', at);
    const textEnd = percent === -1 ? pattern.length : percent;
    if (textEnd > at) pieces.push(literal(pattern.substring(at, textEnd)));
    if (percent === -1) break;
    at = percent + compileConversion(pattern.substring(percent), pieces);
  }
  return pieces;
}

/** Returns how many characters it has read. What nobody knows stands for itself. */
function compileConversion(rest: string, pieces: Piece[]): number {
  if (rest.startsWith('%%')) {
    // Envoy looks for its own conversions first: `%%f` is a percent sign and a fraction.
    const own = /^%(%[1-9]?f|%[1-9]?s)/.exec(rest);
    pieces.push(literal('%'));
    return own === null ? 2 : 1;
  }
  const special = SPECIAL.exec(rest);
  if (special !== null) {
    pieces.push(specialPiece(special));
    return special[0].length;
  }
  const match = CONVERSION.exec(rest);
  if (match === null) {
    pieces.push(literal('%'));
    return 1;
  }
  const [whole, flags = '', width = '', modifier = '', letter = ''] = match;
  const alias = ALIASES[letter];
  const convert = CONVERSIONS[letter];
  if ((alias === undefined && convert === undefined) || (modifier === 'E' && !'cCxXyY'.includes(letter))) pieces.push(literal(whole));
  else if (alias !== undefined) pieces.push(...compilePattern(alias));
  else pieces.push({ digits: 0, text: flags === '' && width === '' ? convert! : (moment) => adjusted(convert!(moment), flags, Number(width)) });
  return whole.length;
}

function specialPiece([whole, precision, unit, fractionDigitCount, zone, colons, year, tee]: RegExpExecArray): Piece {
  if (precision !== undefined) {
    const digits = precision === '*' ? SIGNIFICANT_DIGITS : Math.min(Number(precision), 9);
    return { digits, text: unit === 'f' ? () => '' : CONVERSIONS['S']! };
  }
  if (zone !== undefined) return { digits: 0, text: ({ offsetMinutes }) => offsetText(offsetMinutes, ':') + (zone === '*z' ? ':00' : '') };
  if (colons !== undefined) return { digits: 0, text: ({ offsetMinutes }) => offsetText(offsetMinutes, ':') + (colons === '::' ? ':00' : '') };
  if (year !== undefined) return { digits: 0, text: ({ date }) => String(date.getUTCFullYear()).padStart(4, '0') };
  if (tee !== undefined) return literal('T');
  if (whole.endsWith('s')) return { digits: 0, text: CONVERSIONS['s']! };
  return { digits: fractionDigitCount === undefined ? 9 : Number(fractionDigitCount), text: () => '' };
}

function literal(text: string): Piece {
  return { digits: 0, text: () => text };
}

function withoutZeros(fraction: string): string {
  return fraction.replace(/0+$/, '') || '0';
}

/** glibc's flags: `-` no padding, `_` spaces, `0` zeros, `^` capitals. */
function adjusted(text: string, flags: string, width: number): string {
  const bare = /^[ 0]*(\d+)$/.exec(text)?.[1];
  let out = flags.includes('^') ? text.toUpperCase() : text;
  if (bare !== undefined && flags.includes('-')) out = bare;
  else if (bare !== undefined && flags.includes('_')) out = bare.padStart(text.length);
  else if (bare !== undefined && flags.includes('0')) out = bare.padStart(text.length, '0');
  return out.padStart(width, bare !== undefined && !flags.includes('_') ? '0' : ' ');
}

function offsetText(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

function momentOf(second: number, local: boolean): Moment {
  const real = new Date(second * 1000);
  const offsetMinutes = local ? -real.getTimezoneOffset() : 0;
  const date = offsetMinutes === 0 ? real : new Date(second * 1000 + offsetMinutes * 60_000);
  const dayOfYear = Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000);
  return { second, date, offsetMinutes, dayOfYear, zone: offsetMinutes === 0 ? 'UTC' : zoneName(real) };
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** ISO 8601: weeks start on Monday; week 1 has the year's first Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * 86_400_000);
  const year = thursday.getUTCFullYear();
  return { year, week: 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604_800_000) };
}
