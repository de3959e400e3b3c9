import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock, systemClock } from '../../src/core/clock.ts';
import { Timers } from '../../src/core/timers.ts';
import { createDirectTransport } from '../../src/transport/direct-transport.ts';
import { createPublicTransport } from '../../src/transport/public-transport.ts';
import { createTransport, describeVerdict, selectTransport } from '../../src/transport/select-transport.ts';
import { testTransport } from '../../src/transport/self-test.ts';
import type { Connection, Transport } from '../../src/transport/transport.ts';
import { turns } from './world.ts';

let timers: Timers;

beforeEach(() => {
  timers = new Timers(systemClock);
});

afterEach(async () => {
  timers.close();
  const open = (): number => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length;
  for (let count = 0; open() > 0 && count < 1000; count++) await turns(1);
  expect(open()).toBe(0);
});

describe('selecting', () => {
  test('auto finds that the direct transport works here, and says so', async () => {
    expect(await selectTransport('auto', timers)).toEqual({ name: 'direct', reason: 'passed its self-test' });
  });

  test('either can be forced', async () => {
    expect(await selectTransport('direct', timers)).toEqual({ name: 'direct', reason: 'asked for' });
    expect(await selectTransport('public', timers)).toEqual({ name: 'public', reason: 'asked for' });
    expect(createTransport('direct', timers).name).toBe('direct');
    expect(createTransport('public', timers).name).toBe('public');
  });

  test('a fault means the public transport, with the fault as the reason', () => {
    expect(describeVerdict('backPressure: stuck')).toEqual({
      name: 'public',
      reason: 'direct failed its self-test: backPressure: stuck',
    });
  });

  test('errors of other code are left alone while the self-test runs', async () => {
    const before = process.listenerCount('uncaughtException');
    const running = testTransport(createPublicTransport({ timers }), timers);
    const added = process.listeners('uncaughtException').at(-1)!;
    expect(process.listenerCount('uncaughtException')).toBe(before + 1);
    expect(() => added(new Error('of somebody else'), 'uncaughtException')).toThrow('of somebody else');
    expect(await running).toBeUndefined();
    expect(process.listenerCount('uncaughtException')).toBe(before);
  });
});

describe('the self-test', () => {
  test('passes on both transports', async () => {
    expect(await testTransport(createDirectTransport({ timers })!, timers)).toBeUndefined();
    expect(await testTransport(createPublicTransport({ timers }), timers)).toBeUndefined();
  });

  test('finds that nothing can be listened on', async () => {
    const transport = createDirectTransport({ timers })!;
    transport.listen = async () => Promise.reject(new Error('no sockets here'));
    expect(await testTransport(transport, timers)).toContain('no sockets here');
  });

  test.each<[string, Partial<Record<keyof Connection, (connection: Connection, argument: never) => unknown>>, RegExp]>([
    ['text that is not latin1', { writeText: (connection, text: string) => connection.writeBytes(Buffer.from(text)) }, /exchange/],
    [
      'small writes that leave at once',
      {
        writeText: (connection, text: string) => {
          connection.writeText(text);
          connection.flush();
        },
      },
      /exchange: .*joined/,
    ],
    [
      'large bytes that change on the way',
      { writeBytes: (connection, bytes: Buffer) => connection.writeBytes(bytes.length < 100 ? bytes : Buffer.alloc(bytes.length)) },
      /whole|as they were/,
    ],
    ['unsent bytes that are not counted', { unsentBytes: () => 0 }, /exchange|backPressure/],
    ['reads that cannot be paused', { pauseReads: () => {} }, /backPressure/],
    ['a reset that is a plain close', { reset: (connection) => connection.destroy() }, /resetting/],
    ['lingering that does not discard', { closeAfterFlush: (connection) => connection.endWrites() }, /lingering/],
  ])('finds %s', async (_name, faults, reason) => {
    const transport = faulty(createDirectTransport({ timers })!, faults);
    expect(await testTransport(transport, timers)).toMatch(reason);
  });

  test('gives up on a transport that hangs, and names what hung', async () => {
    const clock = new ManualClock();
    const still = new Timers(clock);
    const hanging = testTransport(faulty(createDirectTransport({ timers: still })!, { endWrites: () => {} }), still);
    await turns(200);
    clock.advance(1001);
    still.expire();
    expect(await hanging).toMatch(/^not finished after 1000 ms: .*backPressure/);
    still.close();
  });
});

/** Replaces members of every connection, as the users of the transport see it. */
function faulty(transport: Transport, faults: Partial<Record<keyof Connection, (connection: Connection, argument: never) => unknown>>): Transport {
  const wrap = (connection: Connection): Connection =>
    new Proxy(connection, {
      get(target, key: keyof Connection) {
        const fault = faults[key];
        if (key === 'unsentBytes' && fault !== undefined) return fault(target, undefined as never);
        if (fault !== undefined) return (argument: never) => fault(target, argument);
        const member = target[key];
        return typeof member === 'function' ? member.bind(target) : member;
      },
      set: (target, key: 'owner', value) => Reflect.set(target, key, value),
    });
  return {
    name: transport.name,
    listen: (address, options, accept) => transport.listen(address, options, (connection) => accept(wrap(connection))),
    connect: (address, options, owner) => wrap(transport.connect(address, options, owner)),
  };
}
