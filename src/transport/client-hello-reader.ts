import { type BoringSslReason, boringSslReason, reasonOfAlert } from './boringssl-reasons.ts';
import { type ClientHello, parseClientHello, parseHelloOfSsl2 } from './client-hello.ts';

/** Why what a peer has sent first is no ClientHello, in BoringSSL's words. OpenSSL would say nothing to most such peers, and would cost more than the answer. */
export interface HelloFault {
  /** Undefined: the peer just says that it goes. */
  readonly reason: BoringSslReason | undefined;
  /** Number of the alert that answers it (RFC 8446 §6); 0 for none. */
  readonly alert: number;
}

export const TOO_LARGE = 'too-large';

const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const WARNING = 1;
const FATAL = 2;
const CLOSE_NOTIFY = 0;
const MAX_ENCRYPTED_BYTES = 16_384 + 256 + 64;
const MAX_PLAIN_BYTES = 16_384;
const MAX_MESSAGE_BYTES = 16_384;
const MAX_EMPTY_RECORDS = 32;
const MAX_WARNINGS = 4;
const MIN_SSL2_BYTES = 3;
const MAX_SSL2_BYTES = 4096;

const UNEXPECTED_MESSAGE_ALERT = 10;
const RECORD_OVERFLOW_ALERT = 22;
const ILLEGAL_PARAMETER_ALERT = 47;
const DECODE_ERROR_ALERT = 50;
const PROTOCOL_VERSION_ALERT = 70;

const PLAIN_HTTP = ['GET ', 'POST ', 'HEAD ', 'PUT '];
/** Who has not said a byte costs none. */
const NOTHING = Buffer.alloc(0);

/** Its parts contradict each other. */
export const UNREADABLE = fault('CLIENTHELLO_PARSE_FAILED', DECODE_ERROR_ALERT);
const FAREWELL: HelloFault = { reason: undefined, alert: 0 };

/**
 * Gathers a ClientHello (RFC 8446 §4.1.2) from the records it is spread over, however small they are. As BoringSSL, it judges a record's header at once
 * and its content when it is whole. Each byte is looked at once: a peer that sends one byte a record costs no more than its bytes.
 *
 *   START ──no SSL 2──▶ RECORD HEADER ──all of it──▶ CONTENT ──appended──▶ RECORD HEADER … until the message is whole
 */
export class ClientHelloReader {
  readonly #maxBytes: number;
  /** Where the record begins that is not yet taken apart. */
  #at = 0;
  #started = false;
  #message = NOTHING;
  #messageLength = 0;
  #emptyRecords = 0;
  #warnings = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Of the message, without its header, when `read` has told what it says. */
  get body(): Buffer {
    return this.#message.subarray(MESSAGE_HEADER_BYTES, this.#messageLength);
  }

  /** `bytes[0, length)`: all that the peer has sent; it only grows. Undefined: not all of it is here. What the peer says of its length counts only when it has sent it. */
  read(bytes: Buffer, length: number): ClientHello | HelloFault | typeof TOO_LARGE | undefined {
    const result = this.#read(bytes, Math.min(length, this.#maxBytes));
    return result === undefined && length >= this.#maxBytes ? TOO_LARGE : result;
  }

