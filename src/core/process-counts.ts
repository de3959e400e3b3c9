import { serviceKey } from './extension.ts';

/**
 * Counts that all threads share: of circuit breakers, of connections that are limited. In one-thread mode they live in this thread's memory; with
 * several threads in shared memory, where any thread finds the place of a name without asking another. Clusters stand under their name, others
 * under `countName`.
 */
export interface ProcessCounts {
  /** The cells of a name; the same ones for each asker. */
  cells(name: string): CountCells;
  /** Counts without taking a place: undefined when no thread has asked for `cells`. */
  peek(name: string): CountCells | undefined;
}

/** `CELLS_PER_NAME` counts and a stamp. */
export interface CountCells {
  /** Returns what the count was before. */
  add(index: number, delta: number): number;
  get(index: number): number;
  /** A whole number that threads exchange, for times; 0 at first. A thread that dies leaves it as it is. */
  stamp(): number;
  /** False when it is no longer `from`. */
  moveStamp(from: number, to: number): boolean;
}

export const PROCESS_COUNTS = serviceKey<ProcessCounts>('process counts');

/** The name under which something of a kind other than clusters counts. A name of a cluster has no line break. */
export function countName(kind: string, name: string): string {
  return `${kind}\n${name}`;
}

/** What clusters need: five resources in two priorities, and three marks of what was ever used. */
const CELLS_PER_NAME = 13;

export class LocalProcessCounts implements ProcessCounts {
  readonly #cells = new Map<string, LocalCells>();

  cells(name: string): CountCells {
    let cells = this.#cells.get(name);
    if (cells === undefined) this.#cells.set(name, (cells = new LocalCells()));
    return cells;
  }

  peek(name: string): CountCells | undefined {
    return this.#cells.get(name);
  }

  /** What was counted is gone. Who still holds its cells may go on using them. */
  forget(name: string): void {
    this.#cells.delete(name);
  }
}

class LocalCells implements CountCells {
  readonly #counts = new Int32Array(CELLS_PER_NAME);
  #stamp = 0;

  add(index: number, delta: number): number {
    const before = this.#counts[index];
    this.#counts[index] = before + delta;
    return before;
  }

  get(index: number): number {
    return this.#counts[index];
  }

  stamp(): number {
    return this.#stamp;
  }

  moveStamp(_from: number, to: number): boolean {
    this.#stamp = to;
    return true;
  }
}

/** Names that a process may see in its life; those beyond them count within their thread only. */
const MAX_SHARED_NAMES = 1 << 16;

/** A name for which so many places are taken has none: in a full table a look at all takes a millisecond, and a reload may bring ten thousand names. */
const MAX_PROBES = 256;

/** What crosses to a worker. */
export interface SharedCountMemory {
  /** Hashes of names, then stamps, then counts. */
  readonly shared: SharedArrayBuffer;
  /** What this thread holds of each count, to give back should the thread die. */
  readonly tally: SharedArrayBuffer;
}

const KEY_BYTES = BigInt64Array.BYTES_PER_ELEMENT;
const STAMP_BYTES = BigInt64Array.BYTES_PER_ELEMENT;
const CELL_BYTES = CELLS_PER_NAME * Int32Array.BYTES_PER_ELEMENT;
const NAME_BYTES = KEY_BYTES + STAMP_BYTES + CELL_BYTES;

/** Memory is touched page by page as places are taken, so a generous capacity costs little. */
export function createSharedCountMemory(capacity = MAX_SHARED_NAMES): SharedArrayBuffer {
  return new SharedArrayBuffer(capacity * NAME_BYTES);
}

export function createCountTally(shared: SharedArrayBuffer): SharedArrayBuffer {
  return new SharedArrayBuffer(capacityOf(shared) * CELL_BYTES);
}

/** For a thread that only reads counts. */
export function createCountReader(shared: SharedArrayBuffer): ProcessCounts {
  return new SharedProcessCounts({ shared, tally: new SharedArrayBuffer(0) });
}

/** Takes back what a thread that died held. Nothing else may use its tally any more. */
export function reclaimCounts(memory: SharedCountMemory): void {
  const counts = countsOf(memory.shared);
  new Int32Array(memory.tally).forEach((held, index) => {
    if (held !== 0) Atomics.sub(counts, index, held);
  });
}

/** An open-addressing table of 64-bit name hashes; a place once taken stays with its name, so a name without a place has none in any thread. */
export class SharedProcessCounts implements ProcessCounts {
  readonly #keys: BigInt64Array;
  readonly #stamps: BigInt64Array;
  readonly #counts: Int32Array;
  readonly #tally: Int32Array;
  readonly #overflow = new LocalProcessCounts();

  constructor({ shared, tally }: SharedCountMemory) {
    const capacity = capacityOf(shared);
    this.#keys = new BigInt64Array(shared, 0, capacity);
    this.#stamps = new BigInt64Array(shared, capacity * KEY_BYTES, capacity);
    this.#counts = countsOf(shared);
    this.#tally = new Int32Array(tally);
  }

  cells(name: string): CountCells {
    const place = this.#find(name, true);
    return place === -1 ? this.#overflow.cells(name) : this.#at(place);
  }

  peek(name: string): CountCells | undefined {
    const place = this.#find(name, false);
    return place === -1 ? this.#overflow.peek(name) : this.#at(place);
  }

  #at(place: number): CountCells {
    return new SharedCells({ counts: this.#counts, tally: this.#tally, stamps: this.#stamps }, place);
  }

  #find(name: string, take: boolean): number {
    const keys = this.#keys;
    const key = nameHash(name);
    let place = Number(BigInt.asUintN(32, key)) % keys.length;
    const limit = Math.min(keys.length, MAX_PROBES);
    for (let probes = 0; probes < limit; probes++) {
      let found = Atomics.load(keys, place);
      if (found === 0n) {
        if (!take) return -1;
        found = Atomics.compareExchange(keys, place, 0n, key);
        if (found === 0n) return place;
      }
      if (found === key) return place;
      if (++place === keys.length) place = 0;
    }
    return -1;
  }
}

interface SharedArrays {
  readonly counts: Int32Array;
  readonly tally: Int32Array;
  readonly stamps: BigInt64Array;
}

class SharedCells implements CountCells {
  readonly #counts: Int32Array;
  readonly #tally: Int32Array;
  readonly #stamps: BigInt64Array;
  readonly #place: number;
  readonly #base: number;

  constructor({ counts, tally, stamps }: SharedArrays, place: number) {
    this.#counts = counts;
    this.#tally = tally;
    this.#stamps = stamps;
    this.#place = place;
    this.#base = place * CELLS_PER_NAME;
  }

  add(index: number, delta: number): number {
    const at = this.#base + index;
    this.#tally[at] += delta;
    return Atomics.add(this.#counts, at, delta);
  }

  get(index: number): number {
    return Atomics.load(this.#counts, this.#base + index);
  }

  stamp(): number {
    return Number(Atomics.load(this.#stamps, this.#place));
  }

  moveStamp(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#stamps, this.#place, BigInt(from), BigInt(to)) === BigInt(from);
  }
}

function capacityOf(shared: SharedArrayBuffer): number {
  return shared.byteLength / NAME_BYTES;
}

function countsOf(shared: SharedArrayBuffer): Int32Array {
  return new Int32Array(shared, capacityOf(shared) * (KEY_BYTES + STAMP_BYTES));
}

/** Two 32-bit FNV-1a hashes of different seeds side by side; never 0. */
function nameHash(name: string): bigint {
  let low = 0x811c9dc5;
  let high = 0x2c9277b5;
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x01000193);
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt((low | 1) >>> 0));
}
