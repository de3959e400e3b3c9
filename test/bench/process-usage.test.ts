import { describe, expect, it } from 'vitest';
import { chooseCores, parseCpuList } from '../../bench/end-to-end/cores.ts';
import type { CpuReading } from '../../bench/end-to-end/process-usage.ts';
import { cpuBetweenMs, familyOf, parseMemory, parseStat, readCpu, readMemory } from '../../bench/end-to-end/process-usage.ts';

const STAT =
  '4242 (node (main) 1) S 4000 4242 4000 34816 4242 4194304 30000 12 3 0 250 75 40 5 20 0 11 0 123456 1200000000 25000 ' +
  '18446744073709551615 1 1 0 0 0 0 0 4096 17922 0 0 0 17 1 0 0 0 0 0';

function processStat(pid: number, parentPid: number): ReturnType<typeof parseStat> {
  return { pid, parentPid, state: 'S', ownTicks: 0, childTicks: 0 };
}

function reading(ticksMs: number, threads: Record<string, number>): CpuReading {
  return { ticksMs, threads: new Map(Object.entries(threads)) };
}

describe('a line of /proc/<pid>/stat', () => {
  it('yields parent, own time and that of children, also with blanks and parentheses in the name', () => {
    expect(parseStat(STAT)).toEqual({ pid: 4242, parentPid: 4000, state: 'S', ownTicks: 325, childTicks: 45 });
  });
});

describe('/proc/<pid>/status', () => {
  it('yields present and peak memory in MiB', () => {
    const text = 'Name:\tnode\nVmPeak:\t  900000 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\nThreads:\t11\n';
    expect(parseMemory(text)).toEqual({ rssMiB: 100, peakMiB: 200 });
  });
});

describe('a family of processes', () => {
  it('is the root and all that descend from it, in whatever order /proc lists them', () => {
    const stats = [processStat(9, 7), processStat(5, 1), processStat(7, 5), processStat(6, 1), processStat(8, 5)];
    expect(familyOf(5, stats).sort()).toEqual([5, 7, 8, 9]);
  });
});

describe('CPU between two readings', () => {
  it('is the sum over the threads, with new ones counted from zero', () => {
    const before = reading(100, { '1/1': 5_000_000, '1/2': 1_000_000 });
    const after = reading(110, { '1/1': 9_000_000, '1/2': 1_500_000, '1/3': 500_000 });
    expect(cpuBetweenMs(before, after)).toBe(5);
  });

  it('falls back to ticks when a thread has ended and took its clock along', () => {
    const before = reading(100, { '1/1': 5_000_000, '1/2': 1_000_000 });
    expect(cpuBetweenMs(before, reading(130, { '1/1': 9_000_000 }))).toBe(30);
  });

  it('falls back to ticks where the system has no clocks per thread', () => {
    expect(cpuBetweenMs(reading(100, {}), reading(130, {}))).toBe(30);
  });
});

describe.skipIf(process.platform !== 'linux')('this process', () => {
  it('has used CPU and memory', () => {
    expect(readCpu(process.pid).ticksMs).toBeGreaterThan(0);
    const { rssMiB, peakMiB } = readMemory(process.pid);
    expect(rssMiB).toBeGreaterThan(10);
    expect(peakMiB).toBeGreaterThan(10);
  });
});

describe('cores', () => {
  it('are read as the kernel lists them', () => {
    expect(parseCpuList('0-2,8,10-11\n')).toEqual([0, 1, 2, 8, 10, 11]);
    expect(parseCpuList('')).toEqual([]);
  });

  it('are one for the proxy and one for load and origin', () => {
    expect(chooseCores([4, 6, 7], true)).toEqual({ proxy: 4, load: 6 });
  });

  it('are not pinned without taskset or with a single one, and the reason is told', () => {
    expect(chooseCores([0, 1], false)).toBe('taskset is not installed');
    expect(chooseCores([0], true)).toBe('only one core is available');
  });
});
