import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Timers } from '../../src/core/timers.ts';
import { ipAddress, pipeAddress } from '../../src/transport/address.ts';
import { largeReadBuffer } from '../../src/transport/read-buffers.ts';
import { LINGER_EXPIRED, type Connection, type Transport } from '../../src/transport/transport.ts';
import { Recorder } from './recorder.ts';
import { LOOPBACK, patternBytes, turns, World } from './world.ts';

const MIB = 1 << 20;

/** What every transport promises. */
export function describeTransport(name: string, create: (timers: Timers) => Transport): void {
  describe(name, () => {
    let world: World;
    let openBefore: number;

    beforeEach(() => {
      openBefore = openSockets();
      world = new World(create);
    });

    afterEach(async () => {
      await world.close();
      for (let count = 0; openSockets() > openBefore && count < 1000; count++) await turns(1);
      expect(openSockets()).toBe(openBefore);
    });

    const here = (): World => world;
    describeExchange(here);
    describeWriting(here);
    describeBulk(here);
    describeSequences(here);
    describeClosing(here);
    describeFaults(here);
    describeListening(here);
    describeAddresses(here);
  });
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => /^(TCP|Pipe)/.test(kind)).length;
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function describeExchange(here: () => World): void {
  test('both sides exchange bytes in order', async () => {
    const { client, server } = await here().pair();
    server.onEveryBytes = (bytes, length) => server.connection.writeBytes(bytes.subarray(0, length));
    for (let index = 0; index < 50; index++) {
      client.connection.writeText(`${index},`);
      if (index % 7 === 0) await turns(1);
    }
    const expected = Array.from({ length: 50 }, (_, index) => `${index},`).join('');
    await client.until(() => client.text.length === expected.length);
    expect(client.text).toBe(expected);
    expect(server.text).toBe(expected);
    expect(client.connection.bytesWritten).toBe(expected.length);
    expect(client.connection.bytesRead).toBe(expected.length);
    expect(server.connection.bytesRead).toBe(expected.length);
  });

  test('text is sent as latin1', async () => {
    const { client, server } = await here().pair();
    client.connection.writeText('caf\u00e9\u0000\u00ff');
    await server.until(() => server.received === 6);
    expect(server.text).toBe('caf\u00e9\u0000\u00ff');
  });

  test('the owner may be exchanged while the connection lives', async () => {
    const { client, server } = await here().pair();
    client.connection.writeText('first');
    await server.untilText('first');
    const next = new Recorder();
    server.connection.owner = next;
    client.connection.writeText('second');
    await next.untilText('second');
    expect(server.text).toBe('first');
    client.connection.destroy();
    await next.until(() => next.ended);
    server.connection.owner = server;
  });

  test('what is written before the connection is open leaves once it is', async () => {
    const served = await here().listen(LOOPBACK);
    const client = here().connect(served.socket.local);
    const large = patternBytes(200_000);
    client.connection.writeText('early ');
    client.connection.writeBytes(large);
    expect(client.connection.unsentBytes).toBe(200_006);
    client.connection.endWrites();
    const server = await served.accepted(0);
    await server.until(() => server.ended);
    expect(server.digest()).toBe(sha1(Buffer.concat([Buffer.from('early '), large])));
    expect(client.calls[0]).toBe('connected');
  });

  test('what is written inside onConnected and accept leaves', async () => {
    const large = patternBytes(100_000);
    const served = await here().listen(LOOPBACK, {}, (owner) => {
      owner.connection.writeText('hello');
      owner.connection.writeBytes(large);
    });
    const client = here().connect(served.socket.local);
    client.onEveryConnect = () => {
      client.connection.writeText('hi');
      client.connection.writeBytes(large);
    };
    const server = await served.accepted(0);
    await Promise.all([client.until(() => client.received === 100_005), server.until(() => server.received === 100_002)]);
    expect(client.digest()).toBe(sha1(Buffer.concat([Buffer.from('hello'), large])));
    expect(server.digest()).toBe(sha1(Buffer.concat([Buffer.from('hi'), large])));
  });

  test('paused reads bring nothing until they are resumed', async () => {
    const { owner, peer } = await here().withPeer();
    owner.connection.pauseReads();
    owner.connection.pauseReads();
    peer.socket.write('held');
    await turns(20);
    expect(owner.text).toBe('');
    owner.connection.resumeReads();
    owner.connection.resumeReads();
    await owner.untilText('held');
  });

  test('pausing inside onBytes stops at that chunk', async () => {
    const { owner, peer } = await here().withPeer();
    let chunks = 0;
    owner.onEveryBytes = () => {
      chunks++;
      owner.connection.pauseReads();
    };
    peer.socket.write(patternBytes(4 * MIB));
    await owner.until(() => chunks === 1);
    await turns(20);
    expect(chunks).toBe(1);
    owner.onEveryBytes = () => {};
    owner.connection.resumeReads();
    await owner.until(() => owner.received === 4 * MIB);
    expect(owner.digest()).toBe(sha1(patternBytes(4 * MIB)));
  });

  test('whoever is read first pauses the other, which loses nothing', async () => {
    const pairs = [await here().withPeer(), await here().withPeer()] as const;
    const [a, b] = [pairs[0].owner, pairs[1].owner];
    a.onEveryBytes = () => b.connection.pauseReads();
    b.onEveryBytes = () => a.connection.pauseReads();
    for (const { peer } of pairs) peer.socket.end('held');
    await turns(20);
    expect([a.text, b.text].toSorted()).toEqual(['', 'held']);
    // And once more on its own: the end waits behind the bytes.
    a.onEveryBytes = () => a.connection.pauseReads();
    b.onEveryBytes = () => b.connection.pauseReads();
    for (const { owner } of pairs) owner.connection.resumeReads();
    await Promise.all([a.untilText('held'), b.untilText('held')]);
    await turns(20);
    for (const { owner } of pairs) owner.connection.resumeReads();
    await Promise.all([a.until(() => a.ended), b.until(() => b.ended)]);
    expect([a.text, b.text]).toEqual(['held', 'held']);
    expect([a.calls, b.calls]).toEqual([['bytes', 'end'], ['bytes', 'end']]);
  });

  test('a connection paused inside accept does not start to read', async () => {
    const served = await here().listen(LOOPBACK, {}, (owner) => owner.connection.pauseReads());
    const peer = here().peer(served.socket.local);
    peer.socket.write('held');
    const owner = await served.accepted(0);
    await turns(20);
    expect(owner.text).toBe('');
    owner.connection.resumeReads();
    await owner.untilText('held');
  });
}

