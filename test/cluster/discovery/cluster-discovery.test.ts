import { describe, expect, it } from 'vitest';
import { emptyRuntime } from '../../../src/core/runtime.ts';
import { LocalProcessCounts } from '../../../src/core/process-counts.ts';
import type { Assignment, ClusterSpec, HostSetUpdate, LookupFamily } from '../../../src/cluster/cluster-spec.ts';
import { ClusterDiscovery } from '../../../src/cluster/discovery/cluster-discovery.ts';
import { MAX_ADDRESSES_PER_NAME } from '../../../src/cluster/discovery/dns-refresh.ts';
import type { NameResolver, Resolution } from '../../../src/cluster/discovery/name-resolver.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { specOf, staticYaml } from '../compile-yaml.ts';
import { World } from '../world.ts';

/** Answers when the test says so. */
class FakeResolver implements NameResolver {
  readonly asked: { readonly name: string; readonly family: LookupFamily; readonly answer: (resolution: Resolution) => void }[] = [];
  closed = false;

  resolve(name: string, family: LookupFamily): Promise<Resolution> {
    return new Promise((answer) => this.asked.push({ name, family, answer }));
  }

  close(): void {
    this.closed = true;
  }
}

class DiscoveryWorld extends World {
  readonly resolver = new FakeResolver();
  /** Servers of the resolvers that run, in the order of their making. */
  readonly open: string[] = [];
  readonly updates: HostSetUpdate[] = [];
  readonly breakers: LocalProcessCounts;
  readonly discovery: ClusterDiscovery;

  constructor() {
    const breakers = new LocalProcessCounts();
    super({ breakers });
    this.breakers = breakers;
    this.discovery = new ClusterDiscovery({
      stats: this.stats,
      timers: this.timers,
      random: this.random,
      runtime: emptyRuntime,
      log: silentLogger,
      breakers,
      createResolver: (spec) => {
        const servers = spec.kind === 'dns' ? spec.servers.join() : '';
        this.open.push(servers);
        return {
          resolve: (name, family) => this.resolver.resolve(name, family),
          close: () => {
            this.open.splice(this.open.indexOf(servers), 1);
            this.resolver.close();
          },
        };
      },
      onUpdate: (update) => {
        this.updates.push(update);
        this.manager.updateHosts(update);
      },
    });
  }

  /** As the composition root does it. */
  load(...specs: ClusterSpec[]): void {
    this.manager.update(specs);
    this.discovery.update(specs);
  }

  /** Answers the oldest question. */
  async answer(...hosts: string[]): Promise<void> {
    await this.settleWith({ kind: 'answer', addresses: hosts.map((host) => ({ host, ttlMs: 3_000 })) });
  }

  async fail(): Promise<void> {
    await this.settleWith({ kind: 'failure', reason: 'ESERVFAIL' });
  }

  async settleWith(resolution: Resolution): Promise<void> {
    this.resolver.asked.shift()!.answer(resolution);
    await Promise.resolve();
    await Promise.resolve();
  }

  /** The milliseconds until the next question. */
  nextQuestionAfter(limitMs: number): number {
    for (let ms = 1; ms <= limitMs; ms++) {
      this.advance(1);
      if (this.resolver.asked.length > 0) return ms;
    }
    return Infinity;
  }
}

const target = (name: string, rest = ''): string => `{endpoint: {address: {socket_address: {address: ${name}, port_value: 80}}}${rest}}`;
const dnsYaml = (targets: string, rest = '', type = 'STRICT_DNS'): string =>
  `name: dns\ntype: ${type}\nload_assignment: {cluster_name: dns, endpoints: [{lb_endpoints: [${targets}]}]}\n${rest}`;
const oneName = (rest = '', type = 'STRICT_DNS'): ClusterSpec => specOf(dnsYaml(target('a.test'), rest, type));

const textsOf = (assignment: Assignment | undefined): string[] =>
  (assignment?.priorities ?? []).flatMap((level) => level.flatMap(({ endpoints }) => endpoints.map(({ address }) => address.text)));

