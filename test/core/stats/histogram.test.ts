import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binLeft, binOf, binWidth } from '../../../src/core/stats/histogram-bins.ts';
import { approximateSum, countsUpTo, disjointCounts, quantiles } from '../../../src/core/stats/histogram-statistics.ts';
import { StatScrape } from '../../../src/core/stats/scrape.ts';
import { SparseBins } from '../../../src/core/stats/sparse-bins.ts';
import { defineStats } from '../../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';

const STATS = defineStats({ histograms: ['time', 'size'] });

function oneThread(): { store: SharedStatStore; scrape: StatScrape } {
  const scrape = new StatScrape();
  scrape.addThread(0);
  return { scrape, store: new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(0, message) }) };
}

function recorded(values: readonly number[]): SparseBins {
  const { store, scrape } = oneThread();
  const group = store.group('p', STATS);
  for (const value of values) group.record(STATS.time, value);
  scrape.flushHistograms();
  return [...scrape.groups()][0].histogram(0)?.cumulative ?? new SparseBins();
}

describe('a bin', () => {
  test.each([
    [0, 0, 0],
    [1, 1, 0.1],
    [7, 7, 0.1],
    [9.99, 9.9, 0.1],
    [0.11, 0.11, 0.01],
    [10, 10, 1],
    [10.5, 10, 1],
    [99.99, 99, 1],
    [119, 110, 10],
    [999, 990, 10],
    [12_345, 12_000, 1_000],
    [4e18, 4e18, 1e17],
    [-3, 0, 0],
    [NaN, 0, 0],
    [1e-10, 0, 0],
  ])('of %d begins at %d and is %d wide', (value, left, width) => {
    expect(binLeft(binOf(value))).toBeCloseTo(left, 10);
    expect(binWidth(binOf(value))).toBeCloseTo(width, 10);
  });

  test('holds every value within its edges', () => {
    const values = fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 64n }).map(Number), fc.double({ min: 1e-8, max: 1e20, noNaN: true }));
    fc.assert(
      fc.property(values, (value) => {
        const bin = binOf(value);
        expect(value).toBeGreaterThanOrEqual(binLeft(bin) * (1 - 1e-12));
        if (value > 0) expect(value).toBeLessThan((binLeft(bin) + binWidth(bin)) * (1 + 1e-12));
      }),
    );
  });

  test('numbers are in the order of values', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), fc.double({ min: 0, noNaN: true }), (a, b) => {
        if (a <= b) expect(binOf(a)).toBeLessThanOrEqual(binOf(b));
      }),
    );
  });
});

describe('quantiles', () => {
  test('take the k-th of n samples of a bin to lie at k/(n+1) of its width', () => {
    const found = quantiles(recorded([1, 1, 1, 1, 1, 1, 1]));
    expect(found).toEqual([1.0125, 1.025, 1.05, 1.075, 1.0875, 1.0875, 1.0875, 1.0875, 1.0875, 1.0875]);
  });

  test('of no samples are not numbers', () => {
    expect(quantiles(new SparseBins()).every(Number.isNaN)).toBe(true);
  });

  test('never fall, and stay within two digits of the exact ones', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1e9 }), { minLength: 1, maxLength: 200 }), (values) => {
        const found = quantiles(recorded(values));
        for (let i = 1; i < found.length; i++) expect(found[i]).toBeGreaterThanOrEqual(found[i - 1]);
        const sorted = values.toSorted((a, b) => a - b);
        const median = sorted[Math.ceil(sorted.length / 2) - 1];
        expect(Math.abs(found[2] - median)).toBeLessThanOrEqual(median / 10);
        expect(found[9]).toBeGreaterThanOrEqual(binLeft(binOf(sorted.at(-1)!)));
      }),
      { numRuns: 50 },
    );
  });
});

describe('buckets', () => {
  test('count the bin of their bound in', () => {
    const bins = recorded([0, 1, 5, 10, 10.9, 11, 1_000]);
    expect(countsUpTo(bins, [0.5, 1, 10, 100])).toEqual([1, 2, 5, 6]);
    expect(disjointCounts(bins, [0.5, 1, 10, 100])).toEqual([1, 1, 3, 1]);
  });

  test('sum to all samples with the last bound above them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 50 }), (values) => {
        const bins = recorded(values);
        expect(countsUpTo(bins, [1e12])).toEqual([values.length]);
        expect(bins.total).toBe(values.length);
        const sum = values.reduce((total, value) => total + value, 0);
        expect(Math.abs(approximateSum(bins) - sum)).toBeLessThanOrEqual(sum * 0.05 + 1e-9);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the interval of a histogram', () => {
  test('holds what came between the last two flushes', () => {
    const { store, scrape } = oneThread();
    const group = store.group('p', STATS);
    const [merged] = scrape.groups();
    expect(merged.histogram(0)).toBeUndefined();
    group.record(STATS.time, 3);
    expect(merged.histogram(0)).toBeUndefined();
    scrape.flushHistograms();
    expect([merged.histogram(0)?.interval.total, merged.histogram(0)?.cumulative.total]).toEqual([1, 1]);
    group.record(STATS.time, 3);
    group.record(STATS.time, 400);
    scrape.flushHistograms();
    expect([merged.histogram(0)?.interval.total, merged.histogram(0)?.cumulative.total]).toEqual([2, 3]);
    scrape.flushHistograms();
    expect([merged.histogram(0)?.interval.total, merged.histogram(0)?.cumulative.total]).toEqual([0, 3]);
    expect(merged.histogram(1)).toBeUndefined();
  });

  test('does not change when counters are reset', () => {
    const { store, scrape } = oneThread();
    store.group('p', STATS).record(STATS.time, 3);
    scrape.flushHistograms();
    scrape.resetCounters();
    scrape.flushHistograms();
    expect([...scrape.groups()][0].histogram(0)?.cumulative.total).toBe(1);
  });

  test('never counts twice what a dead thread has left', () => {
    const scrape = new StatScrape();
    for (const id of [1, 2]) {
      scrape.addThread(id);
      const store = new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(id, message) });
      store.group('p', STATS).record(STATS.time, id);
    }
    scrape.flushHistograms();
    scrape.removeThread(1);
    scrape.flushHistograms();
    const [merged] = scrape.groups();
    expect([merged.histogram(0)?.interval.total, merged.histogram(0)?.cumulative.total]).toEqual([0, 2]);
  });
});

test('sparse bins: what was added later is the difference', () => {
  const counts = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 9 })), { maxLength: 20 });
  const toBins = (entries: readonly (readonly [number, number])[]): SparseBins => {
    const bins = new SparseBins();
    for (const [bin, count] of entries) {
      const run = new Float64Array(90);
      run[bin] = count;
      bins.addRun(1, run, 0);
    }
    return bins;
  };
  fc.assert(
    fc.property(counts, counts, (before, after) => {
      const sum = toBins([...before, ...after]);
      expect(sum.minus(toBins(before))).toEqual(toBins(after));
      const added = toBins(before);
      added.add(toBins(after));
      expect(added).toEqual(sum);
    }),
  );
});
