import { createRequire } from 'node:module';
import { isUtf8 } from 'node:buffer';
import type { RE2JS } from 're2js';
import { compileRegex, type Regex } from '../../core/regex.ts';
import { unicodeText, wireText } from '../../core/wire-text.ts';
import { CelEntries, type CelResult } from './value.ts';

/**
 * Regular expressions of expressions. They are RE2's, so linear in the text, and about Unicode: where bytes alone do not tell the answer,
 * re2js gives it.
 */

/** Envoy's. */
const MAX_PROGRAM_SIZE = 100;
/** Of a pattern that a request brings. */
export const MAX_PATTERN_BYTES = 256;
const MAX_CACHED = 32;

export class CelRegex {
  readonly #pattern: string;
  /** Undefined where the pattern is no ASCII. */
  readonly #bytes: Regex | undefined;
  #unicode: RE2JS | undefined;

  constructor(pattern: string, bytes: Regex | undefined) {
    this.#pattern = pattern;
    this.#bytes = bytes;
  }

  /** True if some part of the text matches. */
  search(text: string): boolean {
    if (this.#bytes !== undefined && !isUnicode(text)) return this.#bytes.search(text);
    return this.unicode.matcher(unicodeText(text)).find();
  }

  /** Loads now what the first request would wait for. */
  prepare(): void {
    if (this.#bytes === undefined) this.unicode.groupCount();
    else this.#bytes.prepare('search');
  }

  get unicode(): RE2JS {
    return (this.#unicode ??= loadRe2().compile(unicodeText(this.#pattern)));
  }
}

const NOT_ASCII = /[\x80-\xff]/;

function isUnicode(text: string): boolean {
  return NOT_ASCII.test(text) && isUtf8(Buffer.from(text, 'latin1'));
}

function loadRe2(): typeof RE2JS {
  return (createRequire(import.meta.url)('re2js') as { readonly RE2JS: typeof RE2JS }).RE2JS;
}

/** A string says what is wrong. */
export function compileCelRegex(pattern: string): CelRegex | string {
  if (NOT_ASCII.test(pattern)) return compileUnicode(pattern);
  const bytes = compileRegex(pattern);
  if ('error' in bytes) return `invalid regular expression: ${bytes.error}`;
  return bytes.programSize > MAX_PROGRAM_SIZE ? 'regular expression exceeds max allowed size' : new CelRegex(pattern, bytes);
}

function compileUnicode(pattern: string): CelRegex | string {
  const regex = new CelRegex(pattern, undefined);
  try {
    return regex.unicode.programSize() > MAX_PROGRAM_SIZE ? 'regular expression exceeds max allowed size' : regex;
  } catch (error) {
    return `invalid regular expression: ${(error as Error).message}`;
  }
}

const cached = new Map<string, CelRegex | undefined>();

/** A pattern that is known only now; undefined for one that is none, or is too long. */
function regexOf(pattern: string): CelRegex | undefined {
  if (pattern.length > MAX_PATTERN_BYTES) return undefined;
  if (cached.has(pattern)) return cached.get(pattern);
  if (cached.size >= MAX_CACHED) cached.clear();
  const compiled = compileCelRegex(pattern);
  const regex = typeof compiled === 'string' ? undefined : compiled;
  cached.set(pattern, regex);
  return regex;
}

export function matches(text: string, pattern: string): CelResult {
  return regexOf(pattern)?.search(text);
}

/** The first match, rewritten: `\1` is its first group. */
export function extract(text: string, pattern: string, rewrite: string): CelResult {
  const matcher = regexOf(pattern)?.unicode.matcher(unicodeText(text));
  if (matcher === undefined || !matcher.find()) return undefined;
  let out = '';
  for (let at = 0; at < rewrite.length; at++) {
    if (rewrite[at] !== '\\') {
      out += rewrite[at];
      continue;
    }
    const code = rewrite[++at];
    if (code === '\\') out += code;
    else if (code === undefined || code < '0' || code > '9' || Number(code) > matcher.groupCount()) return undefined;
    else out += wireText(matcher.group(Number(code)) ?? '');
  }
  return out;
}

/** The first group of a match of the whole text. */
export function capture(text: string, pattern: string): CelResult {
  const matcher = regexOf(pattern)?.unicode.matcher(unicodeText(text));
  if (matcher === undefined || matcher.groupCount() < 1 || !matcher.matches()) return undefined;
  return wireText(matcher.group(1) ?? '');
}

/** All of its groups by their names, or numbers. */
export function captureN(text: string, pattern: string): CelResult {
  const regex = regexOf(pattern)?.unicode;
  const matcher = regex?.matcher(unicodeText(text));
  if (regex === undefined || matcher === undefined || regex.groupCount() < 1 || !matcher.matches()) return undefined;
  const names = new Map(Object.entries(regex.namedGroups()).map(([name, number]) => [number, name]));
  const groups = new CelEntries();
  for (let number = 1; number <= regex.groupCount(); number++) groups.add(wireText(names.get(number) ?? String(number)), wireText(matcher.group(number) ?? ''));
  return groups;
}
