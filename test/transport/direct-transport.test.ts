import { expect, test } from 'vitest';
import { createDirectTransport } from '../../src/transport/direct-transport.ts';
import { describeTransport } from './transport-suite.ts';
import { patternBytes, World } from './world.ts';

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
