import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const GO_PROGRAMS = join(homedir(), 'go', 'bin');

/** Where `go install` has put a program; undefined when it is not there. */
export function goProgram(name: string): string | undefined {
  const path = join(GO_PROGRAMS, name);
  return existsSync(path) ? path : undefined;
}

/** Whether a program is on the PATH: the arguments make it end at once. */
export function isOnPath(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args).error === undefined;
}

/** Of a suite that is skipped where its program is missing. */
export function titleOf(suite: string, isInstalled: boolean, install: string): string {
  return isInstalled ? suite : `${suite}: skipped, needs \`${install}\``;
}
