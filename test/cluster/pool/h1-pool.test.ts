import { describe, expect, it } from 'vitest';
import { staticYaml } from '../compile-yaml.ts';
import { World } from '../world.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const ONE = ['10.0.0.1:80'];

const breakers = (limits: string): string => `circuit_breakers: {thresholds: [{${limits}}]}`;
const httpOptions = (options: string): string =>
  `typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    explicit_http_config: {http_protocol_options: {}}
    common_http_protocol_options: {${options}}`;

describe('opening connections', () => {
  it('opens one for each request that waits', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    world.request(cluster);
    world.request(cluster);
    expect(world.transport.connections).toHaveLength(2);
    expect(world.stat('cluster.web.upstream_rq_pending_active')).toBe(2);
  });

  it('names the host of a request that waits', () => {
    const world = new World();
    const request = world.request(world.serve(staticYaml('web', ONE)));
    expect(request.pending!.host.address.text).toBe('10.0.0.1:80');
  });

  it('serves who has waited longest first', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const [first, second] = [world.request(cluster), world.request(cluster)];
    world.transport.connections[1].accept();
    expect([first.events.length, second.events.length]).toEqual([1, 0]);
  });

  it('names a refused connection as Envoy does and fails every waiting request', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const [first, second] = [world.request(cluster), world.request(cluster)];
    world.transport.connections[0].refuse();
    expect(first.failure).toEqual({
      source: 'upstream',
      kind: 'connection-failure',
     
      details: 'delayed connect error: Connection refused',
    });
    expect(first.host!.address.text).toBe('10.0.0.1:80');
    expect(second.events).toEqual(['failure connection-failure']);
    expect(world.used('cluster.web.')).toEqual({
      upstream_cx_active: 1,
      upstream_cx_connect_fail: 1,
      upstream_cx_destroy: 1,
      upstream_cx_destroy_remote: 1,
      upstream_cx_http1_total: 2,
      upstream_cx_total: 2,
      upstream_rq_pending_failure_eject: 2,
      upstream_rq_pending_total: 2,
    });
  });

  it('says when connecting failed at once', () => {
    const world = new World();
    const cluster = world.serve(
      'name: pipe\nload_assignment: {cluster_name: a, endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: /tmp/none.sock}}}}]}]}',
    );
    const request = world.request(cluster);
    world.transport.last.refuse('ENOENT');
    expect(request.failure?.details).toBe('immediate connect error: No such file or directory|remote address:/tmp/none.sock');
  });

  it('gives a connection up after the connect timeout', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, 'connect_timeout: 0.25s'));
    const request = world.request(cluster);
    world.advance(249);
    expect(request.events).toEqual([]);
    world.advance(1);
    expect(request.events).toEqual(['failure connection-timeout']);
    expect(world.transport.last.closed).toBe(true);
    expect(world.used('cluster.web.')).toMatchObject({
      upstream_cx_connect_fail: 1,
      upstream_cx_connect_timeout: 1,
      upstream_cx_destroy_local: 1,
    });
  });

  it('lets a failed request start another one at once', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const request = world.request(cluster);
    request.onEvent = (event) => {
      if (event.startsWith('failure')) request.startOn(cluster);
    };
    world.transport.last.refuse();
    world.transport.last.accept();
    expect(request.events).toEqual(['failure connection-failure', 'ready 10.0.0.1:80']);
  });

  it('binds to the configured source address', () => {
    const world = new World();
    const cluster = world.serve(
      staticYaml('web', ONE, 'upstream_bind_config: {source_address: {address: 127.0.0.6, port_value: 0}}'),
    );
    world.request(cluster);
    expect(world.transport.last.options.localAddress).toEqual({ host: '127.0.0.6', port: 0 });
  });

  it('does not bind for an address of the other family', () => {
    const world = new World();
    const cluster = world.serve(
      staticYaml('web', ['::1:80'], 'upstream_bind_config: {source_address: {address: 127.0.0.6, port_value: 0}}'),
    );
    world.request(cluster);
    expect(world.transport.last.remote.text).toBe('[::1]:80');
    expect(world.transport.last.options.localAddress).toBeUndefined();
  });

  it('turns TCP keep-alive on when it is configured', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, 'upstream_connection_options: {tcp_keepalive: {keepalive_time: 30}}'));
    world.connected(cluster);
    expect(world.transport.last.keepAliveDelayMs).toBe(30_000);
  });
});

