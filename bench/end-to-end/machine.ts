import { cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Cores } from './cores.ts';

export interface Machine {
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Over the last minute before the run: anything but near 0 disturbs it. */
  readonly loadBefore: number;
  readonly pinning: string;
}

export function describeMachine(cores: Cores | string): Machine {
  const processors = cpus();
  return {
    cpuModel: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    loadBefore: loadavg()[0],
    pinning:
      typeof cores === 'string'
        ? `nothing is pinned: ${cores}`
        : `one proxy at a time on core ${cores.proxy}, load and origin on core ${cores.load}`,
  };
}
