import type { TableEntry } from './hpack-table.ts';

/** Both are powers of two. */
const SLOTS = 32;
const SLOT_BYTES = 64;

/**
 * Literal fields of a connection that have come at least twice, found again by their coded bytes: peers that do not use their table, or not
 * for paths and lengths, code the same text each time. The bytes must not refer to the table.
 */
export class RepeatedLiterals {
  /** Of the literal that came last: what comes once is not worth a copy. */
  readonly #hashes: number[] = [];
  #coded: Uint8Array | undefined;
  readonly #lengths: number[] = [];
  readonly #entries: TableEntry[] = [];

  constructor() {
    this.forget();
  }

  forget(): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      this.#hashes[slot] = 0;
      this.#lengths[slot] = 0;
    }
    this.#entries.length = 0;
  }

  find(bytes: Uint8Array, start: number, end: number): TableEntry | undefined {
    const length = end - start;
    const slot = slotOf(hashOf(bytes, start, end));
    if (this.#lengths[slot] !== length) return undefined;
    const coded = this.#coded!;
    const before = slot * SLOT_BYTES - start;
    for (let at = end - 1; at >= start; at--) if (coded[before + at] !== bytes[at]) return undefined;
    return this.#entries[slot];
  }

  /** `entry` is what `find` has not found. */
  add(bytes: Uint8Array, start: number, end: number, entry: TableEntry): void {
    const length = end - start;
    if (length > SLOT_BYTES) return;
    const hash = hashOf(bytes, start, end);
    const slot = slotOf(hash);
    if (this.#hashes[slot] !== hash) {
      this.#hashes[slot] = hash;
      return;
    }
    const coded = (this.#coded ??= new Uint8Array(SLOTS * SLOT_BYTES));
    for (let at = 0; at < length; at++) coded[slot * SLOT_BYTES + at] = bytes[start + at]!;
    this.#lengths[slot] = length;
    this.#entries[slot] = entry;
  }
}

/** Of the length, the name and the end, where most fields differ. At least two bytes long. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  return (((end - start) << 24) ^ (bytes[start]! << 16) ^ (bytes[end - 2]! << 8) ^ bytes[end - 1]!) | 1;
}

function slotOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 27) & (SLOTS - 1);
}
