import { PERL_CLASSES, POSIX_CLASSES, unicodeClass } from './char-class.ts';
import { CharSet } from './char-set.ts';
import type { Assertion, ParsedRegex, RegexNode, RegexSyntaxError } from './syntax.ts';

/**
 * Parses RE2's syntax (https://github.com/google/re2/wiki/Syntax) as Envoy sets it up: over bytes (latin1), `^` and `$` at the ends of
 * the text. `pattern` is latin1 text. Errors are RE2's.
 */
export function parseRegex(pattern: string): ParsedRegex | RegexSyntaxError {
  const parser = new Parser(pattern);
  try {
    return parser.parse();
  } catch (thrown) {
    if (thrown instanceof Rejected) return { error: thrown.message };
    throw thrown;
  }
}

/** RE2's limit on one counted repeat, and on the product of nested ones. */
const MAX_REPEAT = 1000;
/** Groups inside groups. */
const MAX_DEPTH = 1000;

interface Flags {
  readonly foldCase: boolean;
  readonly multiLine: boolean;
  readonly dotNewLine: boolean;
  readonly ungreedy: boolean;
}

/** An open parenthesis; the outermost is the pattern itself. */
interface Frame {
  readonly options: RegexNode[];
  items: RegexNode[];
  /** 0 = does not capture. */
  readonly capture: number;
  readonly flagsBefore: Flags;
}

/** Leaves the parser; caught in `parseRegex`. */
class Rejected extends Error {}

const NEW_LINE = CharSet.of(0x0a);
const NAME = /^\w+$/;
const REPETITION = /\{(0|[1-9]\d{0,8})(?:(,)(0|[1-9]\d{0,8})?)?\}/y;
const C_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

class Parser {
  readonly #text: string;
  #at = 0;
  #flags: Flags = { foldCase: false, multiLine: false, dotNewLine: false, ungreedy: false };
  #frame: Frame = { options: [], items: [], capture: 0, flagsBefore: this.#flags };
  readonly #outer: Frame[] = [];
  #groups = 0;
  /** Where the repetition operator right before this position began; -1 when the last thing was no such operator. */
  #lastRepeat = -1;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ParsedRegex {
    const text = this.#text;
    while (this.#at < text.length) {
      const isRepeat = this.#parseRepeat();
      if (isRepeat) continue;
      this.#lastRepeat = -1;
      this.#parseItem(text[this.#at]);
    }
    if (this.#outer.length > 0) reject('missing )', text);
    return { root: closeFrame(this.#frame), groups: this.#groups };
  }

  #parseItem(char: string): void {
    switch (char) {
      case '(':
        return this.#openGroup();
      case ')':
        return this.#closeGroup();
      case '|':
        this.#at++;
        this.#frame.options.push(sequence(this.#frame.items));
        this.#frame.items = [];
        return;
      case '[':
        return this.#push({ kind: 'set', set: this.#parseClass() });
      case '.':
        this.#at++;
        return this.#push({ kind: 'set', set: this.#flags.dotNewLine ? CharSet.any : NEW_LINE.negated() });
      case '^':
        this.#at++;
        return this.#assert(this.#flags.multiLine ? 'line-start' : 'text-start');
      case '$':
        this.#at++;
        return this.#assert(this.#flags.multiLine ? 'line-end' : 'text-end');
      case '\\':
        return this.#parseBackslash();
      default:
        this.#at++;
        return this.#literal(char.charCodeAt(0));
    }
  }

  #push(node: RegexNode): void {
    this.#frame.items.push(node);
  }

