import { afterEach, beforeEach, expect, test } from 'vitest';
import { EVERYTHING } from '../../src/core/stats/snapshot.ts';
import { renderText } from '../../src/core/stats/render-text.ts';
import { Gateway, RawUpstream, response } from './gateway.ts';

let upstream: RawUpstream;
let gateway: Gateway;

beforeEach(async () => {
  upstream = await RawUpstream.start();
  upstream.answer = (peer, path) => peer.write(path === '/fails' ? 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n' : response('answer'));
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const shown = (): string[] => [...renderText(gateway.proxy.stats.snapshot(), { ...EVERYTHING, filter: (name) => name.includes('.endpoint.') })].join('').trim().split('\n');

// Names and order as Envoy 1.40 shows them.
test('an endpoint of a cluster that asks for it has statistics of its own', async () => {
  gateway = await Gateway.start({ clusters: { origin: upstream.port }, cluster: { alt_stat_name: 'named:so', track_cluster_stats: { per_endpoint_stats: true } } });
  await gateway.get('/');
  await gateway.get('/fails');
  await gateway.untilStat('cluster.named_so.upstream_rq_active', 0);
  const prefix = `cluster.named_so.endpoint.127.0.0.1_${upstream.port}`;
  expect(shown().map((line) => line.replace(/(cx_total|cx_active): [12]$/, '$1: some'))).toEqual(
    ['cx_connect_fail: 0', 'cx_total: some', 'rq_error: 1', 'rq_success: 1', 'rq_timeout: 0', 'rq_total: 2', 'cx_active: some', 'rq_active: 0', 'rq_pending_active: 0', 'healthy: 1'].map((stat) => `${prefix}.${stat}`),
  );
});

test('others have none', async () => {
  gateway = await Gateway.start({ clusters: { origin: upstream.port } });
  await gateway.get('/');
  expect(shown()).toEqual(['']);
});
