/**
 * Statistics as the request path sees them: an id into a group, one array write.
 *
 * A group is a contiguous run of slots in this thread's shared memory, described by a schema; names exist only at scrape,
 * on the main thread, which sums the blocks of all threads.
 *
 *     export const CLUSTER_STATS = defineStats({ counters: ['upstream_rq_total'], gauges: ['upstream_rq_active'], histograms: ['upstream_rq_time'] });
 *     const stats = store.group('cluster.web', CLUSTER_STATS);
 *     stats.inc(CLUSTER_STATS.upstream_rq_total);
 */

declare const counterBrand: unique symbol;
declare const gaugeBrand: unique symbol;
declare const histogramBrand: unique symbol;

/** Slot numbers within a group. The brands keep a counter's id out of a gauge's method. */
export type CounterId = number & { readonly [counterBrand]: true };
export type GaugeId = number & { readonly [gaugeBrand]: true };
export type HistogramId = number & { readonly [histogramBrand]: true };

export interface StatNames {
  readonly counters?: readonly string[];
  readonly gauges?: readonly string[];
  readonly histograms?: readonly string[];
}

/** Slots: counters first, then gauges; histograms are numbered on their own. */
export class StatSchema {
  readonly counters: readonly string[];
  readonly gauges: readonly string[];
  readonly histograms: readonly string[];

  constructor(names: StatNames) {
    this.counters = names.counters ?? [];
    this.gauges = names.gauges ?? [];
    this.histograms = names.histograms ?? [];
  }

  get slots(): number {
    return this.counters.length + this.gauges.length;
  }
}

type Names<T> = T extends readonly (infer N extends string)[] ? N : never;
type Ids<S extends StatNames> = { readonly [K in Names<S['counters']>]: CounterId } & {
  readonly [K in Names<S['gauges']>]: GaugeId;
} & { readonly [K in Names<S['histograms']>]: HistogramId };

/** A schema whose properties are the ids of its statistics. */
export function defineStats<const S extends StatNames>(names: S): StatSchema & Ids<S> {
  const schema = new StatSchema(names);
  // Defined, not assigned: what is written key by key V8 keeps as a hash table, which each count would search.
  const define = (name: string, value: number): unknown => Object.defineProperty(schema, name, { value, enumerable: true });
  let slot = 0;
  for (const name of schema.counters) define(name, slot++);
  for (const name of schema.gauges) define(name, slot++);
  schema.histograms.forEach(define);
  return schema as unknown as StatSchema & Ids<S>;
}

/** The statistics of one scope (`cluster.web`, `http.ingress`, `listener.0.0.0.0_80`) in this thread. */
export interface StatGroup {
  readonly prefix: string;
  inc(id: CounterId): void;
  add(id: CounterId, amount: number): void;
  gaugeAdd(id: GaugeId, amount: number): void;
  gaugeSet(id: GaugeId, value: number): void;
  /** `value` in the histogram's unit (milliseconds where the name says `_ms` or `_time`). */
  record(id: HistogramId, value: number): void;
  /** A statistic whose name is only known at run time (`upstream_rq_503`). Look it up once and keep it. */
  counter(name: string): Counter;
  gauge(name: string): Gauge;
  histogram(name: string): Histogram;
}

export interface Counter {
  inc(): void;
  add(amount: number): void;
}

export interface Gauge {
  add(amount: number): void;
  set(value: number): void;
}

export interface Histogram {
  record(value: number): void;
}

/** One per thread. */
export interface StatStore {
  /**
   * The group of this prefix and schema. Asking twice yields the same slots, so a resource that is replaced goes on counting.
   * The prefix is used as it is: callers replace `:` by `_` in user-given names as Envoy does.
   */
  group(prefix: string, schema: StatSchema): StatGroup;
  /** Drops one hold of the group (each `group()` call takes one): after the last its statistics vanish from the next scrape. */
  release(group: StatGroup): void;
}
