/** Recorded answers: `cases/<area>/recorded/<topic>.json`, one entry for each case with the hash it was recorded from. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Answer } from './answer.ts';
import type { Case } from './case.ts';
import { ConformanceError } from './case.ts';
import { CASES } from './case-files.ts';

export interface Recording {
  readonly hash: string;
  readonly answer: Answer;
  /** What nuncio answers where it differs from Envoy for a stated reason. */
  readonly ours?: Answer;
}

type Recordings = Record<string, Recording>;

const fileOf = (area: string, topic: string): URL => new URL(`${area}/recorded/${topic}.json`, CASES);

const known = new Map<string, Recordings>();

const read = (area: string, topic: string): Recordings => {
  const { href } = fileOf(area, topic);
  const recordings = known.get(href) ?? readFile(area, topic);
  known.set(href, recordings);
  return recordings;
};

const readFile = (area: string, topic: string): Recordings => {
  let text: string;
  try {
    text = readFileSync(fileOf(area, topic), 'utf8');
  } catch {
    return {};
  }
  try {
    return JSON.parse(text) as Recordings;
  } catch (error) {
    throw new ConformanceError(`cases/${area}/recorded/${topic}.json: ${(error as Error).message}`);
  }
};

export const findRecording = (one: Case): Recording => {
  const recording = read(one.area, one.topic)[one.name];
  const remedy = `npm run conformance -- --record '${one.id}'`;
  if (recording === undefined) throw new ConformanceError(`${one.id}: no recorded answer; ${remedy}`);
  if (recording.hash !== one.hash) throw new ConformanceError(`${one.id}: the case has changed since it was recorded; ${remedy}`);
  return recording;
};

export const isRecorded = (one: Case): boolean => read(one.area, one.topic)[one.name]?.hash === one.hash;

/** Puts answers into a topic's file and drops those of cases that no longer exist. */
export const writeRecordings = (cases: readonly Case[], recorded: ReadonlyMap<string, Recording>): void => {
  const [{ area, topic }] = cases;
  const before = read(area, topic);
  const after: Recordings = {};
  for (const one of cases) {
    const recording = recorded.get(one.id) ?? before[one.name];
    if (recording !== undefined) after[one.name] = recording;
  }
  mkdirSync(new URL('./', fileOf(area, topic)), { recursive: true });
  known.delete(fileOf(area, topic).href);
  writeFileSync(fileOf(area, topic), `${JSON.stringify(after, undefined, 1)}\n`);
};
