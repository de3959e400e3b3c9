import { binLeft, binWidth } from './histogram-bins.ts';
import { countsUpTo, disjointCounts, QUANTILES, quantiles } from './histogram-statistics.ts';
import { inNameOrder } from './name-order.ts';
import { shortestText } from './number-text.ts';
import { selectedHistogram, selectedScalar } from './ordered-values.ts';
import { scalarKinds, selectedEndpointStats, selectedTexts, wantsHistograms } from './selection.ts';
import type { HistogramForm, HistogramValues, StatSelection, StatSnapshot } from './snapshot.ts';
import type { SparseBins } from './sparse-bins.ts';

/** A chunk is handed on when it has reached this many characters. */
const CHUNK_LENGTH = 65_536;

/** `/stats?format=json`: one array of `{name, value}` whose last member, if there are any, holds the histograms. Yields chunks. */
export function* renderJson(snapshot: StatSnapshot, selection: StatSelection): Generator<string> {
  let chunk = '{"stats":[';
  let separator = '';
  for (const entries of entryBatches(snapshot, selection)) {
    if (entries.length === 0) continue;
    chunk += separator + entries.join(',');
    separator = ',';
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  const form = selection.histograms ?? 'quantiles';
  const histograms = histogramEntries(snapshot, selection, form);
  for (let next = histograms.next(), first = true; !next.done; next = histograms.next(), first = false) {
    chunk += (first ? separator + HISTOGRAMS_OPEN[form] : ',') + next.value;
    if (chunk.length >= CHUNK_LENGTH) {
      yield chunk;
      chunk = '';
    }
    separator = HISTOGRAMS_CLOSE[form];
  }
  yield `${chunk}${separator === ',' ? '' : separator}]}`;
}

function* entryBatches(snapshot: StatSnapshot, selection: StatSelection): Generator<string[]> {
  yield selectedTexts(snapshot, selection).map(({ name, value }) => `{"name":${quoted(name)},"value":${quoted(value)}}`);
  for (const batch of inNameOrder(snapshot.groups, scalarKinds(selection), 'bytes')) {
    const entries: string[] = [];
    for (const stat of batch.stats) {
      const value = selectedScalar(batch, stat, selection);
      if (value !== undefined) entries.push(`{"name":${quoted(batch.root + stat.tail)},"value":${value}}`);
    }
    yield entries;
  }
  for (const { name, value } of selectedEndpointStats(snapshot, selection)) yield [`{"name":${quoted(name)},"value":${value}}`];
}

const SUPPORTED = `[${QUANTILES.map((quantile) => shortestText(quantile * 100)).join(',')}]`;

const HISTOGRAMS_OPEN: Record<HistogramForm, string> = {
  quantiles: `{"histograms":{"supported_quantiles":${SUPPORTED},"computed_quantiles":[`,
  cumulative: '{"histograms":[',
  disjoint: '{"histograms":[',
  detailed: `{"histograms":{"supported_percentiles":${SUPPORTED},"details":[`,
};

const HISTOGRAMS_CLOSE: Record<HistogramForm, string> = { quantiles: ']}}', cumulative: ']}', disjoint: ']}', detailed: ']}}' };

function* histogramEntries(snapshot: StatSnapshot, selection: StatSelection, form: HistogramForm): Generator<string> {
  if (!wantsHistograms(selection)) return;
  for (const batch of inNameOrder(snapshot.groups, ['histograms'], 'bytes')) {
    for (const stat of batch.stats) {
      const values = selectedHistogram(batch, stat, selection);
      if (values === undefined) continue;
      const name = batch.root + stat.tail;
      yield `{"name":${quoted(name)},${histogramBody(values, form, snapshot.bucketBounds(name))}}`;
    }
  }
}

function histogramBody(values: HistogramValues, form: HistogramForm, bounds: readonly number[]): string {
  switch (form) {
    case 'quantiles':
      return `"values":${quantileList(values)}`;
    case 'cumulative':
      return `"buckets":${bucketList(values, bounds, countsUpTo)}`;
    case 'disjoint':
      return `"buckets":${bucketList(values, bounds, disjointCounts)}`;
    case 'detailed':
      return `"totals":${binList(values.cumulative)},"intervals":${binList(values.interval)},"percentiles":${quantileList(values)}`;
  }
}

function quantileList({ interval, cumulative }: HistogramValues): string {
  const recent = quantiles(interval);
  return `[${quantiles(cumulative)
    .map((value, i) => `{"cumulative":${number(value)},"interval":${number(recent[i])}}`)
    .join(',')}]`;
}

function bucketList(
  { interval, cumulative }: HistogramValues,
  bounds: readonly number[],
  count: (bins: SparseBins, bounds: readonly number[]) => number[],
): string {
  const recent = count(interval, bounds);
  const all = count(cumulative, bounds);
  return `[${bounds.map((bound, i) => `{"upper_bound":${number(bound)},"interval":${recent[i]},"cumulative":${all[i]}}`).join(',')}]`;
}

function binList({ bins, counts }: SparseBins): string {
  const entries = bins.map((bin, i) => `{"lower_bound":${number(binLeft(bin))},"width":${number(binWidth(bin))},"count":${counts[i]}}`);
  return `[${entries.join(',')}]`;
}

function number(value: number): string {
  return Number.isNaN(value) ? 'null' : shortestText(value);
}

/** Nearly all names need no escape. */
function quoted(text: string): string {
  return /^[\w.\-:[\]/ ]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}
