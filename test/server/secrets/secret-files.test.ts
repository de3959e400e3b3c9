import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConfigurationError } from '../../../src/index.ts';
import { Proxy } from '../../../src/server/proxy.ts';

/** What is the same as in Envoy in all details stands in `test/conformance/cases/tls/secret-files.yaml`; here is the rest. */

const CERTIFICATES = new URL('../../support/certificates/', import.meta.url).pathname;
const CONNECTION_MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

let directory = '';
let proxy: Proxy | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secret-files-'));
});
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  rmSync(directory, { recursive: true });
});

const write = (name: string, content: string | Buffer): void => {
  writeFileSync(join(directory, 'new'), content);
  renameSync(join(directory, 'new'), join(directory, name));
};

const copy = (from: string, name: string): void => write(name, readFileSync(`${CERTIFICATES}${from}`));

const secret = (certificate: object): string => JSON.stringify({ resources: [{ '@type': `${TLS}.Secret`, name: 'server', tls_certificate: certificate }] });
const files = (chain: string, key: string): object => ({ certificate_chain: { filename: chain }, private_key: { filename: key } });
const fixture = (name: string): string => secret(files(`${CERTIFICATES}${name}.pem`, `${CERTIFICATES}${name}.key`));

function bootstrap(source: object, listeners = ['ingress']): string {
  const chain = {
    transport_socket: {
      name: 'tls',
      typed_config: { '@type': `${TLS}.DownstreamTlsContext`, common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'server', sds_config: { path_config_source: source } }] } },
    },
    filters: [{ name: 'http', typed_config: { '@type': CONNECTION_MANAGER, stat_prefix: 'http', route_config: {}, http_filters: [{ name: 'router', typed_config: { '@type': ROUTER } }] } }],
  };
  return JSON.stringify({
    static_resources: {
      listeners: listeners.map((name) => ({ name, stat_prefix: name, address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, filter_chains: [chain] })),
    },
  });
}

async function start(source: object, concurrency = 1): Promise<Proxy> {
  return (proxy = await Proxy.start({ yaml: bootstrap(source), concurrency }));
}

/** The name of the certificate that a new connection is shown; the code of the failure when it is shown none. */
function shown(listener = 'ingress'): Promise<string> {
  const { port } = proxy!.addresses().find(({ name }) => name === listener)!.address;
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('secureConnect', () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
  });
}

async function untilStat(name: string, value: number): Promise<void> {
  while ((proxy!.stats.values().get(name) ?? 0) < value) await new Promise((resolve) => setImmediate(resolve));
}

const stat = (name: string): number | undefined => proxy!.stats.values().get(name);

test('a file that the secret names is taken when it is replaced, together with its key', async () => {
  copy('server.pem', 'tls.crt');
  copy('server.key', 'tls.key');
  write('secret.json', secret(files(join(directory, 'tls.crt'), join(directory, 'tls.key'))));
  await start({ path: join(directory, 'secret.json') });
  expect(await shown()).toBe('server');
  copy('server-second.pem', 'tls.crt');
  await untilStat('sds.server.key_rotation_failed', 1);
  expect(await shown()).toBe('server');
  copy('server-second.key', 'tls.key');
  await untilStat('listener.ingress.server_ssl_socket_factory.ssl_context_update_by_sds', 2);
  expect(await shown()).toBe('server-second');
  expect(stat('sds.server.update_attempt')).toBe(1);
});

test('a directory that is swapped as Kubernetes does changes the file and what it names at once, in all workers', async () => {
  const version = (name: string, certificate: string): void => {
    mkdirSync(join(directory, name));
    copyFileSync(`${CERTIFICATES}${certificate}.pem`, join(directory, name, 'tls.crt'));
    copyFileSync(`${CERTIFICATES}${certificate}.key`, join(directory, name, 'tls.key'));
    symlinkSync(name, join(directory, '..new'));
    renameSync(join(directory, '..new'), join(directory, '..data'));
  };
  version('..1', 'server');
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(directory, name));
  const certificate = { ...files(join(directory, 'tls.crt'), join(directory, 'tls.key')), watched_directory: { path: directory } };
  write('secret.json', secret(certificate));
  await start({ path: join(directory, 'secret.json') }, 2);
  expect(await shown()).toBe('server');
  version('..2', 'server-second');
  await untilStat('listener.ingress.server_ssl_socket_factory.ssl_context_update_by_sds', 2);
  let names: string[];
  do names = await Promise.all(Array.from({ length: 20 }, () => shown()));
  while (names.includes('server'));
  expect(new Set(names)).toEqual(new Set(['server-second']));
});