function describeWriting(here: () => World): void {
  test('small writes of one callback wait for its end and leave together', async () => {
    const { owner, peer } = await here().withPeer();
    const unsent: number[] = [];
    owner.onEveryBytes = () => {
      owner.connection.writeText('head ');
      owner.connection.writeBytes(Buffer.from('body '));
      owner.connection.writeText('tail');
      unsent.push(owner.connection.unsentBytes);
    };
    const chunks: string[] = [];
    peer.socket.on('data', (chunk) => chunks.push(chunk.toString('latin1')));
    peer.socket.write('go');
    await peer.untilText('tail');
    expect(unsent).toEqual([14]);
    expect(chunks).toEqual(['head body tail']);
    expect(owner.connection.unsentBytes).toBe(0);
  });

  test('small writes on another connection leave at the end of the same callback', async () => {
    const one = await here().withPeer();
    const other = await here().withPeer();
    one.owner.onEveryBytes = () => {
      other.owner.connection.writeText('across');
      expect(other.owner.connection.unsentBytes).toBe(6);
      expect(other.owner.connection.bytesWritten).toBe(0);
    };
    one.peer.socket.write('go');
    await other.peer.untilText('across');
    expect(other.owner.connection.bytesWritten).toBe(6);
  });

  test('outside callbacks small writes leave at the end of the turn', async () => {
    const { owner, peer } = await here().withPeer();
    owner.connection.writeText('a');
    owner.connection.writeText('b');
    expect(owner.connection.unsentBytes).toBe(2);
    await peer.untilText('ab');
    expect(owner.connection.unsentBytes).toBe(0);
  });

  test('flush sends what has gathered, now', async () => {
    const { owner } = await here().withPeer();
    owner.connection.writeText('now');
    owner.connection.flush();
    expect(owner.connection.unsentBytes).toBe(0);
    expect(owner.connection.bytesWritten).toBe(3);
  });

  test('large bytes keep their place between small writes', async () => {
    const { owner, peer } = await here().withPeer();
    const large = patternBytes(40_000);
    const arriving = createHash('sha1');
    peer.socket.on('data', (chunk) => arriving.update(chunk));
    owner.onEveryBytes = () => {
      owner.connection.writeText('head');
      owner.connection.writeBytes(large);
      owner.connection.writeText('tail');
    };
    peer.socket.write('go');
    await peer.untilReceived(40_008);
    expect(arriving.digest('hex')).toBe(sha1(Buffer.concat([Buffer.from('head'), large, Buffer.from('tail')])));
  });

  test('gathered text is bounded', async () => {
    const { owner, peer } = await here().withPeer();
    let highest = 0;
    owner.onEveryBytes = () => {
      for (let index = 0; index < 1000; index++) {
        owner.connection.writeText('x'.repeat(100));
        highest = Math.max(highest, owner.connection.unsentBytes);
      }
    };
    peer.socket.write('go');
    await peer.untilReceived(100_000);
    expect(highest).toBeLessThanOrEqual(16_384 + 100);
  });

  test('onDrained follows when unsent bytes were seen, and not otherwise', async () => {
    const { owner, peer } = await here().withPeer();
    owner.connection.writeText('unseen');
    await peer.untilText('unseen');
    await turns(5);
    expect(owner.drained).toBe(0);
    owner.connection.writeText('seen');
    expect(owner.connection.unsentBytes).toBe(4);
    await owner.until(() => owner.drained === 1);
    await turns(5);
    expect(owner.drained).toBe(1);
  });

  test('onDrained comes after a write that had to wait, and never inside a call of the owner', async () => {
    const { owner, peer } = await here().withPeer();
    peer.socket.pause();
    let inside = true;
    owner.onEveryDrain = () => expect(inside).toBe(false);
    while (owner.connection.unsentBytes === 0) owner.connection.writeBytes(patternBytes(MIB));
    owner.connection.flush();
    expect(owner.drained).toBe(0);
    inside = false;
    await turns(5);
    expect(owner.drained).toBe(0);
    peer.socket.resume();
    await owner.until(() => owner.drained === 1);
    expect(owner.connection.unsentBytes).toBe(0);
  });

  test('bytes that another connection was lent survive the next read', async () => {
    const from = await here().withPeer();
    const to = await here().withPeer();
    to.peer.socket.pause();
    from.owner.onEveryBytes = (bytes, length) => to.owner.connection.writeBytes(bytes.subarray(0, length));
    const sent = patternBytes(16 * MIB);
    from.peer.socket.write(sent);
    await from.owner.until(() => from.owner.received === sent.length);
    expect(to.owner.connection.unsentBytes).toBeGreaterThan(0);
    const arriving = createHash('sha1');
    to.peer.socket.on('data', (chunk) => arriving.update(chunk));
    to.peer.socket.resume();
    await to.peer.untilReceived(sent.length);
    expect(arriving.digest('hex')).toBe(sha1(sent));
  });

  test('nothing is written after endWrites or after closing', async () => {
    const { owner, peer } = await here().withPeer({ allowHalfOpen: true });
    owner.connection.writeText('last');
    owner.connection.endWrites();
    owner.connection.endWrites();
    owner.connection.writeText('late');
    owner.connection.writeBytes(Buffer.alloc(20_000));
    await peer.ended;
    expect(peer.text).toBe('last');
    owner.connection.destroy();
    owner.connection.writeText('later');
    owner.connection.writeBytes(Buffer.alloc(20_000));
    owner.connection.flush();
    owner.connection.pauseReads();
    owner.connection.resumeReads();
    owner.connection.setNoDelay(true);
    owner.connection.setKeepAlive(true, 1000);
    expect(owner.connection.unsentBytes).toBe(0);
    await owner.untilClosed();
  });
}