  #read(bytes: Buffer, length: number): ClientHello | HelloFault | undefined {
    if (!this.#started) {
      if (length < RECORD_HEADER_BYTES) return undefined;
      const http = httpFault(bytes);
      if (http !== undefined) return http;
      if (isHelloOfSsl2(bytes)) return readHelloOfSsl2(bytes, length);
      this.#started = true;
    }
    while (length - this.#at >= RECORD_HEADER_BYTES) {
      const start = this.#at + RECORD_HEADER_BYTES;
      if (bytes[this.#at + 1] !== 3) return fault('WRONG_VERSION_NUMBER', PROTOCOL_VERSION_ALERT);
      const size = bytes.readUInt16BE(start - 2);
      if (size > MAX_ENCRYPTED_BYTES) return fault('ENCRYPTED_LENGTH_TOO_LONG', RECORD_OVERFLOW_ALERT);
      if (length - start < size) return undefined;
      const type = bytes[this.#at]!;
      this.#at = start + size;
      const result = this.#onRecord(type, bytes.subarray(start, this.#at));
      if (result !== undefined) return result;
    }
    return undefined;
  }

  #onRecord(type: number, content: Buffer): ClientHello | HelloFault | undefined {
    if (content.length > MAX_PLAIN_BYTES) return fault('DATA_LENGTH_TOO_LONG', RECORD_OVERFLOW_ALERT);
    this.#emptyRecords = content.length === 0 ? this.#emptyRecords + 1 : 0;
    if (this.#emptyRecords > MAX_EMPTY_RECORDS) return fault('TOO_MANY_EMPTY_FRAGMENTS', UNEXPECTED_MESSAGE_ALERT);
    if (type === ALERT) return this.#onAlert(content);
    if (type !== HANDSHAKE) return fault('UNEXPECTED_RECORD', UNEXPECTED_MESSAGE_ALERT);
    this.#warnings = 0;
    this.#append(content);
    return this.#onMessage();
  }

  #onAlert(content: Buffer): HelloFault | undefined {
    if (content.length !== 2) return fault('BAD_ALERT', DECODE_ERROR_ALERT);
    const [level, alert] = content;
    if (level === FATAL) return { reason: reasonOfAlert(alert!), alert: 0 };
    if (level !== WARNING) return fault('UNKNOWN_ALERT_TYPE', ILLEGAL_PARAMETER_ALERT);
    if (alert === CLOSE_NOTIFY) return FAREWELL;
    return ++this.#warnings > MAX_WARNINGS ? fault('TOO_MANY_WARNING_ALERTS', UNEXPECTED_MESSAGE_ALERT) : undefined;
  }

  /** When a record has been appended. */
  #onMessage(): ClientHello | HelloFault | undefined {
    if (this.#messageLength < MESSAGE_HEADER_BYTES) return undefined;
    const size = this.#message.readUIntBE(1, 3);
    if (size > MAX_MESSAGE_BYTES) return fault('EXCESSIVE_MESSAGE_SIZE', ILLEGAL_PARAMETER_ALERT);
    const whole = MESSAGE_HEADER_BYTES + size;
    if (this.#messageLength < whole) return undefined;
    if (this.#message[0] !== CLIENT_HELLO) return fault('UNEXPECTED_MESSAGE', UNEXPECTED_MESSAGE_ALERT);
    this.#messageLength = whole;
    return parseClientHello(this.body) ?? UNREADABLE;
  }

  #append(content: Buffer): void {
    const needed = this.#messageLength + content.length;
    if (needed > this.#message.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#message.length * 2));
      this.#message.copy(larger, 0, 0, this.#messageLength);
      this.#message = larger;
    }
    content.copy(this.#message, this.#messageLength);
    this.#messageLength = needed;
  }
}

function httpFault(bytes: Buffer): HelloFault | undefined {
  const start = bytes.toString('latin1', 0, RECORD_HEADER_BYTES);
  if (PLAIN_HTTP.some((method) => start.startsWith(method))) return fault('HTTP_REQUEST', 0);
  return start === 'CONNE' ? fault('HTTPS_PROXY_REQUEST', 0) : undefined;
}

/** A ClientHello as SSL 2 wrote it, which asks for something newer: the length has its highest bit set, then come type and version. */
function isHelloOfSsl2(bytes: Buffer): boolean {
  return (bytes[0]! & 0x80) !== 0 && bytes[2] === CLIENT_HELLO && bytes[3] === 3;
}

function readHelloOfSsl2(bytes: Buffer, length: number): ClientHello | HelloFault | undefined {
  const size = bytes.readUInt16BE(0) & 0x7fff;
  if (size > MAX_SSL2_BYTES) return fault('RECORD_TOO_LARGE', 0);
  if (size < MIN_SSL2_BYTES) return fault('RECORD_LENGTH_MISMATCH', 0);
  if (length < 2 + size) return undefined;
  return parseHelloOfSsl2(bytes.subarray(2, 2 + size)) ?? fault('DECODE_ERROR', 0);
}

function fault(name: string, alert: number): HelloFault {
  return { reason: boringSslReason(name), alert };
}

/** A fatal alert in a record of the version that is spoken before one was agreed on. */
export function alertRecord(alert: number): Buffer {
  return Buffer.from([ALERT, 3, 1, 0, 2, FATAL, alert]);
}
