import { compileCppRegex } from './cpp-regex.ts';
import { createExtractor, Extraction, type Extractor, type Tag } from './tag-extractors.ts';
import { DEFAULT_TAG_RULES, type TagRule } from './tag-rules.ts';

export type { Tag };

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
    for (const extractor of this.#rulesFor(name)) extractor.extract(extraction);
    return { name: extraction.remainder(), tags: extraction.tags };
  }

  /** `prefix` is not empty. */
  group(prefix: string): GroupTags {
    const stem = `${prefix}.`;
    const extraction = new Extraction(`${stem}x`);
    const watchful: Extractor[] = [];
    for (const extractor of [...this.#anywhere, ...this.#rulesFor(stem)]) {
      if (extractor.ignoresLeaf) extractor.extract(extraction);
      else if (extractor.mayMatchUnder(stem)) watchful.push(extractor);
    }
    return {
      tags: extraction.tags,
      namePrefix: extraction.remainder().slice(0, -1),
      isSpecial: (leaf) => leaf.includes('.') || watchful.some((extractor) => extractor.matches(stem + leaf)),
    };
  }

  #rulesFor(name: string): readonly Extractor[] {
    const dot = name.indexOf('.');
    return (dot < 0 ? undefined : this.#byFirstPart.get(name.slice(0, dot))) ?? [];
  }
}

/**
 * The tags of many names under one prefix. Most leaves of a group yield the same tags, which need extracting only once: rules that end in a wildcard
 * cannot see the last part of a name, and the few others are asked leaf by leaf.
 */
export interface GroupTags {
  readonly tags: readonly Tag[];
  /** What comes before the leaf in the extracted name. */
  readonly namePrefix: string;
  /** Whether this leaf does not follow the others, so that its full name must be extracted. */
  isSpecial(leaf: string): boolean;
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
