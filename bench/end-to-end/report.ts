import type { Machine } from './machine.ts';
import { formatFigure, formatShort, METRICS } from './metric.ts';
import type { Metric } from './metric.ts';
import { BASELINES } from './result.ts';
import type { Baseline, Row, ScenarioResult } from './result.ts';
import type { Verdict } from './thresholds.ts';
import { describeThreshold } from './thresholds.ts';

/** The system's own threads stay below. */
const DISTURBED_PERCENT = 15;

export interface Report {
  readonly command: string;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly peers: readonly { readonly name: string; readonly version: string; readonly settings: string }[];
  readonly scenarios: readonly ScenarioResult[];
  readonly verdicts: readonly Verdict[];
}

export function toMarkdown(report: Report): string {
  const { machine } = report;
  return [
    '# Benchmark',
    '',
    `\`${report.command}\`, ${report.startedAt}`,
    '',
    `${machine.cpuModel}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}, Node ${machine.node}; ${machine.pinning}; ` +
      `load average before: ${machine.loadBefore.toFixed(2)}.`,
    '',
    'Figures are medians over the rounds; ratios are medians of the ratios round by round. Only ratios of one run compare.',
    '',
    ...report.scenarios.flatMap(scenarioLines),
    ...verdictLines(report.verdicts),
    '## Proxies',
    '',
    ...report.peers.map(({ name, version, settings }) => `- **${name}**: ${version}; ${settings}.`),
    '',
  ].join('\n');
}

function scenarioLines(result: ScenarioResult): string[] {
  const ratios = ratioColumns(result);
  const columns = result.columns.filter((metric) => result.rows.some((row) => Number.isFinite(row.figures[metric]?.median)));
  const header = ['', ...ratios.map(({ metric, baseline }) => ratioLabel(metric, baseline, result)), ...columns.map((metric) => METRICS[metric].label)];
  const rows = result.rows.map((row) => [
    rowName(row),
    ...ratios.map(({ metric, baseline }) => formatShort(row.ratios[baseline]?.[metric]?.median ?? NaN)),
    ...columns.map((metric) => formatFigure(metric, row.figures[metric]?.median ?? NaN)),
  ]);
  return [
    `## ${result.name}`,
    '',
    `${result.title}. Rounds: ${result.rounds}, by ${result.processes === 1 ? 'one process' : `${result.processes} processes`} of each; load: ${result.load}; origin: ${result.origin}.`,
    '',
    ...table([header, ...rows]),
    '',
    ...remarks(result).flatMap((remark) => [`- ${remark}`]),
    ...(remarks(result).length > 0 ? [''] : []),
  ];
}

function ratioColumns(result: ScenarioResult): { metric: Metric; baseline: Baseline }[] {
  const present = BASELINES.filter((baseline) => result.rows.some(({ peer }) => peer === baseline));
  return result.ratioOf.flatMap((metric) => present.map((baseline) => ({ metric, baseline })));
}

function ratioLabel(metric: Metric, baseline: Baseline, result: ScenarioResult): string {
  return result.ratioOf.length === 1 ? `× ${baseline}` : `${METRICS[metric].label.replace(/ (µs|ms|MiB)$/, '')} × ${baseline}`;
}

function rowName({ peer, variant }: Row): string {
  return variant === '' ? peer : `${peer}, ${variant}`;
}

function remarks(result: ScenarioResult): string[] {
  return [
    ...result.rows.flatMap((row) => [
      ...(row.errors > 0 ? [`${rowName(row)}: ${row.errors} failed`] : []),
      ...row.notes.map((note) => `${rowName(row)}: ${note}`),
      ...disturbance(row),
    ]),
    ...result.absent.map(({ peer, reason }) => `${peer} did not take part: ${reason}`),
    ...result.failed.map(({ peer, reason }) => `${peer} failed: ${reason.replaceAll(/\s+/g, ' ')}`),
  ];
}

function disturbance(row: Row): string[] {
  const most = Math.max(0, ...(row.rounds.othersPercent ?? []));
  if (most < DISTURBED_PERCENT) return [];
  return [`${rowName(row)}: other programs took up to ${Math.round(most)} % of a core during its turns: requests/s and latencies are not its own`];
}

function verdictLines(verdicts: readonly Verdict[]): string[] {
  if (verdicts.length === 0) return [];
  const rows = verdicts.map(({ threshold, outcome, reason }) => [threshold.scenario, describeThreshold(threshold), outcome, reason.replaceAll(/\s+/g, ' ')]);
  return ['## Thresholds', '', ...table([['scenario', 'threshold', 'outcome', 'reason'], ...rows], 4), ''];
}

/** Markdown with text columns on the left and figures on the right. */
export function table(rows: readonly (readonly string[])[], textColumns = 1): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = rows[0].map((_, column) => (column < textColumns ? '---' : '--:'));
  return [line(rows[0]), line(rule), ...rows.slice(1).map(line)];
}
