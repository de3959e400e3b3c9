/**
 * Bytes four at a time. Buffers that serve again and again, the thread's read buffers, are announced here once; others have no words and are read byte
 * by byte, which costs less than a view made for one look.
 */

const known = new WeakMap<Uint8Array, DataView>();

export function announceWords(bytes: Uint8Array): void {
  known.set(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
}

/** Undefined: never announced. */
export function wordsOf(bytes: Uint8Array): DataView | undefined {
  return known.get(bytes);
}