test('a file that is written in place is not looked at: half of it could be there', async () => {
  write('secret.json', fixture('server'));
  await start({ path: join(directory, 'secret.json') });
  writeFileSync(join(directory, 'secret.json'), fixture('server-second'));
  write('other', '');
  write('secret.json', fixture('server-rsa'));
  await untilStat('sds.server.update_success', 2);
  expect(await shown()).toBe('server-rsa');
  expect(stat('sds.server.update_attempt')).toBe(2);
});

test('with a poll_interval the file is read however it is written', async () => {
  write('secret.json', fixture('server'));
  await start({ path: join(directory, 'secret.json'), poll_interval: '0.02s' });
  writeFileSync(join(directory, 'secret.json'), fixture('server-second'));
  await untilStat('listener.ingress.server_ssl_socket_factory.ssl_context_update_by_sds', 2);
  expect(await shown()).toBe('server-second');
});

test('listeners that name one secret share what is read, and one that comes later has it at once', async () => {
  write('secret.json', fixture('server'));
  const path = join(directory, 'bootstrap.json');
  writeFileSync(path, bootstrap({ path: join(directory, 'secret.json') }));
  proxy = await Proxy.start({ path });
  writeFileSync(path, bootstrap({ path: join(directory, 'secret.json') }, ['ingress', 'later']));
  await proxy.reload();
  expect(await shown('later')).toBe('server');
  expect(stat('sds.server.update_attempt')).toBe(1);
  write('secret.json', fixture('server-second'));
  await untilStat('listener.later.server_ssl_socket_factory.ssl_context_update_by_sds', 1);
  expect([await shown(), await shown('later')]).toEqual(['server-second', 'server-second']);
});

test('an operator that tells a secret follows its file', async () => {
  const generic = (text: string): string => JSON.stringify({ resources: [{ '@type': `${TLS}.Secret`, name: 'token', generic_secret: { secret: { inline_string: text } } }] });
  write('token.json', generic('first'));
  const format = {
    text_format_source: { inline_string: '%SECRET(token)%' },
    formatters: [{ name: 'secret', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.formatter.generic_secret.v3.GenericSecret', secret_configs: { token: { name: 'token', sds_config: { path_config_source: { path: join(directory, 'token.json') } } } } } }],
  };
  const answer = { match: { prefix: '/' }, direct_response: { status: 200, body_format: format } };
  const manager = { '@type': CONNECTION_MANAGER, stat_prefix: 'http', route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [answer] }] }, http_filters: [{ name: 'router', typed_config: { '@type': ROUTER } }] };
  const listener = { name: 'plain', stat_prefix: 'plain', address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] };
  proxy = await Proxy.start({ yaml: JSON.stringify({ static_resources: { listeners: [listener] } }) });
  const { port } = proxy.addresses()[0]!.address;
  const told = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(await told()).toBe('first');
  write('token.json', generic('second'));
  await untilStat('sds.token.update_success', 2);
  expect(await told()).toBe('second');
});

test('a secret that nobody names any more is no longer read', async () => {
  write('secret.json', fixture('server'));
  const path = join(directory, 'bootstrap.json');
  writeFileSync(path, bootstrap({ path: join(directory, 'secret.json') }));
  proxy = await Proxy.start({ path });
  writeFileSync(path, '{"static_resources": {}}');
  await proxy.reload();
  expect(proxy.secrets).toEqual([]);
  expect(stat('sds.server.update_attempt')).toBeUndefined();
});

test.each<[string, object, string]>([
  ['a file', { path: '/nowhere/secret.json' }, "paths must refer to an existing path in the system: '/nowhere/secret.json' does not exist"],
  ['a directory', { path: '/dev/null', watched_directory: { path: '/nowhere' } }, 'unable to add filesystem watch for file /nowhere/: No such file or directory'],
])('%s that is not there is a fault of the configuration', async (_what, source, sentence) => {
  const failure: unknown = await start(source).catch((error: unknown) => error);
  expect((failure as ConfigurationError).problems.map(({ message }) => message)).toEqual([sentence]);
});
