import { writeLatin1 } from '../core/latin1.ts';

/**
 * Gathers records as bytes. A record is turned into bytes at once, while its pieces are in the processor's cache: texts that
 * wait as chains of pieces cost three times as much, and the collector copies them meanwhile.
 */
export class RecordBuffer {
  #bytes: Buffer = NO_BYTES;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `record`: bytes of the wire. */
  append(record: string): void {
    const end = this.#length + record.length;
    if (end > this.#bytes.length) this.#grow(end);
    writeLatin1(this.#bytes, record, this.#length);
    this.#length = end;
  }

  /** What was gathered; `emptied` serves next. */
  take(emptied: Buffer): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = emptied;
    this.#length = 0;
    return taken;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2, SMALLEST_BYTES));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

export const NO_BYTES = Buffer.alloc(0);
const SMALLEST_BYTES = 4096;
