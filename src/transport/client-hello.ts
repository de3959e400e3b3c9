/** What a ClientHello says, as far as a filter chain can ask for it. */
export interface ClientHello {
  /** In lower case; '' for none. */
  readonly serverName: string;
  readonly applicationProtocols: readonly string[];
  readonly offersTls13: boolean;
}

/** The peer does not speak TLS. */
export const NOT_TLS = 'not-tls';
export const TOO_LARGE = 'too-large';
export const INVALID = 'invalid';

export type ClientHelloResult = ClientHello | typeof NOT_TLS | typeof TOO_LARGE | typeof INVALID;

const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const MAX_RECORD_BYTES = 16_384 + 2048;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const TLS13 = 0x0304;
/** Who has not said a byte costs none. */
const NOTHING = Buffer.alloc(0);

/**
 * Gathers a ClientHello (RFC 8446 §4.1.2) from the records it is spread over, however small they are. Each byte is looked at once: a peer
 * that sends one byte a record costs no more than its bytes.
 *
 *   RECORD HEADER ──5 bytes──▶ FRAGMENT ──its end──▶ RECORD HEADER … until the message is whole
 */
export class ClientHelloReader {
  readonly #maxBytes: number;
  /** How much of the input has been taken apart. */
  #at = 0;
  #fragmentLeft = 0;
  #message = NOTHING;
  #messageLength = 0;
  #badRecordAt = -1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Where the record begins that is none, when `read` has found the hello INVALID for it; else -1. */
  get badRecordAt(): number {
    return this.#badRecordAt;
  }

  /** Of the message, without its header, when `read` has told what it says. */
  get body(): Buffer {
    return this.#message.subarray(HANDSHAKE_HEADER_BYTES, this.#messageLength);
  }

  /** `bytes[0, length)`: all that the peer has sent; it only grows. Undefined: not all of it is here. What the peer says of its length counts only when it has sent it. */
  read(bytes: Buffer, length: number): ClientHelloResult | undefined {
    const result = this.#read(bytes, Math.min(length, this.#maxBytes));
    return result === undefined && length >= this.#maxBytes ? TOO_LARGE : result;
  }

