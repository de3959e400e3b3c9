import { Worker, isMainThread, workerData } from 'node:worker_threads';

/**
 * Wakes the main thread at times finer than the event loop's timers, which know milliseconds only: a thread of its own
 * sleeps until the time asked for and then posts. The main thread asks for one wake-up at a time.
 *
 *     words[0]: 0 = nothing asked, 1 = sleep for `delays[0]` ms, 2 = end
 */
export class Pacer {
  readonly #words = new Int32Array(new SharedArrayBuffer(4));
  readonly #delays = new Float64Array(new SharedArrayBuffer(8));
  readonly #worker: Worker;

  constructor(onWake: () => void) {
    this.#worker = new Worker(new URL(import.meta.url), { workerData: { words: this.#words, delays: this.#delays } });
    this.#worker.on('message', onWake);
  }

  wakeIn(delayMs: number): void {
    this.#delays[0] = delayMs;
    Atomics.store(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  close(): void {
    Atomics.store(this.#words, 0, 2);
    Atomics.notify(this.#words, 0);
  }
}

if (!isMainThread) await sleepOnRequest();

async function sleepOnRequest(): Promise<void> {
  const { parentPort } = await import('node:worker_threads');
  const { words, delays } = workerData as { words: Int32Array; delays: Float64Array };
  for (;;) {
    Atomics.wait(words, 0, 0);
    if (Atomics.exchange(words, 0, 0) === 2) return;
    // Nobody notifies while it sleeps, so this ends by time, or by `close()` at the latest.
    Atomics.wait(words, 0, 0, delays[0]);
    parentPort!.postMessage(0);
  }
}
