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
    ALPNProtocols: applicationProtocols.length === 0 ? undefined : wireProtocols(applicationProtocols),
    session,
  };
}

const WIRE_PROTOCOLS = new WeakMap<readonly string[], Buffer>();

/** Each after its length. The lists are those of a few contexts. */
function wireProtocols(names: readonly string[]): Buffer {
  let wire = WIRE_PROTOCOLS.get(names);
  if (wire === undefined) {
    wire = Buffer.concat(names.map((name) => Buffer.concat([Buffer.of(Buffer.byteLength(name, 'latin1')), Buffer.from(name, 'latin1')])));
    WIRE_PROTOCOLS.set(names, wire);
  }
  return wire;
}

/** A record, a message, and in it version, random, session, cipher suite and compression. */
const SHORTEST_SERVER_HELLO_BYTES = 5 + 4 + 38;

/** OpenSSL's reason (`ERR_SSL_HTTP_REQUEST`) stands in the message. `receivedBytes`: by the socket under TLS. */
export function tlsError(error: NodeJS.ErrnoException, { side }: TlsHandshake, receivedBytes: number): TransportError {
  const answersHello = side === 'client' && receivedBytes < SHORTEST_SERVER_HELLO_BYTES;
  return { code: TLS_FAILED, message: error.code ?? error.message, ...(answersHello && { answersHello }) };
}
