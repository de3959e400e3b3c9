import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createDirectTransport } from '../../src/transport/direct-transport.ts';
import { smallReadBuffer } from '../../src/transport/read-buffers.ts';
import { describeTransport } from './transport-suite.ts';
import { LOOPBACK, patternBytes, turns, World } from './world.ts';

const create = (timers: World['timers']): World['transport'] => createDirectTransport({ timers })!;

describeTransport('the direct transport', create);

test('reads grow on a connection whose bytes are taken at once, and shrink when it is paused', async () => {
  const world = new World(create);
  const { owner, peer } = await world.withPeer();
  const lengths: number[] = [];
  let pauseEvery = Infinity;
  owner.onEveryBytes = (_bytes, length) => {
    lengths.push(length);
    if (lengths.length % pauseEvery !== 0) return;
    owner.connection.pauseReads();
    setImmediate(() => owner.connection.resumeReads());
  };
  peer.socket.write(patternBytes(20_000_000));
  await owner.until(() => owner.received === 20_000_000);
  expect(Math.max(...lengths.slice(0, 32))).toBeLessThanOrEqual(65_536);
  expect(Math.max(...lengths)).toBeGreaterThan(65_536);
  lengths.length = 0;
  pauseEvery = 16;
  peer.socket.write(patternBytes(20_000_000));
  await owner.until(() => owner.received === 40_000_000);
  expect(Math.max(...lengths.slice(17))).toBeLessThanOrEqual(65_536);
  await world.close();
});

test('an answer that was sent before the peer reset is read although writing fails', async () => {
  const world = new World(create);
  const { owner, peer } = await world.toPeer();
  owner.connection.pauseReads();
  await new Promise<void>((resolve) => peer.socket.write('413 enough', () => resolve()));
  peer.socket.destroy();
  await peer.closed;
  owner.connection.resumeReads();
  // The peer's system answers the first with a reset, so that the second fails before anything is read.
  owner.connection.writeBytes(patternBytes(100_000));
  owner.connection.writeBytes(patternBytes(100_000));
  expect(owner.text).toBe('');
  await owner.untilClosed();
  expect(owner.text).toBe('413 enough');
  expect(owner.error?.code).toMatch(/^(ECONNRESET|EPIPE)$/);
  await world.close();
});

test('lent bytes keep their place behind much text that gathered while connecting', async () => {
  const world = new World(create);
  const served = await world.listen(LOOPBACK);
  const client = world.connect(served.socket.local);
  client.connection.writeText('x'.repeat(600_000));
  client.onEveryConnect = () => {
    smallReadBuffer.fill('y');
    client.connection.writeBytes(smallReadBuffer);
    smallReadBuffer.fill('z');
  };
  const server = await served.accepted(0);
  await server.until(() => server.received === 665_536);
  expect(server.digest()).toBe(createHash('sha1').update('x'.repeat(600_000) + 'y'.repeat(65_536)).digest('hex'));
  await world.close();
});

test('the poisoned transport refuses text that would lose bits, and overwrites what was lent', async () => {
  const world = new World((timers) => createDirectTransport({ timers, poison: true })!);
  const { owner, peer } = await world.withPeer();
  let kept: Buffer = Buffer.alloc(0);
  owner.onEveryBytes = (bytes, length) => (kept = bytes.subarray(0, length));
  peer.socket.write('lent');
  await owner.untilText('lent');
  await turns(1);
  expect([...kept]).toEqual([0xdb, 0xdb, 0xdb, 0xdb]);
  expect(() => owner.connection.writeText('\u010d\u010a')).toThrow('not latin1');
  await world.close();
});
