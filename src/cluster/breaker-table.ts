/**
 * Where circuit breaker counts live. In one-thread mode in this thread's memory; with several threads in shared memory, where any thread
 * finds a cluster's place by its name without asking another.
 */
export interface BreakerTable {
  /** The cells of a cluster; the same ones for each asker. */
  cells(clusterName: string): BreakerCells;
  /** Counts without taking a place: undefined when no thread has asked for `cells`. */
  peek(clusterName: string): BreakerCells | undefined;
}

/** `CELLS_PER_CLUSTER` counts. */
export interface BreakerCells {
  /** Returns what the count was before. */
  add(index: number, delta: number): number;
  get(index: number): number;
}

/** Five resources in two priorities, and three marks of what was ever used. */
export const CELLS_PER_CLUSTER = 13;

export class LocalBreakerTable implements BreakerTable {
  readonly #cells = new Map<string, LocalCells>();

  cells(clusterName: string): BreakerCells {
    let cells = this.#cells.get(clusterName);
    if (cells === undefined) this.#cells.set(clusterName, (cells = new LocalCells()));
    return cells;
  }

  peek(clusterName: string): BreakerCells | undefined {
    return this.#cells.get(clusterName);
  }

  /** The cluster is gone. Who still holds its cells may go on using them. */
  forget(clusterName: string): void {
    this.#cells.delete(clusterName);
  }
}

class LocalCells implements BreakerCells {
  readonly #counts = new Int32Array(CELLS_PER_CLUSTER);

  add(index: number, delta: number): number {
    const before = this.#counts[index];
    this.#counts[index] = before + delta;
    return before;
  }

  get(index: number): number {
    return this.#counts[index];
  }
}

/** Names that a process may see in its life; clusters beyond them count within their thread only. */
export const MAX_SHARED_BREAKER_CLUSTERS = 1 << 16;

/** What crosses to a worker. */
export interface SharedBreakerMemory {
  /** Hashes of names, then counts. */
  readonly shared: SharedArrayBuffer;
  /** What this thread holds of each count, to give back should the thread die. */
  readonly tally: SharedArrayBuffer;
}

const KEY_BYTES = BigInt64Array.BYTES_PER_ELEMENT;
const CELL_BYTES = CELLS_PER_CLUSTER * Int32Array.BYTES_PER_ELEMENT;

/** Memory is touched page by page as places are taken, so a generous capacity costs little. */
export function createSharedBreakerMemory(capacity = MAX_SHARED_BREAKER_CLUSTERS): SharedArrayBuffer {
  return new SharedArrayBuffer(capacity * (KEY_BYTES + CELL_BYTES));
}

export function createBreakerTally(shared: SharedArrayBuffer): SharedArrayBuffer {
  return new SharedArrayBuffer(capacityOf(shared) * CELL_BYTES);
}

/** For a thread that only reads counts. */
export function createBreakerReader(shared: SharedArrayBuffer): BreakerTable {
  return new SharedBreakerTable({ shared, tally: new SharedArrayBuffer(0) });
}

/** Takes back what a thread that died held. Nothing else may use its tally any more. */
export function reclaimBreakers(memory: SharedBreakerMemory): void {
  const counts = countsOf(memory.shared);
  new Int32Array(memory.tally).forEach((held, index) => {
    if (held !== 0) Atomics.sub(counts, index, held);
  });
}

/** An open-addressing table of 64-bit name hashes; a place once taken stays with its name. */
export class SharedBreakerTable implements BreakerTable {
  readonly #keys: BigInt64Array;
  readonly #counts: Int32Array;
  readonly #tally: Int32Array;
  readonly #overflow = new LocalBreakerTable();

  constructor({ shared, tally }: SharedBreakerMemory) {
    this.#keys = new BigInt64Array(shared, 0, capacityOf(shared));
    this.#counts = countsOf(shared);
    this.#tally = new Int32Array(tally);
  }

  cells(clusterName: string): BreakerCells {
    const place = this.#find(clusterName, true);
    return place === -1 ? this.#overflow.cells(clusterName) : this.#at(place);
  }

  peek(clusterName: string): BreakerCells | undefined {
    const place = this.#find(clusterName, false);
    return place === -1 ? this.#overflow.peek(clusterName) : this.#at(place);
  }

  #at(place: number): BreakerCells {
    return new SharedCells(this.#counts, this.#tally, place * CELLS_PER_CLUSTER);
  }

  #find(clusterName: string, take: boolean): number {
    const keys = this.#keys;
    const key = nameHash(clusterName);
    let place = Number(BigInt.asUintN(32, key)) % keys.length;
    for (let probes = 0; probes < keys.length; probes++) {
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

class SharedCells implements BreakerCells {
  readonly #counts: Int32Array;
  readonly #tally: Int32Array;
  readonly #base: number;

  constructor(counts: Int32Array, tally: Int32Array, base: number) {
    this.#counts = counts;
    this.#tally = tally;
    this.#base = base;
  }

  add(index: number, delta: number): number {
    const at = this.#base + index;
    this.#tally[at] += delta;
    return Atomics.add(this.#counts, at, delta);
  }

  get(index: number): number {
    return Atomics.load(this.#counts, this.#base + index);
  }
}

function capacityOf(shared: SharedArrayBuffer): number {
  return shared.byteLength / (KEY_BYTES + CELL_BYTES);
}

function countsOf(shared: SharedArrayBuffer): Int32Array {
  return new Int32Array(shared, capacityOf(shared) * KEY_BYTES);
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
