import { enterCallback, leaveCallback } from './write-batch.ts';

/** What a listener does with the sockets it is given. */
export interface Admission<Raw> {
  admit(raw: Raw): void;
  refuse(raw: Raw): void;
}

/**
 * Between the system's accept and the owner. Node cannot stop accepting without closing the listening socket, so a
 * paused listener holds what arrives, unread, and refuses what exceeds the backlog it was given.
 */
export class AcceptGate<Raw> {
  readonly #admission: Admission<Raw>;
  readonly #holdLimit: number;
  #held: Raw[] = [];
  #isPaused = false;
  /** Sockets seen so far. */
  #arrived = 0;

  constructor(admission: Admission<Raw>, holdLimit: number) {
    this.#admission = admission;
    this.#holdLimit = holdLimit;
  }

  offer(raw: Raw): void {
    this.#arrived++;
    if (!this.#isPaused) this.#admit(raw);
    else if (this.#held.length < this.#holdLimit) this.#held.push(raw);
    else this.#admission.refuse(raw);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** What is held is admitted after this call has returned. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#held.length > 0) setImmediate(() => this.#admitHeld());
  }

  /**
   * Resolves at the first turn of the event loop that brought no connection, so that the caller can close the listening
   * socket in the same turn: what a backlog holds at that moment is reset. Gives up after `turnLimit` turns with arrivals.
   */
  async quiet(turnLimit: number): Promise<void> {
    this.resume();
    await nextTurn();
    for (let turn = 0; turn < turnLimit; turn++) {
      const before = this.#arrived;
      await nextTurn();
      if (this.#arrived === before) break;
    }
    this.#isPaused = false;
    this.#admitHeld();
  }

  #admitHeld(): void {
    while (this.#held.length > 0 && !this.#isPaused) this.#admit(this.#held.shift()!);
  }

  #admit(raw: Raw): void {
    enterCallback();
    try {
      this.#admission.admit(raw);
    } finally {
      leaveCallback();
    }
  }
}

/** Polls the sockets once. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