function describeBulk(here: () => World): void {
  /** Sends `total` bytes without letting more than `limit` wait. */
  function pump(owner: Recorder, data: Buffer, limit: number): { highest: () => number } {
    let offset = 0;
    let highest = 0;
    const push = (): void => {
      while (offset < data.length && owner.connection.unsentBytes < limit) {
        const end = Math.min(offset + 50_000, data.length);
        owner.connection.writeBytes(data.subarray(offset, end));
        offset = end;
        highest = Math.max(highest, owner.connection.unsentBytes);
      }
      if (offset === data.length) owner.connection.endWrites();
    };
    owner.onEveryDrain = push;
    push();
    return { highest: () => highest };
  }

  /** Reads in bites with pauses between them. */
  function readSlowly(owner: Recorder): void {
    let sinceBreak = 0;
    owner.onEveryBytes = (_bytes, length) => {
      sinceBreak += length;
      if (sinceBreak < 300_000) return;
      sinceBreak = 0;
      owner.connection.pauseReads();
      setImmediate(() => setImmediate(() => owner.connection.resumeReads()));
    };
  }

  test('20 MB travel both ways past slow readers with bounded unsent bytes', async () => {
    const { client, server } = await here().pair();
    const up = patternBytes(20_000_000);
    const down = Buffer.from(up).reverse();
    readSlowly(client);
    readSlowly(server);
    const sent = pump(client, up, 262_144);
    const answered = pump(server, down, 262_144);
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    expect(server.digest()).toBe(sha1(up));
    expect(client.digest()).toBe(sha1(down));
    expect(sent.highest()).toBeLessThanOrEqual(262_144 + 50_000);
    expect(answered.highest()).toBeLessThanOrEqual(262_144 + 50_000);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
    expect(client.drained).toBeGreaterThan(0);
  });

  test('a relay hands 20 MB from one connection to another that is slower', async () => {
    const source = await here().toPeer();
    const target = await here().withPeer();
    const relayIn = source.owner;
    const relayOut = target.owner.connection;
    let highest = 0;
    relayIn.onEveryBytes = (bytes, length) => {
      relayOut.writeBytes(bytes.subarray(0, length));
      highest = Math.max(highest, relayOut.unsentBytes);
      if (relayOut.unsentBytes > 131_072) relayIn.connection.pauseReads();
    };
    target.owner.onEveryDrain = () => relayIn.connection.resumeReads();
    relayIn.onEveryEnd = () => relayOut.endWrites();
    const arriving = createHash('sha1');
    target.peer.socket.on('data', (chunk) => {
      arriving.update(chunk);
      target.peer.socket.pause();
      setImmediate(() => target.peer.socket.resume());
    });
    const sent = patternBytes(20_000_000);
    source.peer.socket.end(sent);
    await target.peer.ended;
    expect(target.peer.received).toBe(sent.length);
    expect(arriving.digest('hex')).toBe(sha1(sent));
    expect(highest).toBeLessThanOrEqual(131_072 + 524_288);
  });
}

