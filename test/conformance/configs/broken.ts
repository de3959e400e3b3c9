/**
 * `npm run conformance -- --broken`: whether Envoy refuses each of `test/config/broken/`, in the words that stand beside it. With
 * `--record` those words are written.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envoySentence } from '../harness/envoy-sentence.ts';
import { requireEnvoy } from '../harness/envoy-target.ts';
import { EnvoyJudge } from './envoy-judge.ts';

const FOLDER = new URL('../../config/broken/', import.meta.url);
const SENTENCES = new URL('envoy-says.json', FOLDER);
const LONGEST = 1500;

const brokenConfigurations = (): string[] => readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')).sort();

const readEnvoySentences = (): Record<string, string> => JSON.parse(readFileSync(SENTENCES, 'utf8')) as Record<string, string>;

/** Returns the exit code: 1 when Envoy takes one of them or says something else than what is recorded. */
export const checkBroken = async (record: boolean): Promise<number> => {
  requireEnvoy();
  const folder = mkdtempSync(join(tmpdir(), 'conformance-broken-'));
  const envoy = new EnvoyJudge(folder);
  const said: Record<string, string> = {};
  const taken: string[] = [];
  for (const name of brokenConfigurations()) {
    const verdict = await envoy.judge(readFileSync(new URL(name, FOLDER), 'utf8'), 'yaml');
    if (verdict.kind === 'refused') said[name] = envoySentence(verdict.message).slice(0, LONGEST);
    else taken.push(name);
  }
  envoy.save();
  rmSync(folder, { recursive: true });
  if (record) writeFileSync(SENTENCES, `${JSON.stringify(said, undefined, 2)}\n`);
  const recorded = readEnvoySentences();
  const changed = Object.keys({ ...said, ...recorded }).filter((name) => said[name] !== recorded[name]);
  for (const name of taken) console.log(`${name}: Envoy does not refuse it`);
  for (const name of changed) console.log(`${name}: Envoy says '${said[name]}', recorded is '${recorded[name]}'`);
  console.log(`${brokenConfigurations().length} broken configurations: ${Object.keys(said).length} refused by Envoy, ${changed.length} in other words than recorded`);
  return taken.length + changed.length === 0 ? 0 : 1;
};
