import type { H2Stream } from './h2-stream.ts';

/**
 * The streams of a connection by id: open addressing, because a `Map` that is filled and emptied all the time leaves its old tables linked to the new ones,
 * and the collector of new objects then keeps every stream (docs/decisions/memory.md).
 */
export class StreamTable {
  /** 0: free. Ids of one peer are 2 apart and grow, so that neighbours seldom meet. */
  #ids = new Uint32Array(SMALLEST);
  #streams: (H2Stream | undefined)[] = new Array<H2Stream | undefined>(SMALLEST).fill(undefined);
  #mask = SMALLEST - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): H2Stream | undefined {
    return this.#streams[this.#find(id)];
  }

  /** Its id is not there yet. */
  add(stream: H2Stream): void {
    if (this.#size * 2 > this.#mask) this.#grow();
    const at = this.#find(stream.id);
    this.#ids[at] = stream.id;
    this.#streams[at] = stream;
    this.#size++;
  }

  /** Whether it was there. */
  delete(id: number): boolean {
    const ids = this.#ids;
    const mask = this.#mask;
    let free = this.#find(id);
    if (ids[free] === 0) return false;
    // What stands behind and belongs before moves up.
    for (let at = (free + 1) & mask; ids[at] !== 0; at = (at + 1) & mask) {
      const home = (ids[at]! >>> 1) & mask;
      if (((at - home) & mask) < ((at - free) & mask)) continue;
      ids[free] = ids[at]!;
      this.#streams[free] = this.#streams[at];
      free = at;
    }
    ids[free] = 0;
    this.#streams[free] = undefined;
    this.#size--;
    return true;
  }

  /** Those that are there now, oldest first; what is deleted meanwhile is still named. */
  values(): H2Stream[] {
    return this.#streams.filter((stream) => stream !== undefined).sort((one, other) => one.id - other.id);
  }

  /** In no order and without a copy: nothing is added or deleted meanwhile. */
  forEach(visit: (stream: H2Stream) => void): void {
    const streams = this.#streams;
    for (let at = 0; at < streams.length; at++) if (streams[at] !== undefined) visit(streams[at]!);
  }

  clear(): void {
    this.#ids.fill(0);
    this.#streams.fill(undefined);
    this.#size = 0;
  }

  /** Where the id stands, or would. */
  #find(id: number): number {
    const ids = this.#ids;
    const mask = this.#mask;
    let at = (id >>> 1) & mask;
    while (ids[at] !== id && ids[at] !== 0) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const streams = this.values();
    const slots = (this.#mask + 1) * 2;
    this.#ids = new Uint32Array(slots);
    this.#streams = new Array<H2Stream | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
    this.#size = 0;
    for (const stream of streams) this.add(stream);
  }
}

const SMALLEST = 8;
