/** Asks nuncio, in a child process that is replaced when it dies or hangs. */

import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NuncioVerdict } from './verdict.ts';

const CHILD = fileURLToPath(new URL('nuncio-judge-child.ts', import.meta.url));
const LIMIT_MS = 30_000;

export class NuncioJudge {
  readonly #folder: string;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(folder: string, program = CHILD) {
    this.#folder = folder;
    this.#program = program;
  }

  /** One at a time: a death must have one culprit. */
  judge(text: string, format: 'yaml' | 'json'): Promise<NuncioVerdict> {
    const verdict = this.#queue.then(() => this.#ask(text, format));
    this.#queue = verdict;
    return verdict;
  }

  close(): void {
    this.#child?.kill();
    this.#child = undefined;
  }

  async #ask(text: string, format: string): Promise<NuncioVerdict> {
    const file = join(this.#folder, `${createHash('sha256').update(text).digest('base64url')}.ours.${format}`);
    writeFileSync(file, text);
    try {
      const verdict = await this.#exchange(file);
      return JSON.parse(JSON.stringify(verdict).replaceAll(JSON.stringify(file).slice(1, -1), 'the file')) as NuncioVerdict;
    } finally {
      rmSync(file);
    }
  }

  #exchange(file: string): Promise<NuncioVerdict> {
    const child = (this.#child ??= fork(this.#program, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }));
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      const settle = (verdict: NuncioVerdict): void => {
        clearTimeout(timer);
        child.off('message', settle);
        child.off('exit', onExit);
        resolve(verdict);
      };
      const onExit = (code: number | null, signal: string | null): void => {
        this.#child = undefined;
        settle({ kind: 'crashed', message: `the process ended with ${signal ?? `code ${code}`}` });
      };
      child.on('message', settle);
      child.once('exit', onExit);
      child.send(file);
    });
  }
}
