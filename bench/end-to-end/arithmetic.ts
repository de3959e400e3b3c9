/** The harness's own arithmetic: everything a figure in a table goes through. */

/** The middle value; the mean of the two middle ones when their number is even. NaN of nothing. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = sortedCopy(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Nearest rank: the smallest value that at least `share` of the values do not exceed. `sorted` ascends. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return NaN;
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1];
}

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Median and quartiles. */
export function spread(values: readonly number[]): Spread {
  const sorted = sortedCopy(values);
  return { median: median(sorted), low: percentile(sorted, 0.25), high: percentile(sorted, 0.75), count: sorted.length };
}

/**
 * Ratios of figures taken in the same round. The machine drifts between rounds far more than within one, so the median of
 * the ratios says more than the ratio of the medians. Rounds where either side has no figure are left out.
 */
export function pairedRatio(subject: readonly number[], base: readonly number[]): Spread {
  return spread(pairs(subject, base).filter(([, of]) => of > 0).map(([value, of]) => value / of));
}

/** Differences of figures taken in the same round. */
export function pairedDifferences(subject: readonly number[], base: readonly number[]): number[] {
  return pairs(subject, base).map(([value, from]) => value - from);
}

function pairs(subject: readonly number[], base: readonly number[]): [number, number][] {
  const rounds = Math.min(subject.length, base.length);
  const found: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    if (Number.isFinite(subject[round]) && Number.isFinite(base[round])) found.push([subject[round], base[round]]);
  }
  return found;
}

function sortedCopy(values: readonly number[]): number[] {
  return values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
}

/** Each round starts one further, so that no contestant always runs first. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const start = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
