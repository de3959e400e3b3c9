import { BINS_PER_DECADE, binOf } from './histogram-bins.ts';
import type { SlotRun } from './slot-allocator.ts';
import type { Counter, CounterId, Gauge, GaugeId, Histogram, HistogramId, StatGroup, StatSchema } from './stats.ts';
import { NOWHERE } from './uncounted-stats.ts';

/** Statistics of a group whose names are found at run time; beyond this many they count into nothing. */
export const MAX_DYNAMIC_STATS_PER_GROUP = 2_048;

export type DynamicKind = 'counters' | 'gauges' | 'histograms';

/** What a group asks of its store. */
export interface GroupOwner {
  /** A group of one statistic under the same prefix. */
  openDynamic(prefix: string, kind: DynamicKind, name: string): SlotGroup;
  openRun(group: number, histogram: number, run: number): SlotRun;
}

export class SlotGroup implements StatGroup {
  // Plain fields: these are read for every request.
  readonly slots: Float64Array;
  readonly base: number;
  readonly prefix: string;
  readonly schema: StatSchema;
  readonly id: number;
  readonly block: number;
  readonly owner: GroupOwner;
  holds = 0;
  histograms: SlotHistogram[] | undefined;
  dynamic: Map<string, DynamicStat> | undefined;

  constructor(owner: GroupOwner, id: number, prefix: string, schema: StatSchema, run: SlotRun) {
    this.owner = owner;
    this.id = id;
    this.prefix = prefix;
    this.schema = schema;
    this.slots = run.slots;
    this.block = run.block;
    this.base = run.base;
  }

  inc(id: CounterId): void {
    this.slots[this.base + id]++;
  }

  add(id: CounterId, amount: number): void {
    this.slots[this.base + id] += amount;
  }

  gaugeAdd(id: GaugeId, amount: number): void {
    this.slots[this.base + id] += amount;
  }

  gaugeSet(id: GaugeId, value: number): void {
    this.slots[this.base + id] = value;
  }

  record(id: HistogramId, value: number): void {
    (this.histograms ?? this.#openHistograms())[id].record(value);
  }

  counter(name: string): Counter {
    return this.#dynamicStat('counters', name) as Counter;
  }

  gauge(name: string): Gauge {
    return this.#dynamicStat('gauges', name) as Gauge;
  }

  histogram(name: string): Histogram {
    return this.#dynamicStat('histograms', name) as Histogram;
  }

  #openHistograms(): SlotHistogram[] {
    this.histograms = this.schema.histograms.map((_, index) => new SlotHistogram(this, index));
    return this.histograms;
  }

  #dynamicStat(kind: DynamicKind, name: string): Counter | Gauge | Histogram {
    const fixed = this.schema[kind].indexOf(name);
    if (fixed >= 0) return this.#handle(kind, fixed);
    this.dynamic ??= new Map();
    const key = `${kind} ${name}`;
    let stat = this.dynamic.get(key);
    if (stat === undefined) {
      if (this.dynamic.size >= MAX_DYNAMIC_STATS_PER_GROUP) return NOWHERE;
      const group = this.owner.openDynamic(this.prefix, kind, name);
      stat = { group, handle: group.#handle(kind, 0) };
      this.dynamic.set(key, stat);
    }
    return stat.handle;
  }

  #handle(kind: DynamicKind, index: number): Counter | Gauge | Histogram {
    if (kind === 'histograms') return (this.histograms ?? this.#openHistograms())[index];
    const slot = this.base + (kind === 'gauges' ? this.schema.counters.length : 0) + index;
    return kind === 'counters' ? new SlotCounter(this.slots, slot) : new SlotGauge(this.slots, slot);
  }
}

export interface DynamicStat {
  readonly group: SlotGroup;
  readonly handle: Counter | Gauge | Histogram;
}

class SlotCounter implements Counter {
  readonly slots: Float64Array;
  readonly slot: number;

  constructor(slots: Float64Array, slot: number) {
    this.slots = slots;
    this.slot = slot;
  }

  inc(): void {
    this.slots[this.slot]++;
  }

  add(amount: number): void {
    this.slots[this.slot] += amount;
  }
}

class SlotGauge implements Gauge {
  readonly slots: Float64Array;
  readonly slot: number;

  constructor(slots: Float64Array, slot: number) {
    this.slots = slots;
    this.slot = slot;
  }

  add(amount: number): void {
    this.slots[this.slot] += amount;
  }

  set(value: number): void {
    this.slots[this.slot] = value;
  }
}

/** The bins of one histogram; a decade gets its slots when a value first falls into it. */
export class SlotHistogram implements Histogram {
  readonly group: SlotGroup;
  readonly index: number;
  readonly runs: (SlotRun | undefined)[] = [];

  constructor(group: SlotGroup, index: number) {
    this.group = group;
    this.index = index;
  }

  record(value: number): void {
    const bin = binOf(value);
    const number = (bin / BINS_PER_DECADE) | 0;
    const run = this.runs[number] ?? this.#openRun(number);
    run.slots[run.base + bin - number * BINS_PER_DECADE]++;
  }

  #openRun(number: number): SlotRun {
    const run = this.group.owner.openRun(this.group.id, this.index, number);
    this.runs[number] = run;
    return run;
  }
}
