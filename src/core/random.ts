import { randomFillSync } from 'node:crypto';

/** Chance, handed out by the composition root so that simulations can seed it. */
export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1). */
  unit(): number;
  /** A random UUID (RFC 9562 version 4), lower case. */
  uuid(): string;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Reads the system's generator a block at a time. */
export class SystemRandom implements Random {
  readonly #bytes = Buffer.allocUnsafeSlow(4096);
  #at = this.#bytes.length;

  uint32(): number {
    const at = this.#take(4);
    return this.#bytes.readUInt32LE(at);
  }

  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  uuid(): string {
    return formatUuid(this.#bytes, this.#take(16));
  }

  #take(count: number): number {
    if (this.#at + count > this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

/** The same sequence for the same seed (mulberry32). */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  uuid(): string {
    const bytes = Buffer.allocUnsafe(16);
    for (let at = 0; at < 16; at += 4) bytes.writeUInt32LE(this.uint32(), at);
    return formatUuid(bytes, 0);
  }
}

function formatUuid(b: Buffer, at: number): string {
  return (
    HEX[b[at]!]! + HEX[b[at + 1]!]! + HEX[b[at + 2]!]! + HEX[b[at + 3]!]! + '-' + HEX[b[at + 4]!]! + HEX[b[at + 5]!]! + '-' +
    HEX[(b[at + 6]! & 0x0f) | 0x40]! + HEX[b[at + 7]!]! + '-' + HEX[(b[at + 8]! & 0x3f) | 0x80]! + HEX[b[at + 9]!]! + '-' +
    HEX[b[at + 10]!]! + HEX[b[at + 11]!]! + HEX[b[at + 12]!]! + HEX[b[at + 13]!]! + HEX[b[at + 14]!]! + HEX[b[at + 15]!]!
  );
}
