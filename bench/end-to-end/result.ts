import type { Spread } from './arithmetic.ts';
import { pairedDifferences, pairedRatio, spread } from './arithmetic.ts';
import type { LoadTool } from './load/saturating.ts';
import type { Figures, Metric } from './metric.ts';
import type { Peer, PeerKind, PeerName } from './peers/peer.ts';
import type { Scenario } from './scenario.ts';

/** What the rounds leave behind of one contestant. */
export interface ContestantRecord {
  readonly peer: Peer;
  readonly variant: string;
  readonly rounds: Figures[];
  errors: number;
  readonly notes: string[];
  failure: string | undefined;
}

export const BASELINES = ['nginx', 'haproxy', 'envoy'] as const;
export type Baseline = (typeof BASELINES)[number];
export type RatiosTo = Partial<Record<Metric, Spread>>;

export interface Row {
  readonly peer: PeerName;
  readonly kind: PeerKind;
  readonly variant: string;
  /** One figure a round, in the order of the rounds. */
  readonly rounds: Partial<Record<Metric, number[]>>;
  readonly figures: Partial<Record<Metric, Spread>>;
  /** Medians of the ratios round by round. */
  readonly ratios: Partial<Record<Baseline, RatiosTo>>;
  readonly errors: number;
  readonly notes: readonly string[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Metric[];
  readonly ratioOf: readonly Metric[];
  readonly rounds: number;
  /** Of each contestant, which took turns. */
  readonly processes: number;
  readonly load: string;
  readonly origin: string;
  readonly rows: readonly Row[];
  readonly absent: readonly { readonly peer: PeerName; readonly reason: string }[];
  /** Started and did not get through. */
  readonly failed: readonly { readonly peer: PeerName; readonly variant: string; readonly reason: string }[];
}

export interface Ran {
  readonly records: readonly ContestantRecord[];
  readonly absent: ScenarioResult['absent'];
  readonly origin: string;
  readonly tool: LoadTool;
  readonly rounds: number;
  readonly processes: number;
  readonly seconds: number;
}

export function summarise(scenario: Pick<Scenario, 'name' | 'title' | 'columns' | 'ratioOf' | 'comparesWithBase' | 'ownLoad'>, ran: Ran): ScenarioResult {
  const lasting = ran.records.filter(({ failure }) => failure === undefined);
  const rows = lasting.map(toRow);
  if (scenario.comparesWithBase === true) rows.forEach((row) => addDifference(row, rows));
  rows.forEach((row) => addRatios(row, rows));
  return {
    name: scenario.name,
    title: scenario.title,
    columns: scenario.columns,
    ratioOf: scenario.ratioOf,
    rounds: ran.rounds,
    processes: ran.processes,
    load: scenario.ownLoad ?? `${ran.tool.version()}, ${ran.tool.note}, ${ran.seconds} s a turn`,
    origin: ran.origin,
    rows,
    absent: ran.absent,
    failed: ran.records
      .filter(({ failure }) => failure !== undefined)
      .map(({ peer, variant, failure }) => ({ peer: peer.name, variant, reason: failure! })),
  };
}

function toRow({ peer, variant, rounds, errors, notes }: ContestantRecord): Row {
  const byMetric: Partial<Record<Metric, number[]>> = {};
  for (const metric of Object.keys(rounds[0] ?? {}) as Metric[]) byMetric[metric] = rounds.map((figures) => figures[metric] ?? NaN);
  const figures: Partial<Record<Metric, Spread>> = {};
  for (const [metric, values] of entriesOf(byMetric)) figures[metric] = spread(values);
  return { peer: peer.name, kind: peer.kind, variant, rounds: byMetric, figures, ratios: {}, errors, notes };
}

function addDifference(row: Row, rows: readonly Row[]): void {
  const base = rows.find(({ peer, variant }) => peer === row.peer && variant === 'base');
  if (base === undefined || base === row) return;
  const added = pairedDifferences(row.rounds.cpuUs ?? [], base.rounds.cpuUs ?? []);
  row.rounds.addedUs = added;
  row.figures.addedUs = spread(added);
}

function addRatios(row: Row, rows: readonly Row[]): void {
  for (const baseline of BASELINES) {
    const base = rows.find(({ peer, variant }) => peer === baseline && variant === row.variant);
    if (base === undefined) continue;
    const ratios: RatiosTo = {};
    for (const [metric, values] of entriesOf(row.rounds)) {
      const of = base.rounds[metric];
      if (of !== undefined) ratios[metric] = pairedRatio(values, of);
    }
    row.ratios[baseline] = ratios;
  }
}

function entriesOf(byMetric: Partial<Record<Metric, number[]>>): [Metric, number[]][] {
  return Object.entries(byMetric) as [Metric, number[]][];
}
