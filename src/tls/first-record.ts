/**
 * What a peer is told that does not begin with a ClientHello, as BoringSSL judges it. OpenSSL would say nothing to such a peer, and would
 * cost more than the answer.
 */
export interface FirstRecordFault {
  /** BoringSSL's name; '' when the peer just says that it goes. */
  readonly reason: string;
  /** Number of the alert that answers it (RFC 8446 §6); 0 for none. */
  readonly alert: number;
}

const RECORD_HEADER_BYTES = 5;
const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
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
  if (PLAIN_HTTP.some((method) => start.startsWith(method))) return { reason: 'HTTP_REQUEST', alert: 0 };
  if (start === 'CONNE') return { reason: 'HTTPS_PROXY_REQUEST', alert: 0 };
  if (isHelloOfSsl2(bytes)) return undefined;
  if (bytes[1] !== 3) return { reason: 'WRONG_VERSION_NUMBER', alert: PROTOCOL_VERSION_ALERT };
  if (bytes.readUInt16BE(3) > MAX_ENCRYPTED_BYTES) return { reason: 'ENCRYPTED_LENGTH_TOO_LONG', alert: RECORD_OVERFLOW_ALERT };
  switch (bytes[0]) {
    case HANDSHAKE:
      return handshakeFault(bytes);
    case ALERT:
      return alertFault(bytes);
    default:
      return { reason: 'UNEXPECTED_RECORD', alert: UNEXPECTED_MESSAGE_ALERT };
  }
}

/** The length has its highest bit set, then come type and version. */
function isHelloOfSsl2(bytes: Buffer): boolean {
  return (bytes[0]! & 0x80) !== 0 && bytes[2] === CLIENT_HELLO && bytes[3] === 3;
}

function handshakeFault(bytes: Buffer): FirstRecordFault | undefined {
  const message = bytes.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + bytes.readUInt16BE(3));
  if (message.length < 4) return undefined;
  if (message[0] !== CLIENT_HELLO) return { reason: 'UNEXPECTED_MESSAGE', alert: UNEXPECTED_MESSAGE_ALERT };
  return message.readUIntBE(1, 3) > MAX_MESSAGE_BYTES ? { reason: 'EXCESSIVE_MESSAGE_SIZE', alert: ILLEGAL_PARAMETER_ALERT } : undefined;
}

function alertFault(bytes: Buffer): FirstRecordFault | undefined {
  if (bytes.length < RECORD_HEADER_BYTES + 2) return undefined;
  const [level, alert] = bytes.subarray(RECORD_HEADER_BYTES);
  return level === FATAL ? { reason: `ALERT_${alert}`, alert: 0 } : { reason: '', alert: 0 };
}

/** A fatal alert in a record of the version that is spoken before one was agreed on. */
export function alertRecord(alert: number): Buffer {
  return Buffer.from([ALERT, 3, 1, 0, 2, FATAL, alert]);
}
