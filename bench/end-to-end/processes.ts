import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Command } from './command.ts';
import { pinned } from './cores.ts';
import { readFamily } from './process-usage.ts';

const STOP_GRACE_MS = 1_500;
const MAX_OUTPUT_BYTES = 1 << 20;

/** Every process the harness has started and not yet seen end: none may outlive it. */
const running = new Set<ServerProcess>();
const loads = new Set<ChildProcess>();

export interface StartOptions {
  readonly core: number | undefined;
  /** Standard output and error go to `output.log` here: a full pipe would stall the process. */
  readonly directory: string;
}

/** A proxy or an origin: runs until it is stopped. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #outputPath: string;
  readonly #ended: Promise<void>;
  #alive = true;

  constructor(command: Command, { core, directory }: StartOptions) {
    this.#outputPath = join(directory, 'output.log');
    const output = openSync(this.#outputPath, 'a');
    const { file, args, env } = pinned(command, core);
    this.#child = spawn(file, args, { stdio: ['ignore', output, output], cwd: directory, env: { ...process.env, ...env } });
    closeSync(output);
    running.add(this);
    this.#ended = new Promise((resolve) => {
      const onEnd = (): void => {
        this.#alive = false;
        running.delete(this);
        resolve();
      };
      this.#child.on('exit', onEnd);
      this.#child.on('error', onEnd);
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** taskset becomes the command it starts, so this is the server itself. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get outputTail(): string {
    return readFileSync(this.#outputPath, 'utf8').trim().split('\n').slice(-5).join('\n');
  }

  /** A suspended process takes no CPU from the one that is being measured. */
  suspend(): void {
    this.#signalFamily('SIGSTOP');
  }

  resume(): void {
    this.#signalFamily('SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    if (!this.#alive) return;
    const family = readFamily(this.pid);
    this.resume();
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => family.forEach((pid) => signalQuietly(pid, 'SIGKILL')), STOP_GRACE_MS);
    await this.#ended;
    clearTimeout(killer);
  }

  killNow(): void {
    if (this.#alive) readFamily(this.pid).forEach((pid) => signalQuietly(pid, 'SIGKILL'));
  }

  #signalFamily(signal: NodeJS.Signals): void {
    if (this.#alive) readFamily(this.pid).forEach((pid) => signalQuietly(pid, signal));
  }
}

export function killAll(): void {
  for (const load of loads) load.kill('SIGKILL');
  for (const server of running) server.killNow();
}

/** A load generator is killed with the harness. */
export function boundToHarness<Child extends ChildProcess>(child: Child): Child {
  loads.add(child);
  child.on('close', () => loads.delete(child));
  return child;
}

/** Runs a load generator to its end and returns what it printed. */
export function runToEnd(command: Command, core: number | undefined, withinMs: number): Promise<string> {
  const { file, args, env } = pinned(command, core);
  return new Promise((resolve, reject) => {
    const child = boundToHarness(spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } }));
    const timeout = setTimeout(() => child.kill('SIGKILL'), withinMs);
    let output = '';
    let errors = '';
    child.stdout.on('data', (text: Buffer) => {
      if (output.length < MAX_OUTPUT_BYTES) output += String(text);
    });
    child.stderr.on('data', (text: Buffer) => {
      if (errors.length < MAX_OUTPUT_BYTES) errors += String(text);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timeout);
      if (code === 0) resolve(output);
      else reject(new Error(`${file} ended with ${signal ?? code}: ${errors || output}`));
    });
  });
}

/** Below the range from which the system takes the ports of outgoing connections: load generators use those up. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const PORT_TRIES = 100;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${FIRST_PORT} and ${FIRST_PORT + PORTS}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}
