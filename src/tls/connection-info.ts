import type { X509Certificate } from 'node:crypto';
import type { CertificateInfo, TlsInfo } from '../transport/transport-socket.ts';
import type { TlsSession } from '../transport/tls.ts';
import { X509Info } from './certificate-info.ts';

/** A finished handshake as everybody above the transport sees it. */
export class ConnectionTls implements TlsInfo {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly applicationProtocol: string;
  readonly peerIsValidated: boolean;
  readonly group: string;
  readonly sessionId: string;
  readonly #session: TlsSession;
  readonly #trusted: readonly X509Certificate[];
  #peer: CertificateInfo | undefined;
  #local: CertificateInfo | undefined;

  /** `trusted`: one of them may have issued the peer's certificate. */
  constructor(session: TlsSession, peerIsValidated: boolean, trusted: readonly X509Certificate[] = []) {
    this.#session = session;
    this.#trusted = trusted;
    this.version = session.version;
    this.cipher = session.cipher;
    this.group = session.group;
    this.sessionId = session.id;
    this.serverName = session.serverName;
    this.applicationProtocol = session.applicationProtocol;
    this.peerIsValidated = peerIsValidated;
  }

  peer(): CertificateInfo | undefined {
    const certificate = this.#session.peerCertificate;
    return certificate && (this.#peer ??= new X509Info(certificate));
  }

  local(): CertificateInfo | undefined {
    const certificate = this.#session.localCertificate;
    return certificate && (this.#local ??= new X509Info(certificate));
  }

  peerChain(): readonly CertificateInfo[] {
    return this.#session.peerChain.map((certificate) => new X509Info(certificate));
  }

  peerIssuer(): CertificateInfo | undefined {
    const [leaf, ...others] = this.#session.peerChain;
    const issuer = leaf && [...others, ...this.#trusted].find((certificate) => leaf.checkIssued(certificate));
    return issuer && new X509Info(issuer);
  }
}
