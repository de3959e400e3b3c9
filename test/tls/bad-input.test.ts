import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../src/core/log.ts';
import { startProxy } from '../../src/index.ts';
import { LogLevels } from '../../src/server/log-components.ts';
import { DEFAULT_LOG_FORMAT } from '../../src/server/log-format.ts';
import { Proxy } from '../../src/server/proxy.ts';
import type { ProxyLog } from '../../src/server/proxy-log.ts';
import { Gateway, TRANSPORTS } from '../integration/gateway.ts';
import { CERTIFICATES, pairOf, tlsBootstrap } from '../support/tls-bootstrap.ts';

const pair = pairOf('server');
const config = (common: object, chain: object = {}): object => tlsBootstrap({ tls_certificates: [pair], ...common }, {}, chain);

type Started = Awaited<ReturnType<typeof startProxy>>;
const running: Started[] = [];

async function start(common: object, chain?: object, transport?: 'direct' | 'public'): Promise<{ port: number; stat: (name: string) => Promise<number> }> {
  const proxy = await startProxy({ config: config(common, chain), transport });
  running.push(proxy);
  const admin = `http://127.0.0.1:${proxy.adminAddress!.port}`;
  const stat = async (name: string): Promise<number> => {
    const text = await (await fetch(`${admin}/stats?filter=^${name.replaceAll('.', '\\.')}$`)).text();
    return Number(/: (\d+)/.exec(text)?.[1] ?? NaN);
  };
  return { port: proxy.addresses.get('tls')!.port, stat };
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((proxy) => proxy.close()));
});

const closed = (socket: net.Socket): Promise<void> => new Promise((resolve) => socket.on('close', () => resolve()).on('error', () => {}).resume());

test('handshakes that stall end when their time is over, and cost no session', async () => {
  const STALLED = 300;
  const { port, stat } = await start({}, { transport_socket_connect_timeout: '0.3s' });
  const halfAHello = Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(100)]);
  const sockets = Array.from({ length: STALLED }, () => net.connect(port, '127.0.0.1', function (this: net.Socket) {
    this.write(halfAHello);
  }));
  await Promise.all(sockets.map(closed));
  expect(await stat('listener.tls.downstream_cx_transport_socket_connect_timeout')).toBe(STALLED);
  expect(await stat('listener.tls.downstream_cx_active')).toBe(0);
  expect(await stat('listener.tls.ssl.handshake')).toBe(0);
});

/** What Node's own client says first. */
async function clientHello(): Promise<Buffer> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = tls.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1', servername: 'a.example.com' }).on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  server.close();
  return hello;
}

test.each<['direct' | 'public', number]>([
  ['direct', 128],
  ['public', 160],
])('on the %s transport a client that stalls once it was answered costs less than %d KiB, itself included', async (transport, limitKib) => {
  const STALLED = 500;
  const { port, stat } = await start({}, {}, transport);
  const hello = await clientHello();
  const stall = async (): Promise<net.Socket> => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(hello));
    await once(socket, 'data');
    return socket.pause();
  };
  const first = await stall();
  const before = process.memoryUsage.rss();
  const sockets = await Promise.all(Array.from({ length: STALLED }, stall));
  expect((process.memoryUsage.rss() - before) / STALLED).toBeLessThan(limitKib * 1024);
  expect(await stat('listener.tls.downstream_cx_active')).toBe(STALLED + 1);
  for (const socket of [first, ...sockets]) socket.destroy();
});

test('a ClientHello that comes in pieces is put together', async () => {
  const { port } = await start({});
  const wire = net.connect(port, '127.0.0.1').setNoDelay();
  const drip = new Duplex({
    read: () => {},
    write: (bytes: Buffer, _encoding, done) => {
      const rest = [...bytes];
      const next = (): unknown => (rest.length === 0 ? done() : wire.write(Buffer.from(rest.splice(0, 60)), () => setImmediate(next)));
      next();
    },
  });
  wire.on('data', (bytes) => drip.push(bytes));
  const socket = tls.connect({ socket: drip, rejectUnauthorized: false, servername: 'a.example.com' });
  await once(socket, 'secureConnect');
  expect(socket.getProtocol()).toBe('TLSv1.3');
  wire.destroy();
});

