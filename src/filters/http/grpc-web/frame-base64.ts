/**
 * Encodes a stream of gRPC messages as base64, each message with its own padding (application/grpc-web-text). Keeps at most the
 * head of a message and two bytes.
 */
export class FrameBase64 {
  #kept = Buffer.alloc(0);
  /** Of the message that is under way; the next byte begins a new one when 0. */
  #left = 0;

  encode(chunk: Buffer): string {
    let bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    let out = '';
    for (;;) {
      if (this.#left === 0) {
        if (bytes.length < HEAD_BYTES) break;
        this.#left = HEAD_BYTES + bytes.readUInt32BE(1);
      }
      const whole = bytes.length >= this.#left;
      const count = whole ? this.#left : bytes.length - (bytes.length % 3);
      if (count === 0) break;
      out += bytes.toString('base64', 0, count);
      this.#left -= count;
      bytes = bytes.subarray(count);
      if (!whole) break;
    }
    this.#kept = Buffer.from(bytes);
    return out;
  }
}

const HEAD_BYTES = 5;

/** Decodes base64 as it comes, padding in the middle included. Keeps at most three letters. */
export class Base64Stream {
  #kept = '';

  /** Why not, when it is not base64. */
  decode(chunk: Buffer, end: boolean): Buffer | 'bad-letter' | 'bad-size' {
    const text = this.#kept + chunk.toString('latin1');
    const count = text.length - (text.length % 4);
    if (end && count !== text.length) return 'bad-size';
    this.#kept = text.slice(count);
    const parts: Buffer[] = [];
    for (let at = 0; at < count; ) {
      const padding = text.indexOf('=', at);
      const to = padding < 0 || padding >= count ? count : padding - (padding % 4) + 4;
      const part = text.slice(at, to);
      if (!GROUPS.test(part)) return 'bad-letter';
      parts.push(Buffer.from(part, 'base64'));
      at = to;
    }
    return Buffer.concat(parts);
  }
}

const GROUPS = /^[A-Za-z0-9+/]*={0,2}$/;
