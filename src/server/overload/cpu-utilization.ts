import type { Clock } from '../../core/clock.ts';
import { fs } from '../../core/node-modules.ts';

/** How much the last interval counts; what was before counts for the rest. */
const SHARE_OF_LAST = 0.05;
const MS_PER_SECOND = 1000;
/** `cpu.shares` of a whole processor. */
const SHARES_PER_CPU = 1024;

/** Of processor time, since some moment: what was used, and what there was. */
interface CpuTimes {
  readonly used: number;
  readonly available: number;
}

export type CpuScope = 'host' | 'container';
/** Undefined: there is no such file. */
export type ReadFile = (path: string) => string | undefined;

/** How busy processors are, dampened: 1 when they always are; more where a container uses more than its share. */
export class CpuUtilization {
  readonly #read: () => CpuTimes;
  #last: CpuTimes | undefined;
  #utilization = 0;

  constructor(scope: CpuScope, clock: Clock, readFile: ReadFile = readIfThere) {
    this.#read = scope === 'host' ? () => hostTimes(readFile) : () => containerTimes(readFile, clock.monotonicMs() / MS_PER_SECOND);
  }

  /** Throws when it cannot be found out. */
  pressure(): number {
    const times = this.#read();
    const last = this.#last;
    this.#last = times;
    if (last === undefined || times.available <= last.available) return this.#utilization;
    const now = (times.used - last.used) / (times.available - last.available);
    this.#utilization += SHARE_OF_LAST * (now - this.#utilization);
    return this.#utilization;
  }
}

/** User, nice, system, idle: the first line of `/proc/stat`. */
function hostTimes(readFile: ReadFile): CpuTimes {
  const times = /^cpu +(\d+) (\d+) (\d+) (\d+)/.exec(needed(readFile, '/proc/stat'))?.slice(1).map(Number);
  if (times === undefined) throw new Error('no times in /proc/stat');
  const [user = 0, nice = 0, system = 0, idle = 0] = times;
  const used = user + nice + system;
  return { used, available: used + idle };
}

/** In seconds. Of cgroup v2, else of v1. */
function containerTimes(readFile: ReadFile, nowSeconds: number): CpuTimes {
  const stat = readFile('/sys/fs/cgroup/cpu.stat');
  if (stat === undefined) {
    const cpus = Number(needed(readFile, '/sys/fs/cgroup/cpu/cpu.shares')) / SHARES_PER_CPU;
    return { used: Number(needed(readFile, '/sys/fs/cgroup/cpuacct/cpuacct.usage')) / 1e9, available: nowSeconds * cpus };
  }
  const usec = /^usage_usec (\d+)$/m.exec(stat)?.[1];
  if (usec === undefined) throw new Error('no usage_usec in /sys/fs/cgroup/cpu.stat');
  return { used: Number(usec) / 1e6, available: nowSeconds * allowedCpus(readFile) };
}

/** As many as the set has, or the quota buys. */
function allowedCpus(readFile: ReadFile): number {
  const cpus = countCpus(needed(readFile, '/sys/fs/cgroup/cpuset.cpus.effective'));
  const [quota = 'max', period = ''] = (readFile('/sys/fs/cgroup/cpu.max') ?? '').trim().split(' ');
  return quota === 'max' || quota === '' ? cpus : Math.min(cpus, Number(quota) / Number(period));
}

/** Of `0-3,7`. */
function countCpus(list: string): number {
  let count = 0;
  for (const range of list.trim().split(',')) {
    const [first = 0, last = first] = range.split('-').map(Number);
    count += last - first + 1;
  }
  return count;
}

function needed(readFile: ReadFile, path: string): string {
  const text = readFile(path);
  if (text === undefined) throw new Error(`no ${path}`);
  return text;
}

function readIfThere(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}
