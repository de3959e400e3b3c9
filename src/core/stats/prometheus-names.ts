import { sortKey } from './name-order.ts';
import type { SnapshotGroup, StatKind } from './snapshot.ts';
import type { Tag, TagExtractor } from './tags.ts';

/** `metric` is `undefined` for a custom metric whose name Prometheus would not take. */
export interface PrometheusName {
  readonly metric: string | undefined;
  /** Families are shown in the order of this. */
  readonly key: string;
}

/** The names of one group's statistics of one kind, by index. Both are shared among groups where they can be. */
export interface GroupNames {
  readonly names: readonly PrometheusName[];
  /** One text for all when they are equal, as they mostly are. */
  readonly labels: string | readonly string[];
}

/** Prometheus names, computed once per group. */
export class PrometheusNames {
  readonly #tags: TagExtractor;
  readonly #customNamespaces: readonly string[];
  readonly #byGroup = new WeakMap<SnapshotGroup, Map<StatKind, GroupNames>>();
  /** By tag-extracted name. Names that become the same metric are one. */
  readonly #names = new Map<string, PrometheusName>();
  readonly #byPrefixAndLeaf = new Map<string, Map<string, PrometheusName>>();
  readonly #byMetric = new Map<string | undefined, PrometheusName>();
  /** The last list of names of a schema's kind: groups of one schema mostly have equal ones. */
  readonly #lists = new WeakMap<readonly string[], readonly PrometheusName[]>();

  constructor(tags: TagExtractor, customNamespaces: readonly string[]) {
    this.#tags = tags;
    this.#customNamespaces = customNamespaces;
  }

  /** How many names are remembered. */
  get size(): number {
    return this.#names.size;
  }

  ofGroup(group: SnapshotGroup, kind: StatKind): GroupNames {
    let kinds = this.#byGroup.get(group);
    if (kinds === undefined) this.#byGroup.set(group, (kinds = new Map()));
    let names = kinds.get(kind);
    if (names === undefined) kinds.set(kind, (names = this.#compute(group, group.schema[kind])));
    return names;
  }

  /** Name and labels of a single statistic. */
  of(fullName: string): { readonly name: PrometheusName; readonly labels: string } {
    const { name, tags } = this.#tags.extract(fullName);
    return { name: this.#name(name), labels: labelText(tags) };
  }

  #compute({ prefix }: SnapshotGroup, leaves: readonly string[]): GroupNames {
    if (prefix === '') return this.#computeEach(leaves);
    const group = this.#tags.group(prefix);
    const common = labelText(group.tags);
    const under = this.#namesUnder(group.namePrefix);
    const names: PrometheusName[] = [];
    let labels: string[] | undefined;
    for (const [index, leaf] of leaves.entries()) {
      if (group.isSpecial(leaf)) {
        const special = this.of(`${prefix}.${leaf}`);
        names.push(special.name);
        if (special.labels !== common) (labels ??= leaves.map(() => common))[index] = special.labels;
        continue;
      }
      let name = under.get(leaf);
      if (name === undefined) under.set(leaf, (name = this.#name(group.namePrefix + leaf)));
      names.push(name);
    }
    return { names: this.#shared(leaves, names), labels: labels ?? common };
  }

  #computeEach(leaves: readonly string[]): GroupNames {
    const found = leaves.map((leaf) => this.of(leaf));
    return { names: found.map(({ name }) => name), labels: found.map(({ labels }) => labels) };
  }

  #namesUnder(namePrefix: string): Map<string, PrometheusName> {
    let names = this.#byPrefixAndLeaf.get(namePrefix);
    if (names === undefined) this.#byPrefixAndLeaf.set(namePrefix, (names = new Map()));
    return names;
  }

  #shared(leaves: readonly string[], names: readonly PrometheusName[]): readonly PrometheusName[] {
    const last = this.#lists.get(leaves);
    if (last !== undefined && last.every((name, index) => name === names[index])) return last;
    this.#lists.set(leaves, names);
    return names;
  }

  #name(extracted: string): PrometheusName {
    let name = this.#names.get(extracted);
    if (name !== undefined) return name;
    const metric = metricName(extracted, this.#customNamespaces);
    name = this.#byMetric.get(metric) ?? { metric, key: sortKey(extracted, 'tokens') };
    this.#names.set(extracted, name);
    this.#byMetric.set(metric, name);
    return name;
  }
}

/** `envoy_` + name, but a name in a registered namespace is left without both. */
function metricName(extracted: string, customNamespaces: readonly string[]): string | undefined {
  const namespace = extracted.slice(0, extracted.indexOf('.') + 1);
  if (namespace !== '' && customNamespaces.includes(namespace.slice(0, -1))) {
    const custom = sanitised(extracted.slice(namespace.length));
    return /^[A-Za-z_]/.test(custom) ? custom : undefined;
  }
  return `envoy_${sanitised(extracted)}`;
}

export function labelText(tags: readonly Tag[]): string {
  let text = '';
  for (const { name, value } of tags) text += `${text === '' ? '' : ','}${labelName(name)}="${escaped(value)}"`;
  return text;
}

/** Tag names are few: those of the rules. */
const LABEL_NAMES = new Map<string, string>();

function labelName(tag: string): string {
  let name = LABEL_NAMES.get(tag);
  if (name === undefined) LABEL_NAMES.set(tag, (name = sanitised(tag)));
  return name;
}

function sanitised(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, '_');
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"') : value;
}
