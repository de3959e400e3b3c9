/** Small pieces are gathered in blocks of up to this: a byte must not cost a buffer. */
const BLOCK_BYTES = 16_384;

/** Body that waits for a window, copied from where it was lent. */
export class PendingBody {
  /** How much waits. */
  bytes = 0;
  readonly #blocks: Buffer[] = [];
  /** What of the first block has left, and how far the last one is filled. */
  #start = 0;
  #end = 0;

  append(chunk: Buffer, start: number): void {
    const length = chunk.length - start;
    const last = this.#blocks.at(-1);
    const copied = last === undefined ? 0 : Math.min(length, last.length - this.#end);
    if (copied > 0) {
      chunk.copy(last!, this.#end, start, start + copied);
      this.#end += copied;
    }
    if (copied < length) {
      // What comes next may be as small again: a block is as large as what waits already.
      const block = Buffer.allocUnsafeSlow(Math.max(length - copied, Math.min(BLOCK_BYTES, this.bytes)));
      chunk.copy(block, 0, start + copied);
      this.#blocks.push(block);
      this.#end = length - copied;
    }
    this.bytes += length;
  }

  /** The first bytes, as many as lie together and at most `limit`. They are taken; valid until the next call. */
  take(limit: number): Buffer {
    const block = this.#blocks[0]!;
    const isLast = this.#blocks.length === 1;
    const end = isLast ? this.#end : block.length;
    const run = Math.min(limit, end - this.#start);
    const taken = block.subarray(this.#start, this.#start + run);
    this.#start += run;
    this.bytes -= run;
    if (this.#start === end) {
      this.#blocks.shift();
      this.#start = 0;
    }
    return taken;
  }
}
