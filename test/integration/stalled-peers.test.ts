import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { randomFillSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { Gateway, ingress, RawUpstream, TRANSPORTS, type TransportName } from './gateway.ts';
import { PouringSource } from './pouring-source.ts';

/**
 * A peer that takes nothing costs the buffers of its two connections, whatever lies between them; HTTP/1 between them: `proxying.test.ts`,
 * HTTP/2: `abuse.test.ts`. What the proxy of an installed Envoy holds stands beside in `npm run bench -- bad-peers`.
 */

const MIB = 1024 * 1024;
const BODY_BYTES = 128 * MIB;
/** What the kernel may hold on two connections. */
const IN_FLIGHT_LIMIT = 40 * MIB;
/** The proxy's own buffers and those of the two ends. */
const MEMORY_LIMIT = 16 * MIB;
const BUFFER_BYTES = 32_768;

const FILTERS = 'type.googleapis.com/envoy.extensions';
const certificate = (name: string): object => ({ inline_string: readFileSync(new URL(`../support/certificates/${name}`, import.meta.url), 'utf8') });

const tls = {
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': `${FILTERS}.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: { tls_certificates: [{ certificate_chain: certificate('server.pem'), private_key: certificate('server.key') }] },
  },
};
const tcpProxy = { name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': `${FILTERS}.filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: 'origin' } };
const router = { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.filters.http.router.v3.Router` } };
const gzip = { name: 'gzip', typed_config: { '@type': `${FILTERS}.compression.gzip.compressor.v3.Gzip` } };
const gunzip = { name: 'gzip', typed_config: { '@type': `${FILTERS}.compression.gzip.decompressor.v3.Gzip` } };
const compressor = { name: 'envoy.filters.http.compressor', typed_config: { '@type': `${FILTERS}.filters.http.compressor.v3.Compressor`, compressor_library: gzip } };
const decompressor = { name: 'envoy.filters.http.decompressor', typed_config: { '@type': `${FILTERS}.filters.http.decompressor.v3.Decompressor`, decompressor_library: gunzip } };

const request = (fields = ''): string => `GET / HTTP/1.1\r\nhost: a\r\n${fields}\r\n`;
const answer = (fields = ''): string => `HTTP/1.1 200 OK\r\ncontent-length: ${BODY_BYTES}\r\ncontent-type: text/plain\r\n${fields}\r\n`;
const WEBSOCKET = 'connection: upgrade\r\nupgrade: websocket\r\n';
const SWITCHED = `HTTP/1.1 101 Switching Protocols\r\n${WEBSOCKET}\r\n`;

interface Between {
  readonly name: string;
  readonly manager?: Record<string, unknown>;
  readonly isTcp?: boolean;
  readonly secure?: boolean;
  /** What the client says first; the origin's answer to it. */
  readonly asks: string;
  readonly answers: string;
  /** Poured again and again. */
  readonly piece?: Buffer;
}

const websocket = { upgrade_configs: [{ upgrade_type: 'websocket' }] };
const DOWN: readonly Between[] = [
  { name: 'TLS', secure: true, asks: request(), answers: answer() },
  { name: 'a TCP proxy', isTcp: true, asks: request(), answers: '-' },
  { name: 'a WebSocket', manager: websocket, asks: request(WEBSOCKET), answers: SWITCHED },
  { name: 'a compressor', manager: { http_filters: [compressor, router] }, asks: request('accept-encoding: gzip\r\n'), answers: answer(), piece: randomFillSync(Buffer.alloc(65_536)) },
  { name: 'a decompressor', manager: { http_filters: [decompressor, router] }, asks: request(), answers: answer('content-encoding: gzip\r\n'), piece: gzipSync(randomFillSync(Buffer.alloc(65_536))) },
];
const UP: readonly Between[] = [
  { name: 'TLS', secure: true, manager: websocket, asks: request(WEBSOCKET), answers: SWITCHED },
  { name: 'a TCP proxy', isTcp: true, asks: request(), answers: '-' },
  { name: 'a WebSocket', manager: websocket, asks: request(WEBSOCKET), answers: SWITCHED },
];

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function open({ manager, isTcp = false, secure = false }: Between, transport: TransportName): Promise<{ client: Socket; upstream: RawUpstream }> {
  const upstream = await RawUpstream.start();
  ends.push(() => upstream.close());
  const clusters = { origin: upstream.port };
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'origin', timeout: '0s' } }];
  const [chain] = (ingress({ clusters, routes, manager }) as { filter_chains: Record<string, unknown>[] }).filter_chains;
  const chains = [{ ...chain, ...(isTcp && { filters: [tcpProxy] }), ...(secure && { transport_socket: tls }) }];
  const buffers = { per_connection_buffer_limit_bytes: BUFFER_BYTES };
  const gateway = await Gateway.start({ clusters, cluster: buffers, listener: { ...buffers, filter_chains: chains } }, { transport });
  ends.push(() => gateway.close());
  const to = { port: gateway.port(), host: '127.0.0.1' };
  const client = await new Promise<Socket>((resolve, reject) => {
    const socket = secure ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    socket.on('error', reject);
    socket.once(secure ? 'secureConnect' : 'connect', () => resolve(socket));
  });
  client.removeAllListeners('error').on('error', () => {});
  ends.push(() => void client.destroy());
  return { client, upstream };
}

async function expectBounded(source: PouringSource, arrayBuffers: number): Promise<void> {
  await source.stalled();
  expect(source.taken).toBeGreaterThan(2 * BUFFER_BYTES);
  expect(source.taken).toBeLessThan(IN_FLIGHT_LIMIT);
  expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(MEMORY_LIMIT);
}

describe.each(TRANSPORTS)('a peer that takes nothing (%s transport)', (transport) => {
  it.each(DOWN)('stops an origin behind $name', async (between) => {
    const { client, upstream } = await open(between, transport);
    client.pause();
    const source = new PouringSource(BODY_BYTES, between.piece);
    const { arrayBuffers } = process.memoryUsage();
    const poured = new Promise<void>((resolve) => {
      upstream.answer = (peer) => {
        peer.write(between.answers);
        source.pour(peer.socket);
        resolve();
      };
    });
    client.write(between.asks, 'latin1');
    await poured;
    await expectBounded(source, arrayBuffers);
  });

  it.each(UP)('stops a client in front of $name', async (between) => {
    const { client, upstream } = await open(between, transport);
    const source = new PouringSource(BODY_BYTES);
    const arrived = new Promise<void>((resolve) => {
      upstream.answer = ({ socket }) => {
        socket.removeAllListeners('data').pause();
        socket.write(between.answers);
        resolve();
      };
    });
    const answered = new Promise<void>((resolve) => void client.once('data', () => resolve()));
    client.write(between.asks, 'latin1');
    await arrived;
    await answered;
    const { arrayBuffers } = process.memoryUsage();
    source.pour(client);
    await expectBounded(source, arrayBuffers);
  });
});
