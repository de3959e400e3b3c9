/** Cases that share a process are played together, several processes at once. */

import type { Answer, Refusal } from './answer.ts';
import type { Case } from './case.ts';
import { playCase, type Pace } from './play.ts';
import { Session, sessionKey } from './session.ts';
import type { Target } from './target.ts';
import { ConfigurationRefused } from './target.ts';

/** More cases than this do not share a process, so that several processes can work at once. */
const GROUP_SIZE = 20;

/** Cases by the process they share, in order. */
export const bySession = (cases: readonly Case[]): Case[][] =>
  [...Map.groupBy(cases, sessionKey).values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / GROUP_SIZE) }, (_, i) => group.slice(i * GROUP_SIZE, (i + 1) * GROUP_SIZE)),
  );

/** The answer, or why there is none. */
export type Played = Answer | Refusal | Error;

/** Each group's cases on one proxy, one after the other. A proxy that fails is replaced for the cases that are left. */
export const playGroup = async (
  target: Target,
  cases: readonly Case[],
  expected: (one: Case) => Answer | undefined,
  pace?: Pace,
): Promise<Map<string, Played>> => {
  const answers = new Map<string, Played>();
  let session: Session | undefined;
  for (const one of cases) {
    try {
      session ??= await Session.start(target, one);
      answers.set(one.id, await playCase(one, session, expected(one), pace));
    } catch (error) {
      answers.set(one.id, error instanceof ConfigurationRefused ? { refused: error.problems } : (error as Error));
      await session?.stop();
      session = undefined;
    }
  }
  await session?.stop();
  return answers;
};

/** Runs `work` on every item, at most `jobs` at a time. */
export const inParallel = async <Item>(items: readonly Item[], jobs: number, work: (item: Item) => Promise<void>): Promise<void> => {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
};
