import { parentPort, workerData } from 'node:worker_threads';

/** Ends a process that is busy with one input for too long: a loop cannot tell of itself. */

const LIMIT_MS = 5000;
const LOOK_EVERY_MS = 500;

/** The number of the input under way, and of its target. */
const [input, target] = [0, 1];
const state = workerData as Uint32Array;
let seen = -1;
let sinceMs = performance.now();

setInterval(() => {
  const now = Atomics.load(state, input);
  if (now !== seen) {
    seen = now;
    sinceMs = performance.now();
  } else if (performance.now() - sinceMs > LIMIT_MS) {
    process.stderr.write(`input ${now} of target ${Atomics.load(state, target)} is not over after ${LIMIT_MS} ms\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}, LOOK_EVERY_MS);
parentPort?.once('message', () => process.exit(0));
