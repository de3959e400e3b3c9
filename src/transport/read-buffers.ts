import { announceWords } from '../core/byte-words.ts';
import { JOINED_TEXT_LIMIT } from './write-batch.ts';

/**
 * Memory that bytes are read into. One buffer per thread serves every connection, because what a read brings is used up
 * before the next read starts; so an idle connection holds none. Reads begin with its first 64 KiB, and use all of it
 * on connections that keep filling those without ever being paused: larger system calls save a third of the cost of
 * large bodies, while a slow receiver makes nobody hold more than a small read at a time.
 *
 * What must outlive the call is copied into a buffer of a pool. To let waiting writes keep private read buffers instead
 * was measured: it saves a tenth of the cost of large bodies, and costs a buffer per busy connection.
 */

export const SMALL_READ_BYTES = 65_536;
const LARGE_READ_BYTES = 524_288;
/** 2 MiB without a pause: whoever takes the bytes is not slow. */
const FULL_READS_BEFORE_LARGE = 32;

/** What a read that waits for the end of its round may bring. */
export const SLOT_BYTES = 4096;
/** Reads that wait at most: 256 KiB. */
const SLOTS = 64;

const memory: Buffer = Buffer.allocUnsafeSlow(LARGE_READ_BYTES + SLOTS * SLOT_BYTES);
const sharedMemory = memory.buffer;
export const largeReadBuffer: Buffer = memory.subarray(0, LARGE_READ_BYTES);
export const smallReadBuffer: Buffer = memory.subarray(0, SMALL_READ_BYTES);
/** Where reads wait for the end of their round. */
export const readSlots: readonly Buffer[] = Array.from({ length: SLOTS }, (_, index) => {
  const start = LARGE_READ_BYTES + index * SLOT_BYTES;
  return memory.subarray(start, start + SLOT_BYTES);
});
for (const buffer of [smallReadBuffer, ...readSlots]) announceWords(buffer);

/** Whether the next read may overwrite `bytes`. */
export function isLent(bytes: Buffer): boolean {
  return bytes.buffer === sharedMemory;
}

/**
 * What to read into after a read into `buffer`; null: the same again. `fullReads` counts the reads that filled the small
 * buffer since one did not, and since the last pause.
 */
export function nextReadBuffer(buffer: Buffer, fullReads: number): (() => Buffer) | null {
  if (fullReads < FULL_READS_BEFORE_LARGE) return buffer === largeReadBuffer ? takeSmall : null;
  return buffer === largeReadBuffer ? null : takeLarge;
}

function takeSmall(): Buffer {
  return smallReadBuffer;
}

function takeLarge(): Buffer {
  return largeReadBuffer;
}

/** Buffers of one size; keeps at most `freeLimit` of them for the next use. */
class BufferPool {
  readonly bufferBytes: number;
  readonly #freeLimit: number;
  readonly #free: Buffer[] = [];

  constructor(bufferBytes: number, freeLimit: number) {
    this.bufferBytes = bufferBytes;
    this.#freeLimit = freeLimit;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
  }

  giveBack(buffer: Buffer): void {
    if (this.#free.length < this.#freeLimit) this.#free.push(buffer);
  }
}

/** Text that waits in front of bytes goes into the same buffer. 5 MiB and 4 MiB when full of free buffers. */
const smallBuffers = new BufferPool(SMALL_READ_BYTES + JOINED_TEXT_LIMIT, 64);
const largeBuffers = new BufferPool(LARGE_READ_BYTES + JOINED_TEXT_LIMIT, 8);

/** Takes a buffer for `length` bytes, at most one text and one read. */
export function takeBuffer(length: number): Buffer {
  return length <= smallBuffers.bufferBytes ? smallBuffers.take() : largeBuffers.take();
}

export function returnBuffer(buffer: Buffer): void {
  if (buffer.length === smallBuffers.bufferBytes) smallBuffers.giveBack(buffer);
  else largeBuffers.giveBack(buffer);
}
