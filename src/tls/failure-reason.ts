import { constants } from 'node:os';
import { alertOfReason, type BoringSslReason, boringSslReason, reasonOfAlert } from '../transport/boringssl-reasons.ts';
import type { HelloFault } from '../transport/client-hello-reader.ts';
import { TLS_FAILED } from '../transport/tls.ts';
import type { TransportError } from '../transport/transport.ts';

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

const SYSTEM_LIBRARY = 2 << 24;
/** The alert that BoringSSL remarks on where it is all the answer to a ClientHello. */
const HANDSHAKE_FAILURE = 40;

/** Nobody can be spoken to yet. */
export const SECRET_NOT_SUPPLIED = 'TLS error: Secret is not supplied by SDS';

/** The same for what OpenSSL was not asked about. */
export function helloFaultReason({ reason }: HelloFault): string {
  return reason === undefined ? '' : errorText(reason);
}

/** Envoy's text of a failed handshake; '' when the peer just went away. */
export function failureReason(error: TransportError): string {
  if (error.code !== TLS_FAILED) return error.code === 'ECONNRESET' ? systemReason(constants.errno.ECONNRESET, 'Connection reset by peer') : '';
  const openssl = error.message.replace(/^ERR_SSL_/, '');
  if (openssl === error.message) return error.message;
  const alert = alertOfReason(openssl);
  if (alert === HANDSHAKE_FAILURE && error.answersHello) return errorText(reasonOfAlert(alert), `|${codeAndName(boringSslReason('HANDSHAKE_FAILURE_ON_CLIENT_HELLO'))}`);
  if (alert !== undefined) return errorText(reasonOfAlert(alert));
  const reason = boringSslReason(RENAMED[openssl] ?? openssl);
  return errorText(reason, reason.name === 'PEER_DID_NOT_RETURN_A_CERTIFICATE' ? ':peer did not provide required client certificate' : '');
}

/** The peer's certificate was refused, with what was wrong. */
export function refusalReason(detail: string): string {
  return errorText(boringSslReason('CERTIFICATE_VERIFY_FAILED'), `:${detail}`);
}

function errorText(reason: BoringSslReason, detail = ''): string {
  return `TLS_error:|${codeAndName(reason)}${detail}:TLS_error_end`;
}

function codeAndName({ code, name }: BoringSslReason): string {
  return `${code}:SSL routines:OPENSSL_internal:${name}`;
}

/** What BoringSSL says when the socket fails under it. */
function systemReason(errno: number, text: string): string {
  return `TLS_error:|${SYSTEM_LIBRARY + errno}:system library:OPENSSL_internal:${text}:TLS_error_end`;
}
