/** Time and chance, handed out by the composition root so that tests can hold them still. */

export interface Clock {
  /** Monotonic milliseconds with a fraction; only differences mean something. */
  monotonicMs(): number;
  /** Milliseconds since the epoch, with a fraction (µs resolution). */
  wallMs(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => performance.timeOrigin + performance.now(),
};

/** A clock that a test moves. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #epochMs: number;

  constructor(epochMs = Date.UTC(2026, 0, 1)) {
    this.#epochMs = epochMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#epochMs + this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
