import type { Writable } from 'node:stream';
import { TextDecoder } from 'node:util';

const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const CLOSE = { normal: 1000, protocolError: 1002, invalidData: 1007, tooBig: 1009 } as const;
const MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024;
const EMPTY: Buffer = Buffer.alloc(0);

interface Frame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** What is wrong with what the client sent: the code to close with. */
class Violation extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`close with ${code}`);
    this.code = code;
  }
}

/**
 * The server's side of one WebSocket.
 *
 *   open ──close frame or violation──▶ closed (its own close frame sent; what still comes is dropped)
 */
export class EchoConnection {
  readonly #out: Writable;
  #received: Buffer = EMPTY;
  #opcode = 0;
  #fragments: Buffer[] = [];
  #length = 0;
  #utf8 = utf8Decoder();
  #closed = false;

  constructor(out: Writable) {
    this.#out = out;
  }

  onBytes(bytes: Buffer): void {
    if (this.#closed) return;
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    try {
      for (let frame = this.#takeFrame(); frame !== undefined && !this.#closed; frame = this.#takeFrame()) this.#onFrame(frame);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#close(error.code, EMPTY);
    }
  }

  #takeFrame(): Frame | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const opcode = bytes[0]! & 0x0f;
    const fin = bytes[0]! >= 0x80;
    const short = bytes[1]! & 0x7f;
    const isControl = opcode >= OPCODE.close;
    const isKnown = opcode <= OPCODE.binary || (isControl && opcode <= OPCODE.pong);
    const isMasked = bytes[1]! >= 0x80;
    if ((bytes[0]! & 0x70) !== 0 || !isKnown || !isMasked || (isControl && (!fin || short > 125))) throw new Violation(CLOSE.protocolError);
    const maskAt = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < maskAt + 4) return undefined;
    const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
    if (length + this.#length > MESSAGE_LIMIT_BYTES) throw new Violation(CLOSE.tooBig);
    const end = maskAt + 4 + length;
    if (bytes.length < end) return undefined;
    const payload = Buffer.from(bytes.subarray(maskAt + 4, end));
    for (let index = 0; index < length; index++) payload[index]! ^= bytes[maskAt + (index & 3)]!;
    this.#received = bytes.subarray(end);
    return { fin, opcode, payload };
  }

  #onFrame({ fin, opcode, payload }: Frame): void {
    if (opcode === OPCODE.ping) this.#send(OPCODE.pong, payload);
    else if (opcode === OPCODE.close) this.#onClose(payload);
    else if (opcode !== OPCODE.pong) this.#onFragment(fin, opcode, payload);
  }

  #onFragment(fin: boolean, opcode: number, payload: Buffer): void {
    const continues = this.#opcode !== 0;
    if (continues !== (opcode === OPCODE.continuation)) throw new Violation(CLOSE.protocolError);
    if (!continues) this.#opcode = opcode;
    if (this.#opcode === OPCODE.text) checkUtf8(this.#utf8, payload, fin);
    this.#fragments.push(payload);
    this.#length += payload.length;
    if (!fin) return;
    this.#send(this.#opcode, Buffer.concat(this.#fragments));
    this.#opcode = 0;
    this.#fragments = [];
    this.#length = 0;
    this.#utf8 = utf8Decoder();
  }

  #onClose(payload: Buffer): void {
    if (payload.length === 0) {
      this.#close(CLOSE.normal, EMPTY);
      return;
    }
    if (payload.length === 1 || !isCloseCode(payload.readUInt16BE(0))) throw new Violation(CLOSE.protocolError);
    const reason = payload.subarray(2);
    checkUtf8(utf8Decoder(), reason, true);
    this.#close(payload.readUInt16BE(0), reason);
  }

  #close(code: number, reason: Buffer): void {
    const payload = Buffer.alloc(2 + reason.length);
    payload.writeUInt16BE(code);
    reason.copy(payload, 2);
    this.#send(OPCODE.close, payload);
    this.#closed = true;
    this.#out.end();
  }

  #send(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
    head[0] = 0x80 | opcode;
    head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
    if (head.length === 4) head.writeUInt16BE(length, 2);
    else if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
    this.#out.write(head);
    this.#out.write(payload);
  }
}

const utf8Decoder = (): TextDecoder => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const checkUtf8 = (decoder: TextDecoder, bytes: Buffer, isEnd: boolean): void => {
  try {
    decoder.decode(bytes, { stream: !isEnd });
  } catch {
    throw new Violation(CLOSE.invalidData);
  }
};

const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999);
