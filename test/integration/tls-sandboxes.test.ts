import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { startProxy } from '../../src/index.ts';
import { certificate, type Name } from '../support/certificate-authority.ts';
import { Running } from './running.ts';

/** Configurations of the shape of Envoy's TLS sandboxes, and what the pages of these do with curl. */

const running = new Running();
afterEach(() => running.end());

interface Identity {
  readonly chain: string;
  readonly key: string;
}

const subject = (name: string): Name => [['C', 'US'], ['ST', 'CA'], ['O', 'MyExample, Inc.'], ['CN', name]];
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function selfSigned(name: string): Identity {
  const key = newKey();
  return { chain: certificate({ serial: 1, subject: subject(name), key }, { subject: subject(name), key }), key: pemOf(key) };
}

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly os: { readonly hostname: string };
}

/** A service that answers with what it was asked, and its name. */
async function service(hostname: string, identity?: Identity): Promise<number> {
  const answer: http.RequestListener = (request, response) => response.end(JSON.stringify({ path: request.url, headers: request.headers, os: { hostname } }));
  const server = identity === undefined ? http.createServer(answer) : https.createServer({ cert: identity.chain, key: identity.key }, answer);
  return listening(server);
}

async function listening(server: net.Server | http.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.onEnd(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** As `curl -sk --resolve <name>:<port>:127.0.0.1`. */
async function curl(scheme: 'http' | 'https', port: number, { name = 'localhost', path = '/' } = {}): Promise<Answer> {
  const options = { host: '127.0.0.1', port, path, headers: { host: `${name}:${port}` }, servername: name, rejectUnauthorized: false, agent: false } as const;
  const request = (scheme === 'http' ? http : https).get(options);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return JSON.parse(text) as Answer;
}

const TYPES = 'type.googleapis.com/envoy.extensions';
const block = (text: string, indent: number): string => text.trimEnd().split('\n').join(`\n${' '.repeat(indent)}`);

function listener(name: string, chains: string): string {
  return `
  - name: ${name}
    address:
      socket_address:
        address: 0.0.0.0
        port_value: 0
    ${block(chains, 4)}`;
}

const manager = (routes: string): string => `
filters:
- name: envoy.filters.network.http_connection_manager
  typed_config:
    "@type": ${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager
    codec_type: AUTO
    stat_prefix: ingress_http
    route_config:
      name: local_route
      virtual_hosts:
      - name: app
        domains:
        - "*"
        routes:
        ${block(routes, 8)}
    http_filters:
    - name: envoy.filters.http.router
      typed_config:
        "@type": ${TYPES}.filters.http.router.v3.Router`;

const route = (cluster: string, prefix = '/'): string => `
- match:
    prefix: "${prefix}"
  route:
    cluster: ${cluster}`;

const tcpProxy = (cluster: string): string => `
filters:
- name: envoy.filters.network.tcp_proxy
  typed_config:
    "@type": ${TYPES}.filters.network.tcp_proxy.v3.TcpProxy
    cluster: ${cluster}
    stat_prefix: ${cluster}`;

const socket = (side: 'Downstream' | 'Upstream', context: string): string => `
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": ${TYPES}.transport_sockets.tls.v3.${side}TlsContext
    ${block(context, 4)}`;

function cluster(name: string, port: number, transportSocket = ''): string {
  return `
  - name: ${name}
    type: STRICT_DNS
    dns_lookup_family: V4_ONLY
    lb_policy: ROUND_ROBIN
    load_assignment:
      cluster_name: ${name}
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address:
                address: localhost
                port_value: ${port}
    ${block(transportSocket, 4)}`;
}

const chain = (...parts: string[]): string => `- ${block(parts.join('').trimStart(), 2)}`;
const match = (name: string): string => `
filter_chain_match:
  server_names: ["${name}"]`;
const TLS_INSPECTOR = `
listener_filters:
- name: tls_inspector
  typed_config:
    "@type": ${TYPES}.filters.listener.tls_inspector.v3.TlsInspector`;

describe.each(['direct', 'public'] as const)('on the %s transport', (transport) => {
  async function proxy(listeners: readonly string[], clusters: readonly string[]): Promise<(name: string) => number> {
    const started = await startProxy({ config: `static_resources:\n  listeners:${listeners.join('')}\n  clusters:${clusters.join('')}\n`, transport });
    running.onEnd(() => started.close());
    return (name) => started.addresses.get(name)!.port;
  }

  test('tls: terminated, encrypted anew, begun here, passed through', async () => {
    const own = selfSigned('front-envoy');
    const inline = `
common_tls_context:
  tls_certificates:
  - certificate_chain:
      inline_string: |
        ${block(own.chain, 8)}
    private_key:
      inline_string: |
        ${block(own.key, 8)}`;
    const there = selfSigned('service-https');
    const [plainPort, securePort] = [await service('service-http'), await service('service-https', there)];
    const chains = (...parts: string[]): string => `filter_chains:\n${chain(...parts)}`;
    const portOf = await proxy(
      [
        listener('https-http', chains(manager(route('service-http')), socket('Downstream', inline))),
        listener('https-https', chains(manager(route('service-https')), socket('Downstream', inline))),
        listener('http-https', chains(manager(route('service-https')))),
        listener('passthrough', chains(tcpProxy('service-https-bytes'))),
      ],
      [cluster('service-http', plainPort), cluster('service-https', securePort, socket('Upstream', '')), cluster('service-https-bytes', securePort)],
    );
    const seen = async (name: string, scheme: 'http' | 'https'): Promise<unknown[]> => {
      const { headers, os } = await curl(scheme, portOf(name));
      return [os.hostname, headers['x-forwarded-proto']];
    };
    expect(await seen('https-http', 'https')).toEqual(['service-http', 'https']);
    expect(await seen('https-https', 'https')).toEqual(['service-https', 'https']);
    expect(await seen('http-https', 'http')).toEqual(['service-https', 'http']);
    expect(await seen('passthrough', 'https')).toEqual(['service-https', undefined]);
  });

  test('tls-sni: the name in the ClientHello chooses the certificate, or who terminates', async () => {
    const folder = running.folder();
    const terminated = (name: string, to: string): string => {
      const { chain: text, key } = selfSigned(`${name}.example.com`);
      writeFileSync(join(folder, `${name}.crt.pem`), text);
      writeFileSync(join(folder, `${name}.key.pem`), key);
      const context = `
common_tls_context:
  tls_certificates:
  - certificate_chain:
      filename: ${folder}/${name}.crt.pem
    private_key:
      filename: ${folder}/${name}.key.pem`;
      return chain(match(`${name}.example.com`), manager(route(to)), socket('Downstream', context));
    };
    const third = chain(match('domain3.example.com'), tcpProxy('proxy-domain3'));
    const portOf = await proxy(
      [listener('sni', `${TLS_INSPECTOR}\nfilter_chains:\n${terminated('domain1', 'proxy-domain1')}\n${terminated('domain2', 'proxy-domain2')}\n${third}`)],
      [
        cluster('proxy-domain1', await service('http-upstream1')),
        cluster('proxy-domain2', await service('http-upstream2')),
        cluster('proxy-domain3', await service('https-upstream3', selfSigned('domain3.example.com'))),
      ],
    );
    const names = ['domain1', 'domain2', 'domain3'];
    const upstreams = ['http-upstream1', 'http-upstream2', 'https-upstream3'];
    const asked = await Promise.all(names.map((name) => curl('https', portOf('sni'), { name: `${name}.example.com` })));
    expect(asked.map(({ os }) => os.hostname)).toEqual(upstreams);
    await expect(curl('https', portOf('sni'), { name: 'domain4.example.com' })).rejects.toThrow();
    const clientPortOf = await proxy(
      [listener('client', `filter_chains:\n${chain(manager(names.map((name) => route(name, `/${name}`)).join('')))}`)],
      names.map((name) => cluster(name, portOf('sni'), socket('Upstream', `\nsni: ${name}.example.com`))),
    );
    const forwarded = await Promise.all(names.map((name) => curl('http', clientPortOf('client'), { path: `/${name}` })));
    expect(forwarded.map(({ os }) => os.hostname)).toEqual(upstreams);
  });

  test('double-proxy: two proxies know each other by their certificates', async () => {
    const folder = running.folder();
    const authority = { subject: subject('ca'), key: newKey() };
    writeFileSync(join(folder, 'ca.crt'), certificate({ serial: 1, subject: authority.subject, key: authority.key, authority: true }, authority));
    const issued = ['frontend', 'backend', 'stranger'].map((who, index): Identity => {
      const key = newKey();
      const name = `proxy-postgres-${who}.example.com`;
      const text = certificate({ serial: index + 2, subject: subject(name), key, alternatives: [{ kind: 'dns', value: name }] }, authority);
      writeFileSync(join(folder, `${who}.crt`), text);
      writeFileSync(join(folder, `${who}.key`), pemOf(key));
      return { chain: text, key: pemOf(key) };
    });
    const context = (who: string, peer: string): string => `
common_tls_context:
  tls_certificates:
  - certificate_chain:
      filename: ${folder}/${who}.crt
    private_key:
      filename: ${folder}/${who}.key
  validation_context:
    match_typed_subject_alt_names:
    - san_type: DNS
      matcher:
        exact: proxy-postgres-${peer}.example.com
    trusted_ca:
      filename: ${folder}/ca.crt`;
    const database = await listening(net.createServer((client) => void client.on('error', () => {}).on('data', () => client.end('version: PostgreSQL'))));
    const mutual = socket('Downstream', `\nrequire_client_certificate: true${context('backend', 'frontend')}`);
    const backend = (await proxy([listener('backend', `${TLS_INSPECTOR}\nfilter_chains:\n${chain(tcpProxy('postgres'), mutual)}`)], [cluster('postgres', database)]))('backend');
    const frontend = async (who: string): Promise<number> =>
      (await proxy([listener('frontend', `filter_chains:\n${chain(tcpProxy('backend'))}`)], [cluster('backend', backend, socket('Upstream', context(who, 'backend')))]))('frontend');
    expect(await version(net.connect(await frontend('frontend'), '127.0.0.1'))).toBe('version: PostgreSQL');
    // Who is not the frontend gets nothing, whatever else it has.
    expect(await version(net.connect(await frontend('stranger'), '127.0.0.1'))).toBe('');
    const [, , { chain: cert, key }] = issued as [Identity, Identity, Identity];
    expect(await version(tls.connect({ port: backend, host: '127.0.0.1', rejectUnauthorized: false, cert, key }))).toBe('');
    expect(await version(tls.connect({ port: backend, host: '127.0.0.1', rejectUnauthorized: false }))).toBe('');
    // Bytes that are no TLS are answered with an alert.
    expect(await version(net.connect(backend, '127.0.0.1'))).not.toContain('PostgreSQL');
  });
});

/** What the database says to a client, until the connection ends. */
async function version(client: net.Socket): Promise<string> {
  let text = '';
  client.on('error', () => {}).on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  client.write('SELECT version()');
  await new Promise((resolve) => client.once('close', resolve));
  return text;
}
