import type { RegexRule, TagRule, TokenRule } from './tag-rules.ts';

export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** One name on its way through the rules. */
export class Extraction {
  readonly name: string;
  readonly tags: Tag[] = [];
  #parts: string[] | undefined;
  /** Start and end of each removed range, as they came. */
  readonly #removed: number[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get parts(): readonly string[] {
    return (this.#parts ??= this.name.split('.'));
  }

  has(tag: string): boolean {
    for (const { name } of this.tags) if (name === tag) return true;
    return false;
  }

  /** Envoy keeps names and values without the dots that they end in. */
  take(tag: string, value: string, start: number, end: number): void {
    this.tags.push({ name: tag, value: value.endsWith('.') ? value.replace(/\.+$/, '') : value });
    if (end > start) this.#removed.push(start, end);
  }

  remainder(): string {
    const removed = this.#removed;
    if (removed.length === 0) return this.name;
    if (removed.length === 2) return this.name.slice(0, removed[0]) + this.name.slice(removed[1]);
    const ranges: [number, number][] = [];
    for (let i = 0; i < removed.length; i += 2) ranges.push([removed[i], removed[i + 1]]);
    ranges.sort((a, b) => a[0] - b[0]);
    let text = '';
    let at = 0;
    for (const [start, end] of ranges) {
      if (start > at) text += this.name.slice(at, start);
      if (end > at) at = end;
    }
    return text + this.name.slice(at);
  }
}

export interface Extractor {
  /** Names that do not begin with this part cannot match; empty: any may. */
  readonly firstPart: string;
  /** Whether it does the same to all names that differ in their last part only. */
  readonly ignoresLeaf: boolean;
  extract(extraction: Extraction): void;
  matches(name: string): boolean;
  /** False when no name of `stem` and one more part can match. `stem` ends in a dot. */
  mayMatchUnder(stem: string): boolean;
}

export function createExtractor(rule: TagRule | Tag): Extractor {
  if ('tokens' in rule) return new TokenExtractor(rule);
  if ('regex' in rule) return new RegexExtractor(rule);
  return new FixedTag(rule);
}

class FixedTag implements Extractor {
  readonly firstPart = '';
  readonly ignoresLeaf = true;
  readonly #tag: Tag;

  constructor(tag: Tag) {
    this.#tag = tag;
  }

  extract(extraction: Extraction): void {
    if (!extraction.has(this.#tag.name)) extraction.take(this.#tag.name, this.#tag.value, 0, 0);
  }

  matches(): boolean {
    return true;
  }

  mayMatchUnder(): boolean {
    return true;
  }
}

class TokenExtractor implements Extractor {
  readonly firstPart: string;
  /** A wildcard at the end takes the last part, whatever it is. */
  readonly ignoresLeaf: boolean;
  readonly #tag: string;
  readonly #tokens: readonly string[];
  /** The first token behind the first that is not a wildcard: cheap to compare first. */
  readonly #literalAt: number;

  constructor({ tag, tokens }: TokenRule) {
    this.#tag = tag;
    this.#tokens = tokens.split('.');
    this.firstPart = '$*'.includes(this.#tokens[0][0]) ? '' : this.#tokens[0];
    this.ignoresLeaf = this.#tokens.at(-1)!.startsWith('*');
    this.#literalAt = this.#tokens.findIndex((token, index) => index > 0 && !'$*'.includes(token[0]));
    if (this.#tokens.slice(0, this.#literalAt).includes('**')) this.#literalAt = -1;
  }

  matches(name: string): boolean {
    return this.#match(name.split('.'), 0, 0, -1) >= 0;
  }

  mayMatchUnder(): boolean {
    return true;
  }

  extract(extraction: Extraction): void {
    const { parts } = extraction;
    if (this.#literalAt > 0 && parts[this.#literalAt] !== this.#tokens[this.#literalAt]) return;
    const index = this.#match(parts, 0, 0, -1);
    if (index < 0 || extraction.has(this.#tag)) return;
    let start = 0;
    for (let i = 0; i < index; i++) start += parts[i].length + 1;
    const end = start + parts[index].length;
    if (index < parts.length - 1) extraction.take(this.#tag, parts[index], start, end + 1);
    else extraction.take(this.#tag, parts[index], Math.max(0, start - 1), end);
  }

  /** Index of the part that `$` stands for, or −1. */
  #match(parts: readonly string[], part: number, token: number, found: number): number {
    const tokens = this.#tokens;
    let value = found;
    for (; part < parts.length && token < tokens.length; part++, token++) {
      const expected = tokens[token];
      if (expected === '$') {
        value = part;
      } else if (expected === '**') {
        return token === tokens.length - 1 ? value : this.#matchAnywhere(parts, part, token + 1, value);
      } else if (expected !== '*' && expected !== parts[part]) {
        return -1;
      }
    }
    return part === parts.length && token === tokens.length ? value : -1;
  }

  #matchAnywhere(parts: readonly string[], part: number, token: number, found: number): number {
    for (let at = part; at < parts.length; at++) {
      const value = this.#match(parts, at, token, found);
      if (value >= 0) return value;
    }
    return -1;
  }
}

class RegexExtractor implements Extractor {
  readonly firstPart: string;
  readonly ignoresLeaf = false;
  readonly #rule: RegexRule;
  /** With the positions of the groups, only run on names that match. */
  readonly #locator: RegExp;

  constructor(rule: RegexRule) {
    this.#rule = rule;
    this.#locator = new RegExp(rule.regex.source, 'd');
    this.firstPart = firstPartOf(rule.regex.source);
  }

  matches(name: string): boolean {
    const { regex, contains } = this.#rule;
    return (contains === undefined || name.includes(contains)) && regex.test(name);
  }

  /** What ends in a dot can only lie within the stem. */
  mayMatchUnder(stem: string): boolean {
    const { contains } = this.#rule;
    return contains === undefined || !contains.endsWith('.') || stem.includes(contains);
  }

  extract(extraction: Extraction): void {
    const { tag, except, mayBeEmpty } = this.#rule;
    const { name } = extraction;
    if (!this.matches(name)) return;
    const match = this.#locator.exec(name)!;
    if (match.length < 2) return;
    const removed = match[1] ?? '';
    let value = match.length > 2 ? (match[2] ?? '') : removed;
    if (mayBeEmpty !== true) {
      if (removed === '') return;
      if (value === '') value = removed;
    }
    if ((except !== undefined && value === except) || extraction.has(tag)) return;
    const [start, end] = match.indices![1] ?? [0, 0];
    extraction.take(tag, value, start, end);
  }
}

/** `^word\.` and `^word(?=\.)` can only match names whose first part is that word. */
function firstPartOf(source: string): string {
  return /^\^(\w+)(?:\\\.|\(\?=\\\.\)|\$$)/.exec(source)?.[1] ?? '';
}
