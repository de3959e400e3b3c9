import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ThreadWorker } from '../../src/server/thread-worker.ts';
import { Gateway, type Peer, RawUpstream, response, until } from './gateway.ts';

const MAX_REQUESTS = 4;
const REQUEST = 'GET /held HTTP/1.1\r\nHost: gateway\r\n\r\n';
const WORKERS = [0, 1];

describe('two workers', () => {
  let upstream: RawUpstream;
  let gateway: Gateway;
  const clients: Peer[] = [];
  /** Those of each worker. */
  let owned: [Peer[], Peer[]];

  beforeEach(async () => {
    owned = [[], []];
    upstream = await RawUpstream.start();
    upstream.answer = () => {};
    gateway = await Gateway.start(
      { clusters: { origin: upstream.port }, cluster: { circuit_breakers: { thresholds: [{ max_requests: MAX_REQUESTS }] } } },
      { concurrency: 2 },
    );
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    await gateway.close();
    await upstream.close();
  });

  const connectionsOf = (worker: number): number => gateway.stat(`listener.127.0.0.1_0.worker_${worker}.downstream_cx_active`);
  const accepted = (): number => connectionsOf(0) + connectionsOf(1);

  /** Clients that have been accepted, of every worker at least so many. */
  const connectToBoth = async (each: number): Promise<Peer[]> => {
    while (WORKERS.some((worker) => connectionsOf(worker) < each)) {
      const [before, first] = [accepted(), connectionsOf(0)];
      const client = gateway.connect();
      clients.push(client);
      await until(() => accepted() > before, () => 'a connection is not accepted');
      owned[connectionsOf(0) > first ? 0 : 1].push(client);
    }
    return clients;
  };

  const refusals = (): number => clients.filter(({ received }) => received.includes('reset reason: overflow')).length;

  it('share the limits of a cluster', async () => {
    const all = await connectToBoth(MAX_REQUESTS + 2);
    for (const client of all) client.write(REQUEST);
    await until(() => upstream.requests.length + refusals() === all.length, () => `${upstream.requests.length} sent, ${refusals()} refused of ${all.length}`);
    expect([upstream.requests.length, refusals()]).toEqual([MAX_REQUESTS, all.length - MAX_REQUESTS]);
    await gateway.untilStat('cluster.origin.upstream_rq_active', MAX_REQUESTS);
    for (const peer of upstream.connections) peer.write(response('free'));
    await gateway.untilStat('cluster.origin.upstream_rq_active', 0);
    upstream.answer = (peer) => peer.write(response('again'));
    for (const client of all) {
      client.received = '';
      client.write(REQUEST);
      await client.has('again');
    }
  });

  it('sum up what they count', async () => {
    upstream.answer = (peer) => peer.write(response('counted'));
    const all = await connectToBoth(3);
    for (const client of all) {
      client.write(REQUEST);
      await client.has('counted');
    }
    expect(gateway.stat('http.ingress.downstream_rq_total')).toBe(all.length);
    expect(gateway.stat('http.ingress.downstream_rq_2xx')).toBe(all.length);
    expect(gateway.stat('cluster.origin.upstream_rq_total')).toBe(all.length);
    expect(gateway.stat('listener.127.0.0.1_0.downstream_cx_total')).toBe(all.length);
    expect(gateway.stat('server.total_connections')).toBe(all.length);
  });

  it('get back what one of them held when it died', async () => {
    await connectToBoth(2);
    const holders = owned.flatMap((mine) => mine.slice(0, 2));
    for (const client of holders) client.write(REQUEST);
    await until(() => upstream.requests.length === MAX_REQUESTS, () => `${upstream.requests.length} sent`);
    const before = gateway.proxy.workers[0];
    const survivors = connectionsOf(1);
    if (!(before instanceof ThreadWorker)) throw new Error('not a worker thread');
    before.fail('thrown by a test');
    await Promise.all(owned[0].map((client) => client.closed()));
    await until(() => gateway.proxy.workers[0] !== before, () => 'the worker is not replaced');
    expect(connectionsOf(1)).toBe(survivors);
    expect(gateway.stat('cluster.origin.upstream_rq_active')).toBe(2);
    upstream.requests.length = 0;
    const fresh = Array.from({ length: MAX_REQUESTS }, () => gateway.connect());
    clients.push(...fresh);
    for (const client of fresh) client.write(REQUEST);
    await until(() => upstream.requests.length + refusals() === fresh.length, () => `${upstream.requests.length} sent, ${refusals()} refused`);
    expect(upstream.requests.length).toBe(2);
    expect(owned[1].some((client) => client.isClosed)).toBe(false);
  }, 15_000);
});
