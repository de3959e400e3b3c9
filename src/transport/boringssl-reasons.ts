/** Why a handshake failed, as BoringSSL counts and names it: Envoy writes both into its logs. */
export interface BoringSslReason {
  readonly code: number;
  readonly name: string;
}

/** BoringSSL's numbers of the reasons that OpenSSL names alike. */
const REASONS: Readonly<Record<string, number>> = {
  BAD_ALERT: 102,
  BAD_SIGNATURE: 114,
  CERTIFICATE_VERIFY_FAILED: 125,
  CONNECTION_REJECTED: 133,
  DATA_LENGTH_TOO_LONG: 134,
  DECODE_ERROR: 137,
  DECRYPTION_FAILED_OR_BAD_RECORD_MAC: 139,
  CLIENTHELLO_PARSE_FAILED: 131,
  DIGEST_CHECK_FAILED: 142,
  ENCRYPTED_LENGTH_TOO_LONG: 146,
  EXCESSIVE_MESSAGE_SIZE: 150,
  HANDSHAKE_FAILURE_ON_CLIENT_HELLO: 154,
  HTTP_REQUEST: 156,
  HTTPS_PROXY_REQUEST: 155,
  NO_CIPHERS_PASSED: 177,
  NO_SHARED_CIPHER: 184,
  NO_COMMON_SIGNATURE_ALGORITHMS: 253,
  NO_SHARED_GROUP: 266,
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 192,
  RECORD_LENGTH_MISMATCH: 199,
  RECORD_TOO_LARGE: 200,
  TOO_MANY_EMPTY_FRAGMENTS: 219,
  TOO_MANY_WARNING_ALERTS: 220,
  UNEXPECTED_MESSAGE: 223,
  UNEXPECTED_RECORD: 225,
  UNKNOWN_ALERT_TYPE: 227,
  UNKNOWN_PROTOCOL: 228,
  UNSUPPORTED_PROTOCOL: 240,
  WRONG_VERSION_NUMBER: 247,
  NO_RENEGOTIATION: 178,
};

const ALERT_NAMES: Readonly<Record<string, number>> = {
  UNEXPECTED_MESSAGE: 10, BAD_RECORD_MAC: 20, RECORD_OVERFLOW: 22, HANDSHAKE_FAILURE: 40, BAD_CERTIFICATE: 42, UNSUPPORTED_CERTIFICATE: 43, CERTIFICATE_REVOKED: 44,
  CERTIFICATE_EXPIRED: 45, CERTIFICATE_UNKNOWN: 46, ILLEGAL_PARAMETER: 47, UNKNOWN_CA: 48, ACCESS_DENIED: 49, DECODE_ERROR: 50, DECRYPT_ERROR: 51, PROTOCOL_VERSION: 70,
  INSUFFICIENT_SECURITY: 71, INTERNAL_ERROR: 80, NO_RENEGOTIATION: 100, UNSUPPORTED_EXTENSION: 110, UNRECOGNIZED_NAME: 112, CERTIFICATE_REQUIRED: 116, NO_APPLICATION_PROTOCOL: 120,
};
/** OpenSSL names each by the version it came with first. */
const ALERT_PREFIXES = ['SSLV3_ALERT_', 'TLSV1_ALERT_', 'TLSV13_ALERT_', 'SSL/TLS_ALERT_', 'TLSV1_', 'TLSV13_'];
const OLD_ALERTS = new Set([10, 20, 40, 42, 43, 44, 45, 46, 47]);
const ALERT_REASONS = 1000;
const SSL_LIBRARY = 16 << 24;

export function boringSslReason(name: string): BoringSslReason {
  return { code: SSL_LIBRARY + (REASONS[name] ?? 0), name };
}

/** The peer has sent this fatal alert. */
export function reasonOfAlert(alert: number): BoringSslReason {
  const known = Object.entries(ALERT_NAMES).find(([, number]) => number === alert);
  const name = known === undefined ? `reason(${ALERT_REASONS + alert})` : `${OLD_ALERTS.has(alert) ? 'SSLV3' : 'TLSV1'}_ALERT_${known[0]}`;
  return { code: SSL_LIBRARY + ALERT_REASONS + alert, name };
}

/** The number of an alert by OpenSSL's name of the reason; undefined for other reasons. */
export function alertOfReason(openssl: string): number | undefined {
  const prefix = ALERT_PREFIXES.find((each) => openssl.startsWith(each) && openssl.substring(each.length) in ALERT_NAMES);
  return prefix === undefined ? undefined : ALERT_NAMES[openssl.substring(prefix.length)];
}
