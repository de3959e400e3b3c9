import type { GroupAnnouncement, ReleaseAnnouncement, RunAnnouncement, SchemaAnnouncement, StatAnnouncement } from './announcement.ts';
import { FunctionGauges } from './function-gauges.ts';
import { type FinalRun, GroupPart, MergedGroup } from './merged-group.ts';
import { compare } from './name-order.ts';
import type { EndpointStats, SnapshotSchema, StatKind, StatSnapshot, TextReadout } from './snapshot.ts';
import { compileBucketSettings, type NameMatcher } from './stats-config.ts';

export interface StatScrapeOptions {
  /** `stats_matcher`: tells by the full name whether a statistic exists. Absent: all do. */
  readonly accepts?: NameMatcher;
  /** `histogram_bucket_settings` */
  readonly bucketBounds?: (name: string) => readonly number[];
  /** Tells by its prefix whether a group is no statistic of `/stats`: snapshots leave it out and no matcher rejects it. */
  readonly hides?: (prefix: string) => boolean;
}

/**
 * The main thread's view of all threads' statistics: what they have announced, summed when asked.
 *
 *     const scrape = new StatScrape();
 *     scrape.addThread(0);
 *     const store = new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(0, message) });
 */
export class StatScrape {
  readonly #threads = new Map<number, ThreadView>();
  readonly #schemas = new Map<string, SnapshotSchema>();
  readonly #groups = new Map<SnapshotSchema, Map<string, MergedGroup>>();
  readonly #gaugeFunctions = new FunctionGauges();
  readonly #texts = new Map<string, string>();
  readonly #accepts: NameMatcher | undefined;
  readonly #bucketBounds: (name: string) => readonly number[];
  readonly #hides: (prefix: string) => boolean;
  #endpoints: () => readonly EndpointStats[] = () => [];

  constructor(options: StatScrapeOptions = {}) {
    this.#accepts = options.accepts;
    this.#bucketBounds = options.bucketBounds ?? compileBucketSettings([]);
    this.#hides = options.hides ?? (() => false);
  }