describe('discovery of static clusters', () => {
  it('counts membership as Envoy does and tells workers nothing', () => {
    const world = new DiscoveryWorld();
    const health = (status: string): string => `, health_status: ${status}`;
    world.load(
      specOf(
        `name: web\nload_assignment: {cluster_name: web, endpoints: [{lb_endpoints: [${target('10.0.0.1')}, ${target('10.0.0.2', health('DEGRADED'))}, ` +
          `${target('10.0.0.3', health('DRAINING'))}, ${target('10.0.0.4', health('UNHEALTHY'))}, ${target('10.0.0.5', health('TIMEOUT'))}]}]}`,
      ),
    );
    expect(world.updates).toEqual([]);
    expect(world.used('cluster.web.')).toEqual({
      'default.total_match_count': 5,
      membership_change: 1,
      membership_degraded: 1,
      membership_excluded: 1,
      membership_healthy: 1,
      membership_total: 5,
    });
  });

  it('counts a change for each priority that has hosts', () => {
    const world = new DiscoveryWorld();
    const level = (priority: number, ...hosts: string[]): string => `{priority: ${priority}, lb_endpoints: [${hosts.map((host) => target(host)).join(', ')}]}`;
    world.load(specOf(`name: web\nload_assignment: {cluster_name: web, endpoints: [${level(0, '10.0.0.1')}, ${level(1)}, ${level(2, '10.0.0.2', '10.0.0.3')}]}`));
    expect(world.used('cluster.web.')).toMatchObject({ membership_change: 2, membership_total: 3, 'default.total_match_count': 3 });
  });

  it('counts clusters as they come, change and go', async () => {
    const world = new DiscoveryWorld();
    world.load(specOf(staticYaml('a', [])), specOf(staticYaml('b', [])));
    world.load(specOf(staticYaml('a', ['10.0.0.1:1'])));
    expect(world.used('cluster_manager.')).toEqual({ active_clusters: 1, cluster_added: 2, cluster_modified: 1, cluster_removed: 1 });
    await world.discovery.whenWarm();
  });

  it('lets the statistics of a removed cluster vanish', () => {
    const world = new DiscoveryWorld();
    world.load(specOf(staticYaml('web', ['10.0.0.1:1'], 'circuit_breakers: {thresholds: [{track_remaining: true}]}')));
    world.load();
    expect([...world.scrape.values().keys()].filter((name) => name.startsWith('cluster.'))).toEqual([]);
  });
});

describe('a resolver', () => {
  const asking = (server: string, name: string): ClusterSpec =>
    specOf(`{name: ${name}, type: STRICT_DNS, dns_resolvers: [{socket_address: {address: ${server}, port_value: 53}}], load_assignment: {cluster_name: x, endpoints: [{lb_endpoints: [${target('a.test')}]}]}}`);

  it('serves all clusters that ask for the same, and is closed when the last of them goes', async () => {
    const world = new DiscoveryWorld();
    world.load(asking('192.0.2.1', 'one'), asking('192.0.2.1', 'two'));
    expect(world.open).toEqual(['192.0.2.1:53']);
    world.load(asking('192.0.2.1', 'one'));
    expect(world.open).toEqual(['192.0.2.1:53']);
    await world.answer('10.0.0.1');
    await world.answer('10.0.0.1');
    world.load(asking('192.0.2.2', 'one'));
    expect(world.open).toEqual(['192.0.2.1:53', '192.0.2.2:53']);
    await world.answer('10.0.0.1');
    expect(world.open).toEqual(['192.0.2.2:53']);
    world.load();
    expect(world.open).toEqual([]);
  });
});

