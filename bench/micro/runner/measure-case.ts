import { GCProfiler, getHeapStatistics } from 'node:v8';
import { median } from '../../end-to-end/arithmetic.ts';
import type { MicroCase, MicroFigures } from './micro-case.ts';

/** A repetition lasts about this long: far above the clock's resolution, short enough to interrupt. */
const REPETITION_MS = 40;
const WARM_UP_MS = 200;
const MAX_COUNT = 2 ** 30;

/** Keeps the last result alive, so that the compiler cannot leave the work out. */
const kept: unknown[] = [undefined];

export function measureCase({ name, run }: MicroCase, repetitions: number): MicroFigures {
  const count = calibrate(run);
  warmUp(run, count);
  const nanoseconds: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    globalThis.gc?.();
    nanoseconds.push((timeMs(run, count) * 1e6) / count);
  }
  return {
    name,
    nsPerOperation: median(nanoseconds),
    lowNs: Math.min(...nanoseconds),
    highNs: Math.max(...nanoseconds),
    bytesPerOperation: allocatedBytes(run, count) / count,
  };
}

/** Heap bytes allocated by `count` operations, collections in between included. */
export function allocatedBytes(run: MicroCase['run'], count: number): number {
  globalThis.gc?.();
  const profiler = new GCProfiler();
  profiler.start();
  let usedBefore = getHeapStatistics().used_heap_size;
  kept[0] = run(count);
  const usedAfter = getHeapStatistics().used_heap_size;
  let allocated = 0;
  for (const { beforeGC, afterGC } of profiler.stop().statistics) {
    allocated += beforeGC.heapStatistics.usedHeapSize - usedBefore;
    usedBefore = afterGC.heapStatistics.usedHeapSize;
  }
  // The profiler itself leaves some hundred bytes behind.
  return Math.max(0, allocated + usedAfter - usedBefore);
}

function calibrate(run: MicroCase['run']): number {
  let count = 1;
  while (count < MAX_COUNT) {
    const tookMs = timeMs(run, count);
    if (tookMs >= REPETITION_MS) break;
    count = Math.ceil(count * (tookMs < 1 ? 8 : Math.min(8, (REPETITION_MS * 1.1) / tookMs)));
  }
  return count;
}

function warmUp(run: MicroCase['run'], count: number): void {
  for (const endMs = performance.now() + WARM_UP_MS; performance.now() < endMs; ) kept[0] = run(count);
}

function timeMs(run: MicroCase['run'], count: number): number {
  const startMs = performance.now();
  kept[0] = run(count);
  return performance.now() - startMs;
}
