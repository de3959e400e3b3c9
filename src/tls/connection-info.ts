import type { X509Certificate } from 'node:crypto';
import type { CertificateInfo, TlsInfo } from '../transport/transport-socket.ts';
import type { TlsSession } from '../transport/tls.ts';
import { X509Info } from './certificate-info.ts';

interface TlsParts {
  readonly peerIsValidated: boolean;
  /** What this side has shown. */
  readonly local: CertificateInfo | undefined;
  /** One of them may have issued the peer's certificate. */
  readonly trusted: readonly X509Certificate[];
  readonly startMs: number;
  readonly endMs: number;
}

/** A finished handshake as everybody above the transport sees it. */
export class ConnectionTls implements TlsInfo {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly applicationProtocol: string;
  readonly peerIsValidated: boolean;
  readonly group: string;
  readonly sessionId: string;
  readonly handshakeStartMs: number;
  readonly handshakeEndMs: number;
  readonly #session: TlsSession;
  readonly #trusted: readonly X509Certificate[];
  readonly #local: CertificateInfo | undefined;
  #peer: CertificateInfo | undefined;

  constructor(session: TlsSession, { peerIsValidated, local, trusted, startMs, endMs }: TlsParts) {
    this.#session = session;
    this.#local = local;
    this.#trusted = trusted;
    this.version = session.version;
    this.cipher = session.cipher;
    this.group = session.group;
    this.sessionId = session.id;
    this.serverName = session.serverName;
    this.applicationProtocol = session.applicationProtocol;
    this.peerIsValidated = peerIsValidated;
    this.handshakeStartMs = startMs;
    this.handshakeEndMs = endMs;
  }

  peer(): CertificateInfo | undefined {
    const certificate = this.#session.peerCertificate;
    return certificate && (this.#peer ??= new X509Info(certificate.raw));
  }

  local(): CertificateInfo | undefined {
    return this.#local;
  }

  peerChain(): readonly CertificateInfo[] {
    return this.#session.peerChain.map(({ raw }) => new X509Info(raw));
  }

  peerIssuer(): CertificateInfo | undefined {
    if (this.#session.resumed) return undefined;
    const [leaf, ...others] = this.#session.peerChain;
    const issuer = leaf && [...others, ...this.#trusted].find((certificate) => leaf.checkIssued(certificate));
    return issuer && new X509Info(issuer.raw);
  }
}