type Step = { readonly side: 0 | 1; readonly act: 'text' | 'bytes' | 'lent' | 'pause' | 'resume' | 'flush' | 'look' | 'turn'; readonly size: number };

const anyStep: fc.Arbitrary<Step> = fc.record({
  side: fc.constantFrom(0, 1),
  act: fc.constantFrom('text', 'bytes', 'lent', 'pause', 'resume', 'flush', 'look', 'turn'),
  size: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(8192, 8193, 16_384, 16_385, 65_536, 300_000), fc.integer({ min: 0, max: 2 * MIB })),
});

function describeSequences(here: () => World): void {
  test('any sequence of writes, pauses and flushes delivers every byte once, in order', async () => {
    const source = patternBytes(2 * MIB);
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const { client, server } = await here().pair();
        const ends = [client, server];
        const sent = [createHash('sha1'), createHash('sha1')];
        for (const { side, act, size } of steps) {
          const { connection } = ends[side]!;
          if (act === 'turn') await turns(1);
          else if (act === 'pause') connection.pauseReads();
          else if (act === 'resume') connection.resumeReads();
          else if (act === 'flush') connection.flush();
          else if (act === 'look') expect(connection.unsentBytes).toBeGreaterThanOrEqual(0);
          else sent[side]!.update(write(connection, act, source.subarray(0, size)));
        }
        for (const end of ends) {
          end.connection.resumeReads();
          end.connection.endWrites();
        }
        await Promise.all(ends.map((end) => end.untilClosed()));
        expect(ends.map((end) => end.error)).toEqual([undefined, undefined]);
        expect([server.digest(), client.digest()]).toEqual(sent.map((hash) => hash.digest('hex')));
        expect(ends.map((end) => end.calls.filter((call) => call === 'end' || call === 'closed'))).toEqual([
          ['end', 'closed'],
          ['end', 'closed'],
        ]);
      }),
      { numRuns: 40 },
    );
  }, 30_000);

  /** Returns what must arrive. */
  function write(connection: Connection, act: 'text' | 'bytes' | 'lent', bytes: Buffer): Buffer {
    if (act === 'text') connection.writeText(bytes.toString('latin1'));
    else if (act === 'bytes') connection.writeBytes(bytes);
    else {
      const lent = largeReadBuffer.subarray(0, Math.min(bytes.length, largeReadBuffer.length));
      lent.set(bytes.subarray(0, lent.length));
      connection.writeBytes(lent);
      lent.fill(0);
      return bytes.subarray(0, lent.length);
    }
    return bytes;
  }
}

