/** Plays cases on nuncio, beside Envoy or against its recorded answers. */

import type { Answer } from './answer.ts';
import { differences, isRefusal } from './answer.ts';
import type { Case, Part } from './case.ts';
import { ConformanceError } from './case.ts';
import type { Played } from './groups.ts';
import { bySession, inParallel, playGroup } from './groups.ts';
import type { Recording } from './recordings.ts';
import { findRecording } from './recordings.ts';
import type { Target } from './target.ts';
import type { Verdict } from './verdict.ts';
import { judge } from './verdict.ts';

/** The case and its answers without some parts. */
export const without = (one: Case, parts: readonly Part[]): Case => ({ ...one, ignore: [...one.ignore, ...parts] });

const EMPTY: Answer = { client: {}, upstreams: {}, log: [], stats: {}, admin: [] };

const visible = (answer: Answer, one: Case): Answer => ({
  ...answer,
  ...Object.fromEntries(one.ignore.map((part) => [part, EMPTY[part]])),
});

/** What the recording says about the parts that the case compares. */
const recordingOf = (one: Case): Recording => {
  const { hash, answer, ours } = findRecording(one);
  return { hash, answer: visible(answer, one), ...(ours === undefined ? {} : { ours: visible(ours, one) }) };
};

/** nuncio against the recordings. A case that has none is different, and says why. */
export const replay = async (target: Target, all: readonly Case[], jobs: number): Promise<Map<string, Verdict>> => {
  const verdicts = new Map<string, Verdict>();
  const recordings = new Map<string, Recording>();
  for (const one of all) {
    try {
      recordings.set(one.id, recordingOf(one));
    } catch (error) {
      if (!(error instanceof ConformanceError)) throw error;
      verdicts.set(one.id, { kind: 'different', lines: [error.message] });
    }
  }
  const cases = all.filter((one) => recordings.has(one.id));
  const expected = (one: Case): Answer => {
    const { answer, ours } = recordings.get(one.id) as Recording;
    return one.difference === undefined ? answer : (ours ?? answer);
  };
  const play = (some: readonly Case[], atOnce: number): Promise<void> =>
    inParallel(bySession(some), atOnce, async (group) => {
      for (const [id, actual] of await playGroup(target, group, expected)) {
        const one = group.find((candidate) => candidate.id === id) as Case;
        const { answer, ours } = recordings.get(id) as Recording;
        verdicts.set(id, judge(one, answer, ours, actual));
      }
    });
  await play(cases, jobs);
  const unlike = cases.filter((one) => verdicts.get(one.id)?.kind === 'different');
  if (unlike.length <= AGAIN_AT_MOST) await play(unlike, 1);
  return verdicts;
};

/** Cases about time may find the machine busy with other cases. A few that differ are played again, one after the other; a difference stays. */
const AGAIN_AT_MOST = 20;

export interface SideBySide {
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** One line for each case whose recorded answer is not what Envoy answers here. */
  readonly drifted: readonly string[];
}

/** Envoy and nuncio, each case on both; Envoy's answer of today decides. */
export const sideBySide = async (envoy: Target, nuncio: Target, cases: readonly Case[], jobs: number): Promise<SideBySide> => {
  const verdicts = new Map<string, Verdict>();
  const drifted: string[] = [];
  const recordings = new Map(cases.map((one) => [one.id, recordingOf(one)]));
  const recorded = (one: Case): Recording => recordings.get(one.id) as Recording;
  await inParallel(bySession(cases), jobs, async (group) => {
    const theirs = await playGroup(envoy, group, (one) => recorded(one).answer);
    const ours = await playGroup(nuncio, group, (one) => (one.difference === undefined ? recorded(one).answer : (recorded(one).ours ?? recorded(one).answer)));
    for (const one of group) {
      const truth = theirs.get(one.id) as Played;
      if (truth instanceof Error) throw new ConformanceError(`${one.id}: envoy: ${truth.message}`);
      if (isRefusal(truth)) throw new ConformanceError(`${one.id}: envoy: ${truth.refused.join('; ')}`);
      const drift = differences(recorded(one).answer, truth);
      if (drift.length > 0) drifted.push(`${one.id}: Envoy answers otherwise than recorded: ${drift[0]}`);
      verdicts.set(one.id, judge(one, truth, recorded(one).ours, ours.get(one.id) as Played));
    }
  });
  return { verdicts, drifted };
};

/** What nuncio answers to the cases that name a difference, to be kept as the accepted answer. */
export const accept = async (target: Target, cases: readonly Case[], jobs: number): Promise<Map<string, Recording>> => {
  const accepted = new Map<string, Recording>();
  await inParallel(bySession(cases), jobs, async (group) => {
    for (const [id, ours] of await playGroup(target, group, () => undefined)) {
      if (ours instanceof Error) throw new ConformanceError(`${id}: ${ours.message}`);
      // A refusal is judged by its heading.
      if (isRefusal(ours)) continue;
      const one = group.find((candidate) => candidate.id === id) as Case;
      accepted.set(id, { ...findRecording(one), ours });
    }
  });
  return accepted;
};
