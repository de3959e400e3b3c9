import type tls from 'node:tls';
import { TLS_FAILED, type TlsHandshake } from './tls.ts';
import type { TransportError } from './transport.ts';

/** How both transports make a TLS socket. */
export function socketOptions(handshake: TlsHandshake): tls.TLSSocketOptions {
  const { side, context, applicationProtocols, session, clientCertificate } = handshake;
  return {
    isServer: side === 'server',
    secureContext: context,
    requestCert: side === 'client' || clientCertificate !== 'none',
    // Of a client this only asks for a certificate; whether it is good is judged when the handshake is done.
    rejectUnauthorized: side === 'server' && clientCertificate === 'required',
    ...(applicationProtocols.length > 0 && { ALPNProtocols: [...applicationProtocols] }),
    ...(session !== undefined && { session }),
  };
}

/** OpenSSL's reason (`ERR_SSL_HTTP_REQUEST`) stands in the message. */
export function tlsError(error: NodeJS.ErrnoException): TransportError {
  return { code: TLS_FAILED, message: error.code ?? error.message };
}
