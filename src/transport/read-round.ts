import { beginTurn } from '../core/clock.ts';
import { atRoundEnd, endRound, type RoundTask } from '../core/round.ts';
import { readSlots, SLOT_BYTES } from './read-buffers.ts';
import { enterCallback, leaveCallback } from './write-batch.ts';

/**
 * What one look of the event loop at its sockets brings is read whole before any of it is acted upon: reads, then the work, then writes. Code and data of
 * each part stay in the processor's caches that way; done read by read, the same work costs a fifth more under load. With one read in a round, only the
 * copy is paid.
 */
export interface StagedReader {
  /** Has something in the round. Set by the round. */
  isStaged: boolean;
  /** `bytes[0, length)`, lent for the call. */
  deliver(bytes: Buffer, length: number): void;
}

class ReadRound implements RoundTask {
  readonly #readers: (StagedReader | undefined)[] = readSlots.map(() => undefined);
  readonly #lengths = new Int32Array(readSlots.length);
  #count = 0;
  #waits = false;

  /** Takes a copy of a small read; a large one is to be acted upon at once. Order is kept: what is staged comes before it. */
  stage(reader: StagedReader, bytes: Buffer, length: number): boolean {
    if (length > SLOT_BYTES) {
      if (reader.isStaged) this.deliver();
      return false;
    }
    if (reader.isStaged || this.#count === readSlots.length) this.deliver();
    const at = this.#count++;
    bytes.copy(readSlots[at]!, 0, 0, length);
    this.#lengths[at] = length;
    this.#readers[at] = reader;
    reader.isStaged = true;
    if (!this.#waits) {
      this.#waits = true;
      atRoundEnd(this);
    }
    return true;
  }

  /** Takes back what the reader has in the round. */
  take(reader: StagedReader): Buffer {
    const at = this.#readers.indexOf(reader);
    if (at === -1) return NOTHING;
    this.#readers[at] = undefined;
    reader.isStaged = false;
    return Buffer.from(readSlots[at]!.subarray(0, this.#lengths[at]));
  }

  onRoundEnd(): void {
    this.#waits = false;
    this.deliver();
    // What connections have put off is due too.
    endRound();
  }

  /** Hands over what is staged. */
  deliver(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    enterCallback();
    try {
      this.#deliverFrom(0, count);
    } finally {
      leaveCallback();
    }
  }

  #deliverFrom(from: number, count: number): void {
    let at = from;
    try {
      while (at < count) {
        const reader = this.#readers[at];
        this.#readers[at] = undefined;
        const slot = at++;
        if (reader === undefined) continue;
        reader.isStaged = false;
        reader.deliver(readSlots[slot]!, this.#lengths[slot]!);
        // A long round has several times.
        if (at % READS_AT_ONE_TIME === 0) beginTurn();
      }
    } finally {
      // One has thrown: the others have their turn.
      if (at < count) this.#deliverFrom(at, count);
    }
  }
}

const NOTHING = Buffer.alloc(0);
const READS_AT_ONE_TIME = 16;

/** Of this thread. */
export const readRound = new ReadRound();
