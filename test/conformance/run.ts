/** `npm run conformance -- [options] [filter]`: see README.md. */

import { parseArgs } from 'node:util';
import { checkBroken } from './configs/broken.ts';
import { compareCorpora } from './configs/corpus.ts';
import type { Case, Part } from './harness/case.ts';
import { ConformanceError, PARTS } from './harness/case.ts';
import { readCases } from './harness/case-files.ts';
import { accept, replay, sideBySide, without } from './harness/compare.ts';
import { envoyTarget, requireEnvoy } from './harness/envoy-target.ts';
import type { TransportName } from './harness/nuncio-target.ts';
import { createNuncioTarget } from './harness/nuncio-target.ts';
import { recordCases } from './harness/record.ts';
import type { Recording } from './harness/recordings.ts';
import { isRecorded, writeRecordings } from './harness/recordings.ts';
import type { Target } from './harness/target.ts';
import type { Verdict } from './harness/verdict.ts';
import { checkDifferences, report } from './harness/verdict.ts';
import { Hunt } from './hunt/hunt.ts';
import { huntMutants } from './hunt/mutants.ts';
import { SCENES } from './hunt/scenes.ts';

const readArguments = () =>
  parseArgs({
    options: {
      record: { type: 'boolean', default: false },
      missing: { type: 'boolean', default: false },
      recorded: { type: 'boolean', default: false },
      accept: { type: 'boolean', default: false },
      configs: { type: 'boolean', default: false },
      broken: { type: 'boolean', default: false },
      hunt: { type: 'boolean', default: false },
      without: { type: 'string', default: '' },
      transport: { type: 'string', default: 'direct' },
      jobs: { type: 'string', default: '3' },
    },
    allowPositionals: true,
  });

/** One line for what stands on the command line wrongly. */
const commandLine = (): ReturnType<typeof readArguments> => {
  try {
    return readArguments();
  } catch (error) {
    console.error((error as Error).message.split('. ')[0]);
    process.exit(2);
  }
};

const { values: options, positionals } = commandLine();
const filter = positionals[0] ?? '';
const jobs = Number(options.jobs);

const save = (recordings: ReadonlyMap<string, Recording>): void => {
  const topics = Map.groupBy(readCases(), (one) => `${one.area}/${one.topic}`);
  for (const topic of topics.values()) {
    if (topic.some((one) => recordings.has(one.id))) writeRecordings(topic, recordings);
  }
};

const record = async (cases: readonly Case[]): Promise<number> => {
  requireEnvoy();
  const wanted = cases.filter((one) => !options.missing || !isRecorded(one));
  const { recorded, refused } = await recordCases(envoyTarget, wanted, jobs);
  save(recorded);
  for (const line of [...refused].sort()) console.error(line);
  console.log(`${wanted.length} cases: ${recorded.size} recorded, ${refused.length} refused`);
  return refused.length === 0 ? 0 : 1;
};

const show = (cases: readonly Case[], verdicts: ReadonlyMap<string, Verdict>): number => {
  // Cases that share a cause (a configuration that is refused) share the lines.
  const causes = Map.groupBy(cases, (one) => {
    const verdict = verdicts.get(one.id);
    return verdict?.kind === 'different' ? verdict.lines.map((line) => `    ${line}`).join('\n') : '';
  });
  causes.delete('');
  for (const [cause, alike] of causes) console.log(`${alike.map((one) => one.id).join('\n')}\n${cause}`);
  console.log(report(cases, verdicts));
  return [...verdicts.values()].some((verdict) => verdict.kind === 'different') ? 1 : 0;
};

const leftOut = (): Part[] => {
  const parts = options.without === '' ? [] : (options.without.split(',') as Part[]);
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new ConformanceError(`--without takes ${PARTS.join(', ')}, not '${unknown}'`);
  return parts;
};

const nuncioTarget = (): Target => {
  if (options.transport !== 'direct' && options.transport !== 'public') {
    throw new ConformanceError(`--transport takes direct or public, not '${options.transport}'`);
  }
  return createNuncioTarget(options.transport as TransportName);
};

const hunt = (): Promise<number> => {
  const [seed, count] = positionals.slice(0, 2).map(Number);
  if (!Number.isInteger(seed) || !(count > 0)) throw new ConformanceError('--hunt takes a seed and how many cases');
  const scene = positionals[2] ?? 'http1';
  if (scene === 'mutants') return huntMutants(seed, count);
  if (!(scene in SCENES)) throw new ConformanceError(`a hunt goes to ${Object.keys(SCENES).join(', ')} or mutants, not '${scene}'`);
  requireEnvoy();
  return new Hunt(envoyTarget, nuncioTarget(), jobs).run(seed, count, scene);
};

const main = async (): Promise<number> => {
  if (options.configs) {
    if (positionals.length === 0) throw new ConformanceError('--configs takes one or more directories or files');
    return compareCorpora(positionals);
  }
  if (options.broken) return checkBroken(options.record);
  if (options.hunt) return hunt();
  const cases = readCases(filter);
  if (cases.length === 0) throw new ConformanceError(`no case has '${filter}' in its name`);
  checkDifferences(cases);
  if (options.record) return record(cases);
  const nuncio = nuncioTarget();
  const compared = cases.map((one) => without(one, leftOut()));
  if (options.accept) {
    const accepted = await accept(nuncio, cases.filter((one) => one.difference !== undefined), jobs);
    save(accepted);
    console.log(`${accepted.size} answers accepted`);
    return 0;
  }
  if (options.recorded) return show(compared, await replay(nuncio, compared, jobs));
  requireEnvoy();
  const { verdicts, drifted } = await sideBySide(envoyTarget, nuncio, compared, jobs);
  for (const line of drifted) console.error(line);
  return show(cases, verdicts);
};

process.once('SIGINT', () => process.exit(130));
// Envoys die with this process only when it exits.
process.once('SIGTERM', () => process.exit(143));
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ConformanceError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
