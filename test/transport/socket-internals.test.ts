import { once } from 'node:events';
import net from 'node:net';
import { expect, test } from 'vitest';
import { learnSocketInternals } from '../../src/transport/socket-internals.ts';

test('everything is learned without opening anything', () => {
  const before = process.getActiveResourcesInfo().length;
  const learned = learnSocketInternals();
  expect(learned).toBeDefined();
  expect(process.getActiveResourcesInfo().length).toBe(before);
});

test('what is learned does not depend on what other sockets did before', async () => {
  const first = learnSocketInternals();
  const server = net.createServer((socket) => void once(socket, 'readable').then(() => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(Buffer.alloc(32 << 20));
  expect(learnSocketInternals()).toEqual(first);
  socket.destroy();
  server.close();
  await once(server, 'close');
});

test('a request is kept by the handle only while its write waits', () => {
  const { WriteRequest, ShutdownRequest } = learnSocketInternals()!;
  expect(new WriteRequest().getAsyncId()).toBe(-1);
  expect(new ShutdownRequest()).toHaveProperty('oncomplete', null);
});
