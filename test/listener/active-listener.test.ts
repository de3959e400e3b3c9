import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { MessageIdentity } from '../../src/api/message-identity.ts';
import { schemaOf } from '../../src/api/registry.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import { ThreadOverload } from '../../src/core/overload.ts';
import { LocalProcessCounts } from '../../src/core/process-counts.ts';
import { SeededRandom } from '../../src/core/random.ts';
import { HeldStats } from '../../src/core/stats/held-stats.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { Timers } from '../../src/core/timers.ts';
import { ActiveListener } from '../../src/listener/active-listener.ts';
import { type DrainSettings, ProcessDrain } from '../../src/listener/drain-manager.ts';
import type { FilterChainSpec } from '../../src/listener/compile-filter-chain.ts';
import type { ListenerSpec } from '../../src/listener/compile.ts';
import { WAIT } from '../../src/listener/listener-filter.ts';
import type { LimitServices } from '../../src/listener/listener-limits.ts';
import { type FilterChainMatch, FilterChainTable } from '../../src/listener/match/filter-chain-match.ts';
import type { DrainDecision, TerminalNetworkFilter } from '../../src/listener/network-filter.ts';
import { READ_LIMIT_BYTES } from '../../src/listener/pending-connection.ts';
import { ipAddress } from '../../src/transport/address.ts';
import type { Connection, ConnectionOwner, Transport } from '../../src/transport/transport.ts';

const store = new SharedStatStore({ onAnnounce() {} });
const local = ipAddress('127.0.0.1', 80);

/** Chains by name, each for one source port; those of the same `version` adopt each other. */
function specOf(chains: readonly { readonly port: number; readonly version: string }[], drains = new Map<string, DrainDecision>()): ListenerSpec {
  const table = new FilterChainTable();
  chains.forEach(({ port }, index) => table.add(index, matchOf(port)));
  return {
    name: 'edge', metadata: undefined, direction: 0, binds: [{ address: local, ipv6Only: false, pipeMode: 0, keepAlive: undefined }], statScope: 'listener.edge', rest: '', fileDigest: '', socketIdentity: '', backlog: 1, reusePort: true,
    bindToPort: true, useOriginalDst: false, inbound: false, filters: [], filterTimeouts: undefined, continueOnFilterTimeout: false,
    chains: chains.map(({ port, version }) => chainOf(`${port}`, version, drains)), finder: table, defaultChain: undefined, accessLogs: [], bufferLimitBytes: 1, connectionLimit: () => 2,
    globalConnectionLimit: () => Infinity, ignoresGlobalLimit: false, bypassesOverload: false, modifyOnly: false, stats: new HeldStats(store),
  };
}

function matchOf(port: number): FilterChainMatch {
  return {
    destinationPort: 0, destinationPrefixes: [], serverNames: [], transportProtocol: '', applicationProtocols: [], directSourcePrefixes: [], sourceType: 'any',
    sourcePrefixes: [], sourcePorts: [port],
  };
}

function chainOf(name: string, version: string, drains: Map<string, DrainDecision>): FilterChainSpec {
  const terminal: TerminalNetworkFilter = {
    onNewConnection: (_connection, _info, drain) => {
      drains.set(name, drain);
      return { active: false, startDrain() {}, onBytes() {}, onEnd() {}, onDrained() {}, onClosed() {} };
    },
    adopt: () => true,
  };
  return { name, metadata: undefined, frame: frameOf(`${name} ${version}`), filters: [], terminal, transportSocket: undefined, handshakeTimeouts: undefined, stats: new HeldStats(store) };
}

function frameOf(name: string): MessageIdentity {
  const schema = schemaOf('envoy.config.listener.v3.FilterChain');
  return new MessageIdentity(schema, create(schema, { name }));
}

function limitServices(): LimitServices {
  return { counts: new LocalProcessCounts(), overload: new ThreadOverload(new SharedStatStore({ onAnnounce: () => {} })), random: new SeededRandom(1) };
}

