import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readlinkSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readFamily } from './process-usage.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Directories of system programs that an ordinary user's PATH leaves out. */
const MORE_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The absolute path of a program, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_DIRECTORIES]) {
    if (directory === '') continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The first line of a program's answer about itself, or ''. */
export function versionLine(file: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 10_000 });
  return `${stdout ?? ''}${stderr ?? ''}`.split('\n').find((line) => line.trim() !== '')?.trim() ?? '';
}

/**
 * The executable of that name behind a launcher script: its start is what is measured, not the launcher's. The command
 * must keep running; it is stopped again at once.
 */
export async function executableBehind(name: string, command: Command, withinMs = 5_000): Promise<string> {
  const child = spawn(command.file, command.args, { stdio: 'ignore' });
  child.on('error', () => undefined);
  try {
    for (const endMs = performance.now() + withinMs; performance.now() < endMs && child.pid !== undefined; ) {
      const path = executableOf(name, readFamily(child.pid));
      if (path !== undefined) return path;
      await delay(20);
    }
    return command.file;
  } finally {
    for (const pid of child.pid === undefined ? [] : readFamily(child.pid)) killQuietly(pid);
  }
}

function executableOf(name: string, pids: readonly number[]): string | undefined {
  for (const pid of pids) {
    try {
      const path = readlinkSync(`/proc/${pid}/exe`);
      if (basename(path).startsWith(name)) return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