describe('STRICT_DNS', () => {
  it('makes a host of each address and serves from then on', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    expect([world.manager.get('dns'), world.stat('cluster_manager.warming_clusters')]).toEqual([undefined, 1]);
    let warm = false;
    const whenWarm = world.discovery.whenWarm().then(() => (warm = true));
    await world.answer('10.0.0.1', '10.0.0.2', '10.0.0.1');
    await whenWarm;
    expect([warm, textsOf(world.updates[0].assignment)]).toEqual([true, ['10.0.0.1:80', '10.0.0.2:80']]);
    expect(world.manager.get('dns')).toBeDefined();
    expect(world.used('cluster.dns.')).toEqual({
      'default.total_match_count': 2,
      max_host_weight: 1,
      membership_change: 1,
      membership_healthy: 2,
      membership_total: 2,
      update_attempt: 1,
      update_success: 1,
    });
  });

  it('serves with what there is when the first answer is a failure or empty', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.fail();
    expect(world.manager.get('dns')).toBeDefined();
    expect(world.used('cluster.dns.')).toEqual({ update_attempt: 1, update_failure: 1 });
    world.advance(5_000);
    await world.answer();
    expect(world.used('cluster.dns.')).toEqual({
      max_host_weight: 1,
      update_attempt: 2,
      update_failure: 1,
      update_no_rebuild: 1,
      update_success: 1,
    });
  });

  it('serves at once when it need not wait', () => {
    const world = new DiscoveryWorld();
    world.load(oneName('wait_for_warm_on_init: false'));
    expect(world.manager.get('dns')).toBeDefined();
  });

  it('gives hosts the settings of their name', async () => {
    const world = new DiscoveryWorld();
    world.load(specOf(dnsYaml(`${target('a.test', ', load_balancing_weight: 7')}, {endpoint: {hostname: h, address: {socket_address: {address: b.test, port_value: 81}}}}`)));
    await world.answer('10.0.0.1');
    await world.answer('10.0.0.2');
    const endpoints = world.updates.at(-1)!.assignment.priorities[0][0].endpoints;
    expect(endpoints.map(({ address, weight, hostname }) => [address.text, weight, hostname])).toEqual([
      ['10.0.0.1:80', 7, 'a.test'],
      ['10.0.0.2:81', 1, 'h'],
    ]);
    expect(world.stat('cluster.dns.max_host_weight')).toBe(7);
  });

  it('counts an address once for each name that has it', async () => {
    const world = new DiscoveryWorld();
    world.load(specOf(dnsYaml(`${target('a.test')}, ${target('b.test')}`)));
    await world.answer('10.0.0.1');
    await world.answer('10.0.0.1');
    expect(world.used('cluster.dns.')).toMatchObject({ membership_total: 2, membership_change: 2, update_attempt: 2, update_success: 2 });
  });

  it('tells workers of changes only', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.answer('10.0.0.1', '10.0.0.2');
    world.advance(5_000);
    await world.answer('10.0.0.2', '10.0.0.1');
    expect(world.updates).toHaveLength(1);
    expect(world.used('cluster.dns.')).toMatchObject({ update_no_rebuild: 1, update_success: 2, membership_change: 1 });
    world.advance(5_000);
    await world.answer('10.0.0.3');
    expect(textsOf(world.updates.at(-1)!.assignment)).toEqual(['10.0.0.3:80']);
  });

  it('loses its hosts when the name has no addresses, and keeps them on failure', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.answer('10.0.0.1');
    world.advance(5_000);
    await world.fail();
    expect(world.stat('cluster.dns.membership_total')).toBe(1);
    world.advance(5_000);
    await world.answer();
    expect(world.stat('cluster.dns.membership_total')).toBe(0);
    expect(world.used('cluster.dns.')).toMatchObject({ update_attempt: 3, update_failure: 1, update_success: 2, membership_change: 2 });
  });

  it('cuts off an answer that is too long', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.answer(...Array.from({ length: MAX_ADDRESSES_PER_NAME + 3 }, (_, index) => `10.0.${index >> 8}.${index & 255}`));
    expect(world.stat('cluster.dns.membership_total')).toBe(MAX_ADDRESSES_PER_NAME);
  });

  it('asks for the configured family', () => {
    const world = new DiscoveryWorld();
    world.load(oneName('dns_lookup_family: V4_PREFERRED'));
    expect(world.resolver.asked).toMatchObject([{ name: 'a.test', family: 'v4-preferred' }]);
  });

  it('serves a cluster without names at once', () => {
    const world = new DiscoveryWorld();
    world.load(specOf('name: dns\ntype: STRICT_DNS'));
    expect(world.manager.get('dns')).toBeDefined();
  });
});

