import { constants } from 'node:os';
import { TLS_FAILED } from '../transport/tls.ts';
import type { TransportError } from '../transport/transport.ts';
import type { FirstRecordFault } from './first-record.ts';

/** BoringSSL's numbers of the reasons that OpenSSL names alike. */
const REASONS: Readonly<Record<string, number>> = {
  BAD_SIGNATURE: 114,
  CERTIFICATE_VERIFY_FAILED: 125,
  DECODE_ERROR: 137,
  DECRYPTION_FAILED_OR_BAD_RECORD_MAC: 139,
  CLIENTHELLO_PARSE_FAILED: 131,
  DIGEST_CHECK_FAILED: 142,
  ENCRYPTED_LENGTH_TOO_LONG: 146,
  EXCESSIVE_MESSAGE_SIZE: 150,
  HTTP_REQUEST: 156,
  HTTPS_PROXY_REQUEST: 155,
  NO_CIPHERS_PASSED: 177,
  NO_SHARED_CIPHER: 184,
  NO_COMMON_SIGNATURE_ALGORITHMS: 253,
  NO_SHARED_GROUP: 266,
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 192,
  UNEXPECTED_MESSAGE: 223,
  UNEXPECTED_RECORD: 225,
  UNKNOWN_PROTOCOL: 228,
  UNSUPPORTED_PROTOCOL: 240,
  WRONG_VERSION_NUMBER: 247,
  NO_RENEGOTIATION: 178,
};

/** What OpenSSL calls otherwise. */
const RENAMED: Readonly<Record<string, string>> = {
  LENGTH_MISMATCH: 'CLIENTHELLO_PARSE_FAILED',
  LENGTH_TOO_SHORT: 'CLIENTHELLO_PARSE_FAILED',
  NO_SUITABLE_SIGNATURE_ALGORITHM: 'NO_COMMON_SIGNATURE_ALGORITHMS',
  NO_SUITABLE_KEY_SHARE: 'NO_SHARED_GROUP',
  NO_SUITABLE_GROUPS: 'NO_SHARED_GROUP',
  PACKET_LENGTH_TOO_LONG: 'ENCRYPTED_LENGTH_TOO_LONG',
  BAD_RECORD_TYPE: 'UNEXPECTED_RECORD',
  VERSION_TOO_LOW: 'UNSUPPORTED_PROTOCOL',
};

/** Alerts of the peer: OpenSSL names each by the version it came with first. */
const ALERTS: Readonly<Record<string, readonly [name: string, alert: number]>> = Object.fromEntries(
  Object.entries({
    UNEXPECTED_MESSAGE: 10, BAD_RECORD_MAC: 20, RECORD_OVERFLOW: 22, HANDSHAKE_FAILURE: 40, BAD_CERTIFICATE: 42, UNSUPPORTED_CERTIFICATE: 43, CERTIFICATE_REVOKED: 44,
    CERTIFICATE_EXPIRED: 45, CERTIFICATE_UNKNOWN: 46, ILLEGAL_PARAMETER: 47, UNKNOWN_CA: 48, ACCESS_DENIED: 49, DECODE_ERROR: 50, DECRYPT_ERROR: 51, PROTOCOL_VERSION: 70,
    INSUFFICIENT_SECURITY: 71, INTERNAL_ERROR: 80, NO_RENEGOTIATION: 100, UNSUPPORTED_EXTENSION: 110, UNRECOGNIZED_NAME: 112, CERTIFICATE_REQUIRED: 116, NO_APPLICATION_PROTOCOL: 120,
  }).flatMap(([name, alert]) => ['SSLV3_ALERT_', 'TLSV1_ALERT_', 'TLSV13_ALERT_', 'SSL/TLS_ALERT_', 'TLSV1_', 'TLSV13_'].map((prefix) => [prefix + name, [name, alert]] as const)),
);
const OLD_ALERTS = new Set([10, 20, 40, 42, 43, 44, 45, 46, 47]);
const ALERT_REASONS = 1000;
const SYSTEM_LIBRARY = 2 << 24;
const SSL_LIBRARY = 16 << 24;

/** Nobody can be spoken to yet. */
export const SECRET_NOT_SUPPLIED = 'TLS error: Secret is not supplied by SDS';

/** The same for what OpenSSL was not asked about. */
export function firstRecordReason({ reason }: FirstRecordFault): string {
  if (reason === '') return '';
  const number = /^ALERT_(\d+)$/.exec(reason)?.[1];
  const alert = number === undefined ? undefined : Object.values(ALERTS).find(([, each]) => each === Number(number));
  return alert === undefined ? errorText(REASONS[reason] ?? 0, reason) : alertText(alert);
}

/** Envoy's text of a failed handshake; '' when the peer just went away. */
export function failureReason(error: TransportError): string {
  if (error.code !== TLS_FAILED) return error.code === 'ECONNRESET' ? systemReason(constants.errno.ECONNRESET, 'Connection reset by peer') : '';
  const openssl = error.message.replace(/^ERR_SSL_/, '');
  if (openssl === error.message) return error.message;
  const alert = ALERTS[openssl];
  if (alert !== undefined) {
    return alertText(alert);
  }
  const name = RENAMED[openssl] ?? openssl;
  return errorText(REASONS[name] ?? 0, name === 'PEER_DID_NOT_RETURN_A_CERTIFICATE' ? `${name}:peer did not provide required client certificate` : name);
}

/** The peer's certificate was refused, with what was wrong. */
export function refusalReason(detail: string): string {
  return errorText(REASONS['CERTIFICATE_VERIFY_FAILED']!, `CERTIFICATE_VERIFY_FAILED:${detail}`);
}

function alertText([name, number]: readonly [name: string, alert: number]): string {
  return errorText(ALERT_REASONS + number, `${OLD_ALERTS.has(number) ? 'SSLV3' : 'TLSV1'}_ALERT_${name}`);
}

function errorText(reason: number, text: string): string {
  return `TLS_error:|${SSL_LIBRARY + reason}:SSL routines:OPENSSL_internal:${text}:TLS_error_end`;
}

/** What BoringSSL says when the socket fails under it. */
function systemReason(errno: number, text: string): string {
  return `TLS_error:|${SYSTEM_LIBRARY + errno}:system library:OPENSSL_internal:${text}:TLS_error_end`;
}
