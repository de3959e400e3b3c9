import type { Clock } from './clock.ts';
import type { CountCells } from './process-counts.ts';

export interface ProcessTokenBucketOptions {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

const US_PER_MS = 1000;
const US_PER_SECOND = 1_000_000;

/**
 * Tokens that all threads take from. They come back evenly over time; what is kept is the time at which the bucket was empty, so that one exchange
 * takes a token. Times are the wall clock's, which threads have in common.
 */
export class ProcessTokenBucket {
  readonly maxTokens: number;
  readonly usPerToken: number;
  readonly #clock: Clock;
  readonly #cells: CountCells;
  readonly #usWhenFull: number;

  constructor(clock: Clock, cells: CountCells, { maxTokens, tokensPerFill, fillIntervalMs }: ProcessTokenBucketOptions) {
    this.#clock = clock;
    this.#cells = cells;
    this.maxTokens = maxTokens;
    this.usPerToken = Math.max(1, Math.round((fillIntervalMs * US_PER_MS) / tokensPerFill));
    this.#usWhenFull = maxTokens * this.usPerToken;
  }

  /** All of `tokens` or none. A negative number gives tokens back. */
  tryTake(tokens = 1): boolean {
    const cells = this.#cells;
    const nowUs = this.#nowUs();
    for (;;) {
      const emptyUs = cells.stamp();
      const takenUs = Math.max(emptyUs, nowUs - this.#usWhenFull) + tokens * this.usPerToken;
      if (takenUs > nowUs) return false;
      if (cells.moveStamp(emptyUs, takenUs)) return true;
    }
  }

  /** Whole tokens that are there now. */
  get remaining(): number {
    const nowUs = this.#nowUs();
    return Math.floor((nowUs - Math.max(this.#cells.stamp(), nowUs - this.#usWhenFull)) / this.usPerToken);
  }

  /** Until there is one; 0 when there is. */
  get nextTokenSeconds(): number {
    const nowUs = this.#nowUs();
    return Math.max(0, this.#cells.stamp() + this.usPerToken - nowUs) / US_PER_SECOND;
  }

  /** What other threads take meanwhile may be lost. */
  fill(): void {
    this.#cells.moveStamp(this.#cells.stamp(), 0);
  }

  #nowUs(): number {
    return Math.floor(this.#clock.wallMs() * US_PER_MS);
  }
}
