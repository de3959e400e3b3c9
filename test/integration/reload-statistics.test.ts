import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';
import { Gateway, type GatewayConfig, gatewayConfig, type Peer, RawUpstream, response } from './gateway.ts';

const RELOADS = 200;
const EXTENSIONS = 'type.googleapis.com/envoy.extensions';

let folder: string;
let path: string;
let upstream: RawUpstream;
let gateway: Gateway;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nuncio-statistics-'));
  path = join(folder, 'bootstrap.json');
  upstream = await RawUpstream.start();
  upstream.answer = (peer) => peer.write(response('answer'));
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

/** All that has a name is called otherwise in each. */
function generation(number: number): object {
  const cluster = `origin-${number}`;
  const filters: GatewayConfig['manager'] = {
    stat_prefix: `edge-${number}`,
    http_filters: [
      { name: 'limit', typed_config: { '@type': `${EXTENSIONS}.filters.http.local_ratelimit.v3.LocalRateLimit`, stat_prefix: `limit-${number}` } },
      { name: 'router', typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` } },
    ],
  };
  const listener = {
    name: `listener-${number}`,
    stat_prefix: `listener-${number}`,
    listener_filters: [{ name: 'proxy', typed_config: { '@type': `${EXTENSIONS}.filters.listener.proxy_protocol.v3.ProxyProtocol`, stat_prefix: `proxy-${number}`, allow_requests_without_proxy_protocol: true } }],
  };
  const transport = { transport_socket: { name: 'proxy', typed_config: { '@type': `${EXTENSIONS}.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport`, transport_socket: { name: 'raw', typed_config: { '@type': `${EXTENSIONS}.transport_sockets.raw_buffer.v3.RawBuffer` } } } } };
  return gatewayConfig({ clusters: { [cluster]: upstream.port }, routes: [{ match: { prefix: '/' }, route: { cluster } }], manager: filters, listener, cluster: transport });
}

async function load(number: number): Promise<void> {
  writeFileSync(path, JSON.stringify(generation(number)));
  await gateway.proxy.reload();
}

/** A connection that has been served. */
async function served(number: number): Promise<Peer> {
  const client = gateway.connect(`listener-${number}`);
  client.write('GET / HTTP/1.1\r\nHost: gateway\r\n\r\n');
  await client.has('answer');
  return client;
}

const names = (): string[] => {
  gateway.proxy.refreshStats();
  return [...gateway.proxy.stats.values().keys()];
};
const namesOf = (number: number): string[] => names().filter((name) => new RegExp(`-${number}(?!\\d)`).test(name));

test(`${RELOADS} reloads that rename listeners, clusters and filters leave the statistics of the last`, async () => {
  writeFileSync(path, JSON.stringify(generation(0)));
  gateway = new Gateway(await Proxy.start({ path, transport: 'public', drain: { timeMs: 1, strategy: 'immediate' } }));
  (await served(0)).socket.destroy();
  const before = names().length;
  const kinds = new Set(namesOf(0).map((name) => /\w+-0/.exec(name)![0]));
  expect([...kinds].sort()).toEqual(['edge-0', 'limit-0', 'listener-0', 'origin-0', 'proxy-0']);
  for (let number = 1; number <= RELOADS; number++) {
    await load(number);
    if (number % 20 === 0) (await served(number)).socket.destroy();
  }
  const left = (): string[] => names().filter((name) => /-\d+/.test(name) && !name.includes(`-${RELOADS}`));
  while (left().length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(names().length).toBeLessThan(before + 10);
}, 60_000);

test('what connections of before still count stays for as long as they do', async () => {
  writeFileSync(path, JSON.stringify(generation(0)));
  gateway = new Gateway(await Proxy.start({ path, transport: 'public', drain: { timeMs: 60_000, strategy: 'gradual' } }));
  const client = await served(0);
  await load(1);
  await gateway.untilStat('http.edge-0.downstream_cx_active', 1);
  client.socket.destroy();
  await gateway.untilStat('http.edge-0.downstream_cx_active', 0);
  expect(namesOf(0)).toContain('listener.listener-0.downstream_cx_total');
});
