import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, pairedDifferences, pairedRatio, percentile, rotated, spread } from '../../bench/end-to-end/arithmetic.ts';

describe('median', () => {
  it('is the middle value of an odd number, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the two middle values of an even number', () => {
    expect(median([4, 1, 3, 100])).toBe(3.5);
  });

  it('is NaN of nothing and leaves out what was not measured', () => {
    expect(median([])).toBeNaN();
    expect(median([NaN, 2, NaN])).toBe(2);
  });

  it('compares as numbers, not as text', () => {
    expect(median([10, 9, 100])).toBe(10);
  });
});

describe('percentile', () => {
  it('is the smallest value that the share of values does not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 0.999)).toBe(100);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile(hundred, 0)).toBe(1);
  });

  it('has at least its share of values at or below it, and fewer below', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
        const sorted = values.toSorted((a, b) => a - b);
        const value = percentile(sorted, share);
        expect(sorted.filter((each) => each <= value).length).toBeGreaterThanOrEqual(share * sorted.length);
        expect(sorted.filter((each) => each < value).length).toBeLessThan(share * sorted.length);
      }),
    );
  });
});

describe('paired figures', () => {
  it('take the ratio within each round, so that a drift of the machine cancels out', () => {
    const base = [10, 20, 40];
    const subject = [9, 18, 36];
    expect(pairedRatio(subject, base).median).toBeCloseTo(0.9);
  });

  it('are not the ratio of the medians', () => {
    expect(pairedRatio([1, 8, 3], [1, 2, 30]).median).toBe(1);
  });

  it('leave out rounds where one side has no figure or the base is zero', () => {
    expect(pairedRatio([1, NaN, 3, 4], [2, 2, 0, NaN])).toMatchObject({ median: 0.5, count: 1 });
    expect(pairedRatio([1, 2, 3], [2]).count).toBe(1);
  });

  it('subtract within each round', () => {
    expect(pairedDifferences([12, 22], [10, 21])).toEqual([2, 1]);
  });
});

describe('spread', () => {
  it('tells the quartiles beside the median', () => {
    expect(spread([1, 2, 3, 4, 5, 6, 7, 8])).toEqual({ median: 4.5, low: 2, high: 6, count: 8 });
  });
});

describe('rotated', () => {
  it('lets each contestant begin equally often', () => {
    const firsts = [0, 1, 2, 3, 4, 5].map((round) => rotated(['a', 'b', 'c'], round)[0]);
    expect(firsts).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
    expect(rotated(['a', 'b', 'c'], 4)).toEqual(['b', 'c', 'a']);
    expect(rotated([], 3)).toEqual([]);
  });
});
