import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Cores } from './cores.ts';
import { killAll } from './processes.ts';
import { loadCore } from './scenario.ts';

/** The harness polls and reads /proc: on the core of the load, not on the proxy's. */
export function moveThisProcess(cores: Cores | string): void {
  const core = loadCore(cores);
  if (core !== undefined) spawnSync('taskset', ['-a', '-cp', String(core), String(process.pid)]);
}

/** However this process ends, what it started and wrote goes with it. */
export function stopServersOnExit(directory: string): void {
  process.on('exit', () => {
    killAll();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
}
