import { BINS_PER_DECADE } from './histogram-bins.ts';

/** Counts by bin, only the bins that are not empty, in ascending order. */
export class SparseBins {
  bins: number[] = [];
  counts: number[] = [];

  get empty(): boolean {
    return this.bins.length === 0;
  }

  get total(): number {
    let total = 0;
    for (const count of this.counts) total += count;
    return total;
  }

  /** `source` holds the counts of one run from `base` on. */
  addRun(run: number, source: Float64Array, base: number): void {
    const length = run === 0 ? 1 : BINS_PER_DECADE;
    for (let offset = 0; offset < length; offset++) {
      const count = source[base + offset];
      if (count > 0) this.#addBin(run * BINS_PER_DECADE + offset, count);
    }
  }

  add(other: SparseBins): void {
    for (let i = 0; i < other.bins.length; i++) this.#addBin(other.bins[i], other.counts[i]);
  }

  /** This minus an earlier state of it. */
  minus(earlier: SparseBins): SparseBins {
    const difference = new SparseBins();
    let at = 0;
    for (let i = 0; i < this.bins.length; i++) {
      while (at < earlier.bins.length && earlier.bins[at] < this.bins[i]) at++;
      const before = earlier.bins[at] === this.bins[i] ? earlier.counts[at] : 0;
      if (this.counts[i] > before) difference.#addBin(this.bins[i], this.counts[i] - before);
    }
    return difference;
  }

  /** Bins mostly arrive in ascending order. */
  #addBin(bin: number, count: number): void {
    let at = this.bins.length;
    while (at > 0 && this.bins[at - 1] >= bin) at--;
    if (this.bins[at] === bin) {
      this.counts[at] += count;
      return;
    }
    this.bins.splice(at, 0, bin);
    this.counts.splice(at, 0, count);
  }
}
