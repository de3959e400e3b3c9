import type { X509Certificate } from 'node:crypto';
import type { SecureContext, TLSSocket } from 'node:tls';
import { sessionGroup, sessionId } from './serialised-session.ts';
import type { Connection, TransportError } from './transport.ts';

/**
 * TLS as the transports know it: who speaks it is told what to offer and whom to ask about the peer. What a configuration
 * wants of certificates is no business of theirs.
 */
export interface TlsHandshake {
  readonly side: 'client' | 'server';
  readonly context: SecureContext;
  /** In the order of preference; a server gives only protocols of which the client offers at least one. */
  readonly applicationProtocols: readonly string[];
  /** What a client asks for; '' asks for nothing. */
  readonly serverName: string;
  /** What a client wants to resume. */
  readonly session: Buffer | undefined;
  /** Whether a server asks for the client's certificate. */
  readonly clientCertificate: 'none' | 'optional' | 'required';
  /** The socket stands, and the handshake begins. */
  onStart?(): void;
  /** Asked once when the handshake is done, before anybody else hears of it. A reason refuses the peer. */
  judge(session: TlsSession): TransportError | undefined;
  /** Told of a failure before the owner of the connection is; what it returns is what the owner is told. */
  onFailed(error: TransportError): TransportError;
  /** The server has given a client something to resume later. */
  onSession(session: Buffer): void;
}

/** A connection that is about to speak TLS over another one. */
export interface TlsUpgrade {
  /** Usable at once: what is written before the end of the handshake leaves after it. */
  readonly connection: Connection;
  /** Takes the socket from the connection below, which has read `received` (lent for the call) and is from now on nobody's. */
  start(handshake: TlsHandshake, received: Buffer): void;
  /** The connection below has ended before `start`. */
  abort(error: TransportError | undefined): void;
}

/** The code of a handshake that failed: the message is for logs. */
export const TLS_FAILED = 'TLS_FAILED';

/** The peer has closed before the end of the handshake. */
export const closedInHandshake: TransportError = { code: 'TLS_CLOSED', message: 'the peer closed the connection during the handshake' };

/** What Node's TLS sockets know beyond their documented API. */
export interface TlsSocketHandle {
  verifyError(): (Error & { readonly code?: string }) | null | undefined;
  getServername(): string | false;
  getALPNNegotiatedProtocol(): string | false;
  /** As OpenSSL writes it; the socket's own method puts a head before it. */
  getSession(): Buffer | undefined;
}

/** A finished handshake. Values that are asked for after the connection has closed are those that were asked for before. */
export class TlsSession {
  readonly version: string;
  readonly serverName: string;
  readonly applicationProtocol: string;
  readonly resumed: boolean;
  /** In OpenSSL's words. */
  readonly cipher: string;
  /** Of the key exchange, in BoringSSL's words; '' when it is not known. */
  readonly group: string;
  /** In hexadecimal; '' when there is none. */
  readonly id: string;
  readonly #socket: TLSSocket;
  readonly #handle: TlsSocketHandle;
  #peer: X509Certificate | null | undefined;
  #untrusted: string | null | undefined;
  #chain: readonly X509Certificate[] | undefined;

  constructor(socket: TLSSocket, handle: TlsSocketHandle) {
    const cipher = socket.getCipher();
    this.#socket = socket;
    this.#handle = handle;
    this.version = socket.getProtocol() ?? '';
    this.cipher = cipher.name;
    this.serverName = handle.getServername() || '';
    this.applicationProtocol = handle.getALPNNegotiatedProtocol() || '';
    this.resumed = socket.isSessionReused();
    const session = handle.getSession();
    // That of TLS 1.3 means nothing to anybody else.
    this.id = this.version === 'TLSv1.3' ? '' : sessionId(session);
    this.group = sessionGroup(session);
  }

  /** Why the peer's chain of certificates is not trusted, in OpenSSL's words; undefined when it is, and when there is none. */
  get untrusted(): string | undefined {
    if (this.#untrusted === undefined) this.#untrusted = (this.peerCertificate && this.#handle.verifyError()?.code) ?? null;
    return this.#untrusted ?? undefined;
  }

  /** Node gives the chain to the first who asks for the certificate, and takes it from OpenSSL: nothing else may ask. */
  get peerCertificate(): X509Certificate | undefined {
    if (this.#peer === undefined) this.#peer = this.#socket.getPeerX509Certificate() ?? null;
    return this.#peer ?? undefined;
  }

  /** A client that resumes is not shown the certificate again: this is the one that the session was made with. */
  recallPeer(certificate: X509Certificate): void {
    this.#peer = certificate;
  }

  get localCertificate(): X509Certificate | undefined {
    return this.#socket.getX509Certificate();
  }

  /** The peer's certificate and those it was sent with; of a resumed session only the first. */
  get peerChain(): readonly X509Certificate[] {
    return (this.#chain ??= chainOf(this.peerCertificate));
  }
}

function chainOf(leaf: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let certificate = leaf; certificate !== undefined; certificate = certificate.issuerCertificate) chain.push(certificate);
  return chain;
}
