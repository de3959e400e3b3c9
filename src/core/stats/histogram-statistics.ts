import { binLeft, binOf, binWidth } from './histogram-bins.ts';
import type { SparseBins } from './sparse-bins.ts';

/** The quantiles that Envoy reports of every histogram. */
export const QUANTILES: readonly number[] = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

/** Upper bounds of the buckets where `histogram_bucket_settings` says nothing. */
export const DEFAULT_BUCKETS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
];

/**
 * The values at QUANTILES, NaN when there are no samples. As circllhist computes them: the n samples of a bin are taken to lie at k/(n+1) of its width,
 * and the q-quantile is the sample number ⌈q × total⌉ (the first for q = 0).
 */
export function quantiles({ bins, counts }: SparseBins): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return QUANTILES.map(() => NaN);
  let at = 0;
  let below = 0;
  return QUANTILES.map((quantile) => {
    const rank = total * quantile;
    while (at < bins.length - 1 && below + counts[at] < rank) below += counts[at++];
    const width = binWidth(bins[at]);
    const position = Math.max(1, Math.ceil(rank - below));
    return binLeft(bins[at]) + (position / (counts[at] + 1)) * width;
  });
}

/** How many samples lie in or below the bin of each bound (so a bound counts the values that share its first two digits). */
export function countsUpTo({ bins, counts }: SparseBins, bounds: readonly number[]): number[] {
  let at = 0;
  let sum = 0;
  return bounds.map((bound) => {
    const last = binOf(bound);
    while (at < bins.length && bins[at] <= last) sum += counts[at++];
    return sum;
  });
}

/** How many samples each bucket adds to the one before. */
export function disjointCounts(bins: SparseBins, bounds: readonly number[]): number[] {
  return countsUpTo(bins, bounds).map((count, index, all) => (index === 0 ? count : count - all[index - 1]));
}

/** Samples are taken to lie where the relative error is least: at left / (left + right) of their bin. */
export function approximateSum({ bins, counts }: SparseBins): number {
  let sum = 0;
  for (let i = 0; i < bins.length; i++) sum += middle(bins[i]) * counts[i];
  return sum;
}

function middle(bin: number): number {
  const left = binLeft(bin);
  if (left === 0) return 0;
  const width = binWidth(bin);
  return left + width * (left / (left + (left + width)));
}
