import type { X509Certificate } from 'node:crypto';
import type { TlsSession } from '../transport/tls.ts';

/** More than anybody sends: signatures cost time. */
const MAX_CHAIN = 10;

/**
 * How many of the certificates that the peer has sent stand between its own and one of `anchors`; undefined when signatures lead to none of these.
 * Of a chain that OpenSSL has found good: dates, constraints and uses are not looked at.
 */
export function certificatesBetween(anchors: readonly X509Certificate[], leaf: X509Certificate, session: TlsSession): number | undefined {
  return countTo(anchors, leaf, session.peerChain.slice(1, MAX_CHAIN));
}

function countTo(anchors: readonly X509Certificate[], certificate: X509Certificate, others: readonly X509Certificate[]): number | undefined {
  const isSignedBy = (issuer: X509Certificate): boolean => issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  if (anchors.some((anchor) => anchor.raw.equals(certificate.raw) || isSignedBy(anchor))) return 0;
  const issuer = others.find(isSignedBy);
  const further = issuer && countTo(anchors, issuer, others.filter((other) => other !== issuer));
  return further === undefined ? undefined : further + 1;
}
