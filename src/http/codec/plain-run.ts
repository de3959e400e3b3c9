/**
 * Skips plain text four bytes at a time: in heads most bytes are those of long values.
 *
 * The words are a view of the buffer that came last and came before: the thread's read buffer, as good as always. Others
 * are read byte by byte, which costs less than a view would.
 */

/** What a view may keep from being collected. */
const LONGEST_VIEWED_BYTES = 65_536;

let viewed: Uint8Array = new Uint8Array(0);
let words = new DataView(new ArrayBuffer(0));
let candidate: Uint8Array = viewed;

/** The first offset from `at` on, below `end`, where a control character may stand within the next four bytes; `at` when nobody looked. */
export function skipPlain(bytes: Uint8Array, at: number, end: number): number {
  if (bytes !== viewed && !view(bytes)) return at;
  // Each byte below 0x20 or equal to 0x7f sets its upper bit; a borrow sets one only above such a byte.
  const last = end - 4;
  let from = at;
  while (from <= last) {
    const word = words.getInt32(from, true);
    const deleted = word ^ 0x7f7f7f7f;
    if ((((word - 0x20202020) & ~word) | ((deleted - 0x01010101) & ~deleted)) & 0x80808080) break;
    from += 4;
  }
  return from;
}

function view(bytes: Uint8Array): boolean {
  if (bytes !== candidate) {
    if (bytes.length <= LONGEST_VIEWED_BYTES) candidate = bytes;
    return false;
  }
  viewed = bytes;
  words = new DataView(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
  return true;
}