function describeClosing(here: () => World): void {
  test('after the peer ended, writing goes on, and both ended means closed', async () => {
    const { owner, peer } = await here().withPeer({ allowHalfOpen: true });
    peer.socket.end('question');
    await owner.until(() => owner.ended);
    expect(owner.text).toBe('question');
    expect(owner.connection.closed).toBe(false);
    await turns(5);
    owner.connection.writeText('answer');
    owner.connection.endWrites();
    await owner.untilClosed();
    await peer.ended;
    expect(peer.text).toBe('answer');
    expect(owner.error).toBeUndefined();
    expect(owner.calls).toEqual(['bytes', 'end', 'closed']);
  });

  test('after endWrites, reading goes on, and both ended means closed', async () => {
    const { owner, peer } = await here().toPeer();
    owner.connection.writeText('question');
    owner.connection.endWrites();
    await peer.ended;
    expect(peer.text).toBe('question');
    peer.socket.write('part');
    await owner.untilText('part');
    expect(owner.connection.closed).toBe(false);
    peer.socket.end('rest');
    await owner.untilClosed();
    expect(owner.text).toBe('partrest');
    expect(owner.calls.slice(1)).toEqual(['bytes', 'end', 'closed'].slice(-owner.calls.length + 1));
    expect(owner.error).toBeUndefined();
  });

  test('closeAfterFlush lets a peer that still sends read the answer, and ends when the peer does', async () => {
    const { owner, peer } = await here().withPeer({ allowHalfOpen: true });
    owner.onEveryBytes = () => {
      owner.connection.writeText('413 too much');
      owner.connection.closeAfterFlush(1000);
    };
    peer.socket.write(patternBytes(MIB));
    await peer.untilText('413 too much');
    peer.socket.write(patternBytes(MIB));
    await turns(5);
    expect(peer.socket.readableEnded).toBe(false);
    const before = owner.received;
    await new Promise<void>((resolve) => peer.socket.end('the rest', resolve));
    await owner.untilClosed();
    expect(owner.received).toBe(before);
    expect(owner.calls).toEqual(['bytes', 'closed']);
    expect(owner.error).toBeUndefined();
    await peer.closed;
    expect(peer.error).toBeUndefined();
  });

  test('closeAfterFlush gives up on a peer that stays after the time for lingering', async () => {
    const { owner, peer } = await here().withPeer({ allowHalfOpen: true });
    owner.connection.writeText('bye');
    owner.connection.closeAfterFlush(1000);
    await peer.untilText('bye');
    peer.socket.write('more');
    await turns(5);
    here().pass(999);
    await turns(5);
    expect([owner.closed, peer.socket.readableEnded]).toEqual([0, false]);
    here().pass(2);
    await Promise.all([owner.untilClosed(), peer.ended]);
    expect(owner.error?.code).toBe(LINGER_EXPIRED);
    expect(peer.error).toBeUndefined();
  });

  test('closeAfterFlush waits while the peer still takes bytes, and no longer', async () => {
    const { owner, peer } = await here().withPeer({ allowHalfOpen: true });
    peer.socket.pause();
    const large = patternBytes(MIB);
    // More than can leave in one turn.
    while (owner.connection.unsentBytes < 32 * MIB) owner.connection.writeBytes(large);
    owner.connection.closeAfterFlush(1000);
    const before = owner.connection.unsentBytes;
    peer.socket.resume();
    while (owner.connection.unsentBytes === before) await turns(1);
    peer.socket.pause();
    expect(owner.connection.unsentBytes).toBeGreaterThan(0);
    here().pass(1001);
    await turns(5);
    expect(owner.closed).toBe(0);
    peer.socket.resume();
    while (owner.connection.unsentBytes > 0) await turns(1);
    peer.socket.end();
    await Promise.all([owner.untilClosed(), peer.ended]);
    expect(owner.calls).toEqual(['closed']);
    expect(owner.error).toBeUndefined();
  });

  test('closeAfterFlush closes a peer that takes nothing at all', async () => {
    const { owner, peer } = await here().withPeer();
    peer.socket.pause();
    while (owner.connection.unsentBytes < MIB) owner.connection.writeBytes(patternBytes(MIB));
    await turns(5);
    owner.connection.closeAfterFlush(1000);
    here().pass(1001);
    await owner.untilClosed();
    expect(owner.calls).toEqual(['closed']);
  });

  test('closeAfterFlush(0) closes right after the flush', async () => {
    const { owner, peer } = await here().withPeer({ allowHalfOpen: true });
    const large = patternBytes(4 * MIB);
    owner.connection.writeBytes(large);
    owner.connection.writeText('end');
    owner.connection.closeAfterFlush(0);
    await Promise.all([owner.untilClosed(), peer.ended]);
    expect(peer.received).toBe(large.length + 3);
  });

  test('closeAfterFlush(0) of a connection with bytes that nobody has read is a reset', async () => {
    const served = await here().listen(LOOPBACK, {}, (owner) => owner.connection.pauseReads());
    const peer = here().peer(served.socket.local);
    peer.socket.write('unread');
    const owner = await served.accepted(0);
    await turns(20);
    owner.connection.closeAfterFlush(0);
    await Promise.all([owner.untilClosed(), peer.closed]);
    expect(peer.error?.code).toBe('ECONNRESET');
  });

  test('closeAfterFlush of a connection that is paused or that the peer ended does not hang', async () => {
    const paused = await here().withPeer();
    paused.owner.connection.pauseReads();
    paused.owner.connection.writeText('bye');
    paused.owner.connection.closeAfterFlush(1000);
    paused.peer.socket.end();
    await paused.owner.untilClosed();
    const ended = await here().withPeer({ allowHalfOpen: true });
    ended.peer.socket.end();
    await ended.owner.until(() => ended.owner.ended);
    ended.owner.connection.writeText('bye');
    ended.owner.connection.closeAfterFlush(1000);
    ended.owner.connection.closeAfterFlush(1000);
    await Promise.all([ended.owner.untilClosed(), ended.peer.ended]);
    expect(ended.owner.calls).toEqual(['end', 'closed']);
    expect(ended.peer.text).toBe('bye');
  });

  test('a reset ends a connection that lingers', async () => {
    const { owner, peer } = await here().withPeer({ allowHalfOpen: true });
    owner.connection.writeText('bye');
    owner.connection.closeAfterFlush(1000);
    await peer.untilText('bye');
    peer.socket.resetAndDestroy();
    await owner.untilClosed();
    expect(owner.error?.code).toBe('ECONNRESET');
  });

  test('reset reaches the peer as ECONNRESET', async () => {
    const { owner, peer } = await here().withPeer();
    owner.connection.reset();
    expect(owner.connection.closed).toBe(true);
    expect(owner.closed).toBe(0);
    await Promise.all([owner.untilClosed(), peer.closed]);
    expect(peer.error?.code).toBe('ECONNRESET');
    expect(owner.error).toBeUndefined();
  });

  test('reset with unsent bytes and after endWrites closes too', async () => {
    const first = await here().withPeer();
    first.peer.socket.pause();
    while (first.owner.connection.unsentBytes < MIB) first.owner.connection.writeBytes(patternBytes(MIB));
    first.owner.connection.reset();
    await first.owner.untilClosed();
    const second = await here().withPeer({ allowHalfOpen: true });
    second.owner.connection.endWrites();
    second.owner.connection.reset();
    await second.owner.untilClosed();
    expect(first.owner.closed + second.owner.closed).toBe(2);
  });

  test('destroy closes at once and calls nothing but onClosed, later', async () => {
    const { owner, peer } = await here().withPeer();
    let inside = false;
    let reentered = false;
    const closing = owner.onClosed.bind(owner);
    owner.onClosed = (error) => {
      reentered = inside;
      closing(error);
    };
    owner.onEveryBytes = () => {
      inside = true;
      owner.connection.writeText('lost');
      owner.connection.destroy();
      owner.connection.destroy();
      owner.connection.reset();
      owner.connection.closeAfterFlush(10);
      inside = false;
    };
    peer.socket.write(patternBytes(MIB));
    await Promise.all([owner.untilClosed(), peer.closed]);
    await turns(5);
    expect(owner.calls).toEqual(['bytes', 'closed']);
    expect(owner.closed).toBe(1);
    expect(reentered).toBe(false);
    expect(owner.error).toBeUndefined();
  });

  test('addresses and counts stay readable after closing', async () => {
    const served = await here().listen(ipAddress('0.0.0.0', 0));
    const peer = here().peer(ipAddress('127.0.0.1', served.socket.local.port));
    const owner = await served.accepted(0);
    peer.socket.write('12345');
    await owner.untilText('12345');
    owner.connection.writeText('123');
    await peer.untilText('123');
    const peerText = `127.0.0.1:${peer.socket.localPort}`;
    owner.connection.destroy();
    await owner.untilClosed();
    expect(owner.connection.remote.text).toBe(peerText);
    expect(owner.connection.local.text).toBe(`127.0.0.1:${served.socket.local.port}`);
    expect(owner.connection.bytesRead).toBe(5);
    expect(owner.connection.bytesWritten).toBe(3);
  });
}

