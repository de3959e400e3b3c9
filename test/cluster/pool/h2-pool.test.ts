import { describe, expect, it } from 'vitest';
import type { UpstreamCluster } from '../../../src/cluster/cluster.ts';
import { AutoPoolProtocol } from '../../../src/cluster/pool/auto-pool.ts';
import type { PoolProtocol } from '../../../src/cluster/pool/pool-context.ts';
import { frame, framesOf, SETTINGS, uint32 } from '../../http/codec/h2/h2-rig.ts';
import { staticYaml } from '../compile-yaml.ts';
import type { FakeConnection } from '../fake-transport.ts';
import { RecordedRequest } from '../recorded-request.ts';
import { World } from '../world.ts';

const PREFACE_BYTES = 24;
const MAX_CONCURRENT_STREAMS = 3;

const yaml = (options = '', rest = ''): string => `${staticYaml('web', ['10.0.0.1:80'])}http2_protocol_options: {${options}}\n${rest}`;
const settings = (name: number, value: number): string => frame(4, 0, 0, `\0${String.fromCharCode(name)}${uint32(value)}`);
/** A whole response. */
const ok = (id: number): string => frame(1, 5, id, '\x88');
const goAway = (lastId: number): string => frame(7, 0, 0, uint32(lastId) + uint32(0));
const isReady = (request: RecordedRequest): boolean => request.events[0]?.startsWith('ready') === true;

function serve(options?: string, rest?: string): { world: World; cluster: UpstreamCluster; request(): RecordedRequest; open(): FakeConnection } {
  const world = new World();
  const cluster = world.serve(yaml(options, rest));
  const request = (): RecordedRequest => {
    const made = world.request(cluster);
    if (made.encoder !== undefined) made.send();
    else made.onEvent = (event) => event.startsWith('ready') && made.send();
    return made;
  };
  const open = (): FakeConnection => {
    world.transport.last.accept();
    world.transport.last.respond(SETTINGS);
    return world.transport.last;
  };
  return { world, cluster, request, open };
}