describe('cancelling', () => {
  it('forgets a request that waits, and keeps the connection for the next', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const cancelled = world.request(cluster);
    cancelled.pending!.cancel();
    world.transport.last.accept();
    expect(cancelled.events).toEqual([]);
    expect(world.request(cluster).events).toEqual(['ready 10.0.0.1:80']);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_rq_cancelled: 1, upstream_rq_total: 1, upstream_cx_total: 1 });
  });

  it('does nothing once the request has a connection or has failed', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const served = world.request(cluster);
    const { pending } = served;
    world.transport.last.accept();
    pending!.cancel();
    const failed = world.request(cluster);
    const { pending: failing } = failed;
    world.transport.last.refuse();
    failing!.cancel();
    expect(world.stat('cluster.web.upstream_rq_cancelled')).toBe(0);
    expect(world.stat('cluster.web.upstream_rq_pending_active')).toBe(0);
  });

  it('spares who was cancelled by the failure of another', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const [first, second] = [world.request(cluster), world.request(cluster)];
    first.onEvent = () => second.pending!.cancel();
    world.transport.last.refuse();
    expect(second.events).toEqual([]);
  });
});

describe('limits', () => {
  it('holds requests back when the connections are used up, then serves them in order', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, breakers('max_connections: 1')));
    const first = world.connected(cluster);
    first.send();
    const second = world.request(cluster);
    expect(world.transport.connections).toHaveLength(1);
    expect(world.stat('cluster.web.upstream_cx_overflow')).toBe(1);
    world.transport.last.respond(OK);
    expect(second.events).toEqual(['ready 10.0.0.1:80']);
    expect(second.reused).toBe(true);
  });

  it('grants each host one connection in spite of max_connections', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80', '10.0.0.2:80'], breakers('max_connections: 0')));
    const hosts = [world.connected(cluster), world.connected(cluster)].map((request) => request.host!.address.text);
    expect(new Set(hosts).size).toBe(2);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_overflow: 2, upstream_cx_active: 2 });
  });

  it('refuses a request that would wait beyond max_pending_requests', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, breakers('max_pending_requests: 1')));
    world.request(cluster);
    const refused = world.request(cluster);
    expect(refused.events).toEqual(['failure overflow']);
    expect(refused.host).toBeUndefined();
    expect(world.used('cluster.web.')).toMatchObject({ upstream_rq_pending_overflow: 1, upstream_rq_pending_total: 1 });
  });

  it('refuses a request beyond max_requests when it gets its connection', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, breakers('max_requests: 1')));
    world.connected(cluster);
    const refused = world.connected(cluster);
    expect(refused.events).toEqual(['failure overflow']);
    expect(refused.host!.address.text).toBe('10.0.0.1:80');
    expect(world.used('cluster.web.')).toMatchObject({ upstream_rq_active_overflow: 1, upstream_cx_active: 2, upstream_rq_total: 1 });
  });

  it('answers without a host beyond max_connection_pools', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, breakers('max_connection_pools: 0')));
    const request = world.request(cluster);
    expect(request.events).toEqual(['failure connection-failure']);
    expect(request.host).toBeUndefined();
    expect(world.used('cluster.web.')).toEqual({ upstream_cx_pool_overflow: 1 });
  });

  it('keeps priorities apart', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, breakers('max_pending_requests: 0')));
    expect(world.request(cluster, 'default').events).toEqual(['failure overflow']);
    expect(world.request(cluster, 'high').events).toEqual([]);
  });

  it('gives back what a request held, however it ends', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, breakers('max_requests: 1, max_connections: 1, max_pending_requests: 1')));
    const answered = world.connected(cluster);
    answered.send();
    world.transport.last.respond(OK);
    const reset = world.request(cluster);
    reset.encoder!.reset({ source: 'downstream', kind: 'local-reset', details: '' });
    world.transport.settle();
    const lost = world.connected(cluster);
    lost.send();
    world.transport.last.end();
    const refused = world.request(cluster);
    world.transport.last.refuse();
    expect([lost.events.at(-1), refused.events.at(-1)]).toEqual(['reset connection-termination', 'failure connection-failure']);
    expect(world.connected(cluster).events).toEqual(['ready 10.0.0.1:80']);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_rq_active: 1, upstream_cx_active: 1 });
  });

  it('lets a connection carry max_requests_per_connection requests', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, httpOptions('max_requests_per_connection: 2')));
    for (let i = 0; i < 3; i++) {
      world.connected(cluster).send();
      world.transport.last.respond(OK);
      world.transport.settle();
    }
    expect(world.transport.connections.map(({ closed }) => closed)).toEqual([true, false]);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_max_requests: 1, upstream_cx_destroy_local: 1, upstream_rq_total: 3 });
  });
});

