import { isUntouched, UNTOUCHED } from './announcement.ts';
import type { HistogramValues, SnapshotGroup, SnapshotSchema, StatKind } from './snapshot.ts';
import { SparseBins } from './sparse-bins.ts';

/** Where one thread keeps its numbers for a group. */
export class GroupPart {
  readonly group: MergedGroup;
  readonly slots: Float64Array;
  readonly base: number;
  #runs: PartRun[] | undefined;

  constructor(group: MergedGroup, slots: Float64Array, base: number) {
    this.group = group;
    this.slots = slots;
    this.base = base;
  }

  /** The bins that have been touched so far. */
  get runs(): readonly PartRun[] {
    return this.#runs ?? NO_RUNS;
  }

  addRun(run: PartRun): void {
    (this.#runs ??= []).push(run);
  }
}

interface PartRun {
  readonly histogram: number;
  readonly run: number;
  readonly slots: Float64Array;
  readonly base: number;
}

const NO_RUNS: readonly PartRun[] = [];

/** A group summed over threads. Counters and histograms of threads that are gone stay in the sum, their gauges do not. */
export class MergedGroup implements SnapshotGroup {
  readonly prefix: string;
  /** Equal schemas of different threads are one object here. */
  readonly schema: SnapshotSchema;
  readonly accepts: ((kind: StatKind, index: number) => boolean) | undefined;
  readonly #parts: GroupPart[] = [];
  /** Sums of the counters of parts that are gone. */
  #goneCounters: Float64Array | undefined;
  /** What the counters stood at when they were last reset. */
  #resetAt: Float64Array | undefined;
  #histograms: MergedHistogram[] | undefined;

  constructor(prefix: string, schema: SnapshotSchema, accepts: ((kind: StatKind, index: number) => boolean) | undefined) {
    this.prefix = prefix;
    this.schema = schema;
    this.accepts = accepts;
  }

  get orphaned(): boolean {
    return this.#parts.length === 0;
  }

  addPart(part: GroupPart): void {
    this.#parts.push(part);
  }

  /** `values` are the part's last ones; `runs` likewise. */
  removePart(part: GroupPart, values: Float64Array, runs: readonly FinalRun[]): void {
    this.#parts.splice(this.#parts.indexOf(part), 1);
    const count = this.schema.counters.length;
    this.#goneCounters ??= new Float64Array(count).fill(UNTOUCHED);
    for (let i = 0; i < count; i++) this.#goneCounters[i] += values[i];
    for (const { histogram, run, bins } of runs) this.#histogram(histogram).gone.addRun(run, bins, 0);
  }

  counterUsed(index: number): boolean {
    return !isUntouched(this.#counterSum(index));
  }

  counter(index: number): number {
    return this.#counterSum(index) - (this.#resetAt?.[index] ?? 0);
  }

  /** −0 when no thread has touched it. */
  gauge(index: number): number {
    return this.#sum(this.schema.counters.length + index);
  }

  resetCounters(): void {
    this.#resetAt = Float64Array.from(this.schema.counters, (_, index) => this.#counterSum(index));
  }

  /** `undefined` until a flush has seen a value. */
  histogram(index: number): HistogramValues | undefined {
    const histogram = this.#histograms?.[index];
    return histogram === undefined || histogram.cumulative.empty ? undefined : histogram;
  }

  /** Starts the next interval of the histograms. */
  flushHistograms(): void {
    if (this.#histograms === undefined && this.#parts.every((part) => part.runs.length === 0)) return;
    const sums = this.schema.histograms.map(() => new SparseBins());
    for (const part of this.#parts) {
      for (const { histogram, run, slots, base } of part.runs) sums[histogram].addRun(run, slots, base);
    }
    sums.forEach((sum, index) => this.#histogram(index).flush(sum));
  }

  #histogram(index: number): MergedHistogram {
    this.#histograms ??= this.schema.histograms.map(() => new MergedHistogram());
    return this.#histograms[index];
  }

  #counterSum(index: number): number {
    return this.#goneCounters === undefined ? this.#sum(index) : this.#sum(index) + this.#goneCounters[index];
  }

  #sum(slot: number): number {
    let sum = UNTOUCHED;
    for (const part of this.#parts) sum += part.slots[part.base + slot];
    return sum;
  }
}

export interface FinalRun {
  readonly histogram: number;
  readonly run: number;
  readonly bins: Float64Array;
}

export class MergedHistogram {
  /** Of threads that are gone. */
  readonly gone = new SparseBins();
  cumulative = new SparseBins();
  /** What came in between the last two flushes. */
  interval = new SparseBins();

  flush(sumOfThreads: SparseBins): void {
    sumOfThreads.add(this.gone);
    this.interval = sumOfThreads.minus(this.cumulative);
    this.cumulative = sumOfThreads;
  }
}
