import { readFileSync } from 'node:fs';
import tls, { type SecureVersion } from 'node:tls';
import { expect, test } from 'vitest';
import { startProxy } from '../../src/index.ts';
import { TRANSPORTS } from '../integration/gateway.ts';
import { CERTIFICATES, pairOf, tlsBootstrap } from '../support/tls-bootstrap.ts';

const domain = (name: string, authority: string): object => ({ name, trust_bundle: { filename: `${CERTIFICATES}${authority}.pem` } });

const TWO_DOMAINS = {
  custom_validator_config: {
    name: 'envoy.tls.cert_validator.spiffe',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig', trust_domains: [domain('test', 'svid-ca'), domain('other', 'svid-ca-other')] },
  },
};
const LISTS = { trusted_ca: { filename: `${CERTIFICATES}listed-ca.pem` }, crl: { filename: `${CERTIFICATES}listed-root.crl` }, only_verify_leaf_cert_crl: true };

interface Outcome {
  readonly session: Buffer | undefined;
  readonly received: string;
}

function request(port: number, name: string, version: SecureVersion): Promise<Outcome> {
  return new Promise((resolve) => {
    let session: Buffer | undefined;
    let received = '';
    const identity = { cert: readFileSync(`${CERTIFICATES}${name}.pem`), key: readFileSync(`${CERTIFICATES}${name}.key`) };
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: version, maxVersion: version, ...identity });
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'));
    socket.on('session', (bytes: Buffer) => (session = bytes));
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve({ session, received }));
  });
}

/** OpenSSL has found the chain good, and has written its tickets: a session would be resumed without a second look at what is no longer there. */
test.each(
  TRANSPORTS.flatMap((transport) =>
    (['TLSv1.2', 'TLSv1.3'] as const).flatMap((version) => [
      [transport, version, 'of another trust domain', TWO_DOMAINS, 'svid-stolen', 'svid'] as const,
      [transport, version, 'that is revoked', LISTS, 'listed-revoked', 'listed-good'] as const,
    ]),
  ),
)('on the %s transport with %s a client with a certificate %s is given no session', async (transport, version, _whose, validation_context, refused, accepted) => {
  const proxy = await startProxy({ config: tlsBootstrap({ tls_certificates: [pairOf('server')], validation_context }), transport });
  const { port } = proxy.addresses.get('tls')!;
  try {
    const welcome = await request(port, accepted, version);
    expect(welcome.received).toContain('200 OK');
    expect(welcome.session).toBeDefined();
    expect(await request(port, refused, version)).toEqual({ session: undefined, received: '' });
  } finally {
    await proxy.close();
  }
});
