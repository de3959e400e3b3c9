/** Time and chance, handed out by the composition root so that tests can hold them still. */

export interface Clock {
  /** Monotonic milliseconds with a fraction; only differences mean something. */
  monotonicMs(): number;
  /** Milliseconds since the epoch, with a fraction (µs resolution). */
  wallMs(): number;
}

let inTurn = false;
/** Read once in a turn; 0: not yet. */
let turnMs = 0;

/** Until `endTurn`, the system clock stands still: what one read from a socket causes happens at one time. */
export function beginTurn(): void {
  inTurn = true;
  turnMs = 0;
}

export function endTurn(): void {
  inTurn = false;
}

function monotonicMs(): number {
  if (!inTurn) return performance.now();
  if (turnMs === 0) turnMs = performance.now();
  return turnMs;
}

const { timeOrigin } = performance;

export const systemClock: Clock = { monotonicMs, wallMs: () => timeOrigin + monotonicMs() };

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
