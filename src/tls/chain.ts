import type { X509Certificate } from 'node:crypto';
import type { TlsSession } from '../transport/tls.ts';

/** More than anybody sends: signatures cost time. */
export const MAX_CHAIN = 10;

/**
 * How many of the certificates that the peer has sent stand between its own and one of `anchors`; undefined when signatures lead to none of these.
 * Of a chain that OpenSSL has found good: dates, constraints and uses are not looked at.
 */
export function certificatesBetween(anchors: readonly X509Certificate[], leaf: X509Certificate, session: TlsSession): number | undefined {
  return countTo(anchors, leaf, session.peerChain.slice(1, MAX_CHAIN));
}

/** Who has signed the peer's certificate, of `anchors` and of those that it has sent. */
export function issuerOf(anchors: readonly X509Certificate[], leaf: X509Certificate, session: TlsSession): X509Certificate | undefined {
  return [...anchors, ...session.peerChain.slice(1, MAX_CHAIN)].find((issuer) => isSignedBy(leaf, issuer));
}

/** The peer's certificate and those above it that it has sent, as far as they name each other as issuers, whatever signatures say. */
export function pathSent(leaf: X509Certificate, session: TlsSession): readonly X509Certificate[] {
  const others = session.peerChain.slice(1, MAX_CHAIN);
  const path = [leaf];
  for (;;) {
    const last = path.at(-1)!;
    const at = last.checkIssued(last) ? -1 : others.findIndex((other) => last.checkIssued(other));
    if (at < 0) return path;
    path.push(...others.splice(at, 1));
  }
}

function countTo(anchors: readonly X509Certificate[], certificate: X509Certificate, others: readonly X509Certificate[]): number | undefined {
  if (anchors.some((anchor) => anchor.raw.equals(certificate.raw) || isSignedBy(certificate, anchor))) return 0;
  const issuer = others.find((other) => isSignedBy(certificate, other));
  const further = issuer && countTo(anchors, issuer, others.filter((other) => other !== issuer));
  return further === undefined ? undefined : further + 1;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
