import { isUntouched } from './announcement.ts';
import type { OrderedBatch, OrderedStat } from './name-order.ts';
import type { HistogramValues, StatSelection } from './snapshot.ts';
import { SparseBins } from './sparse-bins.ts';

/** The value of a counter or gauge, or `undefined` when the selection does not want it. */
export function selectedScalar(batch: OrderedBatch, stat: OrderedStat, selection: StatSelection): number | bigint | undefined {
  const group = batch.groups[stat.group];
  const { kind, index, twin } = stat;
  if (group.accepts !== undefined && !group.accepts(kind, index)) return undefined;
  if (selection.usedOnly && !scalarUsed(batch, stat)) return undefined;
  if (selection.filter !== undefined && !selection.filter(batch.root + stat.tail)) return undefined;
  const value = kind === 'counters' ? group.counter(index) : group.gauge(index);
  return twin === undefined ? value : sumOfTwins(batch, stat);
}

/** The values of a histogram, or `undefined` when the selection does not want it. */
export function selectedHistogram(batch: OrderedBatch, stat: OrderedStat, selection: StatSelection): HistogramValues | undefined {
  const group = batch.groups[stat.group];
  if (group.accepts !== undefined && !group.accepts(stat.kind, stat.index)) return undefined;
  const values = histogramOf(batch, stat);
  if (selection.usedOnly && values.cumulative.empty) return undefined;
  if (selection.filter !== undefined && !selection.filter(batch.root + stat.tail)) return undefined;
  return values;
}

function scalarUsed(batch: OrderedBatch, stat: OrderedStat): boolean {
  const group = batch.groups[stat.group];
  const used = stat.kind === 'counters' ? group.counterUsed(stat.index) : !isUntouched(Number(group.gauge(stat.index)));
  return used || (stat.twin !== undefined && scalarUsed(batch, stat.twin));
}

function sumOfTwins(batch: OrderedBatch, stat: OrderedStat): number {
  let sum = 0;
  for (let twin: OrderedStat | undefined = stat; twin !== undefined; twin = twin.twin) {
    const group = batch.groups[twin.group];
    sum += twin.kind === 'counters' ? group.counter(twin.index) : Number(group.gauge(twin.index));
  }
  return sum;
}

const NO_VALUES: HistogramValues = { interval: new SparseBins(), cumulative: new SparseBins() };

function histogramOf(batch: OrderedBatch, stat: OrderedStat): HistogramValues {
  const values = batch.groups[stat.group].histogram(stat.index) ?? NO_VALUES;
  if (stat.twin === undefined) return values;
  const sum = { interval: new SparseBins(), cumulative: new SparseBins() };
  for (const part of [values, histogramOf(batch, stat.twin)]) {
    sum.interval.add(part.interval);
    sum.cumulative.add(part.cumulative);
  }
  return sum;
}
