/** `npm run conformance -- --configs DIR…`: both programs' verdicts on all resources of trees of files, compared. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireEnvoy } from '../harness/envoy-target.ts';
import { EnvoyJudge } from './envoy-judge.ts';
import { extractTrees } from './extract.ts';
import { NuncioJudge } from './nuncio-judge.ts';
import { report, Tally } from './report.ts';
import type { Resource } from './resource.ts';

const ENVOYS = 2;

/** Returns the exit code: 1 for a bug, a crash, or something that only nuncio accepts. */
export const compareCorpora = async (trees: readonly string[]): Promise<number> => {
  const { resources, files, unreadable } = extractTrees(trees);
  requireEnvoy();
  const folder = mkdtempSync(join(tmpdir(), 'conformance-configs-'));
  const envoy = new EnvoyJudge(folder);
  const nuncio = new NuncioJudge(folder);
  const tally = new Tally();
  const waiting = [...unique(resources)];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [theirs, ours] = await Promise.all([envoy.judge(next.text, next.format), nuncio.judge(next.text, next.format)]);
      tally.add(next, theirs, ours);
    }
  };
  try {
    await Promise.all(Array.from({ length: ENVOYS }, work));
  } finally {
    envoy.save();
    nuncio.close();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${files} files, ${unreadable.length} of them no YAML or JSON; ${resources.length} resources, ${resources.length - tally.judged} of them repeats`);
  console.log(report(tally));
  return tally.failed ? 1 : 0;
};

/** The same text twice is one question. */
const unique = (resources: readonly Resource[]): IterableIterator<Resource> => new Map(resources.toReversed().map((one) => [one.text, one])).values();
