/**
 * Memory that bytes are read into. One buffer per thread serves every connection, because what a read brings is used up
 * before the next read starts. What must outlive that is copied into a buffer of the pool.
 */

export const READ_BUFFER_BYTES = 65_536;
/** A joined head fits before a full read. */
const POOLED_BUFFER_BYTES = READ_BUFFER_BYTES + 16_384;
/** Free buffers kept for the next use. */
const FREE_LIMIT = 64;

export const sharedReadBuffer: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
const sharedMemory = sharedReadBuffer.buffer;
const free: Buffer[] = [];

/** Whether the next read may overwrite `bytes`. */
export function isLent(bytes: Buffer): boolean {
  return bytes.buffer === sharedMemory;
}

/** A buffer for a text of at most 16 KiB and a read. */
export function takeBuffer(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(POOLED_BUFFER_BYTES);
}

export function returnBuffer(buffer: Buffer): void {
  if (free.length < FREE_LIMIT) free.push(buffer);
}
