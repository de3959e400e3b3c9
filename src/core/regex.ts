import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { proveLinearity } from './regex/linearity.ts';
import { parseRegex } from './regex/parse.ts';
import { printRegex } from './regex/print.ts';
import { parseSubstitution, type SubstitutionPart } from './regex/substitution.ts';
import type { ParsedRegex, RegexNode, RegexSyntaxError } from './regex/syntax.ts';
import { programSize } from './regex/program-size.ts';

/**
 * Regular expressions with RE2's syntax, meaning and linear time, over latin1 text (one character a byte), as Envoy has them.
 *
 * The pattern is parsed here. Where the parse proves that a backtracking engine needs linear time too, V8 runs it, which is an order
 * of magnitude faster; else re2js, which is loaded when the first such pattern is used.
 */
export interface Regex {
  readonly pattern: string;
  /** RE2's measure of the compiled pattern, which Envoy limits. */
  readonly programSize: number;
  /** Every text that matches begins with this; '' when nothing is known. */
  readonly literalPrefix: string;
  /** True if the whole text matches. */
  test(text: string): boolean;
  /** True if some part of the text matches. */
  search(text: string): boolean;
  /**
   * Replaces every match, left to right (`RE2::GlobalReplace`). In `substitution`, `\0` to `\9` are groups and `\\` is a backslash;
   * with anything else after a backslash nothing is replaced.
   */
  replaceAll(text: string, substitution: string): string;
  /** Loads now what the first use would load, so that no request waits for it. */
  prepare(use: 'test' | 'search'): void;
}

/** `pattern` is latin1 text: that of a configuration goes through `wireText` first. Errors are RE2's. */
export function compileRegex(pattern: string): Regex | RegexSyntaxError {
  const parsed = parseRegex(pattern);
  return 'error' in parsed ? parsed : new CompiledRegex(pattern, parsed);
}

class CompiledRegex implements Regex {
  readonly pattern: string;
  readonly literalPrefix: string;
  readonly #root: RegexNode;
  readonly #groups: number;
  readonly #fullMatch: RegExp | FallbackEngine;
  readonly #search: SearchEngine;
  /** The last substitution, parsed. */
  #substitution: { readonly text: string; readonly parts: SubstitutionPart[] | undefined } = { text: '', parts: [] };

  constructor(pattern: string, parsed: ParsedRegex) {
    this.pattern = pattern;
    this.#root = parsed.root;
    this.literalPrefix = literalPrefix(parsed.root);
    this.#groups = parsed.groups;
    const linearity = proveLinearity(parsed.root);
    const fallback = new FallbackEngine(parsed.root);
    this.#fullMatch = linearity.fullMatch ? new RegExp(`^(?:${printRegex(parsed.root, 'v8')})$`) : fallback;
    this.#search = linearity.search && !losesCaptures(parsed.root, ONCE) ? new NativeSearch(parsed.root) : fallback;
  }

  get programSize(): number {
    return programSize(this.#root);
  }

  test(text: string): boolean {
    return this.#fullMatch.test(text);
  }

  search(text: string): boolean {
    return this.#search.find(text, 0) !== undefined;
  }

  replaceAll(text: string, substitution: string): string {
    if (this.#substitution.text !== substitution) {
      this.#substitution = { text: substitution, parts: parseSubstitution(substitution, this.#groups) };
    }
    const { parts } = this.#substitution;
    return parts === undefined ? text : replaceAll(this.#search, text, parts);
  }

  prepare(use: 'test' | 'search'): void {
    const engine = use === 'test' ? this.#fullMatch : this.#search;
    if (engine instanceof FallbackEngine) engine.load();
  }
}

interface FoundMatch {
  readonly start: number;
  readonly end: number;
  group(index: number): string;
}

interface SearchEngine {
  /** The leftmost match at or after `from`; what lies before `from` is context for assertions. */
  find(text: string, from: number): FoundMatch | undefined;
}

function replaceAll(engine: SearchEngine, text: string, parts: readonly SubstitutionPart[]): string {
  let out = '';
  let at = 0;
  let lastEnd = -1;
  while (at <= text.length) {
    const match = engine.find(text, at);
    if (match === undefined) break;
    out += text.slice(at, match.start);
    if (match.start === lastEnd && match.end === lastEnd) {
      // No empty match right after a match.
      out += text.slice(lastEnd, lastEnd + 1);
      at = lastEnd + 1;
      continue;
    }
    for (const part of parts) out += typeof part === 'string' ? part : match.group(part);
    at = match.end;
    lastEnd = match.end;
  }
  return out + text.slice(at);
}

class NativeSearch implements SearchEngine {
  readonly #regexp: RegExp;

  constructor(root: RegexNode) {
    this.#regexp = new RegExp(printRegex(root, 'v8'), 'g');
  }

  find(text: string, from: number): FoundMatch | undefined {
    this.#regexp.lastIndex = from;
    const match = this.#regexp.exec(text);
    if (match === null) return undefined;
    return { start: match.index, end: match.index + match[0].length, group: (index) => match[index] ?? '' };
  }
}

/** re2js, compiled on first use. */
class FallbackEngine implements SearchEngine {
  readonly #root: RegexNode;
  #compiled: RE2JS | undefined;

  constructor(root: RegexNode) {
    this.#root = root;
  }

  load(): RE2JS {
    return (this.#compiled ??= loadRe2().compile(printRegex(this.#root, 're2')));
  }

  test(text: string): boolean {
    return this.load().matches(text);
  }

  find(text: string, from: number): FoundMatch | undefined {
    const matcher = this.load().matcher(text);
    if (!matcher.find(from)) return undefined;
    return { start: matcher.start(), end: matcher.end(), group: (index) => matcher.group(index) ?? '' };
  }
}

function loadRe2(): typeof RE2JS {
  return (createRequire(import.meta.url)('re2js') as { readonly RE2JS: typeof RE2JS }).RE2JS;
}

function literalPrefix(root: RegexNode): string {
  const collected = { text: '' };
  collectPrefix(root, collected);
  return collected.text;
}

/** Appends what the node must begin with; false when the literal ends inside it. */
function collectPrefix(node: RegexNode, prefix: { text: string }): boolean {
  switch (node.kind) {
    case 'set': {
      const code = node.set.single;
      if (code >= 0) prefix.text += String.fromCharCode(code);
      return code >= 0;
    }
    case 'group':
      return collectPrefix(node.body, prefix);
    case 'sequence':
      return node.items.every((item) => collectPrefix(item, prefix));
    case 'assertion':
      return true;
    default:
      return false;
  }
}

/**
 * True if a round of a loop can pass by a group: JavaScript then forgets what the group matched in the round before, RE2 does not.
 */
function losesCaptures(node: RegexNode, within: { readonly loop: boolean; readonly skippable: boolean }): boolean {
  switch (node.kind) {
    case 'group':
      return within.skippable || losesCaptures(node.body, within);
    case 'sequence':
      return node.items.some((item) => losesCaptures(item, within));
    case 'choice':
      return node.options.some((option) => losesCaptures(option, { loop: within.loop, skippable: within.loop }));
    case 'repeat': {
      const skippable = within.skippable || (within.loop && node.min === 0);
      return losesCaptures(node.body, { loop: within.loop || node.max > 1, skippable });
    }
    default:
      return false;
  }
}

const ONCE = { loop: false, skippable: false };
