/** The bytes of HTTP/1 heads (RFC 9110 §5, RFC 9112 §2–§5), and what is read of them at one place. */

/** More bytes are needed. */
export const INCOMPLETE = -1;
/** `parser.problem` says what is wrong. */
export const INVALID = -2;

export const CR = 13;
export const LF = 10;
export const SPACE = 32;
export const TAB = 9;
export const COLON = 58;

/** Lower-case byte of a token character (RFC 9110 §5.6.2), 0 for others. */
export const TOKEN = new Uint8Array(256);
/** Bytes allowed in a field value: HTAB, SP, visible, obs-text (RFC 9110 §5.5). */
export const VALUE = new Uint8Array(256);
/** Bytes allowed in a request target. */
export const TARGET = new Uint8Array(256);

for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN[char.charCodeAt(0)] = char.toLowerCase().charCodeAt(0);
}
for (let byte = 0x20; byte < 256; byte++) if (byte !== 0x7f) VALUE[byte] = 1;
VALUE[TAB] = 1;
for (let byte = 0x21; byte < 0x7f; byte++) TARGET[byte] = 1;

export function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== CR && byte !== LF) || byte === 0x7f;
}

/** No message begins with it; an empty line before one does not count. */
export function cannotBegin(byte: number): boolean {
  return byte === SPACE || isControl(byte);
}

/** Offset of the first byte that is neither SP nor HTAB: request lines are split at white space (RFC 9112 §3). */
export function skipBlanks(bytes: Buffer, at: number, end: number): number {
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

/** Offset after CRLF or LF at `at`, INCOMPLETE, or INVALID when there is no line end. */
export function afterLineEnd(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return INCOMPLETE;
  if (bytes[at] === LF) return at + 1;
  if (bytes[at] !== CR) return INVALID;
  if (at + 1 >= end) return INCOMPLETE;
  return bytes[at + 1] === LF ? at + 2 : INVALID;
}

const VERSION = [72, 84, 84, 80, 47, -1, 46, -1];

/** Whether `bytes[start, end)` is `HTTP/d.d` or begins so. */
export function isVersion(bytes: Buffer, start: number, end: number): boolean {
  for (let i = 0; i < end - start; i++) {
    const byte = bytes[start + i]!;
    const wanted = VERSION[i]!;
    if (wanted === -1 ? byte < 48 || byte > 57 : byte !== wanted) return false;
  }
  return true;
}

export function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
