import { describe, expect, it } from 'vitest';
import { emptyRuntime } from '../../src/core/runtime.ts';
import { specOf, staticYaml } from './compile-yaml.ts';
import { RecordedRequest } from './recorded-request.ts';
import { World } from './world.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('a cluster', () => {
  it('carries a request over a new connection and answers it', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    const request = world.request(cluster);
    expect(request.events).toEqual([]);
    world.transport.last.accept();
    request.send('/a');
    expect(world.transport.last.written).toBe('GET /a HTTP/1.1\r\nhost: test\r\n\r\n');
    world.transport.last.respond(OK);
    expect(request.events).toEqual(['ready 10.0.0.1:80', '200', 'end']);
  });

  it('uses an idle connection again, before newStream returns', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    const first = world.connected(cluster);
    first.send();
    world.transport.last.respond(OK);
    const second = world.request(cluster);
    expect(second.events).toEqual(['ready 10.0.0.1:80']);
    expect([first.reused, second.reused]).toEqual([false, true]);
    expect(world.transport.connections).toHaveLength(1);
  });

  it('gives raw connections of their own, which are not used again', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    const open = (): RecordedRequest => {
      const request = new RecordedRequest();
      request.pending = cluster.newTcpStream(request, 'default', request, request);
      world.transport.last.accept();
      return request;
    };
    const first = open();
    first.encoder!.sendData(Buffer.from('bytes'), true);
    const { written } = world.transport.last;
    world.transport.last.end();
    expect([written, first.events]).toEqual(['bytes', ['ready 10.0.0.1:80', 'end']]);
    expect(open().reused).toBe(false);
    expect(world.transport.connections).toHaveLength(2);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_total: 2, upstream_cx_active: 1, upstream_rq_total: 2, upstream_rq_active: 1 });
  });

  it('takes its hosts in turn', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']));
    const hosts = Array.from({ length: 6 }, () => world.connected(cluster).host!.address.text);
    expect(new Set(hosts.slice(0, 3)).size).toBe(3);
    expect(hosts.slice(3)).toEqual(hosts.slice(0, 3));
  });

  it('answers without a host when it has none', () => {
    const world = new World();
    const cluster = world.serve('name: empty\nload_assignment: {cluster_name: empty}');
    const request = world.request(cluster);
    expect(request.pending).toBeUndefined();
    expect(request.events).toEqual(['failure connection-failure']);
    expect(request.host).toBeUndefined();
    expect(world.used('cluster.empty.')).toEqual({ upstream_cx_none_healthy: 1, lb_healthy_panic: 1 });
  });

  it('allows as many retries at once as its breaker, and again after a release', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', [], 'circuit_breakers: {thresholds: [{max_retries: 1}]}'));
    expect([cluster.acquireRetry('default'), cluster.acquireRetry('default'), cluster.acquireRetry('high')]).toEqual([true, false, true]);
    cluster.releaseRetry('default');
    expect(cluster.acquireRetry('default')).toBe(true);
  });

  it('is in maintenance mode for the share of requests that the runtime says', () => {
    const percent: Record<string, number> = { 'upstream.maintenance_mode.web': 30 };
    const runtime = { ...emptyRuntime, version: 1, number: (key: string, otherwise: number) => percent[key] ?? otherwise };
    const world = new World({ runtime });
    world.manager.update([specOf(staticYaml('web', [])), specOf(staticYaml('other', []))]);
    const share = (name: string) => Array.from({ length: 1_000 }, () => world.manager.get(name)!.inMaintenanceMode()).filter(Boolean).length;
    expect(Math.abs(share('web') - 300)).toBeLessThan(60);
    expect(share('other')).toBe(0);
  });

  it('has its statistics under the alternative name, with colons replaced', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', [], 'alt_stat_name: "a:b"'));
    expect([cluster.name, cluster.statName]).toEqual(['web', 'a:b']);
    expect(world.stat('cluster.a_b.upstream_rq_total')).toBe(0);
    expect(world.stat('cluster.web.upstream_rq_total')).toBeUndefined();
  });

  it('counts as Envoy does when one request has been answered', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    const request = world.connected(cluster);
    request.send();
    world.transport.last.respond(OK);
    cluster.requestStats.onResponse(200, false, false, '');
    cluster.requestStats.onResponseTime(3, false, false, '');
    expect(world.used('cluster.web.')).toEqual({
      'external.upstream_rq_200': 1,
      'external.upstream_rq_2xx': 1,
      'external.upstream_rq_completed': 1,
      upstream_cx_active: 1,
      upstream_cx_http1_total: 1,
      upstream_cx_rx_bytes_total: OK.length,
      upstream_cx_total: 1,
      upstream_cx_tx_bytes_total: 'GET / HTTP/1.1\r\nhost: test\r\n\r\n'.length,
      upstream_rq_200: 1,
      upstream_rq_2xx: 1,
      upstream_rq_completed: 1,
      upstream_rq_pending_total: 1,
      upstream_rq_total: 1,
    });
  });

  it('counts the bytes of each answer and request once', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    for (let i = 0; i < 3; i++) {
      world.connected(cluster).send();
      world.transport.last.respond(OK);
    }
    const request = 'GET / HTTP/1.1\r\nhost: test\r\n\r\n';
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_total: 1, upstream_cx_rx_bytes_total: 3 * OK.length, upstream_cx_tx_bytes_total: 3 * request.length });
  });
});