  #assert(where: Assertion): void {
    this.#push({ kind: 'assertion', where });
  }

  #literal(code: number): void {
    const set = CharSet.only(code);
    this.#push({ kind: 'set', set: this.#flags.foldCase ? set.withBothCases() : set });
  }

  // Repetition

  /** Consumes an operator at this position; false when there is none. */
  #parseRepeat(): boolean {
    const text = this.#text;
    const start = this.#at;
    let min: number;
    let max: number;
    let end: number;
    const char = text[start];
    if (char === '*' || char === '+' || char === '?') {
      min = char === '+' ? 1 : 0;
      max = char === '?' ? 1 : Infinity;
      end = start + 1;
    } else {
      REPETITION.lastIndex = start;
      const counts = char === '{' ? REPETITION.exec(text) : null;
      if (counts === null) return false;
      min = Number(counts[1]);
      max = counts[2] === undefined ? min : counts[3] === undefined ? Infinity : Number(counts[3]);
      end = start + counts[0].length;
    }
    const isLazy = text[end] === '?';
    if (isLazy) end++;
    this.#repeat({ min, max, greedy: isLazy === this.#flags.ungreedy, start, end });
    return true;
  }

  #repeat(operator: { min: number; max: number; greedy: boolean; start: number; end: number }): void {
    const { min, max, greedy, start, end } = operator;
    const text = this.#text.slice(start, end);
    if (this.#lastRepeat >= 0) reject('bad repetition operator', this.#text.slice(this.#lastRepeat, end));
    const body = this.#frame.items.pop();
    if (body === undefined) reject('no argument for repetition operator', text);
    const counted = text.startsWith('{');
    if (counted && (max < min || min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT))) reject('invalid repetition size', text);
    const node: RegexNode = { kind: 'repeat', body, min, max, greedy };
    if (counted && (min >= 2 || max >= 2) && repeatBudget(node, MAX_REPEAT) === 0) reject('invalid repetition size', text);
    this.#push(node);
    this.#lastRepeat = start;
    this.#at = end;
  }

  // Groups

  #openGroup(): void {
    const rest = this.#text.slice(this.#at);
    if (!rest.startsWith('(?')) {
      this.#at++;
      this.#enter(++this.#groups, this.#flags);
      return;
    }
    if (/^\(\?(?:[=!].|<[=!].)/s.test(rest)) reject('invalid perl operator', rest.slice(0, rest[2] === '<' ? 4 : 3));
    if ((rest.startsWith('(?P<') && rest.length > 4) || (rest.startsWith('(?<') && rest.length > 3)) this.#openNamedGroup(rest);
    else this.#parseFlags();
  }

  #openNamedGroup(rest: string): void {
    const end = rest.indexOf('>');
    if (end < 0) reject('invalid named capture group', rest);
    const opening = rest.slice(0, end + 1);
    if (!NAME.test(opening.slice(opening.indexOf('<') + 1, -1))) reject('invalid named capture group', opening);
    this.#at += opening.length;
    this.#enter(++this.#groups, this.#flags);
  }

  /** `(?flags)` or `(?flags:`. */
  #parseFlags(): void {
    const start = this.#at;
    const before = this.#flags;
    const flags: { -readonly [Name in keyof Flags]: boolean } = { ...before };
    let negated = false;
    let sawFlag = false;
    this.#at += 2;
    for (;;) {
      const char = this.#text[this.#at++];
      if (char === ':' || char === ')') {
        if (negated && !sawFlag) this.#rejectPerlOperator(start);
        this.#flags = flags;
        if (char === ':') this.#enter(0, before);
        return;
      }
      if (char === '-') {
        if (negated) this.#rejectPerlOperator(start);
        negated = true;
        sawFlag = false;
        continue;
      }
      const flag = char === undefined ? undefined : FLAG_NAMES[char];
      if (flag === undefined) this.#rejectPerlOperator(start);
      flags[flag] = !negated;
      sawFlag = true;
    }
  }

  #rejectPerlOperator(start: number): never {
    reject('invalid perl operator', this.#text.slice(start, this.#at));
  }

  #enter(capture: number, flagsBefore: Flags): void {
    if (this.#outer.length === MAX_DEPTH) reject('expression nests too deeply', this.#text.slice(0, MAX_DEPTH));
    this.#outer.push(this.#frame);
    this.#frame = { options: [], items: [], capture, flagsBefore };
  }

  #closeGroup(): void {
    const outer = this.#outer.pop();
    if (outer === undefined) reject('unexpected )', this.#text);
    const { capture, flagsBefore } = this.#frame;
    const body = closeFrame(this.#frame);
    this.#at++;
    this.#frame = outer;
    this.#flags = flagsBefore;
    this.#push(capture === 0 ? body : { kind: 'group', index: capture, body });
  }

  // Escapes

  #parseBackslash(): void {
    const next = this.#text[this.#at + 1];
    const where = next === undefined ? undefined : ESCAPED_ASSERTIONS[next];
    if (where !== undefined) {
      this.#at += 2;
      this.#assert(where);
    } else if (next === 'C') {
      this.#at += 2;
      this.#push({ kind: 'set', set: CharSet.any });
    } else if (next === 'Q') {
      this.#parseQuoted();
    } else {
      const set = this.#parseUnicodeClass() ?? this.#parsePerlClass();
      if (set !== undefined) this.#push({ kind: 'set', set });
      else this.#literal(this.#parseEscape());
    }
  }

  /** `\Q…\E`, or to the end. */
  #parseQuoted(): void {
    const start = this.#at + 2;
    const end = this.#text.indexOf('\\E', start);
    const stop = end < 0 ? this.#text.length : end;
    for (let at = start; at < stop; at++) this.#literal(this.#text.charCodeAt(at));
    this.#at = end < 0 ? stop : end + 2;
  }

  /** The character that a backslash sequence stands for. */
  #parseEscape(): number {
    const text = this.#text;
    const start = this.#at;
    if (start + 1 >= text.length) throw new Rejected('trailing \\');
    const char = text[start + 1];
    this.#at += 2;
    if (char === 'x') return this.#parseHex(start);
    if (char >= '0' && char <= '7') return this.#parseOctal(start);
    const control = C_ESCAPES[char];
    if (control !== undefined) return control;
    if (char > '\x7f' || /[0-9A-Za-z]/.test(char)) this.#rejectEscape(start);
    return char.charCodeAt(0);
  }

  #parseOctal(start: number): number {
    const digits = /^[0-7]{1,3}/.exec(this.#text.slice(start + 1, start + 4))![0];
    // One digit other than zero would be a back-reference.
    if (digits.length === 1 && digits !== '0') this.#rejectEscape(start);
    this.#at = start + 1 + digits.length;
    const code = Number.parseInt(digits, 8);
    if (code > 0xff) this.#rejectEscape(start);
    return code;
  }

  #parseHex(start: number): number {
    const text = this.#text;
    if (text[this.#at] !== '{') {
      this.#at = Math.min(this.#at + 2, text.length);
      const digits = text.slice(start + 2, this.#at);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) this.#rejectEscape(start);
      return Number.parseInt(digits, 16);
    }
    this.#at++;
    let code = 0;
    let count = 0;
    for (;;) {
      const char = text[this.#at++];
      if (char === '}' && count > 0) return code;
      if (char === undefined || !/[0-9A-Fa-f]/.test(char)) this.#rejectEscape(start);
      code = code * 16 + Number.parseInt(char, 16);
      count++;
      if (code > 0xff) this.#rejectEscape(start);
    }
  }

  #rejectEscape(start: number): never {
    reject('invalid escape sequence', this.#text.slice(start, this.#at));
  }

  // Classes

  #parseClass(): CharSet {
    const text = this.#text;
    const start = this.#at;
    const negated = text[start + 1] === '^';
    this.#at += negated ? 2 : 1;
    let set = CharSet.empty;
    for (let isFirst = true; text[this.#at] !== ']' || isFirst; isFirst = false) {
      if (this.#at >= text.length) reject('missing ]', text.slice(start));
      const group = this.#parsePosixClass() ?? this.#parseUnicodeClass() ?? this.#parsePerlClass();
      set = set.union(group ?? this.#parseRange(start));
    }
    this.#at++;
    return negated ? set.negated() : set;
  }

  #parseRange(classStart: number): CharSet {
    const start = this.#at;
    const from = this.#parseClassCharacter(classStart);
    let to = from;
    if (this.#text[this.#at] === '-' && this.#at + 1 < this.#text.length && this.#text[this.#at + 1] !== ']') {
      this.#at++;
      to = this.#parseClassCharacter(classStart);
      if (to < from) reject('invalid character class range', this.#text.slice(start, this.#at));
    }
    const set = CharSet.range(from, to);
    return this.#flags.foldCase ? set.withBothCases() : set;
  }

  #parseClassCharacter(classStart: number): number {
    if (this.#at >= this.#text.length) reject('missing ]', this.#text.slice(classStart));
    return this.#text[this.#at] === '\\' ? this.#parseEscape() : this.#text.charCodeAt(this.#at++);
  }

  /** `[:name:]` or `[:^name:]`; undefined when there is none at this position. */
  #parsePosixClass(): CharSet | undefined {
    const text = this.#text;
    const end = text.startsWith('[:', this.#at) ? text.indexOf(':]', this.#at + 2) : -1;
    if (end < 0) return undefined;
    const whole = text.slice(this.#at, end + 2);
    const negated = whole[2] === '^';
    const name = whole.slice(negated ? 3 : 2, -2);
    if (!Object.hasOwn(POSIX_CLASSES, name)) reject('invalid character class range', whole);
    this.#at = end + 2;
    return this.#group(POSIX_CLASSES[name], negated);
  }

  /** `\pN`, `\p{Greek}`, `\P…`, `\p{^…}`. */
  #parseUnicodeClass(): CharSet | undefined {
    const text = this.#text;
    const start = this.#at;
    const letter = text[start + 1];
    if (text[start] !== '\\' || (letter !== 'p' && letter !== 'P')) return undefined;
    const inBraces = text[start + 2] === '{';
    const close = inBraces ? text.indexOf('}', start) : Math.min(start + 2, text.length - 1);
    if (close < 0) reject('invalid character class range', text.slice(start));
    this.#at = close + 1;
    let name = inBraces ? text.slice(start + 3, close) : text.slice(start + 2, close + 1);
    const caret = name.startsWith('^');
    if (caret) name = name.slice(1);
    const set = unicodeClass(name);
    if (set === undefined) reject('invalid character class range', text.slice(start, this.#at));
    return this.#group(set, caret !== (letter === 'P'));
  }

  #parsePerlClass(): CharSet | undefined {
    const letter = this.#text[this.#at] === '\\' ? this.#text[this.#at + 1] : undefined;
    if (letter === undefined || !'dDsSwW'.includes(letter)) return undefined;
    this.#at += 2;
    const lower = letter.toLowerCase();
    return this.#group(PERL_CLASSES[lower], lower !== letter);
  }

  #group(set: CharSet, negated: boolean): CharSet {
    const folded = this.#flags.foldCase ? set.withBothCases() : set;
    return negated ? folded.negated() : folded;
  }
}

const FLAG_NAMES: Readonly<Record<string, keyof Flags>> = { i: 'foldCase', m: 'multiLine', s: 'dotNewLine', U: 'ungreedy' };

const ESCAPED_ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word-boundary',
  B: 'no-word-boundary',
};

function reject(problem: string, subject: string): never {
  throw new Rejected(`${problem}: ${subject}`);
}

function sequence(items: readonly RegexNode[]): RegexNode {
  return items.length === 1 ? items[0] : { kind: 'sequence', items };
}

function closeFrame(frame: Frame): RegexNode {
  const last = sequence(frame.items);
  return frame.options.length === 0 ? last : { kind: 'choice', options: [...frame.options, last] };
}

/** What is left of a budget that each counted repeat on the way down divides; 0 = they multiply to too much. */
function repeatBudget(node: RegexNode, budget: number): number {
  switch (node.kind) {
    case 'repeat': {
      const count = node.max === Infinity ? node.min : node.max;
      const isCounted = node.max !== Infinity ? node.max > 1 : node.min > 1;
      return repeatBudget(node.body, isCounted ? Math.floor(budget / count) : budget);
    }
    case 'group':
      return repeatBudget(node.body, budget);
    case 'sequence':
      return node.items.reduce((least, item) => Math.min(least, repeatBudget(item, budget)), budget);
    case 'choice':
      return node.options.reduce((least, option) => Math.min(least, repeatBudget(option, budget)), budget);
    default:
      return budget;
  }
}
