const HEAD_BYTES = 5;

/** Counts the messages of a gRPC body as it passes (`flag`, length, message). Keeps nothing of it. */
export class MessageCounter {
  /** Bytes of the current head so far. */
  #head = 0;
  #length = 0;
  /** Bytes of the current message still to come. */
  #left = 0;

  /** Returns how many begin in it. */
  add(chunk: Buffer): number {
    let count = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at);
        this.#left -= passed;
        at += passed;
        continue;
      }
      const byte = chunk[at++]!;
      if (this.#head === 0) count++;
      else this.#length = this.#length * 256 + byte;
      if (++this.#head < HEAD_BYTES) continue;
      this.#left = this.#length;
      this.#head = 0;
      this.#length = 0;
    }
    return count;
  }
}
