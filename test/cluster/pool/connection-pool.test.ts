import { SeededRandom } from '../../../src/core/random.ts';
import { describe, expect, it } from 'vitest';
import { emptyRuntime } from '../../../src/core/runtime.ts';
import { LocalProcessCounts } from '../../../src/core/process-counts.ts';
import { PriorityBreakers } from '../../../src/cluster/circuit-breakers.ts';
import { CLUSTER_STATS, HOST_STATS } from '../../../src/cluster/cluster-stats.ts';
import { EMPTY_LOCALITY } from '../../../src/cluster/cluster-spec.ts';
import { UpstreamHost } from '../../../src/cluster/host.ts';
import { ConnectionPool } from '../../../src/cluster/pool/connection-pool.ts';
import { ipAddress } from '../../../src/transport/address.ts';
import { RecordedRequest } from '../recorded-request.ts';
import { World } from '../world.ts';
import { FakeProtocol } from './fake-codec.ts';

const LIMITS = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3, maxConnectionPools: 1024, trackRemaining: false };
const LOST = { source: 'upstream', kind: 'connection-termination', details: '' } as const;

/** A pool whose connections carry two streams at once. */
function twoStreamPool(maxRequestsPerConnection = Infinity) {
  const world = new World();
  const protocol = new FakeProtocol(2);
  const drained: ConnectionPool[] = [];
  const host = new UpstreamHost(
    {
      openHostStats: () => world.stats.group('host', HOST_STATS),
      openPool: () => undefined,
      releaseHostStats: () => {},
    },
    { address: ipAddress('10.0.0.1', 80), hostname: '', weight: 1, health: 'UNKNOWN', metadata: undefined },
    0,
    EMPTY_LOCALITY,
  );
  const context = {
    transport: world.transport,
    clock: world.clock,
    stats: world.stats.group('cluster.c', CLUSTER_STATS),
    protocol,
    transportSocket: undefined, names: undefined, downstream: undefined, passing: false, counted: true, localAddress: undefined,
    tcpKeepAliveDelayMs: undefined,
    connectTimeouts: world.timers.list(1000),
    idleTimeouts: undefined,
    connectionDurations: undefined, random: new SeededRandom(1),
    maxRequestsPerConnection,
    nextConnectionId: () => 1,
  };
  const breakers = new PriorityBreakers({ name: 'c', breakers: [LIMITS, LIMITS] }, 'default', new LocalProcessCounts().cells('c'), emptyRuntime);
  const pool = new ConnectionPool({ onPoolDrained: (ended) => drained.push(ended) }, host, context, breakers);
  const request = (): RecordedRequest => {
    const made = new RecordedRequest();
    made.pending = pool.newStream(made, made, undefined);
    return made;
  };
  return { world, protocol, pool, drained, request, breakers, transport: world.transport };
}

const isReady = (request: RecordedRequest): boolean => request.events[0]?.startsWith('ready') === true;

describe('a pool of connections that carry several streams', () => {
  it('opens no further connection for what those being opened will carry', () => {
    const { transport, request } = twoStreamPool();
    request();
    request();
    expect(transport.connections).toHaveLength(1);
    request();
    expect(transport.connections).toHaveLength(2);
  });

  it('fills a connection before it opens another', () => {
    const { transport, request } = twoStreamPool();
    const first = request();
    transport.last.accept();
    expect([first, request()].map(isReady)).toEqual([true, true]);
    expect(isReady(request())).toBe(false);
    expect(transport.connections).toHaveLength(2);
  });

  it('hands a place that falls free to who waits', () => {
    const { transport, request, protocol } = twoStreamPool();
    request();
    transport.last.accept();
    request();
    const waiting = request();
    protocol.codecs[0].endStream();
    expect(isReady(waiting)).toBe(true);
  });

  it('closes a connection that takes no more streams with its last one', () => {
    const { transport, request, protocol } = twoStreamPool();
    request();
    transport.last.accept();
    request();
    protocol.codecs[0].goingAway = true;
    protocol.codecs[0].endStream();
    expect(transport.last.closed).toBe(false);
    protocol.codecs[0].endStream();
    expect(transport.last.closed).toBe(true);
  });

  it('releases every stream that is lost with its connection', () => {
    const { transport, request, protocol, breakers, world } = twoStreamPool();
    const [first, second] = [request(), request()];
    transport.last.accept();
    expect(breakers.requests.active).toBe(2);
    protocol.codecs[0].lose(LOST);
    expect([first, second].map((each) => each.events.at(-1))).toEqual(['reset connection-termination', 'reset connection-termination']);
    expect([breakers.requests.active, breakers.connections.active]).toEqual([0, 0]);
    expect(world.stat('cluster.c.upstream_rq_active')).toBe(0);
  });

  it('opens a connection for those who wait when one is lost', () => {
    const { transport, request, protocol } = twoStreamPool();
    request();
    transport.last.accept();
    request();
    const waiting = request();
    transport.connections[1].refuse();
    expect(waiting.events).toEqual(['failure connection-failure']);
    const next = request();
    protocol.codecs[0].lose(LOST);
    transport.last.accept();
    expect(isReady(next)).toBe(true);
  });

  it('stops a connection at its number of requests while streams run', () => {
    const { transport, request, protocol } = twoStreamPool(1);
    request();
    transport.last.accept();
    expect(isReady(request())).toBe(false);
    protocol.codecs[0].endStream();
    expect(transport.connections[0].closed).toBe(true);
  });
});

describe('draining a pool', () => {
  it('ends at once when nothing runs', () => {
    const { transport, request, protocol, pool, drained } = twoStreamPool();
    request();
    transport.last.accept();
    protocol.codecs[0].endStream();
    pool.drain();
    expect(transport.last.closed).toBe(true);
    expect(drained).toEqual([pool]);
  });

  it('lets running streams finish', () => {
    const { transport, request, protocol, pool, drained } = twoStreamPool();
    request();
    transport.last.accept();
    pool.drain();
    expect([transport.last.closed, drained.length]).toEqual([false, 0]);
    protocol.codecs[0].endStream();
    expect([transport.last.closed, drained.length]).toEqual([true, 1]);
  });

  it('serves who waits already, on connections that end afterwards', () => {
    const { transport, request, protocol, pool, drained } = twoStreamPool();
    const waiting = request();
    pool.drain();
    transport.last.accept();
    expect(isReady(waiting)).toBe(true);
    protocol.codecs[0].endStream();
    expect([transport.last.closed, drained.length]).toEqual([true, 1]);
  });

  it('gives connecting up when the last who waited cancels', () => {
    const { transport, request, pool, drained, world } = twoStreamPool();
    const waiting = request();
    pool.drain();
    waiting.pending!.cancel();
    expect([transport.last.closed, drained.length]).toEqual([true, 1]);
    expect(world.stat('cluster.c.upstream_cx_active')).toBe(0);
  });

  it('can spare the pool: connections go, new requests open others', () => {
    const { transport, request, protocol, pool, drained } = twoStreamPool();
    request();
    transport.last.accept();
    pool.drainConnections();
    expect(isReady(request())).toBe(false);
    expect(transport.connections).toHaveLength(2);
    protocol.codecs[0].endStream();
    expect([transport.connections[0].closed, drained.length]).toEqual([true, 0]);
  });
});
