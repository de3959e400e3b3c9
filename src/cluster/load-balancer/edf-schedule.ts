/**
 * Earliest deadline first: an entry of weight w is due every 1/w, so picks are proportional to weights and spread evenly. Entries are numbers;
 * a binary heap in typed arrays, so that a pick allocates nothing. Equal deadlines come in the order in which they were set.
 */
export class EdfSchedule {
  readonly #deadlines: Float64Array;
  /** Order among equal deadlines. */
  readonly #turns: Float64Array;
  readonly #heap: Int32Array;
  #size = 0;
  #turn = 0;
  #now = 0;

  constructor(capacity: number) {
    this.#deadlines = new Float64Array(capacity);
    this.#turns = new Float64Array(capacity);
    this.#heap = new Int32Array(capacity);
  }


  /** `entry` is in [0, capacity) and not yet in; `weight` is above 0. */
  add(entry: number, weight: number): void {
    this.#set(entry, weight);
    this.#rise(this.#size++, entry);
  }

  /** The entry that is due, which stays on top until `reschedule`. */
  peek(): number {
    return this.#heap[0];
  }

  /** Moves the entry that is due behind its next deadline. */
  reschedule(weight: number): void {
    const entry = this.#heap[0];
    this.#now = this.#deadlines[entry];
    this.#set(entry, weight);
    this.#sink(entry);
  }

  #set(entry: number, weight: number): void {
    this.#deadlines[entry] = this.#now + 1 / weight;
    this.#turns[entry] = this.#turn++;
  }

  #isBefore(a: number, b: number): boolean {
    const deadlines = this.#deadlines;
    return deadlines[a] < deadlines[b] || (deadlines[a] === deadlines[b] && this.#turns[a] < this.#turns[b]);
  }

  #rise(from: number, entry: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  #sink(entry: number): void {
    const heap = this.#heap;
    const size = this.#size;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && this.#isBefore(heap[child + 1], heap[child])) child++;
      if (!this.#isBefore(heap[child], entry)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = entry;
  }
}