describe('refreshing', () => {
  it('a name is resolved again after the refresh rate', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.answer('10.0.0.1');
    expect(world.nextQuestionAfter(10_000)).toBe(5_000);
  });

  it('the smallest TTL replaces the refresh rate when it is respected', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName('respect_dns_ttl: true'));
    const ttls = (...list: number[]): Resolution => ({ kind: 'answer', addresses: list.map((ttlMs, index) => ({ host: `10.0.0.${index}`, ttlMs })) });
    await world.settleWith(ttls(9_000, 2_000));
    expect(world.nextQuestionAfter(10_000)).toBe(2_000);
    await world.settleWith(ttls(0, 9_000));
    expect(world.nextQuestionAfter(10_000)).toBe(5_000);
    await world.settleWith(ttls());
    expect(world.nextQuestionAfter(10_000)).toBe(5_000);
  });

  it('jitter puts a refresh off by less than its bound', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName('dns_jitter: 1s'));
    const delays = new Set<number>();
    for (let i = 0; i < 20; i++) {
      await world.answer('10.0.0.1');
      delays.add(world.nextQuestionAfter(7_000));
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...delays)).toBeLessThan(6_000);
    expect(delays.size).toBeGreaterThan(5);
  });

  it('failures are retried at the refresh rate when nothing else is said', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.fail();
    expect(world.nextQuestionAfter(10_000)).toBe(5_000);
  });

  it('failures are retried after random delays whose bound doubles', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName('dns_failure_refresh_rate: {base_interval: 1s, max_interval: 4s}'));
    const bounds: number[] = [0, 0, 0, 0];
    for (let round = 0; round < 40; round++) {
      for (let failure = 0; failure < bounds.length; failure++) {
        await world.fail();
        bounds[failure] = Math.max(bounds[failure], world.nextQuestionAfter(5_000));
      }
      await world.answer('10.0.0.1');
      world.nextQuestionAfter(5_000);
    }
    [1_000, 2_000, 4_000, 4_000].forEach((bound, index) => {
      expect(bounds[index]).toBeLessThanOrEqual(bound);
      expect(bounds[index]).toBeGreaterThan(bound * 0.8);
    });
  });

  it('ends with the cluster, also for an answer that is under way', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    world.load();
    await world.answer('10.0.0.1');
    world.advance(60_000);
    expect([world.resolver.asked.length, world.updates.length]).toEqual([0, 0]);
    world.discovery.close();
    expect(world.resolver.closed).toBe(true);
  });
});

describe('LOGICAL_DNS', () => {
  it('has one host, whose address is the first of the last answer', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName('', 'LOGICAL_DNS'));
    await world.answer('10.0.0.1', '10.0.0.2');
    world.advance(5_000);
    await world.answer('10.0.0.2', '10.0.0.1');
    expect(world.updates.map(({ assignment }) => textsOf(assignment))).toEqual([['10.0.0.1:80'], ['10.0.0.2:80']]);
    expect(world.used('cluster.dns.')).toEqual({
      'default.total_match_count': 1,
      membership_change: 1,
      membership_healthy: 1,
      membership_total: 1,
      update_attempt: 2,
      update_success: 2,
    });
  });

  it('keeps its address when an answer is empty, which counts as a failure', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName('', 'LOGICAL_DNS'));
    await world.answer('10.0.0.1');
    world.advance(5_000);
    await world.answer();
    expect(world.used('cluster.dns.')).toMatchObject({ membership_total: 1, update_failure: 1 });
  });
});

