import { binLeft, binWidth } from './histogram-bins.ts';
import { countsUpTo, disjointCounts, QUANTILES, quantiles } from './histogram-statistics.ts';
import { inNameOrder } from './name-order.ts';
import { generalText, roundTripText } from './number-text.ts';
import { selectedHistogram, selectedScalar } from './ordered-values.ts';
import type { HistogramForm, HistogramValues, StatSelection, StatSnapshot } from './snapshot.ts';
import type { SparseBins } from './sparse-bins.ts';
import { scalarKinds, selectedEndpointStats, selectedTexts, wantsHistograms } from './selection.ts';

/** A chunk is handed on when it has reached this many characters. */
const CHUNK_LENGTH = 65_536;

/** `/stats` as text: text readouts, then counters and gauges by name, those of endpoints, histograms by name. Yields chunks. */
export function* renderText(snapshot: StatSnapshot, selection: StatSelection): Generator<string> {
  let chunk = '';
  for (const line of lines(snapshot, selection)) {
    chunk += line;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

/** Yields the lines of one batch at a time. */
function* lines(snapshot: StatSnapshot, selection: StatSelection): Generator<string> {
  for (const { name, value } of selectedTexts(snapshot, selection)) yield `${name}: "${value}"\n`;
  for (const batch of inNameOrder(snapshot.groups, scalarKinds(selection), 'bytes')) {
    let text = '';
    for (const stat of batch.stats) {
      const value = selectedScalar(batch, stat, selection);
      if (value !== undefined) text += `${batch.root}${stat.tail}: ${value}\n`;
    }
    yield text;
  }
  for (const { name, value } of selectedEndpointStats(snapshot, selection)) yield `${name}: ${value}\n`;
  if (!wantsHistograms(selection)) return;
  for (const batch of inNameOrder(snapshot.groups, ['histograms'], 'bytes')) {
    let text = '';
    for (const stat of batch.stats) {
      const values = selectedHistogram(batch, stat, selection);
      if (values === undefined) continue;
      const name = batch.root + stat.tail;
      text += histogramText(name, values, selection.histograms ?? 'quantiles', snapshot.bucketBounds(name));
    }
    yield text;
  }
}

function histogramText(name: string, values: HistogramValues, form: HistogramForm, bounds: readonly number[]): string {
  if (values.cumulative.empty) return `${name}: No recorded values\n`;
  switch (form) {
    case 'quantiles':
      return `${name}: ${quantileSummary(values)}\n`;
    case 'cumulative':
      return `${name}: ${bucketSummary(values, bounds, countsUpTo)}\n`;
    case 'disjoint':
      return `${name}: ${bucketSummary(values, bounds, disjointCounts)}\n`;
    case 'detailed': {
      const { cumulative, interval } = values;
      return `${name}:\n  totals=${binList(cumulative)}\n  intervals=${binList(interval)}\n  summary=${quantileSummary(values)}\n`;
    }
  }
}

function quantileSummary({ interval, cumulative }: HistogramValues): string {
  const recent = quantiles(interval);
  const all = quantiles(cumulative);
  return QUANTILES.map((q, i) => `P${generalText(100 * q, 6)}(${roundTripText(recent[i])},${roundTripText(all[i])})`).join(' ');
}

function bucketSummary(
  { interval, cumulative }: HistogramValues,
  bounds: readonly number[],
  count: (bins: SparseBins, bounds: readonly number[]) => number[],
): string {
  const recent = count(interval, bounds);
  const all = count(cumulative, bounds);
  return bounds.map((bound, i) => `B${generalText(bound, 6)}(${recent[i]},${all[i]})`).join(' ');
}

function binList({ bins, counts }: SparseBins): string {
  return bins.map((bin, i) => `${generalText(binLeft(bin), 15)},${generalText(binWidth(bin), 15)}:${counts[i]}`).join(', ');
}
