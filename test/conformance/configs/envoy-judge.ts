/** Asks Envoy: one `--mode validate` for each text, few at a time, and never twice for the same. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ENVOY_VERSION } from '../harness/envoy-target.ts';
import type { EnvoyVerdict } from './verdict.ts';
import { refusalStage } from './verdict.ts';

const LIMIT_MS = 30_000;
const CACHE = new URL('../../../node_modules/.cache/conformance/', import.meta.url);
/** As a deployment gives them: what names the node is not part of the resource. */
const NODE_ARGUMENTS = ['--service-node', 'conformance', '--service-cluster', 'conformance'];

/** What Envoy said, kept in words: how they are sorted may change, they don't. */
type Answer = { readonly accepted: true } | { readonly accepted: false; readonly message: string; readonly crashed: boolean };

export class EnvoyJudge {
  readonly #cacheFile = new URL(`envoy-${ENVOY_VERSION}-verdicts.json`, CACHE);
  readonly #answers: Map<string, Answer>;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#answers = new Map(Object.entries(this.#readCache()));
  }

  async judge(text: string, format: 'yaml' | 'json'): Promise<EnvoyVerdict> {
    const key = createHash('sha256').update(`${format}\n${text}`).digest('base64url');
    const answer = this.#answers.get(key) ?? (await this.#ask(key, text, format));
    this.#answers.set(key, answer);
    return verdictOf(answer);
  }

  save(): void {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(this.#cacheFile, JSON.stringify(Object.fromEntries(this.#answers)));
  }

  #readCache(): Record<string, Answer> {
    try {
      return JSON.parse(readFileSync(this.#cacheFile, 'utf8')) as Record<string, Answer>;
    } catch {
      return {};
    }
  }

  async #ask(key: string, text: string, format: string): Promise<Answer> {
    const file = join(this.#folder, `${key}.${format}`);
    writeFileSync(file, text);
    // A file, because some configurations log to /dev/stdout, which must then be one that can be opened.
    const stdout = openSync(join(this.#folder, `${key}.stdout`), 'w');
    const args = ['--mode', 'validate', '-c', file, '-l', 'critical', '--disable-hot-restart', ...NODE_ARGUMENTS];
    try {
      return await runEnvoy(args, stdout, file);
    } finally {
      closeSync(stdout);
      rmSync(file);
      rmSync(join(this.#folder, `${key}.stdout`));
    }
  }
}

/** In the folder of the file, because a configuration may log to a relative path. */
const runEnvoy = (args: readonly string[], stdout: number, file: string): Promise<Answer> =>
  new Promise((resolve) => {
    // A group of its own: the command on PATH may be a wrapper.
    const child = spawn('envoy', args, { cwd: dirname(file), detached: true, stdio: ['ignore', stdout, 'pipe'] });
    let log = '';
    child.stderr?.on('data', (bytes: Buffer) => (log = (log + bytes.toString()).slice(-65_536)));
    const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), LIMIT_MS);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve({ accepted: true });
      else resolve({ accepted: false, message: complaint(log, file), crashed: signal !== null || (code ?? 0) >= 128 });
    });
  });

const complaint = (log: string, file: string): string => {
  const start = log.indexOf('error initializing configuration');
  if (start < 0) return log.trim().split('\n').at(-1) ?? '';
  return log.slice(start).replace(`error initializing configuration '${file}': `, '').replaceAll(file, 'the file').trim();
};

const verdictOf = (answer: Answer): EnvoyVerdict => {
  if (answer.accepted) return { kind: 'accepted' };
  const { message, crashed } = answer;
  return crashed ? { kind: 'crashed', message } : { kind: 'refused', stage: refusalStage(message), message };
};
