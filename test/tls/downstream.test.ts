import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../src/core/log.ts';
import { ConfigurationError, startProxy } from '../../src/index.ts';
import { LogLevels } from '../../src/server/log-components.ts';
import { DEFAULT_LOG_FORMAT } from '../../src/server/log-format.ts';
import { Proxy } from '../../src/server/proxy.ts';
import { CERTIFICATES, pairOf, tlsBootstrap } from '../support/tls-bootstrap.ts';

const byDomain = (...bundles: string[]): object => ({
  custom_validator_config: {
    name: 'envoy.tls.cert_validator.spiffe',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig',
      trust_domains: bundles.map((name) => ({ name: 'a', trust_bundle: { filename: `${CERTIFICATES}${name}` } })),
    },
  },
});

async function problemsOf(common: object, rest?: object): Promise<string[]> {
  try {
    const proxy = await startProxy({ config: tlsBootstrap(common, rest) });
    await proxy.close();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ message }) => message.replaceAll(CERTIFICATES, ''));
  }
}

/** Envoy's sentences, as Envoy 1.40 gave them for the same configurations. */
test.each<[string, object, string]>([
  ['no certificate', {}, 'No TLS certificates found for server context'],
  ['a list that is none', { tls_certificates: [pairOf('server')], validation_context: { trusted_ca: { filename: `${CERTIFICATES}ca.pem` }, crl: { inline_string: '-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n' }, only_verify_leaf_cert_crl: true } }, 'Failed to load CRL from <inline>'],
  ['two bundles of one trust domain', { tls_certificates: [pairOf('server')], validation_context: byDomain('svid-ca.pem', 'svid-ca.pem') }, 'Multiple trust bundles are given for one trust domain for a, workload: '],
  ['a bundle without a certificate', { tls_certificates: [pairOf('server')], validation_context: byDomain('svid.key') }, 'Failed to load trusted CA certificate for a'],
  ['certificates of two sources', { tls_certificates: [pairOf('server')], tls_certificate_sds_secret_configs: [{ name: 'a', sds_config: { path_config_source: { path: '/dev/null' } } }] }, 'SDS and non-SDS TLS certificates may not be mixed in server contexts'],
  ['a key of another certificate', { tls_certificates: [pairOf('server', 'client')] }, 'Failed to load private key from client.key, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH'],
  ['a key of another kind', { tls_certificates: [pairOf('server', 'server-rsa')] }, 'Failed to load private key from server-rsa.key, Cause: error:0b000073:X.509 certificate routines:OPENSSL_internal:KEY_TYPE_MISMATCH'],
  ['a key that is too small', { tls_certificates: [pairOf('server-small-key')] }, 'Failed to load certificate chain from server-small-key.pem, only RSA certificates with 2048-bit or larger keys are supported'],
  ['no PEM in a chain', { tls_certificates: [{ ...pairOf('server'), certificate_chain: { inline_string: 'nothing' } }] }, 'Failed to load certificate chain from <inline>'],
  ['no PEM in a key', { tls_certificates: [{ ...pairOf('server'), private_key: { inline_string: 'nothing' } }] }, 'Failed to load private key from <inline>, Cause: error:0900006e:PEM routines:OPENSSL_internal:NO_START_LINE'],
  ['an unknown cipher', { tls_certificates: [pairOf('server')], tls_params: { cipher_suites: ['ECDHE-ECDSA-AES128-GCM-SHA256', 'FOO'] } }, 'Failed to initialize cipher suites ECDHE-ECDSA-AES128-GCM-SHA256:FOO. The following ciphers were rejected when tried individually: FOO'],
  ['an unknown curve', { tls_certificates: [pairOf('server')], tls_params: { ecdh_curves: ['P-999'] } }, 'Failed to initialize ECDH curves P-999'],
  ['a curve with the name of a member of objects', { tls_certificates: [pairOf('server')], tls_params: { ecdh_curves: ['constructor'] } }, 'Failed to initialize ECDH curves constructor'],
  ['an unknown signature algorithm', { tls_certificates: [pairOf('server')], tls_params: { signature_algorithms: ['x'] } }, 'Failed to initialize TLS signature algorithms x'],
  ['an unknown secret', { tls_certificate_sds_secret_configs: [{ name: 'nobody' }] }, 'Unknown static secret: nobody'],
  ['an authority without PEM', { tls_certificates: [pairOf('server')], validation_context: { trusted_ca: { inline_string: 'nothing' } } }, 'Failed to load trusted CA certificates from <inline>'],
  [
    'names without an authority',
    { tls_certificates: [pairOf('server')], validation_context: { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a' } }] } },
    'SAN-based verification of peer certificates without trusted CA is insecure and not allowed',
  ],
])('a TLS context with %s is refused as Envoy refuses it', async (_what, common, sentence) => {
  expect(await problemsOf(common)).toEqual([sentence]);
});

/** The common name of the certificate that a new connection is shown. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a certificate that is swapped as Kubernetes does is shown to new connections, and old ones live on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rotation-'));
  const version = (name: string, certificate: string, key = certificate): void => {
    mkdirSync(join(directory, name));
    copyFileSync(`${CERTIFICATES}${certificate}.pem`, join(directory, name, 'tls.crt'));
    copyFileSync(`${CERTIFICATES}${key}.key`, join(directory, name, 'tls.key'));
    symlinkSync(name, join(directory, '..new'));
    renameSync(join(directory, '..new'), join(directory, '..data'));
  };
  version('..1', 'server');
  symlinkSync(join('..data', 'tls.crt'), join(directory, 'tls.crt'));
  symlinkSync(join('..data', 'tls.key'), join(directory, 'tls.key'));
  const certificate = { certificate_chain: { filename: join(directory, 'tls.crt') }, private_key: { filename: join(directory, 'tls.key') }, watched_directory: { path: directory } };
  const proxy = await startProxy({ config: tlsBootstrap({ tls_certificates: [certificate] }) });
  try {
    const { port } = proxy.addresses.get('tls')!;
    expect(await shown(port)).toBe('server');
    const old = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ca: readFileSync(`${CERTIFICATES}ca.pem`) });
    await new Promise((resolve) => old.once('secureConnect', resolve));
    // The key does not fit: nothing changes, and what comes next is looked at again.
    version('..2', 'server-second', 'client');
    expect(await shown(port)).toBe('server');
    version('..3', 'server-second');
    while ((await shown(port)) !== 'server-second') await new Promise((resolve) => setImmediate(resolve));
    old.write('GET / HTTP/1.1\r\nhost: example.com\r\n\r\n');
    const answer = await new Promise<string>((resolve) => old.once('data', (bytes) => resolve(bytes.toString())));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    old.destroy();
  } finally {
    await proxy.close();
    rmSync(directory, { recursive: true });
  }
});

test('a context that asks for certificates and does not say whether it needs them is warned of', () => {
  const trusting = { tls_certificates: [pairOf('server')], validation_context: { trusted_ca: { filename: `${CERTIFICATES}ca.pem` } } };
  const warningsOf = (rest: object): string[] => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, warning: (message) => lines.push(message), component: () => logger };
    const log = { logger, levels: LogLevels.create('off'), path: '', format: { kind: 'pattern' as const, pattern: DEFAULT_LOG_FORMAT, escaped: false }, fixed: false, setFormat: () => {}, reopen: () => {} };
    Proxy.validate({ yaml: JSON.stringify(tlsBootstrap(trusting, rest)), log });
    return lines;
  };
  expect(warningsOf({})).toEqual([expect.stringMatching(/require_client_certificate: clients without a certificate are served/)]);
  expect(warningsOf({ require_client_certificate: false })).toEqual([]);
});

/** How many tickets a client was given in all, and how many of its connections after the first resumed, each with what was given last. */
async function resumptions(port: number, version: tls.SecureVersion, times: number, certificate: object = {}): Promise<{ tickets: number; resumed: number }> {
  let session: Buffer | undefined;
  let tickets = 0;
  let resumed = 0;
  for (let time = 0; time <= times; time++) {
    await new Promise<void>((resolve) => {
      const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: version, maxVersion: version, ...certificate, ...(session && { session }) });
      session = undefined;
      socket.on('session', (given: Buffer) => {
        tickets++;
        session = given;
      });
      socket.on('secureConnect', () => {
        if (socket.isSessionReused()) resumed++;
        if (version === 'TLSv1.2') session ??= socket.getSession();
        socket.write('GET / HTTP/1.1\r\nhost: example.com\r\n\r\n');
      });
      // Tickets come before the first answer.
      socket.once('data', () => socket.destroy());
      socket.on('close', () => resolve());
    });
  }
  return { tickets, resumed };
}

test('who resumes is given a ticket for the next time, but in TLS 1.2, or with a certificate that was judged once', async () => {
  const trusting = { tls_certificates: [pairOf('server')], validation_context: { trusted_ca: { filename: `${CERTIFICATES}ca.pem` } } };
  const anybody = await startProxy({ config: tlsBootstrap({ tls_certificates: [pairOf('server')] }) });
  const trusted = await startProxy({ config: tlsBootstrap(trusting) });
  try {
    const port = anybody.addresses.get('tls')!.port;
    expect(await resumptions(port, 'TLSv1.3', 4)).toEqual({ tickets: 2 + 4, resumed: 4 });
    expect(await resumptions(port, 'TLSv1.2', 4)).toEqual({ tickets: 1, resumed: 4 });
    const client = { cert: readFileSync(`${CERTIFICATES}client.pem`), key: readFileSync(`${CERTIFICATES}client.key`) };
    expect(await resumptions(trusted.addresses.get('tls')!.port, 'TLSv1.3', 1, client)).toEqual({ tickets: 2, resumed: 1 });
  } finally {
    await anybody.close();
    await trusted.close();
  }
});
