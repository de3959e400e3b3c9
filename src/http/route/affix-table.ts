import { hasLowerCaseAt } from '../ascii-case.ts';

/**
 * Finds the longest of many prefixes (or suffixes) of a text, in one pass over the text and without making strings.
 *
 * A running hash over the text is looked up wherever some affix ends; a hit is confirmed by comparing characters, so collisions cost
 * time, never correctness. The table grows with configuration only.
 */
export class AffixTable {
  readonly #affixes: readonly string[];
  readonly #fromEnd: boolean;
  readonly #ignoreCase: boolean;
  /** Open addressing: hash → position in `#affixes` plus one. At most a quarter full. */
  readonly #slots: Int32Array;
  readonly #hashes: Int32Array;
  /** 1 at each length that some affix has. */
  readonly #lengths: Uint8Array;
  readonly #hasEmpty: number;

  /** Affixes are distinct; with `ignoreCase` they are lower case. */
  constructor(affixes: readonly string[], options: { readonly fromEnd?: boolean; readonly ignoreCase?: boolean } = {}) {
    this.#affixes = affixes;
    this.#fromEnd = options.fromEnd ?? false;
    this.#ignoreCase = options.ignoreCase ?? false;
    let size = 16;
    while (size < affixes.length * 4) size *= 2;
    this.#slots = new Int32Array(size);
    this.#hashes = new Int32Array(size);
    this.#lengths = new Uint8Array(affixes.reduce((longest, affix) => Math.max(longest, affix.length), 0) + 1);
    this.#hasEmpty = affixes.indexOf('');
    affixes.forEach((affix, position) => this.#insert(affix, position));
  }

  /** The position of the longest affix, of at most `maxLength` characters, that `text[0, end)` has; -1 when it has none. */
  longest(text: string, end: number, maxLength: number): number {
    if (maxLength < 0) return -1;
    const lengths = this.#lengths;
    const most = Math.min(maxLength, lengths.length - 1);
    let found = this.#hasEmpty;
    let hash = HASH_SEED;
    for (let length = 1; length <= most; length++) {
      let code = text.charCodeAt(this.#fromEnd ? end - length : length - 1);
      if (this.#ignoreCase && code >= 65 && code <= 90) code += 32;
      hash = Math.imul(hash ^ code, HASH_FACTOR);
      if (lengths[length] !== 1) continue;
      const position = this.#find(hash, text, end, length);
      if (position >= 0) found = position;
    }
    return found;
  }

  #find(hash: number, text: string, end: number, length: number): number {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const entry = this.#slots[slot];
      if (entry === 0) return -1;
      if (this.#hashes[slot] === hash && this.#affixes[entry - 1].length === length && this.#has(text, end, this.#affixes[entry - 1])) {
        return entry - 1;
      }
      slot = (slot + 1) & mask;
    }
  }

  #has(text: string, end: number, affix: string): boolean {
    const start = this.#fromEnd ? end - affix.length : 0;
    return this.#ignoreCase ? hasLowerCaseAt(text, affix, start) : text.startsWith(affix, start);
  }

  #insert(affix: string, position: number): void {
    let hash = HASH_SEED;
    for (let at = 0; at < affix.length; at++) {
      hash = Math.imul(hash ^ affix.charCodeAt(this.#fromEnd ? affix.length - 1 - at : at), HASH_FACTOR);
    }
    this.#lengths[affix.length] = 1;
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = position + 1;
    this.#hashes[slot] = hash;
  }
}

const HASH_SEED = 0x811c9dc5 | 0;
const HASH_FACTOR = 0x01000193;
