import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { randomFillSync } from 'node:crypto';
import { createGzip } from 'node:zlib';
import { cluster, HCM_TYPE, routerFilter, socketAddress } from '../end-to-end/peers/envoy-bootstrap.ts';
import { CERTIFICATE, type Json } from '../end-to-end/plan.ts';
import { frame } from '../../test/support/http2-frames.ts';

/** Listeners of the proxy, and origins. */
export interface BadPeerPorts {
  readonly http: number;
  readonly tcp: number;
  readonly tls: number;
  readonly compressed: number;
  readonly admin: number;
  readonly origin: number;
  readonly http2Origin: number;
}

const FILTERS = 'type.googleapis.com/envoy.extensions';

export function badPeersBootstrap(ports: BadPeerPorts): Json {
  const secure = { certificate_chain: { filename: CERTIFICATE.chain }, private_key: { filename: CERTIFICATE.key } };
  const context = { '@type': `${FILTERS}.transport_sockets.tls.v3.DownstreamTlsContext`, common_tls_context: { tls_certificates: [secure] } };
  const tcpProxy = { '@type': `${FILTERS}.filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: 'origin' };
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const http2 = { typed_extension_protocol_options: { [type]: { '@type': `type.googleapis.com/${type}`, explicit_http_config: { http2_protocol_options: {} } } } };
  return {
    admin: { address: socketAddress(ports.admin) },
    static_resources: {
      listeners: [
        listener('http', ports.http, manager([])),
        listener('tcp', ports.tcp, { name: 'envoy.filters.network.tcp_proxy', typed_config: tcpProxy }),
        listener('tls', ports.tls, manager([]), { name: 'envoy.transport_sockets.tls', typed_config: context }),
        listener('compressed', ports.compressed, manager([compressor(), decompressor()])),
      ],
      clusters: [cluster('origin', [ports.origin]), { ...(cluster('http2', [ports.http2Origin]) as object), ...http2 }],
    },
  };
}

function listener(name: string, port: number, filter: Json, socket?: Json): Json {
  return { name, address: socketAddress(port), filter_chains: [{ filters: [filter], ...(socket !== undefined && { transport_socket: socket }) }] };
}

function manager(filters: readonly Json[]): Json {
  const routes = [
    { match: { prefix: '/http2' }, route: { cluster: 'http2', timeout: '0s' } },
    { match: { prefix: '/' }, route: { cluster: 'origin', timeout: '0s' } },
  ];
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': HCM_TYPE,
      stat_prefix: 'http',
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      route_config: { name: 'local', virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
      http_filters: [...filters, routerFilter()],
    },
  };
}

function compressor(): Json {
  const library = { name: 'gzip', typed_config: { '@type': `${FILTERS}.compression.gzip.compressor.v3.Gzip` } };
  return { name: 'envoy.filters.http.compressor', typed_config: { '@type': `${FILTERS}.filters.http.compressor.v3.Compressor`, compressor_library: library } };
}

function decompressor(): Json {
  const library = { name: 'gzip', typed_config: { '@type': `${FILTERS}.compression.gzip.decompressor.v3.Gzip` } };
  return { name: 'envoy.filters.http.decompressor', typed_config: { '@type': `${FILTERS}.filters.http.decompressor.v3.Decompressor`, decompressor_library: library } };
}

const BLOCK = randomFillSync(Buffer.allocUnsafe(65_536));
/** What begins here never ends. */
const ENDLESS: Readonly<Record<string, string>> = {
  '/big': 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\ncontent-type: text/plain\r\n\r\n',
  '/zipped': 'HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\n\r\n',
  '/socket': 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
};

/** How many bytes have come out of here, and gone in. */
export const originBytes = { written: 0, read: 0 };

export interface Origins {
  readonly ports: { readonly origin: number; readonly http2Origin: number };
  /** Ends their connections: what is not taken from them lies in the system's buffers. */
  hangUp(): void;
  close(): void;
}

/** Answers `/`, pours without end what `ENDLESS` names and what is not HTTP, and takes nothing of what `/deaf` brings. */
export async function startOrigins(): Promise<Origins> {
  const sockets = new Set<Socket>();
  const tracked = (serve: (socket: Socket) => void) =>
    createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      serve(socket);
    });
  const servers = [tracked(serveHttp), tracked(serveDeafHttp2)];
  const [origin, http2Origin] = await Promise.all(servers.map(listening));
  const hangUp = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  const close = (): void => {
    servers.forEach((server) => server.close());
    hangUp();
  };
  return { ports: { origin: origin!, http2Origin: http2Origin! }, hangUp, close };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function serveHttp(socket: Socket): void {
  socket.on('data', (bytes) => {
    originBytes.read += bytes.length;
    const [, path = ''] = /^\w+ (\S+) HTTP/.exec(bytes.toString('latin1', 0, 100)) ?? [];
    if (path === '/deaf') socket.pause();
    else if (path === '/zipped') pourZipped(socket, ENDLESS[path]!);
    else if (path in ENDLESS) pour(socket, ENDLESS[path]!);
    else if (path === '') socket.pause();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    if (bytes.toString('latin1', 0, 4) === 'pour') pour(socket, 'x');
  });
}

/** A window of 65,535 bytes and no more. */
function serveDeafHttp2(socket: Socket): void {
  socket.write(frame(4, 0, 0), 'latin1');
  socket.on('data', (bytes) => void (originBytes.read += bytes.length));
}

function pour(socket: Socket, start: string): void {
  const first = Buffer.from(start, 'latin1');
  const counted = written(socket);
  const more = (): void => {
    while (socket.writable && socket.write(BLOCK));
  };
  socket.write(first);
  socket.on('drain', more);
  more();
  pouring.add(counted);
  socket.on('close', () => pouring.delete(counted));
}

function pourZipped(socket: Socket, start: string): void {
  socket.write(start, 'latin1');
  const gzip = createGzip({ level: 1 });
  const more = (): void => {
    while (!gzip.destroyed && gzip.write(BLOCK));
  };
  gzip.on('drain', more);
  gzip.pipe(socket);
  more();
  const counted = written(socket);
  pouring.add(counted);
  socket.on('close', () => {
    gzip.destroy();
    pouring.delete(counted);
  });
}

const pouring = new Set<() => number>();

/** What the system has taken from the origins' open connections. */
export function pouredBytes(): number {
  let bytes = 0;
  for (const counted of pouring) bytes += counted();
  return bytes;
}

/** How much of what was written the system has taken. */
export function written(socket: Socket): () => number {
  return () => {
    const handle = (socket as unknown as { _handle: { writeQueueSize: number } | null })._handle;
    return socket.bytesWritten - socket.writableLength - (handle?.writeQueueSize ?? 0);
  };
}