const DRAIN: DrainSettings = { timeMs: 1000, strategy: 'immediate' };

async function listening(spec: ListenerSpec, limits: LimitServices = limitServices()) {
  let accept: (connection: Connection) => ConnectionOwner = () => { throw new Error('nobody listens'); };
  const transport = { listen: (_address: unknown, _options: unknown, accepted: typeof accept) => { accept = accepted; return Promise.resolve({ local, close: () => Promise.resolve() }); } };
  let closed = 0;
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const drains = new ProcessDrain(clock, limits.random);
  const thread = { workerIndex: 0, transport: transport as unknown as Transport, clock, timers, nextConnectionId: () => 1, drains, drain: DRAIN, limits, log: silentLogger };
  const listener = new ActiveListener(spec, thread, { listenerAt: () => undefined });
  await listener.listen([], true);
  const gone: number[] = [];
  const connectFrom = (port: number): ConnectionOwner => accept({ local, remote: ipAddress('10.0.0.1', port), destroy: () => { closed++; gone.push(port); }, reset: () => closed++ } as unknown as Connection);
  const wait = (ms: number): void => {
    clock.advance(ms);
    timers.expire();
  };
  return { listener, drains, connectFrom, wait, gone, closed: () => closed };
}

describe('a listener', () => {
  it('drains on an update only the connections of chains that changed or went', async () => {
    const drains = new Map<string, DrainDecision>();
    const { listener, connectFrom, wait, gone } = await listening(specOf([{ port: 1, version: 'a' }, { port: 2, version: 'a' }], drains));
    connectFrom(1);
    connectFrom(2);
    expect([...drains.values()].map((drain) => drain.shouldClose())).toEqual([false, false]);
    listener.update(specOf([{ port: 2, version: 'a' }, { port: 1, version: 'b' }], new Map()));
    expect([drains.get('1')!.shouldClose(), drains.get('2')!.shouldClose()]).toEqual([true, false]);
    wait(999);
    expect(gone).toEqual([]);
    wait(1);
    expect(gone).toEqual([1]);
  });

  it('tells connections of the drains of the process that concern it', async () => {
    const chains = [{ port: 1, version: 'a' }];
    const seen: boolean[][] = [];
    for (const kind of [{}, { inbound: true }, { modifyOnly: true }]) {
      const decisions = new Map<string, DrainDecision>();
      const { connectFrom, drains } = await listening({ ...specOf(chains, decisions), ...kind });
      connectFrom(1);
      const decide = (): boolean => decisions.get('1')!.shouldClose();
      drains.start({ ...DRAIN, inboundOnly: true });
      const inbound = decide();
      drains.stop();
      drains.start({ ...DRAIN, failsHealthChecks: true });
      const failing = decide();
      drains.stop();
      drains.start(DRAIN);
      seen.push([inbound, failing, decide()]);
    }
    expect(seen).toEqual([[false, true, true], [true, true, true], [false, false, true]]);
  });

  it('holds bytes for listener filters that wait up to a limit, and refuses who sends more', async () => {
    const waiting = { open: () => ({ onData: () => WAIT }) };
    const { listener, connectFrom, closed } = await listening({ ...specOf([{ port: 1, version: 'a' }]), filters: [waiting] });
    const connection = connectFrom(1);
    const half = Buffer.alloc(READ_LIMIT_BYTES / 2);
    connection.onBytes(half, half.length);
    connection.onBytes(half, half.length);
    expect([closed(), listener.connectionCount]).toEqual([0, 1]);
    connection.onBytes(half, 1);
    expect([closed(), listener.connectionCount]).toEqual([1, 0]);
  });

  it('closes connections that no chain matches and those beyond its limit', async () => {
    const { connectFrom, closed } = await listening(specOf([{ port: 1, version: 'a' }]));
    connectFrom(9);
    expect(closed()).toBe(1);
    connectFrom(1);
    connectFrom(1);
    connectFrom(1);
    expect(closed()).toBe(2);
  });
});
