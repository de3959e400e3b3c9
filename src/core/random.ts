import { randomFillSync } from 'node:crypto';
import { latin1 } from './latin1.ts';

/** Chance, handed out by the composition root so that simulations can seed it. */
export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1). */
  unit(): number;
  /** A random UUID (RFC 9562 version 4), lower case. */
  uuid(): string;
}

const HEX_DIGITS = Buffer.from('0123456789abcdef', 'latin1');

const UUID_LENGTH = 36;
const UUIDS_AT_ONCE = 64;

/** Reads the system's generator a block at a time. */
export class SystemRandom implements Random {
  readonly #bytes = Buffer.allocUnsafeSlow(4096);
  #at = this.#bytes.length;
  /** Text of the next identifiers: one string is made of each, where joining digits would make many. */
  readonly #uuids = Buffer.allocUnsafeSlow(UUID_LENGTH * UUIDS_AT_ONCE);
  #uuidAt = this.#uuids.length;

  uint32(): number {
    const at = this.#take(4);
    return this.#bytes.readUInt32LE(at);
  }

  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  uuid(): string {
    if (this.#uuidAt === this.#uuids.length) this.#makeUuids();
    const at = this.#uuidAt;
    this.#uuidAt = at + UUID_LENGTH;
    return latin1(this.#uuids, at, this.#uuidAt);
  }

  #makeUuids(): void {
    for (let at = 0; at < this.#uuids.length; at += UUID_LENGTH) writeUuid(this.#uuids, at, this.#bytes, this.#take(16));
    this.#uuidAt = 0;
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
    const text = Buffer.allocUnsafe(UUID_LENGTH);
    writeUuid(text, 0, bytes, 0);
    return latin1(text, 0, UUID_LENGTH);
  }
}

/** Version 4, variant 10 (RFC 9562 §5.4). */
function writeUuid(text: Buffer, start: number, bytes: Buffer, from: number): void {
  let at = start;
  for (let i = 0; i < 16; i++) {
    let byte = bytes[from + i]!;
    if (i === 6) byte = (byte & 0x0f) | 0x40;
    else if (i === 8) byte = (byte & 0x3f) | 0x80;
    if (i === 4 || i === 6 || i === 8 || i === 10) text[at++] = DASH;
    text[at++] = HEX_DIGITS[byte >> 4]!;
    text[at++] = HEX_DIGITS[byte & 15]!;
  }
}

const DASH = 45;
