/** Records Envoy's answers. A case is kept only when it answers the same in three runs. */

import type { Answer } from './answer.ts';
import { differences } from './answer.ts';
import type { Case } from './case.ts';
import { playCase } from './play.ts';
import type { Recording } from './recordings.ts';
import { Session, sessionKey } from './session.ts';
import type { Target } from './target.ts';

const RUNS = 3;

export interface RecordOutcome {
  readonly recorded: ReadonlyMap<string, Recording>;
  /** One line for each case that was not recorded. */
  readonly refused: readonly string[];
}

/** More cases than this do not share a process, so that several processes can work at once. */
const GROUP_SIZE = 20;

/** Cases by the process they share, in order. */
export const bySession = (cases: readonly Case[]): Case[][] =>
  [...Map.groupBy(cases, sessionKey).values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / GROUP_SIZE) }, (_, i) => group.slice(i * GROUP_SIZE, (i + 1) * GROUP_SIZE)),
  );

/** Each group's cases on one proxy, one after the other. */
export const playGroup = async (
  target: Target,
  cases: readonly Case[],
  expected: (one: Case) => Answer | undefined,
): Promise<Map<string, Answer>> => {
  const session = await Session.start(target, cases[0]);
  try {
    const answers = new Map<string, Answer>();
    for (const one of cases) answers.set(one.id, await playCase(one, session, expected(one)));
    return answers;
  } finally {
    await session.stop();
  }
};

const recordGroup = async (target: Target, cases: readonly Case[]): Promise<RecordOutcome> => {
  const runs: Map<string, Answer>[] = [];
  for (let run = 0; run < RUNS; run++) {
    // Another order shows what one case leaves behind for the next.
    const order = run === 1 ? [...cases].reverse() : cases;
    runs.push(await playGroup(target, order, () => undefined));
  }
  const recorded = new Map<string, Recording>();
  const refused: string[] = [];
  for (const one of cases) {
    const [first, ...others] = runs.map((run) => run.get(one.id) as Answer);
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
    try {
      const outcome = await recordGroup(target, group);
      for (const [id, recording] of outcome.recorded) recorded.set(id, recording);
      refused.push(...outcome.refused);
    } catch (error) {
      refused.push(...group.map((one) => `${one.id}: ${(error as Error).message}`));
    }
  });
  return { recorded, refused };
};

/** Runs `work` on every item, at most `jobs` at a time. */
export const inParallel = async <Item>(items: readonly Item[], jobs: number, work: (item: Item) => Promise<void>): Promise<void> => {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
};
