/**
 * Skips plain text four bytes at a time: in heads most bytes are those of long values. Returns the first offset from `at` on, below `end`, where a
 * control character may stand within the next four bytes.
 */
export function skipPlain(words: DataView, at: number, end: number): number {
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
