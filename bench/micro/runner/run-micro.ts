import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coresOfThisMachine } from '../../end-to-end/cores.ts';
import type { Machine } from '../../end-to-end/machine.ts';
import { describeMachine } from '../../end-to-end/machine.ts';
import { formatShort } from '../../end-to-end/metric.ts';
import { runToEnd } from '../../end-to-end/processes.ts';
import { table } from '../../end-to-end/report.ts';
import { proxyCore } from '../../end-to-end/scenario.ts';
import type { Options } from '../../options.ts';
import type { MicroFigures } from './micro-case.ts';

const FILES = fileURLToPath(new URL('../', import.meta.url));
const RESULTS = fileURLToPath(new URL('../../results/', import.meta.url));
const MEASURE = fileURLToPath(new URL('measure-file.ts', import.meta.url));
const WITHIN_MS = 300_000;

interface FileResult {
  readonly file: string;
  readonly figures: readonly MicroFigures[];
  readonly failure: string | undefined;
}

/** Each file in a process of its own, so that none is compiled for another's types. Returns the exit code. */
export async function runMicro(options: Options): Promise<number> {
  const all = readdirSync(FILES).filter((file) => file.endsWith('.ts')).map((file) => basename(file, '.ts')).sort();
  const unknown = options.names.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`unknown micro bench ${unknown}: ${all.join(', ')}\n`);
    return 2;
  }
  const cores = coresOfThisMachine();
  const startedAt = new Date().toISOString();
  const machine = describeMachine(cores);
  const results: FileResult[] = [];
  for (const file of options.names.length > 0 ? options.names : all) {
    process.stderr.write(`micro: ${file}\n`);
    results.push(await measureFile(file, options.rounds, proxyCore(cores)));
  }
  publish({ startedAt, machine, results }, options);
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

async function measureFile(file: string, repetitions: number, core: number | undefined): Promise<FileResult> {
  const args = ['--expose-gc', MEASURE, join(FILES, `${file}.ts`), String(repetitions)];
  try {
    const output = await runToEnd({ file: process.execPath, args }, core, WITHIN_MS);
    return { file, figures: JSON.parse(output) as MicroFigures[], failure: undefined };
  } catch (error) {
    return { file, figures: [], failure: error instanceof Error ? error.message : String(error) };
  }
}

function publish(report: { startedAt: string; machine: Machine; results: readonly FileResult[] }, options: Options): void {
  const json = `${JSON.stringify({ command: commandLine(), ...report }, undefined, 1)}\n`;
  const markdown = toMarkdown(report);
  mkdirSync(RESULTS, { recursive: true });
  const base = join(RESULTS, `${report.startedAt.replaceAll(/[:.]/g, '-')}-micro`);
  writeFileSync(`${base}.json`, json);
  writeFileSync(`${base}.md`, markdown);
  process.stdout.write(options.json ? json : markdown);
  process.stderr.write(`written: ${relative(process.cwd(), base)}.md and .json\n`);
}

function toMarkdown({ startedAt, machine, results }: { startedAt: string; machine: Machine; results: readonly FileResult[] }): string {
  const rows = results.flatMap(({ file, figures }) =>
    figures.map(({ name, nsPerOperation, lowNs, highNs, bytesPerOperation }) => [
      file,
      name,
      formatShort(nsPerOperation),
      `${formatShort(lowNs)}–${formatShort(highNs)}`,
      formatShort(bytesPerOperation),
    ]),
  );
  return [
    '# Micro benches',
    '',
    `\`${commandLine()}\`, ${startedAt}; ${machine.cpuModel}, Node ${machine.node}; load average before: ${machine.loadBefore.toFixed(2)}.`,
    '',
    ...table([['file', 'operation', 'ns', 'range', 'heap bytes'], ...rows], 2),
    '',
    ...results.filter(({ failure }) => failure !== undefined).map(({ file, failure }) => `- ${file} failed: ${failure!.trim()}`),
    '',
  ].join('\n');
}

function commandLine(): string {
  return ['npm run bench --', ...process.argv.slice(2)].join(' ');
}
