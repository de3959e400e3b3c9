/** Records Envoy's answers. A case is kept only when it answers the same in three runs. */

import type { Answer, Refusal } from './answer.ts';
import { differences, isRefusal } from './answer.ts';
import type { Case } from './case.ts';
import type { Played } from './groups.ts';
import { bySession, inParallel, playGroup } from './groups.ts';
import type { Recording } from './recordings.ts';
import type { Target } from './target.ts';

const RUNS = 3;

export interface RecordOutcome {
  readonly recorded: ReadonlyMap<string, Recording>;
  /** One line for each case that was not recorded. */
  readonly refused: readonly string[];
}

const recordGroup = async (target: Target, cases: readonly Case[]): Promise<RecordOutcome> => {
  const runs: Map<string, Played>[] = [];
  for (let run = 0; run < RUNS; run++) {
    // Another order shows what one case leaves behind for the next.
    const order = run === 1 ? [...cases].reverse() : cases;
    runs.push(await playGroup(target, order, () => undefined));
  }
  const recorded = new Map<string, Recording>();
  const refused: string[] = [];
  for (const one of cases) {
    const played = runs.map((run) => run.get(one.id) as Played);
    const failed = played.find((answer) => answer instanceof Error || isRefusal(answer));
    if (failed !== undefined) {
      refused.push(`${one.id}: ${failed instanceof Error ? failed.message : (failed as Refusal).refused.join('; ')}`);
      continue;
    }
    const [first, ...others] = played as Answer[];
    const unlike = others.flatMap((other) => differences(first, other));
    if (first.stuck !== undefined) refused.push(`${one.id}: waited in vain at ${first.stuck}; saw ${JSON.stringify(first.client)}`);
    else if (unlike.length > 0) refused.push(`${one.id}: not the same in ${RUNS} runs: ${unlike[0]}`);
    else recorded.set(one.id, { hash: one.hash, answer: first });
  }
  return { recorded, refused };
};

export const recordCases = async (target: Target, cases: readonly Case[], jobs: number): Promise<RecordOutcome> => {
  const recorded = new Map<string, Recording>();
  const refused: string[] = [];
  await inParallel(bySession(cases), jobs, async (group) => {
    const outcome = await recordGroup(target, group);
    for (const [id, recording] of outcome.recorded) recorded.set(id, recording);
    refused.push(...outcome.refused);
  });
  return { recorded, refused };
};
