import { readFileSync } from 'node:fs';
import type { Cores } from './cores.ts';
import { readCpu, TICK_MS } from './process-usage.ts';

/**
 * What other programs, or other guests of the host, take of the two cores during a turn. CPU per request stays as it is
 * then; requests/s and latencies become those of a proxy that waits for its core.
 */
export interface BusyReading {
  readonly atMs: number;
  /** Of both cores. */
  readonly busyMs: number;
  /** Of the harness and all that it has started. */
  readonly ownMs: number;
}

/** Columns of a `cpu<n>` line of /proc/stat. Time of guests is part of `user` already. */
const IDLE = 3;
const IO_WAIT = 4;
const GUEST = 8;

export function readBusy({ proxy, load }: Cores): BusyReading {
  const busyMs = parseBusyTicks(readFileSync('/proc/stat', 'latin1'), [proxy, load]) * TICK_MS;
  return { atMs: performance.now(), busyMs, ownMs: readCpu(process.pid).ticksMs };
}

/** Ticks since the start of the machine in which one of `cores` was not idle. */
export function parseBusyTicks(text: string, cores: readonly number[]): number {
  let busy = 0;
  for (const line of text.split('\n')) {
    const [name, ...ticks] = line.split(/ +/);
    if (!cores.some((core) => name === `cpu${core}`)) continue;
    ticks.slice(0, GUEST).forEach((count, column) => {
      if (column !== IDLE && column !== IO_WAIT) busy += Number(count);
    });
  }
  return busy;
}

/** Percent of one core. The clocks of the system differ a little: never below 0. */
export function othersPercent(before: BusyReading, after: BusyReading): number {
  const othersMs = after.busyMs - before.busyMs - (after.ownMs - before.ownMs);
  return Math.max(0, (100 * othersMs) / (after.atMs - before.atMs));
}
