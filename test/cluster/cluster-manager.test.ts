import { describe, expect, it } from 'vitest';
import type { Assignment, ClusterSpec } from '../../src/cluster/cluster-spec.ts';
import { ipAddress } from '../../src/transport/address.ts';
import { specOf, staticYaml } from './compile-yaml.ts';
import { World } from './world.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const web = specOf(staticYaml('web', ['10.0.0.1:80']));
const changed = specOf(staticYaml('web', ['10.0.0.2:80']));
const dns = (timeout: string): ClusterSpec =>
  specOf(`name: dns
type: STRICT_DNS
connect_timeout: ${timeout}
load_assignment: {cluster_name: dns, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: a.test, port_value: 80}}}}]}]}`);

function assignment(...hosts: string[]): Assignment {
  const endpoints = hosts.map((host) => ({ address: ipAddress(host, 80), hostname: '', weight: 1, health: 'UNKNOWN' as const, metadata: undefined }));
  const locality = { region: '', zone: '', subZone: '' };
  return { overprovisioningFactor: 140, weightedPriorityHealth: false, priorities: [[{ locality, weight: 0, endpoints }]] };
}

describe('a reload', () => {
  it('keeps an unchanged cluster with its connections', () => {
    const world = new World();
    world.manager.update([web]);
    const cluster = world.manager.get('web')!;
    world.connected(cluster).send();
    world.transport.last.respond(OK);
    world.manager.update([specOf(staticYaml('web', ['10.0.0.1:80'])), specOf(staticYaml('other', []))]);
    expect(world.manager.get('web')).toBe(cluster);
    expect(world.request(cluster).reused).toBe(true);
  });

  it('swaps a changed cluster; the old one finishes what runs', () => {
    const world = new World();
    world.manager.update([web]);
    const old = world.manager.get('web')!;
    const [running, idle] = [world.connected(old), world.connected(old)];
    running.send();
    idle.send();
    world.transport.connections[1].respond(OK);
    world.manager.update([changed]);
    expect(world.manager.get('web')).not.toBe(old);
    expect(world.transport.connections.map(({ closed }) => closed)).toEqual([false, true]);
    world.transport.connections[0].respond(OK);
    expect(running.events.at(-1)).toBe('end');
    expect(world.transport.connections[0].closed).toBe(true);
  });

  it('sends what an old stream asks of a replaced cluster to the new one', () => {
    const world = new World();
    world.manager.update([web]);
    const old = world.manager.get('web')!;
    world.manager.update([changed]);
    expect(world.connected(old).host!.address.text).toBe('10.0.0.2:80');
    world.manager.update([]);
    expect(world.request(old).events).toEqual(['failure connection-failure']);
  });

  it('lets the counts of a replaced cluster go on', () => {
    const world = new World();
    world.manager.update([web]);
    world.connected(world.manager.get('web')!);
    world.manager.update([changed]);
    world.connected(world.manager.get('web')!);
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_total: 2, upstream_cx_active: 2 });
  });

  it('holds the statistics of a replaced cluster exactly as long as its successor', () => {
    const world = new World();
    world.manager.update([web]);
    world.connected(world.manager.get('web')!).send();
    world.transport.last.respond(OK);
    world.manager.update([changed]);
    world.transport.settle();
    expect(world.used('cluster.web.')).toMatchObject({ upstream_cx_total: 1, upstream_cx_destroy: 1 });
    world.manager.update([]);
    expect(world.stat('cluster.web.upstream_cx_total')).toBeUndefined();
  });

  it('removes a cluster, and its statistics when its last stream has ended', () => {
    const world = new World();
    world.manager.update([web]);
    const old = world.manager.get('web')!;
    const running = world.connected(old);
    running.send();
    world.manager.update([]);
    expect(world.manager.get('web')).toBeUndefined();
    expect(world.stat('cluster.web.upstream_rq_active')).toBe(1);
    world.transport.last.respond(OK);
    running.host!.onRequestSuccess();
    old.requestStats.onResponse(200, false, false, '');
    old.requestStats.onResponseTime(1, false, false, '');
    expect(Object.keys(Object.fromEntries(world.scrape.values())).filter((name) => name.includes('web'))).toEqual([]);
  });

  it('keeps the cursor of a balancer where hosts did not change', () => {
    const world = new World();
    const three = staticYaml('web', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
    const cluster = world.serve(three);
    const first = [0, 1].map(() => world.connected(cluster).host);
    world.manager.update([specOf(three)]);
    const third = world.connected(world.manager.get('web')!).host;
    expect(new Set([...first, third]).size).toBe(3);
  });

  it('counts the clusters of the thread', () => {
    const world = new World();
    world.manager.update([web, specOf(staticYaml('other', []))]);
    expect(world.stat('thread_local_cluster_manager.worker_0.clusters_inflated')).toBe(2);
  });
});

