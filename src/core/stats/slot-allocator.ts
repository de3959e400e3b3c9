import { UNTOUCHED } from './announcement.ts';

/** 128 KiB: a page that no group uses is never touched. */
const BLOCK_SLOTS = 16_384;

/** A contiguous run of slots within one block. */
export interface SlotRun {
  readonly slots: Float64Array;
  readonly block: number;
  readonly base: number;
  readonly length: number;
}

/** Hands out runs of a thread's shared memory, which grows by blocks and never shrinks; freed runs are used again by runs of the same length. */
export class SlotAllocator {
  readonly #onBlock: (block: number, buffer: SharedArrayBuffer) => void;
  readonly #freeByLength = new Map<number, SlotRun[]>();
  #blocks = 0;
  #current: Float64Array = new Float64Array(0);
  #used = 0;

  constructor(onBlock: (block: number, buffer: SharedArrayBuffer) => void) {
    this.#onBlock = onBlock;
  }

  /** Every slot of the run is untouched. */
  allocate(length: number): SlotRun {
    const run = this.#freeByLength.get(length)?.pop() ?? this.#carve(length);
    run.slots.fill(UNTOUCHED, run.base, run.base + length);
    return run;
  }

  free(run: SlotRun): void {
    const free = this.#freeByLength.get(run.length);
    if (free === undefined) this.#freeByLength.set(run.length, [run]);
    else free.push(run);
  }

  #carve(length: number): SlotRun {
    if (this.#used + length > this.#current.length || this.#blocks === 0) this.#grow(length);
    const run = { slots: this.#current, block: this.#blocks - 1, base: this.#used, length };
    this.#used += length;
    return run;
  }

  #grow(length: number): void {
    const buffer = new SharedArrayBuffer(Math.max(BLOCK_SLOTS, length) * Float64Array.BYTES_PER_ELEMENT);
    this.#onBlock(this.#blocks++, buffer);
    this.#current = new Float64Array(buffer);
    this.#used = 0;
  }
}
