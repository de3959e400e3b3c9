import { isControl, TAB } from './h1-grammar.ts';

/** Bytes that wait for more: an incomplete head, or requests that came early. Grows by doubling; freed when emptied. */
export class HeldBytes {
  #buffer: Buffer | undefined;
  length = 0;

  /** The buffer; only `[0, length)` counts. */
  get bytes(): Buffer {
    return this.#buffer ?? EMPTY;
  }

  append(source: Buffer, start: number, end: number): void {
    const needed = this.length + end - start;
    if (this.#buffer === undefined || this.#buffer.length < needed) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.length * 2, 512));
      this.#buffer?.copy(grown, 0, 0, this.length);
      this.#buffer = grown;
    }
    source.copy(this.#buffer, this.length, start, end);
    this.length = needed;
  }

  clear(): void {
    this.#buffer = undefined;
    this.length = 0;
  }
}

const EMPTY = Buffer.alloc(0);

/** Finds the ends of a head's first line and of the head in bytes that arrive piece by piece, looking at each byte once. */
export class HeadEndScanner {
  /** The first line is whole. */
  lineSeen = false;
  /** The empty line is here. */
  headSeen = false;
  /** Up to there is a byte that may stand in no head. */
  controlSeen = false;
  #lineFeeds = 0;

  /** Looks at the first bytes. `lineFeeds`: 1 where they begin after a line's end, as trailers do. */
  begin(bytes: Buffer, start: number, end: number, lineFeeds: 0 | 1): this {
    this.lineSeen = lineFeeds === 1;
    this.headSeen = false;
    this.#lineFeeds = lineFeeds;
    this.controlSeen = false;
    this.scan(bytes, start, end);
    return this;
  }

  /** True when these bytes end the first line or the head. */
  scan(bytes: Buffer, start: number, end: number): boolean {
    const lineWasSeen = this.lineSeen;
    for (let at = start; at < end && !this.headSeen; at++) {
      const byte = bytes[at]!;
      if (byte === 10) {
        this.lineSeen = true;
        this.headSeen = ++this.#lineFeeds === 2;
      } else if (byte !== 13) {
        this.#lineFeeds = 0;
        if (isControl(byte) && byte !== TAB) this.controlSeen = true;
      }
    }
    return this.headSeen || this.lineSeen !== lineWasSeen;
  }
}
