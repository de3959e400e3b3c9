import { isUntouched } from './announcement.ts';
import type { OrderedBatch, OrderedStat } from './name-order.ts';
import type { HistogramValues, StatSelection } from './snapshot.ts';
import { SparseBins } from './sparse-bins.ts';

/** The value of a counter or gauge, or `undefined` when the selection does not want it. */
export function selectedScalar(batch: OrderedBatch, stat: OrderedStat, selection: StatSelection): number | bigint | undefined {
  if (!exists(batch, stat)) return undefined;
  if (selection.usedOnly && !scalarUsed(batch, stat)) return undefined;
  if (selection.filter !== undefined && !selection.filter(batch.root + stat.tail)) return undefined;
  return scalarValue(batch, stat);
}

/** The values of a histogram, or `undefined` when the selection does not want it. */
export function selectedHistogram(batch: OrderedBatch, stat: OrderedStat, selection: StatSelection): HistogramValues | undefined {
  if (!exists(batch, stat)) return undefined;
  const values = histogramValues(batch, stat);
  if (selection.usedOnly && values.cumulative.empty) return undefined;
  if (selection.filter !== undefined && !selection.filter(batch.root + stat.tail)) return undefined;
  return values;
}

/** Unsigned 64 bits as in Envoy: a gauge below zero is read from 2^64 down, where a double would be rounded. */
export function scalarValue(batch: OrderedBatch, stat: OrderedStat): number | bigint {
  const value = signedValue(batch, stat);
  return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
}

function signedValue(batch: OrderedBatch, stat: OrderedStat): number | bigint {
  const group = batch.groups[stat.group];
  const value = stat.kind === 'counters' ? group.counter(stat.index) : group.gauge(stat.index);
  return stat.twin === undefined ? value : Number(value) + Number(signedValue(batch, stat.twin));
}

export function histogramValues(batch: OrderedBatch, stat: OrderedStat): HistogramValues {
  const values = batch.groups[stat.group].histogram(stat.index) ?? NO_VALUES;
  if (stat.twin === undefined) return values;
  const sum = { interval: new SparseBins(), cumulative: new SparseBins() };
  for (const part of [values, histogramValues(batch, stat.twin)]) {
    sum.interval.add(part.interval);
    sum.cumulative.add(part.cumulative);
  }
  return sum;
}

const NO_VALUES: HistogramValues = { interval: new SparseBins(), cumulative: new SparseBins() };

function exists(batch: OrderedBatch, { group, kind, index }: OrderedStat): boolean {
  const { accepts } = batch.groups[group];
  return accepts === undefined || accepts(kind, index);
}

function scalarUsed(batch: OrderedBatch, stat: OrderedStat): boolean {
  const group = batch.groups[stat.group];
  const used = stat.kind === 'counters' ? group.counterUsed(stat.index) : !isUntouched(Number(group.gauge(stat.index)));
  return used || (stat.twin !== undefined && scalarUsed(batch, stat.twin));
}
