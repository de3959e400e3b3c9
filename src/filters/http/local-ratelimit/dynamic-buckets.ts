import { hash } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import type { CountCells } from '../../../core/process-counts.ts';
import { ProcessTokenBucket, type ProcessTokenBucketOptions } from '../../../core/process-token-bucket.ts';

/** Values whose buckets are looked for one by one; with more of them a value has its place in one of several sets. */
const SET_SIZE = 20;

/**
 * Buckets for values that requests bring. Their number is bounded: the value that was seen longest ago gives its bucket to a new one. Which bucket
 * is whose stands in memory that all threads share; two threads that give away a bucket in the same moment may count one request too few.
 */
export class DynamicBuckets {
  readonly #clock: Clock;
  readonly #options: ProcessTokenBucketOptions;
  readonly #setCount: number;
  readonly #setSize: number;
  readonly #cellsOf: (slot: string) => CountCells;
  readonly #sets: (readonly Slot[] | undefined)[];

  constructor(options: ProcessTokenBucketOptions, maxValues: number, clock: Clock, cellsOf: (slot: string) => CountCells) {
    this.#clock = clock;
    this.#options = options;
    this.#setCount = Math.ceil(maxValues / SET_SIZE);
    this.#setSize = Math.floor(maxValues / this.#setCount);
    this.#cellsOf = cellsOf;
    this.#sets = new Array(this.#setCount);
  }

  find(value: string): ProcessTokenBucket {
    const owner = hashOf(value);
    const index = owner % this.#setCount;
    const slots = (this.#sets[index] ??= this.#makeSet(index));
    const nowUs = Math.floor(this.#clock.wallMs() * 1000);
    let slot = slots[0]!;
    for (const candidate of slots) {
      if (candidate.owner.stamp() === owner) {
        stamp(candidate.usedAt, nowUs);
        return candidate.bucket;
      }
      if (candidate.usedAt.stamp() < slot.usedAt.stamp()) slot = candidate;
    }
    stamp(slot.owner, owner);
    stamp(slot.usedAt, nowUs);
    slot.bucket.fill();
    return slot.bucket;
  }

  #makeSet(index: number): readonly Slot[] {
    return Array.from({ length: this.#setSize }, (_, at) => {
      const name = `${index}.${at}`;
      return {
        owner: this.#cellsOf(`${name} owner`),
        usedAt: this.#cellsOf(`${name} used`),
        bucket: new ProcessTokenBucket(this.#clock, this.#cellsOf(name), this.#options),
      };
    });
  }
}

interface Slot {
  /** The hash of the value; 0 = nobody's. */
  readonly owner: CountCells;
  readonly usedAt: CountCells;
  readonly bucket: ProcessTokenBucket;
}

function stamp(cells: CountCells, value: number): void {
  cells.moveStamp(cells.stamp(), value);
}

/** 52 bits, never 0. Of a digest: for a weaker hash a client finds in seconds a value that shares somebody's bucket. */
function hashOf(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 13), 16) || 1;
}
