import { afterEach, describe, expect, test } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';
import { bootstrap, cluster, listener } from './bootstraps.ts';
import { get, Running } from './running.ts';

const RELOADS = 100;
const CONNECTIONS = 64;

const running = new Running();
afterEach(() => running.end());

async function start(path: string, concurrency: number): Promise<Proxy> {
  const proxy = await Proxy.start({ path, concurrency });
  running.onEnd(() => proxy.close());
  return proxy;
}

function portOf(proxy: Proxy, name: string): number {
  return proxy.addresses().find((bound) => bound.name === name)!.address.port;
}

describe.each([1, 2])('with %i workers', (concurrency) => {
  test('a hundred reloads of routes and clusters under load lose no request', { timeout: 60_000 }, async () => {
    const origins = [await running.origin('even'), await running.origin('odd')];
    const configuration = (generation: number): object =>
      bootstrap(
        [listener({ name: 'ingress', routes: [{ cluster: `origin-${generation}`, responseHeader: ['x-generation', String(generation)] }] })],
        [cluster(`origin-${generation}`, origins[generation % 2]!), cluster('unchanged', origins[0]!)],
      );
    const file = running.configFile(configuration(0));
    const proxy = await start(file.path, concurrency);
    const port = portOf(proxy, 'ingress');
    const agent = running.agent(CONNECTIONS);
    let stop = false;
    const unexpected: string[] = [];
    let answered = 0;
    const client = async (): Promise<void> => {
      while (!stop) {
        try {
          const { status, headers, body } = await get(port, '/', agent);
          const right = status === 200 && body === (Number(headers['x-generation']) % 2 === 0 ? 'even' : 'odd');
          if (right) answered++;
          else unexpected.push(`${status} ${body}`);
        } catch (error) {
          unexpected.push(String(error));
        }
      }
    };
    const clients = Array.from({ length: CONNECTIONS }, client);
    for (let generation = 1; generation <= RELOADS; generation++) {
      file.write(configuration(generation));
      await proxy.reload();
    }
    const last = await get(port, '/');
    stop = true;
    await Promise.all(clients);
    expect(unexpected).toEqual([]);
    expect(last.headers['x-generation']).toBe(String(RELOADS));
    expect(answered).toBeGreaterThan(RELOADS);
    const values = proxy.stats.values();
    // Nobody reconnected: the clients' connections and that of the last request.
    expect(values.get('http.ingress.downstream_cx_total')).toBe(CONNECTIONS + 1);
    expect(values.get('cluster_manager.active_clusters')).toBe(2);
    expect(values.get('cluster_manager.cluster_added')).toBe(RELOADS + 2);
    expect(values.get('cluster_manager.cluster_removed')).toBe(RELOADS);
    expect(values.get('listener_manager.listener_modified')).toBe(RELOADS);
    expect(values.get('listener_manager.listener_added')).toBe(1);
  });

  test('a configuration with problems changes nothing and is told with all of them', async () => {
    const file = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ body: 'first' }] })]));
    const proxy = await start(file.path, concurrency);
    const port = portOf(proxy, 'ingress');
    file.write(
      bootstrap([listener({ name: 'ingress', routes: [{ cluster: 'missing' }] }), listener({ name: 'ingress', routes: [{ body: 'second' }] })], [{ name: 'bad', outlier_detection: {} }]),
    );
    await expect(proxy.reload()).rejects.toThrow(/envoy\.json:1:\d+: .*unknown cluster 'missing'|not supported: outlier_detection/);
    expect((await get(port)).body).toBe('first');
    file.write(bootstrap([listener({ name: 'ingress', routes: [{ body: 'third' }] })]));
    await proxy.reload();
    expect((await get(port)).body).toBe('third');
  });

  test('a listener that cannot be bound leaves all others as they were, in every worker', async () => {
    const taken = await running.origin('taken');
    const file = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ body: 'first' }] })]));
    const proxy = await start(file.path, concurrency);
    const port = portOf(proxy, 'ingress');
    file.write(bootstrap([listener({ name: 'ingress', routes: [{ body: 'second' }] }), listener({ name: 'other', port: taken, routes: [{ body: 'other' }] })]));
    await expect(proxy.reload()).rejects.toThrow(`error adding listener 'other': cannot bind '127.0.0.1:${taken}'`);
    const bodies = new Set<string>();
    for (let count = 0; count < 16; count++) bodies.add((await get(port)).body);
    expect([...bodies]).toEqual(['first']);
    expect(proxy.addresses().map(({ name }) => name)).toEqual(['ingress']);
    expect(proxy.stats.values().get('listener_manager.listener_create_failure')).toBe(1);
  });

  test('listeners come and go; one that stays keeps its port and its connections', async () => {
    const file = running.configFile(bootstrap([listener({ name: 'a', routes: [{ body: 'a' }] }), listener({ name: 'b', routes: [{ body: 'b' }] })]));
    const proxy = await start(file.path, concurrency);
    const [a, b] = [portOf(proxy, 'a'), portOf(proxy, 'b')];
    const agent = running.agent(1);
    await get(a, '/', agent);
    file.write(bootstrap([listener({ name: 'c', routes: [{ body: 'c' }] }), listener({ name: 'a', routes: [{ body: 'a2' }] })]));
    const change = await proxy.reload();
    expect(change.listeners).toEqual({ added: ['c'], modified: ['a'], removed: ['b'] });
    expect((await get(a, '/', agent)).body).toBe('a2');
    expect((await get(portOf(proxy, 'c'))).body).toBe('c');
    await expect(get(b)).rejects.toThrow('ECONNREFUSED');
    expect(proxy.stats.values().get('http.a.downstream_cx_total')).toBe(1);
    expect(proxy.stats.values().get('listener_manager.total_listeners_active')).toBe(2);
  });
});

test('reloads that are asked for while one runs become one more', async () => {
  const file = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ body: 'first' }] })]));
  const proxy = await start(file.path, 1);
  file.write(bootstrap([listener({ name: 'ingress', routes: [{ body: 'second' }] })]));
  const first = proxy.reload();
  const [second, third] = [proxy.reload(), proxy.reload()];
  expect(second).toBe(third);
  expect(first).not.toBe(second);
  await Promise.all([first, second, third]);
  expect(proxy.stats.values().get('listener_manager.listener_modified')).toBe(1);
});

test('what a reload cannot change is told', async () => {
  const listeners = [listener({ name: 'ingress', routes: [{ body: 'x' }] })];
  const file = running.configFile(bootstrap(listeners));
  const proxy = await start(file.path, 1);
  file.write(bootstrap(listeners, [], { node: { id: 'other' }, stats_config: { use_all_default_tags: false } }));
  expect((await proxy.reload()).needRestart).toEqual(['node', 'stats_config']);
});

test('a static layer of the runtime is reloaded', async () => {
  const config = (value: number): object => bootstrap([], [], { layered_runtime: { layers: [{ name: 'static', static_layer: { key: value } }] } });
  const file = running.configFile(config(1));
  const proxy = await start(file.path, 1);
  file.write(config(2));
  await proxy.reload();
  expect(proxy.runtimeLayers()[0]!.entries.get('key')).toEqual({ value: 2, text: '2' });
  expect(proxy.stats.values().get('runtime.num_keys')).toBe(1);
});
