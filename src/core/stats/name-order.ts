import type { SnapshotGroup, SnapshotSchema, StatKind } from './snapshot.ts';

/** Names compared byte by byte (`/stats`) or token by token (Prometheus, where `a.b` comes before `a-b.c`). */
export type NameOrder = 'bytes' | 'tokens';

/** One statistic of a batch. Its full name is the batch's root + tail. */
export interface OrderedStat {
  readonly tail: string;
  readonly kind: StatKind;
  /** Index into the batch's groups. */
  readonly group: number;
  /** Index into the schema's list of this kind. */
  readonly index: number;
  /** Another group's statistic of the same name and kind, to be added to this one. */
  readonly twin: OrderedStat | undefined;
}

/** Statistics that are neighbours in the order: those below one prefix that lies below no other. */
export interface OrderedBatch {
  readonly root: string;
  readonly groups: readonly SnapshotGroup[];
  readonly stats: readonly OrderedStat[];
}

/**
 * All statistics of the kinds in the order of their full names. Groups of equal shape (all clusters, say) are sorted only once, so that the cost lies
 * in the number of groups and not in the number of names.
 */
export function* inNameOrder(all: readonly SnapshotGroup[], kinds: readonly StatKind[], order: NameOrder): Generator<OrderedBatch> {
  const groups = all.filter(({ schema }) => kinds.some((kind) => schema[kind].length > 0));
  const shapes = new ShapeCache(kinds, order);
  const sorted = groups.map((group) => ({ group, key: sortKey(`${group.prefix}.`, order) })).sort((a, b) => compare(a.key, b.key));
  if (groups.some((group) => group.prefix === '')) {
    yield shapes.batch('', groups);
    return;
  }
  for (let start = 0; start < sorted.length; ) {
    const root = sorted[start];
    let end = start + 1;
    while (end < sorted.length && sorted[end].key.startsWith(root.key)) end++;
    const below = sorted.slice(start, end).map(({ group }) => group);
    yield shapes.batch(root.group.prefix, below);
    start = end;
  }
}

/** Strings that compare in the order wanted. */
export function sortKey(name: string, order: NameOrder): string {
  return order === 'bytes' ? name : name.replaceAll('.', '\0');
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

class ShapeCache {
  readonly #kinds: readonly StatKind[];
  readonly #order: NameOrder;
  readonly #schemaIds = new Map<SnapshotSchema, number>();
  readonly #stats = new Map<string, readonly OrderedStat[]>();

  constructor(kinds: readonly StatKind[], order: NameOrder) {
    this.#kinds = kinds;
    this.#order = order;
  }

  batch(root: string, groups: readonly SnapshotGroup[]): OrderedBatch {
    const shape = groups.map((group) => `${this.#schemaId(group.schema)} ${group.prefix.slice(root.length)}`).join('\n');
    let stats = this.#stats.get(shape);
    if (stats === undefined) this.#stats.set(shape, (stats = this.#sort(root, groups)));
    return { root, groups, stats };
  }

  #schemaId(schema: SnapshotSchema): number {
    let id = this.#schemaIds.get(schema);
    if (id === undefined) this.#schemaIds.set(schema, (id = this.#schemaIds.size));
    return id;
  }

  #sort(root: string, groups: readonly SnapshotGroup[]): readonly OrderedStat[] {
    const keyed: { stat: OrderedStat; key: string }[] = [];
    groups.forEach(({ prefix, schema }, group) => {
      const below = prefix === '' ? '' : `${prefix.slice(root.length)}.`;
      for (const kind of this.#kinds) {
        schema[kind].forEach((name, index) => {
          const tail = below + name;
          keyed.push({ stat: { tail, kind, group, index, twin: undefined }, key: sortKey(tail, this.#order) });
        });
      }
    });
    keyed.sort((a, b) => compare(a.key, b.key) || compare(a.stat.kind, b.stat.kind));
    return joinTwins(keyed.map(({ stat }) => stat));
  }
}

function joinTwins(sorted: readonly OrderedStat[]): OrderedStat[] {
  const joined: OrderedStat[] = [];
  for (const stat of sorted) {
    const last = joined.at(-1);
    if (last?.tail === stat.tail && last.kind === stat.kind) joined[joined.length - 1] = { ...stat, twin: last };
    else joined.push(stat);
  }
  return joined;
}
