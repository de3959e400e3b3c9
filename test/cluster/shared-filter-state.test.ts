import { describe, expect, it } from 'vitest';
import type { UpstreamCluster } from '../../src/cluster/cluster.ts';
import { FilterState, type StateSharing } from '../../src/http/filter-state.ts';
import { type ConnectionInfo, StreamInfo } from '../../src/http/stream-info.ts';
import { staticYaml } from './compile-yaml.ts';
import { RecordedRequest } from './recorded-request.ts';
import { World } from './world.ts';

const ok = (more: string): string => `HTTP/1.1 200 OK\r\n${more}content-length: 2\r\n\r\nok`;

function requestWith(value: string, sharing: StateSharing): RecordedRequest {
  const request = new RecordedRequest();
  const info = new StreamInfo({ remoteAddress: undefined } as unknown as ConnectionInfo);
  info.filterState = new FilterState();
  info.filterState.put('k', value, sharing);
  request.downstream = info;
  return request;
}

function ask(world: World, cluster: UpstreamCluster, value: string, sharing: StateSharing = 'shared'): RecordedRequest {
  const request = requestWith(value, sharing).startOn(cluster);
  if (request.encoder === undefined) world.transport.last.accept();
  return request;
}

function askTcp(world: World, cluster: UpstreamCluster, value: string, sharing: StateSharing): RecordedRequest {
  const request = requestWith(value, sharing);
  request.pending = cluster.newTcpStream(request, 'default', request, request);
  world.transport.last.accept();
  return request;
}

function answer(world: World, request: RecordedRequest, more = ''): void {
  request.send();
  world.transport.last.respond(ok(more));
}

const stateOf = (request: RecordedRequest): unknown => request.connection?.filterState?.get('k');

describe('connections that share filter state', () => {
  it('have what the stream shares that found their pool empty', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    const first = ask(world, cluster, 'one');
    const beside = ask(world, cluster, 'two');
    expect([stateOf(first), stateOf(beside), world.transport.connections.length]).toEqual(['one', 'one', 2]);
  });

  it('have nothing where that stream shares nothing', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    answer(world, ask(world, cluster, 'one', 'none'));
    expect(stateOf(ask(world, cluster, 'two'))).toBeUndefined();
    expect(world.transport.connections).toHaveLength(1);
  });

  it('have what the next one shares once the pool was empty again', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    answer(world, ask(world, cluster, 'one'), 'connection: close\r\n');
    expect(stateOf(ask(world, cluster, 'two'))).toBe('two');
  });

  it('are shared by equal hashes alone', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    const values = ['one', 'two', 'one', ''];
    const seen = values.map((value) => {
      const request = ask(world, cluster, value, 'hashed');
      const { id } = request.connection!;
      request.send();
      world.transport.connections[id - 1]!.respond(ok(''));
      return [stateOf(request), id];
    });
    expect(seen).toEqual([['one', 1], ['two', 2], ['one', 1], ['', 3]]);
    expect(stateOf(world.connected(cluster))).toBeUndefined();
    expect(world.transport.connections).toHaveLength(4);
  });

  it('give the place of their pool back with its last connection', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80'], 'circuit_breakers: {thresholds: [{max_connection_pools: 1}]}'));
    const first = ask(world, cluster, 'one', 'hashed');
    const refused = requestWith('two', 'hashed').startOn(cluster);
    expect([stateOf(first), refused.events]).toEqual(['one', ['failure connection-failure']]);
    first.encoder!.reset({ source: 'downstream', kind: 'local-reset', details: '' });
    expect(stateOf(ask(world, cluster, 'two', 'hashed'))).toBe('two');
  });

  it('take no place from requests when they are raw', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80'], 'circuit_breakers: {thresholds: [{max_connection_pools: 1}]}'));
    const raw = askTcp(world, cluster, 'one', 'hashed');
    askTcp(world, cluster, 'two', 'hashed');
    ask(world, cluster, 'one', 'hashed');
    raw.encoder!.reset({ source: 'downstream', kind: 'local-reset', details: '' });
    expect(requestWith('two', 'hashed').startOn(cluster).events).toEqual(['failure connection-failure']);
  });

  it('are different for raw connections of different hashes, and have what the first one shares for others', () => {
    const world = new World();
    const cluster = world.serve(staticYaml('web', ['10.0.0.1:80']));
    const states = (sharing: StateSharing): unknown[] => ['one', 'two'].map((value) => stateOf(askTcp(world, cluster, value, sharing)));
    expect([states('hashed'), states('shared')]).toEqual([['one', 'two'], ['one', 'one']]);
  });
});
