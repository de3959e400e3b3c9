/**
 * Bytes as text, one character a byte: how heads, paths and small bodies travel inside the program.
 * `latin1Slice` is what `Buffer#toString('latin1')` ends in; calling it directly saves the argument checks.
 */
interface Latin1Buffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number): number;
}

export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1Buffer).latin1Slice(start, end);
}

export function writeLatin1(bytes: Buffer, text: string, offset: number): number {
  return (bytes as unknown as Latin1Buffer).latin1Write(text, offset);
}

/** A copy of a substring that does not pin the text it was cut from. */
export function ownedText(text: string): string {
  return latin1(Buffer.from(text, 'latin1'), 0, text.length);
}
