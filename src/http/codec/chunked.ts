/**
 * Chunked framing (RFC 9112 §7.1), one byte at a time through the framing and in runs through the data.
 *
 *   SIZE ──digits──▶ SIZE ──;──▶ EXTENSION        SIZE_LF ──size 0──▶ TRAILERS (the codec reads them)
 *     │ CR             │ CR                          │ size n
 *     ▼                ▼                             ▼
 *   SIZE_LF ◀──────────┘                            DATA ──n bytes──▶ DATA_CR ──▶ DATA_LF ──▶ SIZE
 */

const SIZE_START = 0;
const SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILERS = 7;
const BROKEN = 8;

const CR = 13;
const LF = 10;

/** Bytes of one chunk's extensions; beyond it the message is refused. */
export const CHUNK_EXTENSION_LIMIT_BYTES = 16_384;
/** A chunk size of more significant digits, 64 bits, is refused. */
const MAX_SIZE_DIGITS = 16;

export class ChunkedReader {
  /**
   * After `read`: where its data stands. What was in several chunks has been moved together, as Envoy hands on what it reads at once.
   * As there, data of a read that turns out broken does not count, unless the size of the last chunk came before what is broken.
   */
  dataStart = 0;
  dataEnd = 0;
  #state = SIZE_START;
  #remaining = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** A size of 0 was ended by a bare LF: refused, but Envoy has seen the end of the data by then. */
  #lastSizeEnded = false;

  reset(): void {
    this.#state = SIZE_START;
    this.#remaining = 0;
    this.#lastSizeEnded = false;
  }

  get broken(): boolean {
    return this.#state === BROKEN;
  }

  /** The last chunk has been read: what follows is the trailer section. */
  get atTrailers(): boolean {
    return this.#state === TRAILERS;
  }

  /** Reads framing and data up to the trailers or to what is broken; writes over what it has read. Returns the offset of the first byte not read. */
  read(bytes: Buffer, at: number, end: number): number {
    this.dataStart = at;
    this.dataEnd = at;
    while (at < end && this.#state < TRAILERS) {
      if (this.#state !== DATA) {
        this.#step(bytes[at++]!);
        continue;
      }
      const run = Math.min(end - at, this.#remaining);
      this.#take(bytes, at, at + run);
      this.#remaining -= run;
      if (this.#remaining === 0) this.#state = DATA_CR;
      at += run;
    }
    if (this.#state === BROKEN && !this.#lastSizeEnded) this.dataEnd = this.dataStart;
    return at;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.dataStart === this.dataEnd) {
      this.dataStart = start;
      this.dataEnd = end;
    } else {
      bytes.copyWithin(this.dataEnd, start, end);
      this.dataEnd += end - start;
    }
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE_START:
      case SIZE:
        this.#sizeByte(byte);
        return;
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else if (byte === LF || byte === 0 || ++this.#extensionBytes > CHUNK_EXTENSION_LIMIT_BYTES) this.#state = BROKEN;
        return;
      case SIZE_LF:
        if (byte !== LF) this.#state = BROKEN;
        else this.#state = this.#remaining === 0 ? TRAILERS : DATA;
        return;
      case DATA_CR:
        this.#state = byte === CR ? DATA_LF : BROKEN;
        return;
      case DATA_LF:
        this.#state = byte === LF ? SIZE_START : BROKEN;
        return;
    }
  }

  #sizeByte(byte: number): void {
    const digit = HEX[byte]!;
    if (digit !== 0xff) {
      if (this.#state === SIZE_START) {
        this.#remaining = digit;
        this.#digits = 0;
      } else {
        this.#remaining = this.#remaining * 16 + digit;
      }
      if (this.#remaining > 0) this.#digits++;
      this.#state = this.#digits > MAX_SIZE_DIGITS ? BROKEN : SIZE;
    } else if (this.#state === SIZE && byte === CR) {
      this.#state = SIZE_LF;
    } else if (this.#state === SIZE && (byte === 0x3b || byte === 0x20 || byte === 0x09)) {
      this.#extensionBytes = 0;
      this.#state = EXTENSION;
    } else {
      this.#lastSizeEnded = this.#state === SIZE && byte === LF && this.#remaining === 0;
      this.#state = BROKEN;
    }
  }
}

const HEX = new Uint8Array(256).fill(0xff);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}
