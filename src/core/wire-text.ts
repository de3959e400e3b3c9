import { isUtf8 } from 'node:buffer';

/**
 * Text of a configuration (Unicode) as it stands on the wire: its UTF-8 bytes, one character a byte, so that it compares with and
 * joins paths, header values and bodies, which are latin1 text.
 */
export function wireText(text: string): string {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

export function wireTextFromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The way back: metadata and filter state are Unicode. What is no UTF-8 stays as it is. */
export function unicodeText(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : bytes;
}