  #read(bytes: Buffer, length: number): ClientHelloResult | undefined {
    for (;;) {
      if (this.#fragmentLeft === 0) {
        if (!looksLikeRecord(bytes, this.#at, length)) return this.#badRecord();
        if (length - this.#at < RECORD_HEADER_BYTES) return undefined;
        const size = bytes.readUInt16BE(this.#at + 3);
        if (size > MAX_RECORD_BYTES) return this.#badRecord();
        this.#fragmentLeft = size;
        this.#at += RECORD_HEADER_BYTES;
        if (size === 0) continue;
      }
      const taken = Math.min(this.#fragmentLeft, length - this.#at);
      if (taken === 0) return undefined;
      this.#append(bytes, taken);
      if (this.#message[0] !== CLIENT_HELLO) return NOT_TLS;
      if (this.#messageLength < HANDSHAKE_HEADER_BYTES) continue;
      const whole = HANDSHAKE_HEADER_BYTES + this.#message.readUIntBE(1, 3);
      if (this.#messageLength >= whole) return parseClientHello(this.#message.subarray(HANDSHAKE_HEADER_BYTES, whole)) ?? INVALID;
    }
  }

  #badRecord(): ClientHelloResult {
    if (this.#messageLength === 0) return NOT_TLS;
    this.#badRecordAt = this.#at;
    return INVALID;
  }

  #append(bytes: Buffer, count: number): void {
    const needed = this.#messageLength + count;
    if (needed > this.#message.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#message.length * 2));
      this.#message.copy(larger, 0, 0, this.#messageLength);
      this.#message = larger;
    }
    bytes.copy(this.#message, this.#messageLength, this.#at, this.#at + count);
    this.#messageLength = needed;
    this.#at += count;
    this.#fragmentLeft -= count;
  }
}

/** As far as the bytes are here: a handshake record of SSL 3.0 to TLS 1.3. */
function looksLikeRecord(bytes: Buffer, at: number, length: number): boolean {
  if (length > at && bytes[at] !== RECORD_HANDSHAKE) return false;
  return length <= at + 1 || bytes[at + 1] === 3;
}

/** The body of the message, without its header; undefined when its lengths contradict each other. */
function parseClientHello(body: Buffer): ClientHello | undefined {
  const cursor = new Cursor(body);
  cursor.skip(2 + 32);
  cursor.skip(cursor.uint8());
  const cipherBytes = cursor.uint16();
  cursor.skip(cipherBytes);
  cursor.skip(cursor.uint8());
  if (cursor.failed || cipherBytes < 2 || cipherBytes % 2 !== 0) return undefined;
  let serverName = '';
  let applicationProtocols: readonly string[] = [];
  let offersTls13 = false;
  if (cursor.left === 0) return { serverName, applicationProtocols, offersTls13 };
  const extensions = cursor.slice(cursor.uint16());
  const seen = new Set<number>();
  if (cursor.left > 0) return undefined;
  while (extensions.left > 0) {
    const type = extensions.uint16();
    const data = extensions.slice(extensions.uint16());
    // None stands twice (RFC 8446 §4.2).
    if (extensions.failed || seen.size === seen.add(type).size) return undefined;
    if (type === EXTENSION_SERVER_NAME) {
      const name = parseServerName(data);
      if (name === undefined) return undefined;
      serverName = name;
    } else if (type === EXTENSION_ALPN) {
      applicationProtocols = parseProtocols(data);
    } else if (type === EXTENSION_SUPPORTED_VERSIONS) {
      offersTls13 = namesTls13(data);
    }
  }
  return cursor.failed ? undefined : { serverName, applicationProtocols, offersTls13 };
}

/** One name of type host_name (RFC 6066 §3). */
function parseServerName(data: Cursor): string | undefined {
  const list = data.slice(data.uint16());
  const type = list.uint8();
  const length = list.uint16();
  const name = list.text(length);
  const isWhole = !data.failed && !list.failed && data.left === 0 && list.left === 0;
  if (!isWhole || type !== 0 || length === 0 || length > 255 || name.includes('\0')) return undefined;
  return name.toLowerCase();
}

/** RFC 7301 §3.1. What is wrong with them is left to the handshake: then there are none. */
function parseProtocols(data: Cursor): readonly string[] {
  const list = data.slice(data.uint16());
  if (data.failed || data.left > 0) return NO_PROTOCOLS;
  const names: string[] = [];
  while (list.left > 0) {
    const name = list.text(list.uint8());
    if (list.failed || name === '') return NO_PROTOCOLS;
    names.push(name);
  }
  return names;
}

/** RFC 8446 §4.2.1. */
function namesTls13(data: Cursor): boolean {
  const versions = data.slice(data.uint8());
  while (versions.left > 1) if (versions.uint16() === TLS13) return true;
  return false;
}

const NO_PROTOCOLS: readonly string[] = [];

/** Reads on after an end without throwing, and remembers it. */
export class Cursor {
  failed = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.#number(1);
  }

  uint16(): number {
    return this.#number(2);
  }

  skip(count: number): void {
    if (count > this.left) this.failed = true;
    else this.#at += count;
  }

  slice(count: number): Cursor {
    return new Cursor(this.bytes(count));
  }

  bytes(count: number): Buffer {
    const start = this.#at;
    this.skip(count);
    return this.#bytes.subarray(start, this.#at);
  }

  text(count: number): string {
    const start = this.#at;
    this.skip(count);
    return this.#bytes.toString('latin1', start, this.#at);
  }

  #number(count: number): number {
    const start = this.#at;
    this.skip(count);
    return this.#at === start ? 0 : this.#bytes.readUIntBE(start, count);
  }
}
