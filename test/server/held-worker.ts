import type { ThreadWorker } from '../../src/server/thread-worker.ts';

/** Until it is opened the worker does nothing. Resolves when it is held. */
export async function hold(worker: ThreadWorker): Promise<{ open(): void }> {
  const memory = new SharedArrayBuffer(8);
  const [gate, held] = [new Int32Array(memory, 0, 1), new Int32Array(memory, 4, 1)];
  worker.stall(memory);
  await Atomics.waitAsync(held, 0, 0).value;
  return {
    open: () => {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    },
  };
}