describe('a changed DNS cluster', () => {
  it('is resolved beside the old one, which serves until the answer is in', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.answer('10.0.0.1');
    const changed = oneName('connect_timeout: 1s');
    world.load(changed);
    expect(world.manager.get('dns')!.spec).not.toBe(changed);
    expect(world.used('cluster_manager.')).toMatchObject({ active_clusters: 1, warming_clusters: 1, cluster_modified: 1 });
    await world.answer('10.0.0.2');
    expect(world.manager.get('dns')!.spec).toBe(changed);
    expect(world.used('cluster_manager.')).toMatchObject({ active_clusters: 1 });
    world.advance(5_000);
    expect(world.resolver.asked).toHaveLength(1);
  });

  it('stays as it is when the change is taken back', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName());
    await world.answer('10.0.0.1');
    const cluster = world.manager.get('dns');
    world.load(oneName('connect_timeout: 1s'));
    world.load(oneName());
    await world.answer('10.0.0.2');
    expect(world.manager.get('dns')).toBe(cluster);
    expect(world.stat('cluster_manager.warming_clusters')).toBe(0);
  });

  it('tells a worker that starts late what it has missed', async () => {
    const world = new DiscoveryWorld();
    world.load(oneName(), specOf(staticYaml('web', ['10.0.0.9:1'])));
    await world.answer('10.0.0.1');
    expect(world.discovery.currentUpdates()).toEqual([world.updates[0]]);
  });
});

describe('circuit breaker gauges', () => {
  it('follow the counts of all threads when statistics are read', () => {
    const world = new DiscoveryWorld();
    const limits = 'thresholds: [{max_connections: 1, max_pending_requests: 5, max_requests: 6, max_retries: 7, track_remaining: true}]';
    world.load(specOf(staticYaml('web', ['10.0.0.1:80'], `circuit_breakers: {${limits}}`)));
    world.discovery.beforeScrape();
    expect(world.used('cluster.web.circuit_breakers.')).toEqual({
      'default.remaining_cx': 1,
      'default.remaining_cx_pools': -1,
      'default.remaining_pending': 5,
      'default.remaining_retries': 7,
      'default.remaining_rq': 6,
    });
    world.request(world.manager.get('web')!);
    world.discovery.beforeScrape();
    expect(world.used('cluster.web.circuit_breakers.')).toEqual({
      'default.cx_open': 1,
      'default.remaining_cx_pools': -2,
      'default.remaining_pending': 4,
      'default.remaining_retries': 7,
      'default.remaining_rq': 6,
    });
  });
});

describe('the admin snapshot', () => {
  it('holds what /clusters shows of a cluster and its hosts', () => {
    const world = new DiscoveryWorld();
    const locality = 'locality: {region: r, zone: z, sub_zone: s}';
    const host = '{endpoint: {hostname: h, address: {socket_address: {address: "::1", port_value: 80}}}, health_status: DEGRADED, load_balancing_weight: 3, metadata: {filter_metadata: {envoy.lb: {canary: true}}}}';
    const spec = specOf(`name: web\nalt_stat_name: other\nload_assignment: {cluster_name: web, endpoints: [{priority: 1, ${locality}, lb_endpoints: [${host}]}]}`);
    world.manager.update([spec]);
    world.discovery.update([spec], new Set(['web']));
    expect(world.discovery.snapshotForAdmin()).toEqual([
      {
        name: 'web',
        observabilityName: 'other',
        overprovisioningFactor: 140,
        addedViaApi: true,
        breakers: spec.breakers,
        hosts: [
          {
            address: { kind: 'ip', host: '::1', port: 80, text: '[::1]:80' },
            hostname: 'h',
            healthFlags: 16,
            healthFlagsText: '/degraded_eds_health',
            edsHealth: 'DEGRADED',
            weight: 3,
            locality: { region: 'r', zone: 'z', subZone: 's' },
            metadata: { 'envoy.lb': { canary: true } },
            canary: true,
            localityWeight: 0,
            priority: 1,
            successRate: -1,
            localOriginSuccessRate: -1,
            statPrefix: '\nweb\n[::1]:80',
          },
        ],
      },
    ]);
  });
});
