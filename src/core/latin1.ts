/**
 * Bytes as text, one character a byte: how heads, paths and small bodies travel inside the program.
 * `latin1Slice` and `latin1Write` are what `Buffer#toString` and `Buffer#write` end in; calling them directly saves the argument checks.
 */
interface Latin1Buffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, at: number, length: number): number;
}

export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1Buffer).latin1Slice(start, end);
}

/** There is room for the text. */
export function writeLatin1(bytes: Buffer, text: string, at: number): void {
  (bytes as unknown as Latin1Buffer).latin1Write(text, at, text.length);
}

/** Throws where a character would lose its upper half on the wire. */
export function assertLatin1(text: string): void {
  if (/[^\u0000-\u00ff]/.test(text)) throw new TypeError(`text is not latin1: ${JSON.stringify(text)}`);
}
