import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * CPU and memory of a process with all its threads and children, from /proc.
 *
 * CPU comes from two clocks: `/proc/<pid>/stat` counts everything that ever ran but in ticks of 10 ms; the scheduler's
 * per-thread clocks count nanoseconds but vanish with their thread. The fine one is used as long as no thread has ended.
 */
export interface CpuReading {
  readonly ticksMs: number;
  /** Nanoseconds by `pid/tid`. */
  readonly threads: ReadonlyMap<string, number>;
}

export interface MemoryReading {
  readonly rssMiB: number;
  readonly peakMiB: number;
}

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  readonly state: string;
  readonly ownTicks: number;
  /** Of children that have ended and were waited for. */
  readonly childTicks: number;
}

/** The unit of /proc is fixed for programs (USER_HZ), whatever the kernel's own tick. */
export const TICK_MS = 10;

/** A line of `/proc/<pid>/stat`. The command name stands in parentheses and may hold blanks and parentheses itself. */
export function parseStat(text: string): ProcessStat {
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).trim().split(' ');
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0],
    parentPid: Number(fields[1]),
    ownTicks: Number(fields[11]) + Number(fields[12]),
    childTicks: Number(fields[13]) + Number(fields[14]),
  };
}

/** `VmRSS` and `VmHWM` of `/proc/<pid>/status`. */
export function parseMemory(text: string): MemoryReading {
  const kibibytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN);
  return { rssMiB: kibibytes('VmRSS') / 1024, peakMiB: kibibytes('VmHWM') / 1024 };
}

/** Pids of `root` and all that descend from it. */
export function familyOf(root: number, stats: readonly ProcessStat[]): number[] {
  const family = [root];
  for (let next = 0; next < family.length; next++) {
    for (const stat of stats) if (stat.parentPid === family[next]) family.push(stat.pid);
  }
  return family;
}

/** Milliseconds of CPU between two readings of the same process. */
export function cpuBetweenMs(before: CpuReading, after: CpuReading): number {
  let nanoseconds = 0;
  for (const [thread, was] of before.threads) {
    const is = after.threads.get(thread);
    if (is === undefined) return after.ticksMs - before.ticksMs;
    nanoseconds -= was;
  }
  if (after.threads.size === 0) return after.ticksMs - before.ticksMs;
  for (const is of after.threads.values()) nanoseconds += is;
  return nanoseconds / 1e6;
}

export function readFamily(root: number): number[] {
  const stats: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = readOrEmpty(`/proc/${name}/stat`);
    if (text !== '') stats.push(parseStat(text));
  }
  return familyOf(root, stats);
}

export function readCpu(root: number): CpuReading {
  let ticks = 0;
  const threads = new Map<string, number>();
  for (const pid of readFamily(root)) {
    const text = readOrEmpty(`/proc/${pid}/stat`);
    if (text === '') continue;
    const stat = parseStat(text);
    ticks += stat.ownTicks + stat.childTicks;
    for (const thread of threadsOf(pid)) {
      const schedule = readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`);
      if (schedule !== '') threads.set(`${pid}/${thread}`, Number.parseInt(schedule, 10));
    }
  }
  return { ticksMs: ticks * TICK_MS, threads };
}

export function readMemory(root: number): MemoryReading {
  let rssMiB = 0;
  let peakMiB = 0;
  for (const pid of readFamily(root)) {
    const text = readOrEmpty(`/proc/${pid}/status`);
    if (!text.includes('VmRSS')) continue;
    const memory = parseMemory(text);
    rssMiB += memory.rssMiB;
    peakMiB += memory.peakMiB;
  }
  return { rssMiB, peakMiB };
}

/** Makes the peak start again from the present size. False where the kernel does not offer it. */
export function resetPeak(root: number): boolean {
  try {
    for (const pid of readFamily(root)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Processes end while they are being read: nothing is what is left of them. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