  addThread(id: number): void {
    if (this.#threads.has(id)) throw new Error(`thread ${id} is already registered`);
    this.#threads.set(id, new ThreadView());
  }

  /** What thread `id`'s store has announced. Ignored when the thread is gone. */
  announce(id: number, announcement: StatAnnouncement): void {
    const thread = this.#threads.get(id);
    if (thread === undefined) return;
    for (const { block, buffer } of announcement.blocks) thread.blocks[block] = new Float64Array(buffer);
    for (const schema of announcement.schemas) thread.schemas[schema.schema] = this.#internSchema(schema);
    for (const group of announcement.groups) this.#open(thread, group);
    for (const run of announcement.runs) thread.openRun(run);
    for (const release of announcement.releases) this.#release(thread, release);
  }

  /**
   * The thread has ended. Its counters and histograms stay in the sums; its gauges do not. Groups that no other thread has stay too, for the thread
   * that replaces it, until `dropOrphans`.
   */
  removeThread(id: number): void {
    const thread = this.#threads.get(id);
    if (thread === undefined) return;
    this.#threads.delete(id);
    for (const part of thread.parts.values()) {
      const { group, slots, base } = part;
      const runs: FinalRun[] = part.runs.map(({ histogram, run, slots: bins, base: at }) => ({ histogram, run, bins: bins.subarray(at) }));
      group.removePart(part, slots.subarray(base), runs);
    }
  }

  /** Forgets the groups that no thread has (any more). To be called when a replaced thread has loaded its configuration. */
  dropOrphans(): void {
    for (const group of this.groups()) if (group.orphaned) this.#forget(group);
  }

  /** A gauge computed at scrape. */
  gaugeFunction(name: string, value: () => number | bigint): void {
    if (this.#accepts === undefined || this.#accepts(name)) this.#gaugeFunctions.set(name, value);
  }

  /** Where the statistics of endpoints come from, for clusters with `per_endpoint_stats`. */
  endpointStats(source: () => readonly EndpointStats[]): void {
    this.#endpoints = source;
  }

  setText(name: string, value: string): void {
    if (this.#accepts === undefined || this.#accepts(name)) this.#texts.set(name, value);
  }

  removeText(name: string): void {
    this.#texts.delete(name);
  }

  resetCounters(): void {
    for (const group of this.groups()) group.resetCounters();
  }

  /** Every `stats_flush_interval`: histograms show what was recorded up to the last flush. */
  flushHistograms(): void {
    for (const group of this.groups()) if (group.schema.histograms.length > 0) group.flushHistograms();
  }

  /** What the renderers read. To be used within the turn, or by one response: groups that come later are not in it. */
  snapshot(): StatSnapshot {
    const texts: TextReadout[] = [...this.#texts].map(([name, value]) => ({ name, value }));
    return {
      groups: [...[...this.groups()].filter(({ prefix }) => !this.#hides(prefix)), ...this.#gaugeFunctions.groups()],
      texts: texts.sort((a, b) => compare(a.name, b.name)),
      endpoints: this.#endpoints(),
      bucketBounds: this.#bucketBounds,
    };
  }

  /** Counters and gauges by full name, for tests and for single values; renderers use the snapshot. */
  values(): Map<string, number> {
    const values = new Map<string, number>();
    const add = (group: { readonly prefix: string }, name: string, value: number): void => {
      const full = group.prefix === '' ? name : `${group.prefix}.${name}`;
      values.set(full, (values.get(full) ?? 0) + value);
    };
    for (const group of this.groups()) {
      group.schema.counters.forEach((name, index) => add(group, name, group.counter(index)));
      group.schema.gauges.forEach((name, index) => add(group, name, group.gauge(index)));
    }
    for (const group of this.#gaugeFunctions.groups()) {
      group.schema.gauges.forEach((name, index) => add(group, name, Number(group.gauge(index))));
    }
    return values;
  }

  *groups(): Generator<MergedGroup> {
    for (const byPrefix of this.#groups.values()) yield* byPrefix.values();
  }

  #open(thread: ThreadView, { group: id, prefix, schema: schemaId, block, base }: GroupAnnouncement): void {
    const schema = thread.schemas[schemaId];
    const byPrefix = this.#groups.get(schema)!;
    let group = byPrefix.get(prefix);
    if (group === undefined) byPrefix.set(prefix, (group = new MergedGroup(prefix, schema, this.#acceptedOf(prefix, schema))));
    const part = new GroupPart(group, thread.blocks[block], base);
    group.addPart(part);
    thread.parts.set(id, part);
  }

  #release(thread: ThreadView, { group: id, values, runs }: ReleaseAnnouncement): void {
    const part = thread.parts.get(id)!;
    thread.parts.delete(id);
    part.group.removePart(part, values, runs);
    if (part.group.orphaned) this.#forget(part.group);
  }

  #forget(group: MergedGroup): void {
    this.#groups.get(group.schema)?.delete(group.prefix);
  }

  /** Asked once per name, as Envoy does when it creates the statistic. */
  #acceptedOf(prefix: string, schema: SnapshotSchema): ((kind: StatKind, index: number) => boolean) | undefined {
    const accepts = this.#accepts;
    if (accepts === undefined || this.#hides(prefix)) return undefined;
    const verdicts = (names: readonly string[]): boolean[] => names.map((name) => accepts(prefix === '' ? name : `${prefix}.${name}`));
    const accepted = { counters: verdicts(schema.counters), gauges: verdicts(schema.gauges), histograms: verdicts(schema.histograms) };
    if (Object.values(accepted).every((list) => !list.includes(false))) return undefined;
    return (kind, index) => accepted[kind][index];
  }

  #internSchema({ counters, gauges, histograms }: SchemaAnnouncement): SnapshotSchema {
    const key = [counters, gauges, histograms].map((names) => names.join('\n')).join('\n\n');
    let schema = this.#schemas.get(key);
    if (schema === undefined) {
      schema = { counters, gauges, histograms };
      this.#schemas.set(key, schema);
      this.#groups.set(schema, new Map());
    }
    return schema;
  }
}

/** What one thread has announced. */
class ThreadView {
  readonly blocks: Float64Array[] = [];
  readonly schemas: SnapshotSchema[] = [];
  readonly parts = new Map<number, GroupPart>();

  openRun({ group, histogram, run, block, base }: RunAnnouncement): void {
    this.parts.get(group)!.addRun({ histogram, run, slots: this.blocks[block], base });
  }
}
