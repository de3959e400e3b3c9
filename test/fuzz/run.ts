/**
 * Hostile input for as long as wanted: `npm run fuzz -- [targets] [--seconds 10] [--from 0] [--inputs n]`. Inputs are numbered, and the same
 * number is the same input, so that runs can go on where others have stopped. Each must leave its target without a throw, within a second,
 * and with nothing kept. Prints how many inputs each target took, what they reached, and how the heap has grown.
 */
import { parseArgs } from 'node:util';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Target } from './target.ts';
import { TARGETS } from './targets.ts';

const BATCH = 500;
/** Beyond what the heap has after the first batches. */
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
const WARM_BATCHES = 20;
/** An input that takes longer has cost more than it may. */
const MAX_MS = 1000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '10' }, from: { type: 'string', default: '0' }, inputs: { type: 'string', default: 'Infinity' } },
});
const targets = positionals.length === 0 ? TARGETS : TARGETS.filter(({ name }) => positionals.includes(name));
if (targets.length === 0 || globalThis.gc === undefined) {
  process.stderr.write(`usage: npm run fuzz -- [${TARGETS.map(({ name }) => name).join(' ')}] [--seconds n] [--from n] [--inputs n]\n`);
  process.exit(2);
}

const state = new Uint32Array(new SharedArrayBuffer(8));
const watchdog = new Worker(new URL('watchdog.ts', import.meta.url), { workerData: state });
watchdog.unref();

function heapBytes(): number {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

/** Returns the slowest input's time. */
function playBatch(target: Target, first: number, end: number): number {
  let slowestMs = 0;
  for (let input = first; input < end; input++) {
    Atomics.store(state, 0, input);
    const startedMs = performance.now();
    try {
      target.play(input);
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      if (slowestMs > MAX_MS) throw new Error('it took too long');
    } catch (error) {
      process.stderr.write(`${target.name}, input ${input}\n`);
      throw error;
    }
  }
  return slowestMs;
}

async function run(target: Target, index: number): Promise<void> {
  Atomics.store(state, 1, index);
  const from = Number(values.from);
  const endMs = performance.now() + (Number(values.seconds) * 1000) / targets.length;
  const last = from + Number(values.inputs);
  let [next, batches, slowestMs, startBytes] = [from, 0, 0, 0];
  while (next < last && performance.now() < endMs) {
    const end = Math.min(next + BATCH, last);
    slowestMs = Math.max(slowestMs, playBatch(target, next, end));
    next = end;
    if (++batches === WARM_BATCHES) startBytes = heapBytes();
    await nextTurn();
  }
  const growth = startBytes === 0 ? 0 : heapBytes() - startBytes;
  const reached = [...(target.reached?.() ?? [])].sort(([one], [other]) => one.localeCompare(other)).map(([what, times]) => `${what} ${times}`);
  process.stdout.write(`${target.name}: inputs ${from} to ${next - 1}, ${next - from} in all; slowest ${slowestMs.toFixed(0)} ms; heap ${(growth / 1024).toFixed(0)} KiB more\n`);
  if (reached.length > 0) process.stdout.write(`  ${reached.join(', ')}\n`);
  if (growth > MAX_GROWTH_BYTES) throw new Error(`the heap has grown by ${growth} bytes`);
}

for (const [index, target] of targets.entries()) await run(target, index);
await watchdog.terminate();
