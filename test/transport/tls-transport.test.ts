import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipAddress } from '../../src/transport/address.ts';
import { createDirectTransport } from '../../src/transport/direct-transport.ts';
import { createPublicTransport } from '../../src/transport/public-transport.ts';
import { TLS_FAILED } from '../../src/transport/tls.ts';
import { LINGER_EXPIRED, type Transport } from '../../src/transport/transport.ts';
import { Handshake, serverOptions, TlsTransport } from './tls-world.ts';
import { LOOPBACK, patternBytes, turns, World } from './world.ts';

/** Of a TLS record. */
const ALERT = 21;

function recordTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at]!);
  return types;
}

const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

const TRANSPORTS: [string, (timers: World['timers']) => Transport][] = [
  ['the direct transport', (timers) => createDirectTransport({ timers })!],
  ['the public transport', (timers) => createPublicTransport({ timers })],
];

describe.each(TRANSPORTS)('TLS over %s', (_name, create) => {
  let world: World;
  let transport: TlsTransport;

  beforeEach(() => {
    world = new World((timers) => (transport = new TlsTransport(create(timers))));
  });

  afterEach(() => world.close());

  test('both ends know what was agreed before they hear of the connection', async () => {
    const { client, server } = await world.pair();
    await server.until(() => server.connected);
    expect(transport.server.judged).toMatchObject({ version: 'TLSv1.3', serverName: 'example.com', applicationProtocol: 'http/1.1', resumed: false, untrusted: undefined });
    expect(transport.server.judged!.peerCertificate!.subject).toContain('CN=client');
    expect(transport.client.judged!.peerCertificate!.subject).toContain('CN=server');
    expect(transport.client.judged!.untrusted).toBeUndefined();
    expect(client.connection.remote.text).toBe(server.connection.local.text);
  });

  test('what is written before the end of the handshake leaves after it', async () => {
    const served = await world.listen(LOOPBACK, {}, (owner) => owner.connection.writeText('hello'));
    const client = world.connect(served.socket.local);
    client.connection.writeText('early');
    await client.untilText('hello');
    await (await served.accepted(0)).untilText('early');
  });

  test('bulk arrives whole in both directions', async () => {
    const { client, server } = await world.pair();
    const bytes = patternBytes(3_000_000);
    server.onEveryBytes = (chunk, length) => server.connection.writeBytes(chunk.subarray(0, length));
    client.connection.writeText('a'.repeat(20_000));
    client.connection.writeBytes(bytes);
    client.connection.writeText('b'.repeat(20_000));
    await client.until(() => client.received === 3_040_000);
    expect(client.digest()).toBe(sha1(Buffer.concat([Buffer.from('a'.repeat(20_000)), bytes, Buffer.from('b'.repeat(20_000))])));
    expect(server.connection.bytesRead).toBe(3_040_000);
    expect(client.connection.bytesWritten).toBe(3_040_000);
  });

  test('nothing is delivered while reads are paused, and everything afterwards', async () => {
    const { client, server } = await world.pair();
    const bytes = patternBytes(500_000);
    server.onEveryBytes = () => {
      server.connection.pauseReads();
      const { received } = server;
      setImmediate(() => {
        expect(server.received).toBe(received);
        server.connection.resumeReads();
      });
    };
    client.connection.writeBytes(bytes);
    client.connection.endWrites();
    await server.until(() => server.ended);
    expect(server.digest()).toBe(sha1(bytes));
  });

  test('unsent bytes are told, and that they have gone', async () => {
    const { client, server } = await world.pair();
    server.connection.pauseReads();
    const bytes = patternBytes(1_000_000);
    let sent = 0;
    await client.until(() => client.connection.unsentBytes === 0);
    const drainedBefore = client.drained;
    for (; client.connection.unsentBytes < 8_000_000; sent += bytes.length) client.connection.writeBytes(bytes);
    await turns(2);
    expect(client.drained).toBe(drainedBefore);
    server.connection.resumeReads();
    await client.until(() => client.drained > drainedBefore && client.connection.unsentBytes === 0);
    await server.until(() => server.received === sent);
  });

  test('each side ends on its own, and the connection closes after both', async () => {
    const { client, server } = await world.pair();
    client.connection.writeText('question');
    client.connection.endWrites();
    await server.until(() => server.ended);
    server.connection.writeText('answer');
    server.connection.endWrites();
    await client.untilClosed();
    await server.untilClosed();
    expect([client.text, server.text, client.error, server.error]).toEqual(['answer', 'question', undefined, undefined]);
  });

  test('a connection that closes after its answer flushes it', async () => {
    const { client, server } = await world.pair();
    server.connection.writeBytes(patternBytes(1_000_000));
    server.connection.closeAfterFlush(1000);
    await client.until(() => client.received === 1_000_000);
    expect(client.ended).toBe(false);
    client.connection.endWrites();
    await server.untilClosed();
    expect(server.error).toBeUndefined();
    await client.untilClosed();
    expect(client.error).toBeUndefined();
  });

  test('a connection that closes tells its peer the end', async () => {
    const { client, server } = await world.pair();
    server.connection.writeText('bye');
    server.connection.closeAfterFlush(0);
    await client.until(() => client.ended);
    client.connection.endWrites();
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    const other = await world.pair();
    other.server.connection.closeAfterFlush(1000);
    while (other.server.closed === 0) {
      world.pass(1001);
      await turns(1);
    }
    await Promise.all([other.client.until(() => other.client.ended), other.server.untilClosed()]);
    expect(other.server.error?.code).toBe(LINGER_EXPIRED);
    other.client.connection.destroy();
    await other.client.untilClosed();
  });

  test.each([0, 1000])('a connection that closes within %i ms says close_notify', async (lingerMs) => {
    const served = await world.listen(LOOPBACK, {}, (owner) => {
      owner.onEveryBytes = () => {
        owner.connection.writeText('bye');
        owner.connection.closeAfterFlush(lingerMs);
      };
    });
    const said: Buffer[] = [];
    const relay = net.createServer((near) => {
      const far = net.connect(served.socket.local.port, '127.0.0.1');
      far.on('data', (bytes) => said.push(bytes));
      near.pipe(far).pipe(near);
    });
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const { port } = relay.address() as net.AddressInfo;
    const client = tls.connect({ port, host: '127.0.0.1', ca: serverOptions.ca, servername: 'example.com', checkServerIdentity: () => undefined, maxVersion: 'TLSv1.2' });
    client.write('hello');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('bye');
    while (!client.readableEnded) {
      world.pass(lingerMs + 1);
      await turns(1);
    }
    expect(recordTypes(Buffer.concat(said)).at(-1)).toBe(ALERT);
    client.destroy();
    relay.close();
  });

  test('a reset ends both sides', async () => {
    const { client, server } = await world.pair();
    await server.until(() => server.connected);
    client.connection.reset();
    await client.untilClosed();
    await server.until(() => server.closed > 0 || server.ended);
  });

  test('a connection whose peer has just reset it may be written to and closed', async () => {
    const { client, server } = await world.pair();
    server.connection.writeText('in time');
    await client.untilText('in time');
    await turns(2);
    client.connection.reset();
    server.connection.writeText('too late');
    server.connection.closeAfterFlush(1000);
    await server.untilClosed();
    await client.untilClosed();
  });

  test('what is written before the handshake over TLS arrives before it', async () => {
    const peer = net.createServer();
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const connection = once(peer, 'connection') as Promise<[net.Socket]>;
    const client = world.connect(ipAddress('127.0.0.1', (peer.address() as net.AddressInfo).port), { preamble: Buffer.from('PROXY UNKNOWN\r\n') });
    const [socket] = await connection;
    let received = Buffer.alloc(0);
    while (received.length < 16) received = Buffer.concat([received, ((await once(socket, 'data')) as [Buffer])[0]]);
    expect([received.subarray(0, 15).toString(), received[15]]).toEqual(['PROXY UNKNOWN\r\n', 0x16]);
    client.connection.destroy();
    await client.untilClosed();
    socket.destroy();
    peer.close();
  });

  test('a peer that is refused never reaches the owner', async () => {
    transport.server.verdict = { code: TLS_FAILED, message: 'not this one' };
    const served = await world.listen(LOOPBACK);
    const client = world.connect(served.socket.local);
    client.connection.writeText('let me in');
    const server = await served.accepted(0);
    await server.untilClosed();
    expect([server.connected, server.text, server.error?.message, transport.server.failed?.message]).toEqual([false, '', 'not this one', 'not this one']);
    await client.until(() => client.ended || client.closed > 0);
  });

  test('plain text on a TLS port is a failure with a reason', async () => {
    const served = await world.listen(LOOPBACK);
    const peer = world.peer(served.socket.local);
    peer.socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const server = await served.accepted(0);
    await server.untilClosed();
    expect(server.error).toEqual({ code: TLS_FAILED, message: 'ERR_SSL_HTTP_REQUEST' });
    expect(transport.server.failed).toEqual(server.error);
  });

  test('a peer that leaves during the handshake is told as such', async () => {
    const served = await world.listen(LOOPBACK);
    const peer = world.peer(served.socket.local);
    peer.socket.end(Buffer.from('160301', 'hex'));
    const server = await served.accepted(0);
    await server.untilClosed();
    expect([server.connected, server.error?.code]).toEqual([false, 'TLS_CLOSED']);
  });

  test('a handshake that stalls ends with its connection', async () => {
    const served = await world.listen(LOOPBACK);
    const peer = world.peer(served.socket.local);
    peer.socket.write(Buffer.from('160301', 'hex'));
    const server = await served.accepted(0);
    await turns(3);
    server.connection.destroy();
    await server.untilClosed();
    expect([server.connected, server.error]).toEqual([false, undefined]);
    await peer.closed;
  });

  test('a client without a certificate cannot pass where one is required', async () => {
    transport.server.clientCertificate = 'required';
    transport.client = new Handshake('client', (await import('node:tls')).createSecureContext({}));
    const served = await world.listen(LOOPBACK);
    const client = world.connect(served.socket.local);
    client.connection.writeText('let me in');
    const server = await served.accepted(0);
    await server.untilClosed();
    expect([server.connected, server.text, server.error?.message]).toEqual([false, '', 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE']);
    await client.until(() => client.ended || client.closed > 0);
  });

  test('a handshake over a connection that was just closed does not begin', async () => {
    const served = await world.listen(LOOPBACK, {}, (owner) => owner.connection.destroy());
    const peer = world.peer(served.socket.local);
    peer.socket.write(Buffer.from('160301', 'hex'));
    const server = await served.accepted(0);
    await server.untilClosed();
    const plain = new World(create);
    const { owner } = await plain.withPeer();
    const upgrade = owner.connection.upgrade(owner);
    owner.connection.destroy();
    upgrade.start(new Handshake('server'), Buffer.from('160301', 'hex'));
    await owner.untilClosed();
    upgrade.abort(undefined);
    await plain.close();
  });

  test('a session is resumed', async () => {
    const first = await world.pair();
    first.server.connection.writeText('ticket');
    await first.client.untilText('ticket');
    while (transport.client.sessions.length === 0) await turns(1);
    const session = transport.client.sessions.at(-1);
    transport.client = new Handshake('client');
    transport.client.session = session;
    const { server } = await world.pair();
    await server.until(() => server.connected);
    expect([transport.server.judged!.resumed, transport.client.judged!.resumed]).toEqual([true, true]);
    expect(transport.server.judged!.peerCertificate!.subject).toContain('CN=client');
  });
});
