import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import { ThreadOverload } from '../../src/core/overload.ts';
import { LocalProcessCounts } from '../../src/core/process-counts.ts';
import { SeededRandom } from '../../src/core/random.ts';
import { HeldStats } from '../../src/core/stats/held-stats.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { Timers } from '../../src/core/timers.ts';
import type { ListenerSpec } from '../../src/listener/compile.ts';
import { ProcessDrain } from '../../src/listener/drain-manager.ts';
import { ListenerManager } from '../../src/listener/listener-manager.ts';
import { ipAddress } from '../../src/transport/address.ts';
import type { Address, Transport } from '../../src/transport/transport.ts';

/** As `compileListener` makes it, as far as sockets are concerned. */
function specOf(name: string, port: number, given: Partial<ListenerSpec> = {}): ListenerSpec {
  const made: Partial<ListenerSpec> = {
    name, binds: [{ address: ipAddress('127.0.0.1', port), ipv6Only: false, pipeMode: 0, keepAlive: undefined }], statScope: `listener.${name}`, rest: `${name} ${port}`, socketIdentity: `${port}`,
    bindToPort: true, reusePort: true, backlog: 4096, chains: [], filters: [], accessLogs: [], stats: new HeldStats(new SharedStatStore({ onAnnounce() {} })), ...given,
  };
  return made as ListenerSpec;
}

function managerOf() {
  const events: string[] = [];
  const transport = {
    listen: (address: Address) => {
      events.push(`opens ${address.port}`);
      return Promise.resolve({ local: address, close: () => Promise.resolve(events.push(`closes ${address.port}`)) });
    },
  } as unknown as Transport;
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const random = new SeededRandom(1);
  const limits = { counts: new LocalProcessCounts(), overload: new ThreadOverload(new SharedStatStore({ onAnnounce: () => {} })), random };
  const thread = { workerIndex: 0, transport, clock, timers, nextConnectionId: () => 1, drains: new ProcessDrain(clock, random), drain: { timeMs: 1000, strategy: 'immediate' as const }, limits, log: silentLogger };
  const manager = new ListenerManager(thread, silentLogger);
  const wait = (ms: number): void => {
    clock.advance(ms);
    timers.expire();
  };
  return { manager, events, wait };
}

describe('an update of listeners', () => {
  it('keeps a socket for as long as its address is served, whatever else has changed and whatever the listener is called', async () => {
    const { manager, events } = managerOf();
    await manager.update([specOf('edge', 80)]);
    await manager.update([specOf('edge', 80, { rest: 'another backlog', backlog: 1 })]);
    await manager.update([specOf('door', 80)]);
    expect(events).toEqual(['opens 80']);
    await manager.update([specOf('door', 81)]);
    expect(events).toEqual(['opens 80', 'opens 81', 'closes 80']);
  });

  it('does not change whether threads share a port', async () => {
    const { manager, events } = managerOf();
    await manager.update([specOf('edge', 80)]);
    const { problems } = await manager.update([specOf('edge', 80, { rest: 'own port', reusePort: false, socketIdentity: '80 alone' })]);
    expect(problems).toEqual([{ listener: 'edge', message: 'Listener edge: reuse port cannot be changed during an update; give it another name and address, or restart' }]);
    expect(events).toEqual(['opens 80']);
    expect(manager.addresses().map(({ name }) => name)).toEqual(['edge']);
  });

  it('ends the statistics of what is gone when it has drained', async () => {
    const { manager, wait } = managerOf();
    const released: number[] = [];
    const store = new SharedStatStore({ direct: true, onAnnounce: ({ releases }) => released.push(...releases.map(({ group }) => group)) });
    const counted = (name: string, port: number, given: Partial<ListenerSpec> = {}): ListenerSpec => specOf(name, port, { stats: new HeldStats(store), ...given });
    await manager.update([counted('edge', 80), counted('door', 81)]);
    await manager.update([counted('edge', 80)]);
    wait(1000);
    wait(999);
    expect(released).toEqual([]);
    wait(1);
    expect(released).toHaveLength(2);
    await manager.update([counted('edge', 80)]);
    await manager.update([counted('edge', 80, { rest: 'changed' })]);
    wait(3000);
    expect(released).toHaveLength(2);
    await manager.update([]);
    wait(1000);
    wait(1000);
    expect(released).toHaveLength(4);
  });
});