describe('a pool of HTTP/2 connections', () => {
  it('carries requests at once over one connection', () => {
    const { world, request, open } = serve();
    const waiting = [request(), request()];
    const connection = open();
    const all = [...waiting, request()];
    expect(all.map(isReady)).toEqual([true, true, true]);
    expect(world.transport.connections).toHaveLength(1);
    const heads = framesOf(Buffer.from(connection.written.slice(PREFACE_BYTES), 'latin1')).filter((each) => each.startsWith('1/5'));
    expect(heads.map((each) => each.split(' ')[0])).toEqual(['1/5#1', '1/5#3', '1/5#5']);
    connection.respond(ok(3) + ok(1) + ok(5));
    expect(all.map(({ events }) => events.slice(1))).toEqual([['200', 'end'], ['200', 'end'], ['200', 'end']]);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_http2_total: 1, 'http2.nghttp2_upstream_connections': 1, upstream_rq_total: 3, upstream_rq_pending_total: 2 });
  });

  it('opens another connection beyond the configured number of streams', () => {
    const { world, request, open } = serve('max_concurrent_streams: 1');
    const first = request();
    open();
    const second = request();
    expect([first, second].map(isReady)).toEqual([true, false]);
    open();
    expect(isReady(second)).toBe(true);
    expect(world.transport.connections).toHaveLength(2);
  });

  it("keeps to the peer's number of streams, also when that changes", () => {
    const { world, request, open } = serve();
    request();
    const connection = open();
    connection.respond(settings(MAX_CONCURRENT_STREAMS, 1));
    const second = request();
    expect(isReady(second)).toBe(false);
    connection.respond(settings(MAX_CONCURRENT_STREAMS, 2));
    expect(isReady(second)).toBe(true);
    expect(second.connection!.id).toBe(1);
    world.transport.last.accept();
    expect(isReady(request())).toBe(true);
  });

  it('lets a connection end with the streams that GOAWAY leaves it', () => {
    const { world, request, open } = serve();
    const first = request();
    const connection = open();
    connection.respond(goAway(1));
    const second = request();
    expect(isReady(second)).toBe(false);
    open();
    expect(second.connection!.id).toBe(2);
    connection.respond(ok(1));
    expect(first.events.at(-1)).toBe('end');
    expect(connection.closed).toBe(true);
    expect(world.stat('cluster.web.upstream_cx_close_notify')).toBe(1);
    expect(world.stat('cluster.web.upstream_cx_destroy_local')).toBe(1);
  });

  it.each([
    ['is lost', 'connection-termination', (connection: FakeConnection) => connection.end()],
    ['says GOAWAY', 'remote-refused-stream', (connection: FakeConnection) => connection.respond(goAway(0))],
    ['breaks the protocol', 'protocol-error', (connection: FakeConnection) => connection.respond(frame(5, 4, 1, '\0\0\0\x02'))],
  ])('never gives a connection that %s to who tries again at once', (_what, kind, ends) => {
    const { world, cluster, request, open } = serve();
    const first = request();
    const connection = open();
    let again: RecordedRequest | undefined;
    first.onEvent = (event) => {
      if (event.startsWith('reset')) again = world.request(cluster);
    };
    ends(connection);
    expect(first.events.at(-1)).toBe(`reset ${kind}`);
    expect(again!.encoder).toBeUndefined();
    world.transport.last.accept();
    expect(again!.connection!.id).toBe(2);
  });

  it('ends one stream and keeps the connection when the peer resets the stream', () => {
    const { world, request, open } = serve();
    const [first, second] = [request(), request()];
    const connection = open();
    connection.respond(frame(3, 0, 1, uint32(8)) + ok(3));
    expect(first.events.at(-1)).toBe('reset remote-reset');
    expect(second.events.at(-1)).toBe('end');
    expect(isReady(request())).toBe(true);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_rq_rx_reset: 1, 'http2.rx_reset': 1, upstream_rq_active: 1, upstream_cx_active: 1 });
  });

  it('resets one stream that is given up and keeps the connection', () => {
    const { world, request, open } = serve();
    const first = request();
    const connection = open();
    connection.written = '';
    first.encoder!.reset({ source: 'downstream', kind: 'local-reset', details: '' });
    expect(framesOf(Buffer.from(connection.written, 'latin1'))).toEqual(['3/0#1 00000002']);
    expect(isReady(request())).toBe(true);
    expect(world.transport.connections).toHaveLength(1);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_rq_tx_reset: 1, upstream_rq_active: 1 });
  });

  it('counts streams against max_requests', () => {
    const { request, open } = serve('', 'circuit_breakers: {thresholds: [{max_requests: 1}]}');
    request();
    open();
    expect(request().events).toEqual(['failure overflow']);
  });

  it('ends a connection with its last of max_requests_per_connection streams', () => {
    const { world, request, open } = serve('', 'max_requests_per_connection: 2');
    const all = [request(), request(), request()];
    expect(world.transport.connections).toHaveLength(2);
    const [first] = world.transport.connections;
    first!.accept();
    open();
    expect(all.map(isReady)).toEqual([true, true, true]);
    first!.respond(SETTINGS + ok(1));
    expect(first!.closed).toBe(false);
    first!.respond(ok(3));
    expect(first!.closed).toBe(true);
    expect(world.stat('cluster.web.upstream_cx_max_requests')).toBe(1);
  });

  it('takes no new stream on a connection that is too old', () => {
    const { world, request, open } = serve('', 'common_http_protocol_options: {max_connection_duration: 1s}');
    request();
    const connection = open();
    world.advance(1_100);
    const second = request();
    expect(isReady(second)).toBe(false);
    connection.respond(ok(1));
    expect(connection.closed).toBe(true);
  });

  it('closes an idle connection after the idle timeout, and none with a stream', () => {
    const { world, request, open } = serve('', 'common_http_protocol_options: {idle_timeout: 1s}');
    request();
    const connection = open();
    world.advance(3_000);
    expect(connection.closed).toBe(false);
    connection.respond(ok(1));
    world.advance(1_100);
    expect(connection.closed).toBe(true);
    expect(world.stat('cluster.web.upstream_cx_idle_timeout')).toBe(1);
  });

  it('lets the streams of a removed host finish, those that wait too', () => {
    const { world, cluster, request, open } = serve();
    const waiting = [request(), request()];
    cluster.retire(undefined);
    const connection = open();
    expect(waiting.map(isReady)).toEqual([true, true]);
    connection.respond(ok(1));
    expect(connection.closed).toBe(false);
    connection.respond(ok(3));
    expect(connection.closed).toBe(true);
    expect(waiting.map(({ events }) => events.at(-1))).toEqual(['end', 'end']);
    expect(world.transport.connections).toHaveLength(1);
  });

  it('gives up a peer that answers no pings', () => {
    const { world, request, open } = serve('connection_keepalive: {interval: 1s, timeout: 1s, interval_jitter: {value: 0}}');
    const first = request();
    const connection = open();
    world.advance(1_100);
    world.advance(1_100);
    expect(first.events.at(-1)).toBe('reset connection-termination');
    expect(connection.closed).toBe(true);
    expect(world.stat('cluster.web.http2.keepalive_timeout')).toBe(1);
  });

  it('takes its statistics along when its cluster goes', () => {
    const { world, request, open } = serve();
    request();
    open().respond(ok(1));
    world.manager.update([]);
    world.transport.settle();
    expect([...world.scrape.values().keys()].filter((name) => name.includes('web'))).toEqual([]);
  });
});

describe('a cluster that speaks as its clients do', () => {
  const startAs = (world: World, cluster: UpstreamCluster, downstreamProtocol: 'HTTP/1.1' | 'HTTP/2'): FakeConnection => {
    const request = Object.assign(new RecordedRequest(), { downstream: { protocol: downstreamProtocol } });
    request.startOn(cluster);
    world.transport.last.accept();
    request.send();
    return world.transport.last;
  };

  it('keeps connections of each version apart', () => {
    const world = new World();
    const cluster = world.serve(`${staticYaml('web', ['10.0.0.1:80'])}protocol_selection: USE_DOWNSTREAM_PROTOCOL`);
    expect(startAs(world, cluster, 'HTTP/1.1').written).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
    expect(startAs(world, cluster, 'HTTP/2').written).toMatch(/^PRI \* HTTP\/2\.0\r\n/);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_http1_total: 1, upstream_cx_http2_total: 1, upstream_cx_active: 2 });
    cluster.retire(undefined);
    world.transport.connections[0]!.respond('HTTP/1.1 204 No Content\r\n\r\n');
    world.transport.connections[1]!.respond(SETTINGS + ok(1));
    expect(world.transport.connections.map(({ closed }) => closed)).toEqual([true, true]);
  });
});

describe('a protocol that TLS chooses', () => {
  it('is HTTP/2 where the peer agrees, else HTTP/1', () => {
    const [http1, http2] = [{ name: 'HTTP/1.1' }, { name: 'HTTP/2' }] as unknown as [PoolProtocol, PoolProtocol];
    const auto = new AutoPoolProtocol({ http1, http2 }, 1);
    expect(auto.applicationProtocols).toEqual(['h2', 'http/1.1']);
    expect(['h2', 'http/1.1', ''].map((agreed) => auto.agreed(agreed).name)).toEqual(['HTTP/2', 'HTTP/1.1', 'HTTP/1.1']);
  });
});
