import { HeldBytes } from '../held-bytes.ts';
import { Flag, MAX_FRAME_BYTES, uint31 } from './frame.ts';

/** CONTINUATION frames of one head, beside those that its bytes need. */
const FREE_CONTINUATIONS = 8;

export const BlockFault = { none: 0, tooManyFrames: 1, tooLong: 2 } as const;

/** A header block that came in several frames (RFC 9113 §6.10), until it is whole. */
export class HeadBlock {
  readonly #held = new HeldBytes();
  readonly #maxBytes: number;
  readonly #maxContinuations: number;
  #continuations = 0;

  /** Coded fields are seldom longer than plain ones; a head far beyond its limit is not worth reading for the sake of the table. */
  constructor(maxHeadBytes: number) {
    this.#maxBytes = maxHeadBytes * 2 + MAX_FRAME_BYTES;
    this.#maxContinuations = FREE_CONTINUATIONS + Math.ceil(maxHeadBytes / MAX_FRAME_BYTES);
  }

  get bytes(): Buffer {
    return this.#held.bytes;
  }

  get length(): number {
    return this.#held.length;
  }

  begin(bytes: Buffer, at: number, end: number): void {
    this.#held.append(bytes, at, end);
  }

  continue(bytes: Buffer, at: number, end: number): number {
    if (++this.#continuations > this.#maxContinuations) return BlockFault.tooManyFrames;
    if (this.#held.length + end - at > this.#maxBytes) return BlockFault.tooLong;
    this.#held.append(bytes, at, end);
    return BlockFault.none;
  }
}

/** Where the block lies in the payload of a HEADERS frame: without padding and priority. */
export class HeadersPayload {
  start = 0;
  end = 0;

  /** `invalid`: padding or priority do not fit. `self`: the stream depends on itself. */
  read(flags: number, id: number, bytes: Uint8Array, start: number, end: number): 'fine' | 'invalid' | 'self' {
    this.start = start;
    this.end = end;
    if ((flags & Flag.padded) !== 0) {
      if (start === end) return 'invalid';
      this.end -= bytes[this.start++]!;
    }
    if ((flags & Flag.priority) !== 0) {
      if (this.end - this.start < 5) return 'invalid';
      if (uint31(bytes, this.start) === id) return 'self';
      this.start += 5;
    }
    return this.end < this.start ? 'invalid' : 'fine';
  }
}
