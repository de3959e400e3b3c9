import type { CertificateInfo, TlsInfo } from '../../transport/transport-socket.ts';
import type { ConnectionInfo } from '../stream-info.ts';
import { DateFormat, hasNewline } from './date-format.ts';
import { type FormatContext, type OperatorCompiler, nonEmptyTextOperator, plain, textOperator, withoutLength } from './operator.ts';

/** What TLS tells of a stream's two connections. Nothing, where a connection is plain or the value is not known. */

type Side = (context: FormatContext) => TlsInfo | undefined;
type Value<T> = (source: T) => string;

const downstream: Side = ({ info }) => info.connection.tls;
const upstream: Side = ({ info }) => info.upstreamTls;

const ofTls = (side: Side, value: Value<TlsInfo>): OperatorCompiler =>
  plain(() =>
    nonEmptyTextOperator((context) => {
      const tls = side(context);
      return tls === undefined ? '' : value(tls);
    }),
  );

const fingerprint = (value: Value<ConnectionInfo>): OperatorCompiler => plain(() => nonEmptyTextOperator(({ info }) => value(info.connection)));

const ofPeer = (side: Side, value: Value<CertificateInfo>): OperatorCompiler => ofTls(side, (tls) => textOf(tls.peer(), value));
const ofLocal = (side: Side, value: Value<CertificateInfo>): OperatorCompiler => ofTls(side, (tls) => textOf(tls.local(), value));

function textOf(certificate: CertificateInfo | undefined, value: Value<CertificateInfo>): string {
  return certificate === undefined ? '' : value(certificate);
}

const alternatives = (kind: Parameters<CertificateInfo['alternatives']>[0]): Value<CertificateInfo> => (certificate) => certificate.alternatives(kind).join(',');

const ofChain = (value: Value<CertificateInfo>): OperatorCompiler => ofTls(downstream, (tls) => tls.peerChain().map(value).join(','));
const ofIssuer = (value: Value<CertificateInfo>): OperatorCompiler => ofTls(downstream, (tls) => textOf(tls.peerIssuer(), value));

export const TLS_OPERATORS: Readonly<Record<string, OperatorCompiler>> = {
  TLS_JA3_FINGERPRINT: fingerprint(({ ja3 = '' }) => ja3),
  TLS_JA4_FINGERPRINT: fingerprint(({ ja4 = '' }) => ja4),
  DOWNSTREAM_PEER_URI_SAN: ofPeer(downstream, alternatives('uri')),
  DOWNSTREAM_PEER_DNS_SAN: ofPeer(downstream, alternatives('dns')),
  DOWNSTREAM_PEER_IP_SAN: ofPeer(downstream, alternatives('ip')),
  DOWNSTREAM_PEER_EMAIL_SAN: ofPeer(downstream, alternatives('email')),
  DOWNSTREAM_PEER_OTHERNAME_SAN: ofPeer(downstream, alternatives('other')),
  DOWNSTREAM_PEER_SUBJECT: ofPeer(downstream, ({ subject }) => subject),
  DOWNSTREAM_PEER_ISSUER: ofPeer(downstream, ({ issuer }) => issuer),
  DOWNSTREAM_PEER_SERIAL: ofPeer(downstream, ({ serial }) => serial),
  DOWNSTREAM_PEER_FINGERPRINT_256: ofPeer(downstream, ({ sha256 }) => sha256),
  DOWNSTREAM_PEER_FINGERPRINT_1: ofPeer(downstream, ({ sha1 }) => sha1),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256: ofChain(({ sha256 }) => sha256),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1: ofChain(({ sha1 }) => sha1),
  DOWNSTREAM_PEER_CHAIN_SERIALS: ofChain(({ serial }) => serial),
  DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256: ofIssuer(({ sha256 }) => sha256),
  DOWNSTREAM_PEER_ISSUER_SERIAL: ofIssuer(({ serial }) => serial),
  DOWNSTREAM_PEER_CERT: ofPeer(downstream, ({ pem }) => pem),
  DOWNSTREAM_LOCAL_URI_SAN: ofLocal(downstream, alternatives('uri')),
  DOWNSTREAM_LOCAL_DNS_SAN: ofLocal(downstream, alternatives('dns')),
  DOWNSTREAM_LOCAL_IP_SAN: ofLocal(downstream, alternatives('ip')),
  DOWNSTREAM_LOCAL_EMAIL_SAN: ofLocal(downstream, alternatives('email')),
  DOWNSTREAM_LOCAL_OTHERNAME_SAN: ofLocal(downstream, alternatives('other')),
  DOWNSTREAM_LOCAL_SUBJECT: ofLocal(downstream, ({ subject }) => subject),
  DOWNSTREAM_TLS_VERSION: ofTls(downstream, ({ version }) => version),
  DOWNSTREAM_TLS_CIPHER: ofTls(downstream, ({ cipher }) => cipher),
  DOWNSTREAM_TLS_GROUP: ofTls(downstream, ({ group }) => group),
  DOWNSTREAM_TLS_SESSION_ID: ofTls(downstream, ({ sessionId }) => sessionId),
  DOWNSTREAM_PEER_CERT_V_START: dateOperator(downstream, ({ notBeforeMs }) => notBeforeMs),
  DOWNSTREAM_PEER_CERT_V_END: dateOperator(downstream, ({ notAfterMs }) => notAfterMs),
  UPSTREAM_PEER_URI_SAN: ofPeer(upstream, alternatives('uri')),
  UPSTREAM_PEER_DNS_SAN: ofPeer(upstream, alternatives('dns')),
  UPSTREAM_PEER_IP_SAN: ofPeer(upstream, alternatives('ip')),
  UPSTREAM_PEER_SUBJECT: ofPeer(upstream, ({ subject }) => subject),
  UPSTREAM_PEER_ISSUER: ofPeer(upstream, ({ issuer }) => issuer),
  UPSTREAM_PEER_CERT: ofPeer(upstream, ({ pem }) => pem),
  UPSTREAM_LOCAL_URI_SAN: ofLocal(upstream, alternatives('uri')),
  UPSTREAM_LOCAL_DNS_SAN: ofLocal(upstream, alternatives('dns')),
  UPSTREAM_LOCAL_IP_SAN: ofLocal(upstream, alternatives('ip')),
  UPSTREAM_TLS_VERSION: ofTls(upstream, ({ version }) => version),
  UPSTREAM_TLS_CIPHER: ofTls(upstream, ({ cipher }) => cipher),
  UPSTREAM_TLS_GROUP: ofTls(upstream, ({ group }) => group),
  UPSTREAM_SERVER_NAME: ofTls(upstream, ({ serverName }) => serverName),
  UPSTREAM_TLS_SESSION_ID: ofTls(upstream, ({ sessionId }) => sessionId),
  UPSTREAM_PEER_CERT_V_START: dateOperator(upstream, ({ notBeforeMs }) => notBeforeMs),
  UPSTREAM_PEER_CERT_V_END: dateOperator(upstream, ({ notAfterMs }) => notAfterMs),
};

function dateOperator(side: Side, moment: (certificate: CertificateInfo) => number): OperatorCompiler {
  return withoutLength(({ params }) => {
    if (hasNewline(params)) return 'Invalid header configuration. Format string contains newline.';
    const format = new DateFormat(params === '' ? '%Y-%m-%dT%H:%M:%E3SZ' : params, false);
    return textOperator((context) => {
      const certificate = side(context)?.peer();
      return certificate && format.format(moment(certificate));
    });
  });
}
