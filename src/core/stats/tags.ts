import { compileCppRegex } from './cpp-regex.ts';
import { DEFAULT_TAG_RULES, type RegexRule, type TagRule, type TokenRule } from './tag-rules.ts';

export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** A name without the parts that have become tags. */
export interface TaggedName {
  readonly name: string;
  readonly tags: readonly Tag[];
}

/** `stats_config.stats_tags[]`; without `regex` and `fixedValue` the default rules of that name. */
export interface TagSpecifier {
  readonly tagName: string;
  readonly regex?: string;
  readonly fixedValue?: string;
}

export interface TagConfig {
  /** `stats_config.use_all_default_tags` */
  readonly useDefaults: boolean;
  /** `--stats-tag name:value` */
  readonly fixed: readonly Tag[];
  readonly specifiers: readonly TagSpecifier[];
}

/**
 * Extracts tags as Envoy does: every rule looks at the whole name, what the rules take is then removed together. Rules that begin with a fixed first
 * part come after all others. Of several rules for one tag the first that matches counts.
 */
export class TagExtractor {
  readonly #anywhere: readonly Extractor[];
  readonly #byFirstPart: ReadonlyMap<string, readonly Extractor[]>;

  /** The constructor is for rules that are known to be good; configuration goes through `compileTagExtractor`. */
  constructor(rules: readonly (TagRule | Tag)[] = DEFAULT_TAG_RULES) {
    const anywhere: Extractor[] = [];
    const byFirstPart = new Map<string, Extractor[]>();
    for (const rule of rules) {
      const extractor = createExtractor(rule);
      if (extractor.firstPart === '') anywhere.push(extractor);
      else if (!byFirstPart.get(extractor.firstPart)?.push(extractor)) byFirstPart.set(extractor.firstPart, [extractor]);
    }
    this.#anywhere = anywhere;
    this.#byFirstPart = byFirstPart;
  }

  extract(name: string): TaggedName {
    const extraction = new Extraction(name);
    for (const extractor of this.#anywhere) extractor.extract(extraction);
    const dot = name.indexOf('.');
    if (dot >= 0) {
      const rules = this.#byFirstPart.get(name.slice(0, dot));
      if (rules !== undefined) for (const extractor of rules) extractor.extract(extraction);
    }
    return { name: extraction.remainder(), tags: extraction.tags };
  }
}

/** The error text is Envoy's. `index` is that of the specifier at fault. */
export function compileTagExtractor(config: TagConfig): TagExtractor | { readonly index: number; readonly error: string } {
  const rules: (TagRule | Tag)[] = [...(config.useDefaults ? DEFAULT_TAG_RULES : []), ...config.fixed];
  for (const [index, specifier] of config.specifiers.entries()) {
    const compiled = compileSpecifier(specifier);
    if (typeof compiled === 'string') return { index, error: compiled };
    rules.push(...compiled);
  }
  return new TagExtractor(rules);
}

function compileSpecifier({ tagName, regex, fixedValue }: TagSpecifier): readonly (TagRule | Tag)[] | string {
  if (fixedValue !== undefined) return [{ name: tagName, value: fixedValue }];
  if (regex === undefined || regex === '') {
    const defaults = DEFAULT_TAG_RULES.filter((rule) => rule.tag === tagName);
    return defaults.length > 0 ? defaults : `No regex specified for tag specifier and no default regex for name: '${tagName}'`;
  }
  if (tagName === '') return 'tag_name cannot be empty';
  const compiled = compileCppRegex(regex);
  if (typeof compiled === 'string') return `Invalid regex '${regex}': ${compiled}`;
  return [{ tag: tagName, regex: compiled, mayBeEmpty: true }];
}

/** One name on its way through the rules. */
class Extraction {
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

  take(tag: string, value: string, start: number, end: number): void {
    this.tags.push({ name: tag, value });
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

interface Extractor {
  /** Names that do not begin with this part cannot match; empty: any may. */
  readonly firstPart: string;
  extract(extraction: Extraction): void;
}

function createExtractor(rule: TagRule | Tag): Extractor {
  if ('tokens' in rule) return new TokenExtractor(rule);
  if ('regex' in rule) return new RegexExtractor(rule);
  return { firstPart: '', extract: (extraction) => extraction.has(rule.name) || extraction.take(rule.name, rule.value, 0, 0) };
}

class TokenExtractor implements Extractor {
  readonly firstPart: string;
  readonly #tag: string;
  readonly #tokens: readonly string[];
  /** The first token behind the first that is not a wildcard: cheap to compare first. */
  readonly #literalAt: number;

  constructor({ tag, tokens }: TokenRule) {
    this.#tag = tag;
    this.#tokens = tokens.split('.');
    this.firstPart = '$*'.includes(this.#tokens[0][0]) ? '' : this.#tokens[0];
    this.#literalAt = this.#tokens.findIndex((token, index) => index > 0 && !'$*'.includes(token[0]));
    if (this.#tokens.slice(0, this.#literalAt).includes('**')) this.#literalAt = -1;
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
  readonly #rule: RegexRule;
  /** With the positions of the groups, only run on names that match. */
  readonly #locator: RegExp;

  constructor(rule: RegexRule) {
    this.#rule = rule;
    this.#locator = new RegExp(rule.regex.source, 'd');
    this.firstPart = firstPartOf(rule.regex.source);
  }

  extract(extraction: Extraction): void {
    const { tag, regex, contains, except, mayBeEmpty } = this.#rule;
    const { name } = extraction;
    if ((contains !== undefined && !name.includes(contains)) || !regex.test(name)) return;
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