function describeFaults(here: () => World): void {
  test('a refused connection is a value', async () => {
    const served = await here().listen(LOOPBACK);
    const address = served.socket.local;
    await served.socket.close();
    const client = here().connect(address);
    expect(client.calls).toEqual([]);
    await client.untilClosed();
    expect(client.calls).toEqual(['closed']);
    expect(client.error?.code).toBe('ECONNREFUSED');
    expect(client.connection.closed).toBe(true);
  });

  test.each(['destroy', 'reset'] as const)('%s while connecting means onClosed and never onConnected', async (way) => {
    const served = await here().listen(LOOPBACK);
    const client = here().connect(served.socket.local);
    client.connection.writeText('lost');
    client.connection[way]();
    expect(client.calls).toEqual([]);
    await client.untilClosed();
    await turns(5);
    expect(client.calls).toEqual(['closed']);
    expect(client.error).toBeUndefined();
  });

  test('closeAfterFlush while connecting sends what was written first', async () => {
    const served = await here().listen(LOOPBACK);
    const client = here().connect(served.socket.local);
    client.connection.writeText('first');
    client.connection.closeAfterFlush(1000);
    const server = await served.accepted(0);
    await server.untilText('first');
    server.connection.endWrites();
    await client.untilClosed();
    await server.until(() => server.ended);
  });

  test('a peer that resets ends the connection with ECONNRESET', async () => {
    const { owner, peer } = await here().withPeer();
    peer.socket.resetAndDestroy();
    await owner.untilClosed();
    expect(owner.error?.code).toBe('ECONNRESET');
    expect(owner.calls).toEqual(['closed']);
  });

  test('a peer that vanishes while bytes wait ends the connection', async () => {
    const { owner, peer } = await here().withPeer();
    peer.socket.pause();
    while (owner.connection.unsentBytes < MIB) owner.connection.writeBytes(patternBytes(MIB));
    peer.socket.resetAndDestroy();
    await owner.untilClosed();
    expect(owner.error?.code).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect(owner.closed).toBe(1);
    expect(owner.connection.unsentBytes).toBe(0);
  });

  test('writing to a peer that has closed fails as a value, also with reads paused', async () => {
    const { owner, peer } = await here().withPeer();
    owner.connection.pauseReads();
    peer.socket.write('unread');
    peer.socket.destroy();
    await peer.closed;
    while (owner.closed === 0) {
      owner.connection.writeText('more');
      await turns(1);
    }
    expect(owner.error?.code).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect(owner.closed).toBe(1);
  });
}

