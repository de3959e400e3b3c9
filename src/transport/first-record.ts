import { type BoringSslReason, boringSslReason, reasonOfAlert } from './boringssl-reasons.ts';

/**
 * What a peer is told that does not begin with a ClientHello, as BoringSSL judges it. OpenSSL would say nothing to such a peer, and would
 * cost more than the answer.
 */
export interface FirstRecordFault {
  /** Undefined: the peer just says that it goes. */
  readonly reason: BoringSslReason | undefined;
  /** Number of the alert that answers it (RFC 8446 §6); 0 for none. */
  readonly alert: number;
}

const RECORD_HEADER_BYTES = 5;
const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const WARNING = 1;
const FATAL = 2;
const MAX_ENCRYPTED_BYTES = 16_384 + 256 + 64;
const MAX_MESSAGE_BYTES = 16_384;

const UNEXPECTED_MESSAGE_ALERT = 10;
const RECORD_OVERFLOW_ALERT = 22;
const ILLEGAL_PARAMETER_ALERT = 47;
const PROTOCOL_VERSION_ALERT = 70;

const PLAIN_HTTP = ['GET ', 'POST ', 'HEAD ', 'PUT '];

/** Undefined: it may be a ClientHello, or more bytes are needed to tell, or OpenSSL judges it better. */
export function firstRecordFault(bytes: Buffer): FirstRecordFault | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined;
  const start = bytes.toString('latin1', 0, RECORD_HEADER_BYTES);
  if (PLAIN_HTTP.some((method) => start.startsWith(method))) return fault('HTTP_REQUEST', 0);
  if (start === 'CONNE') return fault('HTTPS_PROXY_REQUEST', 0);
  return isHelloOfSsl2(bytes) ? undefined : recordFault(bytes);
}

/** The same of any record before the handshake is done. */
export function recordFault(bytes: Buffer): FirstRecordFault | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined;
  if (bytes[1] !== 3) return fault('WRONG_VERSION_NUMBER', PROTOCOL_VERSION_ALERT);
  if (bytes.readUInt16BE(3) > MAX_ENCRYPTED_BYTES) return fault('ENCRYPTED_LENGTH_TOO_LONG', RECORD_OVERFLOW_ALERT);
  switch (bytes[0]) {
    case HANDSHAKE:
      return handshakeFault(bytes);
    case ALERT:
      return alertFault(bytes);
    default:
      return fault('UNEXPECTED_RECORD', UNEXPECTED_MESSAGE_ALERT);
  }
}

/** A ClientHello as SSL 2 wrote it, which asks for something newer: the length has its highest bit set, then come type and version. */
export function isHelloOfSsl2(bytes: Buffer): boolean {
  return (bytes[0]! & 0x80) !== 0 && bytes[2] === CLIENT_HELLO && bytes[3] === 3;
}

function handshakeFault(bytes: Buffer): FirstRecordFault | undefined {
  const recordEnd = RECORD_HEADER_BYTES + bytes.readUInt16BE(3);
  const message = bytes.subarray(RECORD_HEADER_BYTES, recordEnd);
  if (message.length < 4) return undefined;
  if (message[0] !== CLIENT_HELLO) return fault('UNEXPECTED_MESSAGE', UNEXPECTED_MESSAGE_ALERT);
  // The length of a message counts when its first record is whole.
  return bytes.length >= recordEnd && message.readUIntBE(1, 3) > MAX_MESSAGE_BYTES ? fault('EXCESSIVE_MESSAGE_SIZE', ILLEGAL_PARAMETER_ALERT) : undefined;
}

function alertFault(bytes: Buffer): FirstRecordFault | undefined {
  if (bytes.readUInt16BE(3) !== 2) return fault('BAD_ALERT', UNEXPECTED_MESSAGE_ALERT);
  if (bytes.length < RECORD_HEADER_BYTES + 2) return undefined;
  const [level, alert] = bytes.subarray(RECORD_HEADER_BYTES);
  if (level === FATAL) return { reason: reasonOfAlert(alert!), alert: 0 };
  return level === WARNING ? { reason: undefined, alert: 0 } : fault('UNKNOWN_ALERT_TYPE', ILLEGAL_PARAMETER_ALERT);
}

function fault(name: string, alert: number): FirstRecordFault {
  return { reason: boringSslReason(name), alert };
}

/** A fatal alert in a record of the version that is spoken before one was agreed on. */
export function alertRecord(alert: number): Buffer {
  return Buffer.from([ALERT, 3, 1, 0, 2, FATAL, alert]);
}
