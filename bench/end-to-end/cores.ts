import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Command } from './command.ts';
import { findProgram } from './command.ts';

/** The proxy has one core for itself; load and origin share the other. */
export interface Cores {
  readonly proxy: number;
  readonly load: number;
}

/** `0-3,8` as the kernel writes it. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(',')) {
    if (part === '') continue;
    const [first, last = first] = part.split('-').map(Number);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** Why nothing can be pinned, or the two cores. */
export function chooseCores(cpus: readonly number[], hasTaskset: boolean): Cores | string {
  if (!hasTaskset) return 'taskset is not installed';
  if (cpus.length < 2) return 'only one core is available';
  return { proxy: cpus[0], load: cpus[1] };
}

export function coresOfThisMachine(): Cores | string {
  return chooseCores(allowedCpus(), findProgram('taskset') !== undefined);
}

export function pinned(command: Command, core: number | undefined): Command {
  if (core === undefined) return command;
  return { ...command, file: 'taskset', args: ['-c', String(core), command.file, ...command.args] };
}

function allowedCpus(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return parseCpuList(/^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? '');
  } catch {
    return Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
  }
}
