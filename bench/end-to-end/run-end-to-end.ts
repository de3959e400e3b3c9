import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options } from '../options.ts';
import { coresOfThisMachine } from './cores.ts';
import { chooseLoadTool, LOAD_TOOLS } from './load/saturating.ts';
import { moveThisProcess, stopServersOnExit } from './harness-process.ts';
import { describeMachine } from './machine.ts';
import { ALL_PEERS } from './peers/all-peers.ts';
import type { Report } from './report.ts';
import { toMarkdown } from './report.ts';
import type { ScenarioResult } from './result.ts';
import { runScenario } from './run-scenario.ts';
import { ALL_SCENARIOS } from './scenarios/all-scenarios.ts';
import type { Scenario } from './scenario.ts';
import type { Threshold } from './thresholds.ts';
import { judge } from './thresholds.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const THRESHOLDS = fileURLToPath(new URL('../thresholds.json', import.meta.url));

/** Returns the exit code. */
export async function runEndToEnd(options: Options): Promise<number> {
  const unknown = unknownNames(options);
  if (unknown !== undefined) return refuse(unknown);
  const startedAt = new Date().toISOString();
  const cores = coresOfThisMachine();
  const machine = describeMachine(cores);
  moveThisProcess(cores);
  const directory = mkdtempSync(join(tmpdir(), 'nuncio-bench-'));
  stopServersOnExit(directory);
  const settings = {
    cores,
    tool: chooseLoadTool(options.load),
    rounds: options.rounds,
    seconds: options.seconds,
    warmUpSeconds: options.warmUpSeconds,
    processes: options.processes,
    onlyPeers: options.peers,
    directory,
    log: (text: string) => void process.stderr.write(`${text}\n`),
  };
  const scenarios: ScenarioResult[] = [];
  for (const scenario of chosen(options.names)) scenarios.push(await runScenario(scenario, settings));
  const verdicts = judge(JSON.parse(readFileSync(THRESHOLDS, 'utf8')) as Threshold[], scenarios);
  const report: Report = { command: commandLine(), startedAt, machine, peers: peersOf(scenarios), scenarios, verdicts };
  publish(report, options);
  return options.check && verdicts.some(({ outcome }) => outcome === 'missed') ? 1 : 0;
}

/** What there is, and what is missing for it here. */
export function list(): number {
  const lines = [
    'Scenarios:',
    ...ALL_SCENARIOS.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`),
    'Proxies:',
    ...ALL_PEERS.map((peer) => `  ${peer.name.padEnd(18)} ${peer.missing() ?? peer.version()}`),
    'Load generators:',
    ...LOAD_TOOLS.map((tool) => `  ${tool.name.padEnd(18)} ${tool.installed() ? `${tool.version()}; ${tool.note}` : 'not installed'}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

function unknownNames({ names, peers }: Options): string | undefined {
  const scenario = names.find((name) => ALL_SCENARIOS.every((known) => known.name !== name));
  if (scenario !== undefined) return `unknown scenario ${scenario}: ${ALL_SCENARIOS.map(({ name }) => name).join(', ')}`;
  const peer = peers.find((name) => ALL_PEERS.every((known) => known.name !== name));
  if (peer !== undefined) return `unknown proxy ${peer}: ${ALL_PEERS.map(({ name }) => name).join(', ')}`;
  return undefined;
}

function refuse(sentence: string): number {
  process.stderr.write(`${sentence}\n`);
  return 2;
}

function chosen(names: readonly string[]): Scenario[] {
  return ALL_SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name));
}

function peersOf(scenarios: readonly ScenarioResult[]): Report['peers'] {
  const took = new Set(scenarios.flatMap(({ rows }) => rows.map(({ peer }) => peer)));
  return ALL_PEERS.filter(({ name }) => took.has(name)).map((peer) => ({ name: peer.name, version: peer.version(), settings: peer.settings }));
}

function publish(report: Report, options: Options): void {
  const markdown = toMarkdown(report);
  const json = `${JSON.stringify(report, undefined, 1)}\n`;
  mkdirSync(RESULTS, { recursive: true });
  const base = join(RESULTS, `${report.startedAt.replaceAll(/[:.]/g, '-')}-${options.names.join('+') || 'all'}`);
  writeFileSync(`${base}.md`, markdown);
  writeFileSync(`${base}.json`, json);
  process.stdout.write(options.json ? json : markdown);
  process.stderr.write(`written: ${relative(process.cwd(), base)}.md and .json\n`);
}

function commandLine(): string {
  return ['npm run bench --', ...process.argv.slice(2)].join(' ');
}