function describeListening(here: () => World): void {
  test('a taken port rejects with an error that has a code', async () => {
    const served = await here().listen(LOOPBACK);
    await expect(here().listen(served.socket.local)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('a closed listener frees its port, and accepted connections live on', async () => {
    const world = here();
    const served = await world.listen(LOOPBACK);
    const live = world.peer(served.socket.local);
    const liveOwner = await served.accepted(0);
    await Promise.all([served.socket.close(), served.socket.close()]);
    const next = await world.listen(served.socket.local);
    expect(next.socket.local).toEqual(served.socket.local);
    live.socket.write('still here');
    await liveOwner.untilText('still here');
  });

  test('closing one of two listeners on a port loses no connection of its backlog', async () => {
    const echo = (owner: Recorder): void => {
      owner.onEveryBytes = (bytes, length) => owner.connection.writeBytes(bytes.subarray(0, length));
    };
    const first = await here().listen(LOOPBACK, { reusePort: true }, echo);
    const second = await here().listen(first.socket.local, { reusePort: true }, echo);
    const peers = Array.from({ length: 200 }, () => here().peer(first.socket.local));
    await turns(1);
    expect(first.owners.length).toBeLessThan(20);
    const closing = first.socket.close();
    for (const [index, peer] of peers.entries()) peer.socket.write(`peer ${index}.`);
    await Promise.all(peers.map((peer, index) => Promise.race([peer.untilText(`peer ${index}.`), peer.closed])));
    await closing;
    expect(peers.map((peer) => peer.error?.code).filter((code) => code !== undefined)).toEqual([]);
    expect(first.owners.length).toBeGreaterThan(50);
    expect(first.owners.length + second.owners.length).toBe(200);
    const later = here().peer(first.socket.local);
    later.socket.write('later');
    await later.untilText('later');
    expect(first.owners.length + second.owners.length).toBe(201);
  });

  test('a paused listener accepts nothing until it is resumed', async () => {
    const served = await here().listen(LOOPBACK);
    served.socket.pauseAccepts();
    const peer = here().peer(served.socket.local);
    peer.socket.write('waiting');
    await turns(20);
    expect(served.owners.length).toBe(0);
    served.socket.resumeAccepts();
    served.socket.resumeAccepts();
    expect(served.owners.length).toBe(0);
    const owner = await served.accepted(0);
    await owner.untilText('waiting');
    here().peer(served.socket.local).socket.write('next');
    await (await served.accepted(1)).untilText('next');
  });

  test('a paused listener holds no more than its backlog', async () => {
    const served = await here().listen(LOOPBACK, { backlog: 4 });
    served.socket.pauseAccepts();
    const peers = Array.from({ length: 7 }, () => here().peer(served.socket.local));
    await Promise.any(peers.map((peer) => peer.closed));
    await turns(50);
    served.socket.resumeAccepts();
    await served.accepted(3);
    await turns(50);
    expect(served.owners.length).toBe(4);
  });

  test('closing a paused listener admits what it held', async () => {
    const served = await here().listen(LOOPBACK);
    served.socket.pauseAccepts();
    const peer = here().peer(served.socket.local);
    peer.socket.write('held');
    await turns(20);
    await served.socket.close();
    await served.owners[0]!.untilText('held');
  });
}

function describeAddresses(here: () => World): void {
  test('port 0 becomes a real port, and both sides name each other', async () => {
    const served = await here().listen(LOOPBACK);
    const { local } = served.socket;
    expect(local.port).toBeGreaterThan(0);
    expect(local.text).toBe(`127.0.0.1:${local.port}`);
    const client = here().connect(local);
    const server = await served.accepted(0);
    await client.until(() => client.connected);
    expect(client.connection.remote).toEqual(local);
    expect(server.connection.local).toEqual(local);
    expect(server.connection.remote).toEqual(client.connection.local);
  });

  test('a wildcard listener names the address that was dialled', async () => {
    const served = await here().listen(ipAddress('0.0.0.0', 0));
    const client = here().connect(ipAddress('127.0.0.2', served.socket.local.port));
    const server = await served.accepted(0);
    expect(server.connection.local.text).toBe(`127.0.0.2:${served.socket.local.port}`);
    await client.until(() => client.connected);
  });

  test('the local address of a connection can be chosen', async () => {
    const served = await here().listen(LOOPBACK);
    const owner = new Recorder();
    owner.connection = here().transport.connect(served.socket.local, { localAddress: { host: '127.0.0.3', port: 0 } }, owner);
    const server = await served.accepted(0);
    expect(server.connection.remote.host).toBe('127.0.0.3');
    server.connection.destroy();
    await owner.until(() => owner.ended);
    owner.connection.destroy();
    await owner.untilClosed();
  });

  test.runIf(hasIpv6())('IPv6 addresses are written in brackets', async () => {
    const served = await here().listen(ipAddress('::1', 0));
    expect(served.socket.local.text).toBe(`[::1]:${served.socket.local.port}`);
    const client = here().connect(served.socket.local);
    const server = await served.accepted(0);
    expect(server.connection.remote.host).toBe('::1');
    expect(server.connection.remote.text).toMatch(/^\[::1\]:\d+$/);
    await client.until(() => client.connected);
  });

  test.runIf(hasIpv6())('an IPv4 peer of an IPv6 listener is named as IPv4; ipv6Only keeps it out', async () => {
    const both = await here().listen(ipAddress('::', 0));
    const client = here().connect(ipAddress('127.0.0.1', both.socket.local.port));
    const server = await both.accepted(0);
    expect(server.connection.remote.text).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(server.connection.local.text).toBe(`127.0.0.1:${both.socket.local.port}`);
    await client.until(() => client.connected);
    const only = await here().listen(ipAddress('::', 0), { ipv6Only: true });
    const refused = here().connect(ipAddress('127.0.0.1', only.socket.local.port));
    await refused.untilClosed();
    expect(refused.error?.code).toBe('ECONNREFUSED');
  });

  test('a Unix socket carries bytes, has its mode, and replaces a stale file', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'transport-'));
    try {
      const file = path.join(directory, 'a.sock');
      const stale = net.createServer().listen(file);
      await new Promise((resolve) => stale.once('listening', resolve));
      const address = pipeAddress(file);
      const served = await here().listen(address, { pipeMode: 0o600 });
      await new Promise((resolve) => stale.close(resolve));
      const again = await here().listen(address, { pipeMode: 0o640 });
      expect(statSync(file).mode & 0o777).toBe(0o640);
      const client = here().connect(address);
      const server = await again.accepted(0);
      client.connection.writeText('over a file');
      client.connection.endWrites();
      await server.untilText('over a file');
      expect(server.connection.local).toEqual(address);
      expect(server.connection.remote).toEqual(address);
      expect(client.connection.remote).toEqual(address);
      server.connection.reset();
      client.connection.setNoDelay(true);
      client.connection.setKeepAlive(true, 1000);
      await Promise.all([client.untilClosed(), server.untilClosed()]);
      await served.socket.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test.runIf(process.platform === 'linux')('an abstract socket carries bytes', async () => {
    const address = pipeAddress(`@transport-suite-${process.pid}-${process.hrtime.bigint()}`);
    const served = await here().listen(address);
    expect(served.socket.local).toEqual(address);
    const client = here().connect(address);
    const server = await served.accepted(0);
    client.connection.writeText('abstract');
    await server.untilText('abstract');
  });

  test('a Unix socket that is not there is a value', async () => {
    const client = here().connect(pipeAddress(path.join(os.tmpdir(), 'transport-suite-missing.sock')));
    await client.untilClosed();
    expect(client.error?.code).toBe('ENOENT');
  });
}

function hasIpv6(): boolean {
  return Object.values(os.networkInterfaces()).some((list) => list?.some((entry) => entry.address === '::1'));
}
