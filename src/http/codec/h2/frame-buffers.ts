/** A small read of body and its frames' heads, and some heads beside. */
export const FRAME_BUFFER_BYTES = 81_920;
/** A large read of body and its frames' heads. */
const LARGE_BUFFER_BYTES = 540_672;
/** Kept for the next use: 5 MiB and 2 MiB. */
const MAX_FREE = 64;
const MAX_FREE_LARGE = 4;

const free: Buffer[] = [];
const freeLarge: Buffer[] = [];

/** A buffer for `bytes`, or the largest there is. */
export function takeFrameBuffer(bytes: number): Buffer {
  if (bytes <= FRAME_BUFFER_BYTES) return free.pop() ?? Buffer.allocUnsafeSlow(FRAME_BUFFER_BYTES);
  return freeLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BUFFER_BYTES);
}

export function returnFrameBuffer(buffer: Buffer): void {
  if (buffer.length === FRAME_BUFFER_BYTES) {
    if (free.length < MAX_FREE) free.push(buffer);
  } else if (freeLarge.length < MAX_FREE_LARGE) {
    freeLarge.push(buffer);
  }
}