describe('a discovered cluster', () => {
  it('serves from its first hosts on', () => {
    const world = new World();
    const spec = dns('1s');
    world.manager.update([spec]);
    expect(world.manager.get('dns')).toBeUndefined();
    world.manager.updateHosts({ cluster: 'dns', hash: spec.hash, assignment: assignment('10.0.0.1') });
    expect(world.connected(world.manager.get('dns')!).host!.address.text).toBe('10.0.0.1:80');
  });

  it('tells how many hosts it has now', () => {
    const world = new World();
    const spec = dns('1s');
    world.manager.update([spec]);
    const totals = [['10.0.0.1'], ['10.0.0.1', '10.0.0.2']].map((hosts) => {
      world.manager.updateHosts({ cluster: 'dns', hash: spec.hash, assignment: assignment(...hosts) });
      return world.manager.get('dns')!.membership().total;
    });
    expect(totals).toEqual([1, 2]);
  });

  it('leaves the old version serving until the new one has hosts', () => {
    const world = new World();
    const [before, after] = [dns('1s'), dns('2s')];
    world.manager.update([before]);
    world.manager.updateHosts({ cluster: 'dns', hash: before.hash, assignment: assignment('10.0.0.1') });
    const old = world.manager.get('dns')!;
    world.manager.update([after]);
    world.manager.updateHosts({ cluster: 'dns', hash: before.hash, assignment: assignment('10.0.0.9') });
    expect(world.manager.get('dns')).toBe(old);
    expect(world.connected(old).host!.address.text).toBe('10.0.0.9:80');
    world.manager.updateHosts({ cluster: 'dns', hash: after.hash, assignment: assignment('10.0.0.1') });
    expect(world.manager.get('dns')!.spec).toBe(after);
  });

  it('ignores hosts for a version that nobody has', () => {
    const world = new World();
    const [before, after] = [dns('1s'), dns('2s')];
    world.manager.update([before]);
    world.manager.updateHosts({ cluster: 'dns', hash: after.hash, assignment: assignment('10.0.0.1') });
    expect(world.manager.get('dns')).toBeUndefined();
    world.manager.update([]);
    world.manager.updateHosts({ cluster: 'dns', hash: before.hash, assignment: assignment('10.0.0.1') });
    expect(world.manager.get('dns')).toBeUndefined();
  });

  it('keeps the connections of hosts that stay and drains those of hosts that go', () => {
    const world = new World();
    const spec = dns('1s');
    world.manager.update([spec]);
    const update = (...hosts: string[]) => world.manager.updateHosts({ cluster: 'dns', hash: spec.hash, assignment: assignment(...hosts) });
    update('10.0.0.1', '10.0.0.2');
    const cluster = world.manager.get('dns')!;
    for (let i = 0; i < 2; i++) {
      world.connected(cluster).send();
      world.transport.last.respond(OK);
    }
    update('10.0.0.2', '10.0.0.3');
    const open = world.transport.connections.filter(({ closed }) => !closed);
    expect(open.map(({ remote }) => remote.text)).toEqual(['10.0.0.2:80']);
  });

  it('closes idle connections on a change of hosts when it is told to', () => {
    const world = new World();
    const spec = specOf(`name: dns
type: STRICT_DNS
common_lb_config: {close_connections_on_host_set_change: true}
load_assignment: {cluster_name: dns, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: a.test, port_value: 80}}}}]}]}`);
    world.manager.update([spec]);
    world.manager.updateHosts({ cluster: 'dns', hash: spec.hash, assignment: assignment('10.0.0.1') });
    world.connected(world.manager.get('dns')!).send();
    world.transport.last.respond(OK);
    world.manager.updateHosts({ cluster: 'dns', hash: spec.hash, assignment: assignment('10.0.0.1', '10.0.0.2') });
    expect(world.transport.last.closed).toBe(true);
  });

  it('moves a logical host to its new address without closing its connections', () => {
    const world = new World();
    const spec = dns('1s');
    world.manager.update([spec]);
    const logical = (host: string): Assignment => {
      const [[group]] = assignment(host).priorities;
      return { ...assignment(host), priorities: [[{ ...group, endpoints: group.endpoints.map((each) => ({ ...each, key: 'a.test:80' })) }]] };
    };
    world.manager.updateHosts({ cluster: 'dns', hash: spec.hash, assignment: logical('10.0.0.1') });
    const cluster = world.manager.get('dns')!;
    world.connected(cluster).send();
    world.transport.last.respond(OK);
    world.manager.updateHosts({ cluster: 'dns', hash: spec.hash, assignment: logical('10.0.0.2') });
    expect(world.request(cluster).connection!.remote.text).toBe('10.0.0.1:80');
    world.request(cluster);
    expect(world.transport.last.remote.text).toBe('10.0.0.2:80');
  });
});
