import { pairedRatio } from './arithmetic.ts';
import { formatShort, METRICS } from './metric.ts';
import type { Metric } from './metric.ts';
import type { PeerName } from './peers/peer.ts';
import type { Baseline, Row, ScenarioResult } from './result.ts';

/** A line of `bench/thresholds.json`: the figure itself, or its ratio to another proxy's in the same rounds. */
export interface Threshold {
  readonly scenario: string;
  readonly peer: PeerName;
  readonly variant?: string;
  readonly metric: Metric;
  readonly against?: Baseline | 'best-npm';
  readonly max?: number;
  readonly min?: number;
}

export interface Verdict {
  readonly threshold: Threshold;
  /** `unknown`: this run had nothing to judge it by. */
  readonly outcome: 'met' | 'missed' | 'unknown';
  readonly value: number | undefined;
  readonly reason: string;
}

/** Only scenarios that ran are judged. */
export function judge(thresholds: readonly Threshold[], results: readonly ScenarioResult[]): Verdict[] {
  return thresholds.flatMap((threshold) => {
    const result = results.find(({ name }) => name === threshold.scenario);
    return result === undefined ? [] : [judgeOne(threshold, result)];
  });
}

export function describeThreshold({ peer, variant, metric, against, max, min }: Threshold): string {
  const what = `${peer}${variant === undefined ? '' : ` (${variant})`}: ${METRICS[metric].label}`;
  const limit = max === undefined ? `≥ ${min}` : `≤ ${max}`;
  return against === undefined ? `${what} ${limit}` : `${what} ${limit} × ${against}`;
}

function judgeOne(threshold: Threshold, result: ScenarioResult): Verdict {
  const failure = result.failed.find(({ peer, variant }) => peer === threshold.peer && (threshold.variant ?? variant) === variant);
  if (failure !== undefined) return { threshold, outcome: 'missed', value: undefined, reason: failure.reason };
  const row = result.rows.find(({ peer, variant }) => peer === threshold.peer && variant === (threshold.variant ?? ''));
  if (row === undefined) return { threshold, outcome: 'unknown', value: undefined, reason: `${threshold.peer} did not take part` };
  const value = valueFor(threshold, row, result);
  if (value === undefined || !Number.isFinite(value)) {
    return { threshold, outcome: 'unknown', value: undefined, reason: `${threshold.against ?? threshold.metric} was not measured` };
  }
  if (row.errors > 0) return { threshold, outcome: 'missed', value, reason: `${row.errors} requests failed` };
  const met = value <= (threshold.max ?? Infinity) && value >= (threshold.min ?? -Infinity);
  return { threshold, outcome: met ? 'met' : 'missed', value, reason: `measured ${formatShort(value)}` };
}

function valueFor({ metric, against }: Threshold, row: Row, result: ScenarioResult): number | undefined {
  if (against === undefined) return row.figures[metric]?.median;
  if (against !== 'best-npm') return row.ratios[against]?.[metric]?.median;
  const ratios = result.rows
    .filter(({ kind, variant }) => kind === 'npm' && variant === row.variant)
    .map((npm) => pairedRatio(row.rounds[metric] ?? [], npm.rounds[metric] ?? []).median);
  return ratios.length === 0 ? undefined : Math.max(...ratios);
}
