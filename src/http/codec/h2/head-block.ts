import { HeldBytes } from '../held-bytes.ts';
import { Flag, MAX_FRAME_BYTES, uint31 } from './frame.ts';

/** A header block that came in several frames (RFC 9113 §6.10), until it is whole. */
export class HeadBlock {
  readonly #held = new HeldBytes();
  readonly #maxBytes: number;

  /** Coded fields are seldom longer than plain ones; a head far beyond its limit is not worth reading for the sake of the table. */
  constructor(maxHeadBytes: number) {
    this.#maxBytes = maxHeadBytes * 2 + MAX_FRAME_BYTES;
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

  /** False when the block is too long. Frames without content are counted as floods are. */
  continue(bytes: Buffer, at: number, end: number): boolean {
    if (this.#held.length + end - at > this.#maxBytes) return false;
    this.#held.append(bytes, at, end);
    return true;
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
