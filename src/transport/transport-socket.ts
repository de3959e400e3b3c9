import type { Address, ConnectingOwner, Connection, ConnectOptions, Transport } from './transport.ts';

/**
 * What stands between a socket and those who use its bytes: TLS, the PROXY protocol. A plain socket needs none, so compiled
 * configuration holds `undefined` for `raw_buffer`.
 */

/** Of a finished handshake. What costs something to find out is a method. */
export interface TlsInfo {
  /** `TLSv1.3`. */
  readonly version: string;
  /** As OpenSSL names it. */
  readonly cipher: string;
  /** The name of the server that the client asked for; '' when it named none. */
  readonly serverName: string;
  /** The application protocol both agreed on; '' when none. */
  readonly applicationProtocol: string;
  /** The peer has shown a certificate that leads to one that is trusted; a client that resumes a session shows none again. */
  readonly peerIsValidated: boolean;
  /** In hexadecimal; '' when there is none, as in TLS 1.3. */
  readonly sessionId: string;
  /** The group of the key exchange, as BoringSSL names it; '' when it is not known. */
  readonly group: string;
  /** Monotonic milliseconds: a server has the first bytes, or a client its socket; then the end. */
  readonly handshakeStartMs: number;
  readonly handshakeEndMs: number;
  /** Undefined when the peer has shown none. */
  peer(): CertificateInfo | undefined;
  local(): CertificateInfo | undefined;
  /** The certificates that the peer has sent, its own first; of a resumed session only that. */
  peerChain(): readonly CertificateInfo[];
  /** Who signed the peer's certificate, if it was sent or is trusted; not known of a resumed session. */
  peerIssuer(): CertificateInfo | undefined;
}

/** Text is latin1: the bytes as they stand in the certificate. */
export interface CertificateInfo {
  /** As RFC 2253 writes them. */
  readonly subject: string;
  readonly issuer: string;
  /** In hexadecimal, as are the fingerprints. */
  readonly serial: string;
  readonly sha256: string;
  readonly sha1: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** In URL encoding. */
  readonly pem: string;
  readonly extensionIds: readonly string[];
  alternatives(kind: 'dns' | 'uri' | 'email' | 'ip' | 'other'): readonly string[];
}

/** What the transport socket of an accepted connection writes about it, before the event that tells of it. */
export interface DownstreamSocketInfo {
  readonly id: number;
  secure: boolean;
  requestedServerName: string;
  tls: TlsInfo | undefined;
  /** When its first bytes came, in monotonic milliseconds. */
  handshakeStartMs?: number;
  /** `%DOWNSTREAM_TRANSPORT_FAILURE_REASON%`; '' while nothing failed. */
  transportFailureReason: string;
}

/** The compiled `transport_socket` of a filter chain: one object per chain and thread. */
export interface DownstreamTransportSocket {
  /**
   * Starts the handshake over an accepted connection and becomes its owner. The caller then gives `lower.owner` the bytes that listener filters
   * have read, so nothing may be expected before this has returned. The connection it returns can be used at once: what is written before
   * the end of the handshake leaves after it. `owner` learns that end by `onConnected`, or by `onClosed` with the failure
   * (and `info.transportFailureReason`) when it fails; `owner` is read from the returned connection at each call.
   */
  accept(lower: Connection, info: DownstreamSocketInfo, owner: ConnectingOwner): Connection;
}

/** What a downstream connection tells the transport sockets of the upstream connections that are opened for it. */
export interface UpstreamSocketOptions {
  readonly connect: ConnectOptions;
  /** Overrides the configured server name (`auto_sni`); undefined = as configured. */
  readonly serverName?: string | undefined;
  /** Overrides what the peer's certificate must name (`auto_san_validation`). */
  readonly subjectAltNames?: readonly string[] | undefined;
  readonly applicationProtocols?: readonly string[] | undefined;
  /** The host's own, for `auto_host_sni`. */
  readonly hostName?: string | undefined;
  /** Told of the handshake before `onConnected`. */
  onTls?(tls: TlsInfo): void;
  /** The addresses that a PROXY header tells; undefined when there is no downstream connection (a health check). */
  readonly downstream?: DownstreamAddresses | undefined;
}

export interface DownstreamAddresses {
  readonly remote: Address;
  readonly local: Address;
  readonly tlvs: readonly ProxyProtocolTlv[];
}

export interface ProxyProtocolTlv {
  readonly type: number;
  readonly value: Buffer;
}

/** The compiled `transport_socket` of a cluster. */
export interface UpstreamTransportSocket {
  /** As `Transport.connect`; `owner.onConnected` comes when the handshake is done. */
  connect(transport: Transport, address: Address, options: UpstreamSocketOptions, owner: ConnectingOwner): Connection;
  /** Equal of downstream connections that may share an upstream one. Absent: all may. */
  poolKey?(downstream: DownstreamAddresses): string;
}
