import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ShutdownRequest, WriteRequest } from '../../src/transport/direct-handle.ts';
import type { StreamHandle } from '../../src/transport/socket-internals.ts';
import { TlsHandle } from '../../src/transport/tls-handle.ts';
import { Handshake, serverOptions } from './tls-world.ts';

let server: tls.Server;
let accepted: net.Socket;
let secured: Promise<tls.TLSSocket>;

beforeEach(async () => {
  server = tls.createServer(serverOptions, (socket) => socket.on('error', () => {}).resume());
  secured = once(server, 'secureConnection').then(([socket]) => socket as tls.TLSSocket);
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

test('what was read before is given to Node in pieces that do not fill its buffer', async () => {
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  await once(client, 'connect');
  const nodes = Object.getPrototypeOf((new tls.TLSSocket(client) as unknown as { _handle: object })._handle) as { receive(bytes: Buffer): void };
  const receive = vi.spyOn(nodes, 'receive');
  const emptied = accepted as unknown as { _handle: StreamHandle | null };
  const raw = emptied._handle!;
  emptied._handle = null;
  // A record of 4,000 bytes that is not whole.
  const bytes = Buffer.concat([Buffer.from('1603010fa0', 'hex'), Buffer.alloc(3_000, 1)]);
  const abandoned = new Promise<void>((resolve, reject) => {
    new TlsHandle(raw, new Handshake('server'), bytes, { onSecure: reject, onFailed: () => resolve(), onAbandoned: resolve });
  });
  const pieces = receive.mock.calls.map(([piece]) => piece);
  receive.mockRestore();
  expect(Buffer.concat(pieces)).toEqual(bytes);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(1024);
  client.destroy();
  await abandoned;
});

/** Until Node has let go of what it wrote in this round. */
function nextRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What has reached the server when the client's end does. */
async function received(): Promise<string> {
  let text = '';
  const socket = await secured;
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  await once(socket, 'end');
  return text;
}

class Recorded extends WriteRequest {
  readonly completed: number[] = [];
  override oncomplete = (status: number): void => void this.completed.push(status);
}

test('a write that the system takes at once is done when it returns, also with a request that served before', async () => {
  const { handle } = await openHandle();
  const all = received();
  const request = new Recorded();
  for (const text of ['one ', 'two ', 'three']) {
    await nextRound();
    expect([handle.writeLatin1String(request, text), request.isKept, handle.writeQueueSize]).toEqual([0, false, 0]);
  }
  await new Promise<void>((resolve) => handle.close(resolve));
  expect([await all, request.completed]).toEqual(['one two three', []]);
});

test('of two writes in a round the second waits, and both arrive before the end that was asked for with them', async () => {
  const { handle } = await openHandle();
  const all = received();
  await nextRound();
  const [first, second] = [new Recorded(), new Recorded()];
  handle.writeLatin1String(first, 'one ');
  handle.writeBuffer(second, Buffer.from('two'));
  expect([first.isKept, second.isKept, handle.writeQueueSize]).toEqual([false, true, 3]);
  handle.shutdown(new ShutdownRequest(handle));
  expect([await all, first.completed, second.completed, handle.writeQueueSize]).toEqual(['one two', [], [0], 0]);
  await new Promise<void>((resolve) => handle.close(resolve));
});

test('a write that the system does not take at once is kept until it does', async () => {
  const { handle } = await openHandle();
  await nextRound();
  const bytes = Buffer.alloc(16 * 1024 * 1024, 'x');
  const request = new Recorded();
  handle.writeBuffer(request, bytes);
  expect([request.isKept, handle.writeQueueSize]).toEqual([true, bytes.length]);
  await vi.waitUntil(() => request.completed.length > 0);
  expect([request.completed, request.isKept, handle.writeQueueSize]).toEqual([[0], false, 0]);
  await new Promise<void>((resolve) => handle.close(resolve));
});

test('what Node keeps of a closed handle does not lead to it', async () => {
  const wrapping = vi.spyOn(tls.TLSSocket.prototype as unknown as { _wrapHandle: () => object }, '_wrapHandle');
  const { handle } = await openHandle();
  const wraps = wrapping.mock.results.map(({ value }) => value as object);
  wrapping.mockRestore();
  expect(wraps.filter((wrap) => leadsTo(wrap, handle))).toHaveLength(1);
  await new Promise<void>((resolve) => handle.close(resolve));
  expect(wraps.filter((wrap) => leadsTo(wrap, handle))).toHaveLength(0);
});

function leadsTo(from: object, wanted: object): boolean {
  const seen = new Set<unknown>([from]);
  for (const object of seen) {
    if (object === wanted) return true;
    for (const key of Reflect.ownKeys(object as object)) {
      const value: unknown = Object.getOwnPropertyDescriptor(object, key)?.value;
      if (typeof value === 'object' && value !== null) seen.add(value);
    }
  }
  return false;
}
