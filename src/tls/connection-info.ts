import type { CertificateInfo, TlsInfo } from '../transport/transport-socket.ts';
import type { TlsSession } from '../transport/tls.ts';
import { urlEncodedPem, X509Info } from './certificate-info.ts';
import { sessionIdOf } from './session-id.ts';

/** A finished handshake as everybody above the transport sees it. */
export class ConnectionTls implements TlsInfo {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly applicationProtocol: string;
  readonly peerIsValidated: boolean;
  readonly #session: TlsSession;
  #peer: CertificateInfo | undefined;
  #local: CertificateInfo | undefined;
  #sessionId: string | undefined;

  constructor(session: TlsSession, peerIsValidated: boolean) {
    this.#session = session;
    this.version = session.version;
    this.cipher = session.cipher;
    this.serverName = session.serverName;
    this.applicationProtocol = session.applicationProtocol;
    this.peerIsValidated = peerIsValidated;
  }

  sessionId(): string {
    return (this.#sessionId ??= sessionIdOf(this.#session.serialised()));
  }

  peer(): CertificateInfo | undefined {
    const certificate = this.#session.peerCertificate;
    return certificate && (this.#peer ??= new X509Info(certificate));
  }

  local(): CertificateInfo | undefined {
    const certificate = this.#session.localCertificate;
    return certificate && (this.#local ??= new X509Info(certificate));
  }

  peerChain(): readonly string[] {
    return this.#session.peerChain.map(urlEncodedPem);
  }
}
