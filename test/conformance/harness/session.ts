/** One running proxy with its upstreams, and the cases that share them. */

import { closeSync, copyFileSync, fstatSync, mkdtempSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CERTIFICATES } from './tls.ts';
import { readStats } from './admin-client.ts';
import type { Case } from './case.ts';
import { fillText, fillTree } from './placeholders.ts';
import type { RunningTarget, Target } from './target.ts';
import { Upstream } from './upstream.ts';

const ACTIVE = /(downstream|upstream)_(cx|rq)_active$/;
const IDLE_LIMIT_MS = 3_000;
/** The last lines of the case before are on disk by then. */
const LOG_FLUSH_MS = 40;

/** Cases with equal keys may share a process. */
export const sessionKey = (one: Case): string => {
  const upstreams = Object.entries(one.upstreams).map(([name, script]) => `${name}${script.refuses ? ' refuses' : ''}${script.tls === undefined ? '' : JSON.stringify(script.tls)}`);
  return JSON.stringify([one.config, one.files, upstreams, one.fresh ? one.id : '']);
};

export class Session {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly directory: string;
  readonly logFile: string;
  readonly running: RunningTarget;
  #logOffset = 0;
  #used = false;

  private constructor(upstreams: ReadonlyMap<string, Upstream>, directory: string, running: RunningTarget) {
    this.upstreams = upstreams;
    this.directory = directory;
    this.logFile = join(directory, 'access.log');
    this.running = running;
  }

  static async start(target: Target, one: Case): Promise<Session> {
    const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
    const upstreams = new Map(Object.keys(one.upstreams).map((name) => [name, new Upstream(name, one.upstreams[name].tls)]));
    for (const [name, upstream] of upstreams) await upstream.start(one.upstreams[name].refuses);
    const values = new Map<string, string | number>([
      ['log', join(directory, 'access.log')],
      ['dir', directory],
      ['certificates', fileURLToPath(CERTIFICATES)],
    ]);
    for (const [name, upstream] of upstreams) values.set(`port:${name}`, upstream.port);
    writeFileSync(join(directory, 'access.log'), '');
    for (const [name, text] of Object.entries(one.files)) writeFileSync(join(directory, name), fillText(text, values));
    try {
      const running = await target.start(fillTree(one.config, values) as object);
      return new Session(upstreams, directory, running);
    } catch (error) {
      for (const upstream of upstreams.values()) await upstream.stop();
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  replaceFile(name: string, from: string): void {
    const copy = join(this.directory, `${name}.new`);
    copyFileSync(join(this.directory, from), copy);
    renameSync(copy, join(this.directory, name));
  }

  /** Waits until nothing of the case before is left in the proxy, then forgets its log lines. */
  async idle(): Promise<Map<string, number>> {
    for (const upstream of this.upstreams.values()) await upstream.closeConnections();
    const deadline = performance.now() + IDLE_LIMIT_MS;
    for (;;) {
      const stats = await readStats(this.running.adminPort);
      const active = [...stats].filter(([name, value]) => ACTIVE.test(name) && !name.includes('.admin.') && value !== 0);
      if (active.length === 0 || performance.now() > deadline) {
        if (this.#used) await pause(LOG_FLUSH_MS);
        this.#used = true;
        this.#logOffset += this.readLog().length;
        return stats;
      }
      await pause(5);
    }
  }

  /** What the access log gained since the case began. */
  readLog(): Buffer {
    const file = openSync(this.logFile, 'r');
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - this.#logOffset);
      readSync(file, bytes, 0, bytes.length, this.#logOffset);
      return bytes;
    } finally {
      closeSync(file);
    }
  }

  async stop(): Promise<void> {
    await this.running.stop();
    for (const upstream of this.upstreams.values()) await upstream.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
