import { hasNewline } from './date-format.ts';
import { type OperatorCompiler, plain, textOperator, withoutLength } from './operator.ts';

/** What TLS would tell. Every connection is plain text, of which Envoy says the same: nothing. */

const names = (prefix: string, list: string): string[] => list.split(' ').map((name) => prefix + name);

const WITHOUT_VALUE = [
  ...names('DOWNSTREAM_PEER_', 'URI_SAN DNS_SAN IP_SAN EMAIL_SAN OTHERNAME_SAN SUBJECT ISSUER SERIAL FINGERPRINT_256 FINGERPRINT_1 CHAIN_FINGERPRINTS_256'),
  ...names('DOWNSTREAM_PEER_', 'CHAIN_FINGERPRINTS_1 CHAIN_SERIALS CERT ISSUER_FINGERPRINT_256 ISSUER_SERIAL'),
  ...names('DOWNSTREAM_LOCAL_', 'URI_SAN DNS_SAN IP_SAN EMAIL_SAN OTHERNAME_SAN SUBJECT'),
  ...names('DOWNSTREAM_TLS_', 'VERSION CIPHER SESSION_ID GROUP'),
  ...names('UPSTREAM_TLS_', 'VERSION CIPHER SESSION_ID GROUP'),
  ...names('UPSTREAM_PEER_', 'SUBJECT ISSUER CERT URI_SAN DNS_SAN IP_SAN'),
  ...names('UPSTREAM_LOCAL_', 'URI_SAN DNS_SAN IP_SAN'),
  'TLS_JA3_FINGERPRINT',
  'TLS_JA4_FINGERPRINT',
  'UPSTREAM_SERVER_NAME',
];

const DATES = ['DOWNSTREAM_PEER_CERT_V_START', 'DOWNSTREAM_PEER_CERT_V_END', 'UPSTREAM_PEER_CERT_V_START', 'UPSTREAM_PEER_CERT_V_END'];

const nothing = textOperator(() => undefined);

export const TLS_OPERATORS: Readonly<Record<string, OperatorCompiler>> = Object.fromEntries([
  ...WITHOUT_VALUE.map((name) => [name, plain(() => nothing)]),
  ...DATES.map((name) => [
    name,
    withoutLength(({ params }) => (hasNewline(params) ? 'Invalid header configuration. Format string contains newline.' : nothing)),
  ]),
]) as Readonly<Record<string, OperatorCompiler>>;
