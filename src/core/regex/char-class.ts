import { CharSet } from './char-set.ts';

const DIGIT = CharSet.parse('0-9');
const UPPER = CharSet.parse('A-Z');
const LOWER = CharSet.parse('a-z');
const ALPHA = UPPER.union(LOWER);
const ALNUM = ALPHA.union(DIGIT);
const WORD = ALNUM.union(CharSet.parse('_'));

/** `[[:name:]]`. */
export const POSIX_CLASSES: Readonly<Record<string, CharSet>> = {
  alnum: ALNUM,
  alpha: ALPHA,
  ascii: CharSet.range(0, 0x7f),
  blank: CharSet.parse('\t '),
  cntrl: CharSet.range(0, 0x1f).union(CharSet.of(0x7f)),
  digit: DIGIT,
  graph: CharSet.range(0x21, 0x7e),
  lower: LOWER,
  print: CharSet.range(0x20, 0x7e),
  punct: CharSet.range(0x21, 0x7e).without(ALNUM),
  space: CharSet.parse('\t\n\v\f\r '),
  upper: UPPER,
  word: WORD,
  xdigit: DIGIT.union(CharSet.parse('A-Fa-f')),
};

/** `\d`, `\s`, `\w`. Unlike elsewhere, `\s` has no vertical tab. */
export const PERL_CLASSES: Readonly<Record<string, CharSet>> = {
  d: DIGIT,
  s: CharSet.parse('\t\n\f\r '),
  w: WORD,
};

/** The latin1 part of a Unicode general category or script, by RE2's names; undefined when there is no such group. */
export function unicodeClass(name: string): CharSet | undefined {
  if (name === 'Any') return CharSet.any;
  const property = CATEGORY.test(name) ? name : SCRIPT.test(name) ? `Script=${name}` : undefined;
  if (property === undefined) return undefined;
  let pattern: RegExp;
  try {
    pattern = new RegExp(`\\p{${property}}`, 'u');
  } catch {
    return undefined;
  }
  const codes: number[] = [];
  for (let code = 0; code < 256; code++) if (pattern.test(String.fromCharCode(code))) codes.push(code);
  return CharSet.of(...codes);
}

const CATEGORY = /^(C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;
/** Full names; V8 also knows four-letter codes, which RE2 does not, save where the code is the name. */
const SCRIPT = /^(?:[A-Z][a-z]{4,}(?:_[A-Z][a-z]+)*|[A-Z][a-z]{1,2}|[A-Z][a-z]+_[A-Z][a-z_A-Z]*|Cham|Lisu|Thai|Toto|SignWriting|Nko)$/;
