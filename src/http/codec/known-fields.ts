import { wordsOf } from '../../core/byte-words.ts';
import { Patience } from '../../core/patience.ts';
import type { HeadLines } from '../header-map.ts';
import { internedHeaderNames } from '../header-name.ts';
import type { FieldFacts } from './h1-field-facts.ts';
import type { HeadLeniency } from './h1-head.ts';

/**
 * Field lines that came before. Clients and upstreams send most of their heads with the same lines as the head before, to the byte; what such a block says need
 * not be found out again. A block is known by all of its bytes, so a peer can make nobody believe anything; what the peers of a thread can fill is
 * `SLOTS` blocks of `MAX_BLOCK_BYTES`.
 *
 * Which block to compare with is told by the number of bytes from the first line to the end of the read. Where lines keep differing, as those with an id for each request
 * do, a block is learned more and more seldom, so that nothing but one short comparison is lost.
 */
export interface KnownFields extends FieldBlock {
  /** The bytes four by four as they were read; the last word may overlap the one before. */
  readonly words: Int32Array;
  readonly leniency: HeadLeniency;
  /** Names that were interned then: a block may hold one that has been interned since. */
  readonly nameCount: number;
}

/** What was found in a block of field lines. */
export interface FieldBlock {
  /** With the empty line. */
  readonly byteLength: number;
  readonly lineCount: number;
  readonly lines: HeadLines;
  readonly authority: string;
  readonly facts: FieldFacts;
}

export const MAX_BLOCK_BYTES = 4096;
const SLOTS = 64;

class Slot extends Patience {
  known: KnownFields | undefined = undefined;
}

export class KnownFieldsTable {
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => new Slot());
  /** What to learn from: a copy of the bytes as they were read. */
  readonly #raw = Buffer.alloc(MAX_BLOCK_BYTES);
  readonly #rawWords = new DataView(this.#raw.buffer, this.#raw.byteOffset, MAX_BLOCK_BYTES);
  #rawLength = 0;
  #slot = this.#slots[0]!;

  /** The block that starts at `at`, or undefined; then `isWanted` tells whether to `learn` it. */
  find(bytes: Buffer, at: number, end: number, leniency: HeadLeniency): KnownFields | undefined {
    this.#rawLength = 0;
    const words = wordsOf(bytes);
    if (words === undefined) return undefined;
    const slot = this.#slots[(end - at) & (SLOTS - 1)]!;
    const { known } = slot;
    if (known !== undefined && known.leniency === leniency && known.nameCount === internedHeaderNames() && isAt(known, words, at, end)) {
      slot.hit();
      return known;
    }
    if (slot.miss()) this.#wish(slot, bytes, at, end);
    return undefined;
  }

  #wish(slot: Slot, bytes: Buffer, at: number, end: number): void {
    this.#slot = slot;
    this.#rawLength = bytes.copy(this.#raw, 0, at, Math.min(end, at + MAX_BLOCK_BYTES));
  }

  get isWanted(): boolean {
    return this.#rawLength > 0;
  }

  /** The block at the place where `find` has looked turned out to be this one. */
  learn(block: FieldBlock, leniency: HeadLeniency): void {
    const { byteLength } = block;
    if (byteLength > this.#rawLength || byteLength < 4) return;
    const words = new Int32Array((byteLength >> 2) + 1);
    for (let index = 0; index < words.length - 1; index++) words[index] = this.#rawWords.getInt32(index * 4, true);
    words[words.length - 1] = this.#rawWords.getInt32(byteLength - 4, true);
    this.#slot.known = { ...block, words, leniency, nameCount: internedHeaderNames() };
  }
}

function isAt({ words: wanted, byteLength }: KnownFields, words: DataView, at: number, end: number): boolean {
  const blockEnd = at + byteLength;
  const last = wanted.length - 1;
  if (blockEnd > end || words.getInt32(blockEnd - 4, true) !== wanted[last]) return false;
  for (let index = 0, from = at; index < last; index++, from += 4) if (words.getInt32(from, true) !== wanted[index]) return false;
  return true;
}