test('a client of TLS 1.2 cannot negotiate again', async () => {
  const { port, stat } = await start({});
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const ended = closed(socket);
  const outcome = await new Promise<unknown>((resolve) => {
    socket.renegotiate({}, (error) => resolve(error));
    void ended.then(() => resolve('closed'));
  });
  expect(outcome).toBeTruthy();
  socket.destroy();
  expect(await stat('listener.tls.ssl.handshake')).toBe(1);
});

/** Keeps what is said of connections. */
function logTo(lines: string[]): ProxyLog {
  const logger: Logger = { ...silentLogger, enabled: () => true, debug: (line) => lines.push(line), component: () => logger };
  return { logger, levels: LogLevels.create('off'), path: '', format: { kind: 'pattern', pattern: DEFAULT_LOG_FORMAT, escaped: false }, fixed: false, setFormat: () => {}, reopen: () => {} };
}

const certificateOf = (name: string): tls.ConnectionOptions => ({ cert: readFileSync(`${CERTIFICATES}${name}.pem`), key: readFileSync(`${CERTIFICATES}${name}.key`) });
const bytes = (text: string) => (port: number): net.Socket => net.connect(port, '127.0.0.1', function (this: net.Socket) {
  this.end(Buffer.from(text, 'latin1'));
});
const handshake = (options: tls.ConnectionOptions) => (port: number): net.Socket => tls.connect({ ...options, port, host: '127.0.0.1', rejectUnauthorized: false });

describe.each(TRANSPORTS)('on the %s transport the log says why a handshake failed', (transport) => {
  test.each<[string, (port: number) => net.Socket, string]>([
    ['HTTP', bytes('GET / HTTP/1.1\r\n\r\n'), ':HTTP_REQUEST:'],
    ['garbage', bytes('\0\x01\x02\x03\x04\x05'), ':WRONG_VERSION_NUMBER:'],
    ['a ClientHello that is cut short', bytes('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03aaaa'), 'the peer has closed before the handshake was done'],
    ['a ClientHello whose lengths lie', bytes('\x16\x03\x01\0\x0c\x01\0\0\x08\x03\x03\xff\xff\xff\xff\xff\xff'), ':CLIENTHELLO_PARSE_FAILED:'],
    ['silence', (port) => net.connect(port, '127.0.0.1'), 'transport socket timeout was reached'],
    ['no certificate', handshake({}), 'peer did not provide required client certificate'],
    ['a certificate that nobody trusts', handshake(certificateOf('client-untrusted')), 'unable to get local issuer certificate'],
    ['an expired certificate', handshake(certificateOf('client-expired')), 'certificate has expired'],
  ])('of %s', async (_what, open, reason) => {
    const lines: string[] = [];
    const common = { tls_certificates: [pair], validation_context: { trusted_ca: { filename: `${CERTIFICATES}ca.pem` } } };
    const gateway = new Gateway(await Proxy.start({ yaml: JSON.stringify(tlsBootstrap(common, { require_client_certificate: true }, { transport_socket_connect_timeout: '0.2s' })), transport, log: logTo(lines) }));
    try {
      await closed(open(gateway.port('tls')));
      await gateway.untilStat('listener.tls.downstream_cx_active', 0);
      expect(lines.filter((line) => line.includes('closing connection from 127.0.0.1:'))).toEqual([expect.stringContaining(reason)]);
      expect(gateway.stat('listener.tls.ssl.handshake')).toBe(0);
    } finally {
      await gateway.close();
    }
  });
});

test.each<[string, object, RegExp]>([
  ['an authority that cannot be read', { validation_context: { trusted_ca: { filename: '/nowhere/ca.pem' } } }, /\/nowhere\/ca\.pem/],
  ['a certificate that cannot be read', { tls_certificates: [{ ...pair, certificate_chain: { filename: '/nowhere/tls.crt' } }] }, /\/nowhere\/tls\.crt/],
  ['a variable that is not set', { tls_certificates: [{ ...pair, private_key: { environment_variable: 'NOBODY_SET_THIS' } }] }, /NOBODY_SET_THIS/],
])('%s is refused at load with its name', async (_what, common, message) => {
  await expect(startProxy({ config: config(common) })).rejects.toThrow(message);
});
