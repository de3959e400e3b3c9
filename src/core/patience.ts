/**
 * Whether something new is worth learning in place of what is known: less and less often while what is known serves nobody, so that where everything
 * keeps changing next to nothing is spent.
 */
export class Patience {
  /** Others since what is known was last met. */
  #misses = 0;
  /** So many are borne before another is learned. */
  #limit = MIN_PATIENCE;

  hit(): void {
    this.#misses = 0;
    if (this.#limit > MIN_PATIENCE) this.#limit >>= 1;
  }

  /** True: learn this one. */
  miss(): boolean {
    if (++this.#misses <= this.#limit) return false;
    this.#misses = 0;
    this.#limit = Math.min(this.#limit * 2, MAX_PATIENCE);
    return true;
  }
}

const MIN_PATIENCE = 2;
const MAX_PATIENCE = 4096;
