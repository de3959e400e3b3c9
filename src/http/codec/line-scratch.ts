import { type HeadLines, OFFSETS } from '../header-map.ts';

/** The field lines of a head that is being read; grows with the longest. One for each parser: a head is read in one go. */
export class LineScratch {
  #tags = new Int32Array(128);
  #offsets = new Int32Array(128 * OFFSETS);
  #count = 0;
  #present = 0;

  clear(): void {
    this.#count = 0;
    this.#present = 0;
  }

  /** Whether a line of this name, or of another with the same bit, is there. */
  mayHave(id: number): boolean {
    return (this.#present & (1 << (id & 31))) !== 0;
  }

  /** Whether a line of this name, written as heads should be, is there. */
  has(id: number): boolean {
    if (!this.mayHave(id)) return false;
    for (let at = 0; at < this.#count; at++) if (this.#tags[at] === id) return true;
    return false;
  }

  add(tag: number, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.#count++;
    if (at === this.#tags.length) this.#grow();
    this.#tags[at] = tag;
    const offsets = this.#offsets;
    const from = at * OFFSETS;
    offsets[from] = nameStart;
    offsets[from + 1] = nameEnd;
    offsets[from + 2] = valueStart;
    offsets[from + 3] = valueEnd;
    this.#present |= 1 << (tag & 31);
  }

  #grow(): void {
    this.#tags = grown(this.#tags);
    this.#offsets = grown(this.#offsets);
  }

  /** What was added, as lines of `text`. */
  lines(text: string): HeadLines {
    const count = this.#count;
    const tags: number[] = new Array(count);
    for (let at = 0; at < count; at++) tags[at] = this.#tags[at]!;
    const offsets: number[] = new Array(count * OFFSETS);
    for (let at = 0; at < count * OFFSETS; at++) offsets[at] = this.#offsets[at]!;
    return { text, tags, offsets, present: this.#present };
  }
}

function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
