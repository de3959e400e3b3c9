import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WriteRequest } from '../../src/transport/direct-handle.ts';
import type { StreamHandle } from '../../src/transport/socket-internals.ts';
import { TlsHandle } from '../../src/transport/tls-handle.ts';
import { Handshake, serverOptions } from './tls-world.ts';

let server: tls.Server;
let accepted: net.Socket;

beforeEach(async () => {
  server = tls.createServer(serverOptions, (socket) => socket.on('error', () => {}).resume());
  server.on('connection', (socket: net.Socket) => (accepted = socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => void server.close());

/** A handle whose handshake is done, and the one below it. */
async function openHandle(): Promise<{ raw: StreamHandle; handle: TlsHandle }> {
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const emptied = socket as unknown as { _handle: StreamHandle | null };
  const raw = emptied._handle!;
  emptied._handle = null;
  const handle = await new Promise<TlsHandle>((resolve, reject) => {
    new TlsHandle(raw, new Handshake('client'), Buffer.alloc(0), { onSecure: resolve, onFailed: reject, onAbandoned: () => reject(new Error('abandoned')) });
  });
  return { raw, handle };
}

const attempts: [string, (handle: TlsHandle) => number][] = [
  ['text', (handle) => handle.writeLatin1String(new WriteRequest(), 'late')],
  ['bytes', (handle) => handle.writeBuffer(new WriteRequest(), Buffer.from('late'))],
];

test.each(attempts)('to write %s to a handle that closes is refused', async (_name, write) => {
  const { handle } = await openHandle();
  const closed = new Promise<void>((resolve) => handle.close(resolve));
  const refusals = [write(handle)];
  await closed;
  refusals.push(write(handle));
  expect(refusals).toEqual([-32, -32]);
});

test.each(attempts)('what the system refuses at once is the answer to writing %s', async (_name, write) => {
  const { handle } = await openHandle();
  accepted.resetAndDestroy();
  expect([write(handle), write(handle)]).toEqual([-104, -104]);
  await new Promise<void>((resolve) => handle.close(resolve));
});

test.each(attempts)('to write %s over a socket that has gone is refused', async (_name, write) => {
  const { raw, handle } = await openHandle();
  await new Promise<void>((resolve) => raw.close(resolve));
  expect(write(handle)).toBeLessThan(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(write(handle)).toBeLessThan(0);
});
