import type { Clock } from './clock.ts';
import type { CountCells } from './process-counts.ts';

export interface ProcessTokenBucketOptions {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

const US_PER_MS = 1000;

/**
 * Tokens that all threads take from. They come back evenly over time; what is kept is the time at which the bucket was empty, so that one exchange
 * takes a token. Times are the wall clock's, which threads have in common.
 */
export class ProcessTokenBucket {
  readonly #clock: Clock;
  readonly #cells: CountCells;
  readonly #usPerToken: number;
  readonly #usWhenFull: number;

  constructor(clock: Clock, cells: CountCells, { maxTokens, tokensPerFill, fillIntervalMs }: ProcessTokenBucketOptions) {
    this.#clock = clock;
    this.#cells = cells;
    this.#usPerToken = Math.max(1, Math.round((fillIntervalMs * US_PER_MS) / tokensPerFill));
    this.#usWhenFull = maxTokens * this.#usPerToken;
  }

  tryTake(): boolean {
    const cells = this.#cells;
    const nowUs = Math.floor(this.#clock.wallMs() * US_PER_MS);
    for (;;) {
      const emptyUs = cells.stamp();
      const takenUs = Math.max(emptyUs, nowUs - this.#usWhenFull) + this.#usPerToken;
      if (takenUs > nowUs) return false;
      if (cells.moveStamp(emptyUs, takenUs)) return true;
    }
  }
}
