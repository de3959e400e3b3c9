/**
 * Bytes as text, one character a byte: how heads, paths and small bodies travel inside the program.
 * `latin1Slice` is what `Buffer#toString('latin1')` ends in; calling it directly saves the argument checks.
 */
interface Latin1Buffer {
  latin1Slice(start: number, end: number): string;
}

export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1Buffer).latin1Slice(start, end);
}

/** Throws where a character would lose its upper half on the wire. */
export function assertLatin1(text: string): void {
  if (/[^\u0000-\u00ff]/.test(text)) throw new TypeError(`text is not latin1: ${JSON.stringify(text)}`);
}