describe('idle connections', () => {
  it('are used again last in, first out', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const requests = [world.connected(cluster), world.connected(cluster)];
    requests.forEach((request) => request.send());
    world.transport.connections[1].respond(OK);
    world.transport.connections[0].respond(OK);
    const next = world.request(cluster);
    expect(next.connection!.id).toBe(requests[0].connection!.id);
  });

  it('are closed after the idle timeout, which counts from the last response', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, httpOptions('idle_timeout: 10s')));
    world.connected(cluster).send();
    world.advance(9_000);
    world.transport.last.respond(OK);
    world.advance(9_999);
    expect(world.transport.last.closed).toBe(false);
    world.advance(1);
    expect(world.transport.last.closed).toBe(true);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_idle_timeout: 1, upstream_cx_destroy_local: 1 });
  });

  it('stay for an hour by default, and for ever with 0', () => {
    const hour = 3_600_000;
    for (const [options, closed] of [['', true], [httpOptions('idle_timeout: 0s'), false]] as const) {
      const world = new World();
      const cluster = world.serve(staticYaml('web', ONE, options));
      world.connected(cluster).send();
      world.transport.last.respond(OK);
      world.advance(hour - 1);
      expect(world.transport.last.closed).toBe(false);
      world.advance(1);
      expect(world.transport.last.closed).toBe(closed);
    }
  });

  it('do not time out under a running request', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, httpOptions('idle_timeout: 1s')));
    world.connected(cluster).send();
    world.advance(60_000);
    expect(world.transport.last.closed).toBe(false);
  });

  it('are not used again after bytes that nobody asked for', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    world.connected(cluster).send();
    world.transport.last.respond(`${OK}EXTRA`);
    world.transport.settle();
    expect(world.request(cluster).events).toEqual([]);
    expect(world.used('cluster.web.')).toMatchObject({
      upstream_cx_protocol_error: 1,
      upstream_cx_destroy_local: 1,
      upstream_cx_total: 2,
    });
  });

  it('are not used again when the peer has closed them', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    world.connected(cluster).send();
    world.transport.last.respond(OK);
    world.transport.last.end();
    expect(world.request(cluster).events).toEqual([]);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_destroy_remote: 1, upstream_cx_total: 2 });
  });

  it('are not used again after "connection: close"', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    world.connected(cluster).send();
    world.transport.last.respond('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    world.transport.settle();
    expect(world.request(cluster).events).toEqual([]);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_close_notify: 1, upstream_cx_destroy_local: 1 });
  });
});

describe('running connections', () => {
  it('count as lost by the peer with their request', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const request = world.connected(cluster);
    request.send();
    world.transport.last.end();
    expect(request.events.at(-1)).toBe('reset connection-termination');
    expect(world.used('cluster.web.')).toMatchObject({
      upstream_cx_destroy_remote: 1,
      upstream_cx_destroy_remote_with_active_rq: 1,
      upstream_cx_destroy_with_active_rq: 1,
    });
  });

  it('count as closed here when the request is given up', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const request = world.connected(cluster);
    request.send();
    request.encoder!.reset({ source: 'downstream', kind: 'local-reset', details: '' });
    world.transport.settle();
    expect(world.used('cluster.web.')).toMatchObject({
      upstream_cx_destroy_local: 1,
      upstream_cx_destroy_local_with_active_rq: 1,
    });
    expect(world.stat('cluster.web.upstream_rq_active')).toBe(0);
  });

  it('end after max_connection_duration, with their request when one runs', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, httpOptions('max_connection_duration: 5s')));
    const running = world.connected(cluster);
    running.send();
    world.advance(5_000);
    expect(world.transport.last.closed).toBe(false);
    world.transport.last.respond(OK);
    expect(world.transport.last.closed).toBe(true);
    expect(running.events.at(-1)).toBe('end');
    expect(world.stat('cluster.web.upstream_cx_max_duration_reached')).toBe(1);
  });

  it('end at different times with max_connection_duration_jitter, none before its duration', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE, httpOptions('max_connection_duration: 4s, max_connection_duration_jitter: {value: 100}')));
    const lifetimes = Array.from({ length: 8 }, () => {
      world.connected(cluster).send();
      world.transport.last.respond(OK);
      let livedMs = 0;
      for (; !world.transport.last.closed && livedMs < 10_000; livedMs += 100) world.advance(100);
      return livedMs;
    });
    expect(Math.min(...lifetimes)).toBeGreaterThanOrEqual(4_000);
    expect(Math.max(...lifetimes)).toBeLessThanOrEqual(8_100);
    expect(new Set(lifetimes).size).toBeGreaterThan(1);
  });
});

describe('host counts', () => {
  it('stand beside the statistics, where /clusters finds them', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ONE));
    const served = world.connected(cluster);
    served.send();
    world.transport.last.respond(OK);
    served.host!.onRequestSuccess();
    world.connected(cluster);
    world.request(cluster);
    world.transport.last.refuse();
    expect(world.used('\nweb\n10.0.0.1:80.')).toEqual({
      cx_active: 1,
      cx_connect_fail: 1,
      cx_total: 2,
      rq_active: 1,
      rq_success: 1,
      rq_total: 2,
    });
  });
});
