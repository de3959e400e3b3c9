import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/index.ts';
import { Proxy } from '../../src/server/proxy.ts';
import { Gateway, type GatewayConfig, gatewayConfig, ingress, Peer, RawUpstream, response, TRANSPORTS, until } from './gateway.ts';

const CONNECTIONS = 64;
const RELOADS = 100;
const REQUEST = 'GET /stable HTTP/1.1\r\nHost: gateway\r\n\r\n';

/** Sends the next request when the last is answered, and keeps what was not as it should be. */
class Caller {
  answered = 0;
  readonly faults: string[] = [];
  readonly #peer: Peer;
  #stopped = false;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const path = this.answered % 2 === 0 ? '/stable' : '/newest';
      this.#peer.received = '';
      this.#peer.write(`GET ${path} HTTP/1.1\r\nHost: gateway\r\n\r\n`);
      try {
        await this.#peer.has(`said to ${path}`);
      } catch (error) {
        this.faults.push((error as Error).message);
        return;
      }
      if (!this.#peer.received.startsWith('HTTP/1.1 200 ') || /^connection: close/im.test(this.#peer.received)) this.faults.push(this.#peer.received);
      this.answered++;
    }
    this.#peer.socket.destroy();
  }

  stop(): void {
    this.#stopped = true;
  }
}

describe.each(TRANSPORTS)('a reload (%s transport)', (transport) => {
  let folder: string;
  let path: string;
  let upstreams: RawUpstream[];
  let gateway: Gateway | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nuncio-reload-'));
    path = join(folder, 'bootstrap.json');
    upstreams = await Promise.all([RawUpstream.start(), RawUpstream.start()]);
    upstreams.forEach((upstream, index) => (upstream.answer = (peer, asked) => peer.write(response(`upstream ${index} said to ${asked}`))));
  });

  afterEach(async () => {
    await gateway?.close();
    await Promise.all(upstreams.map((upstream) => upstream.close()));
    rmSync(folder, { recursive: true });
  });

  const write = (config: object): void => writeFileSync(path, JSON.stringify(config));
  const start = async (config: object): Promise<Gateway> => {
    write(config);
    gateway = new Gateway(await Proxy.start({ path, transport, drain: { timeMs: 300, strategy: 'immediate' } }));
    return gateway;
  };
  const reload = (config: object) => {
    write(config);
    return gateway!.proxy.reload();
  };

  /** `/stable` goes to a cluster that changes, `/newest` to one that comes with this generation and goes with the next. */
  const generation = (number: number): GatewayConfig => ({
    clusters: { stable: upstreams[number % 2]!.port, [`newest-${number}`]: upstreams[(number + 1) % 2]!.port },
    routes: [
      { match: { prefix: '/stable' }, route: { cluster: 'stable' }, response_headers_to_add: [{ header: { key: 'x-generation', value: String(number) } }] },
      { match: { prefix: '/newest' }, route: { cluster: `newest-${number}` } },
    ],
  });

  it(`fails no request of ${CONNECTIONS} connections while the configuration changes ${RELOADS} times`, async () => {
    const { proxy } = await start(gatewayConfig(generation(0)));
    const callers = Array.from({ length: CONNECTIONS }, () => new Caller(gateway!.connect()));
    const runs = callers.map((caller) => caller.run());
    const answered = (): number => callers.reduce((sum, caller) => sum + caller.answered, 0);
    for (let number = 1; number <= RELOADS; number++) {
      const before = answered();
      const change = await reload(gatewayConfig(generation(number)));
      expect(change.listeners.modified).toEqual(['ingress']);
      expect(change.clusters).toEqual({ added: [`newest-${number}`], modified: ['stable'], removed: [`newest-${number - 1}`] });
      await until(() => answered() > before + CONNECTIONS || callers.some(({ faults }) => faults.length > 0), () => 'no progress');
    }
    callers.forEach((caller) => caller.stop());
    await Promise.all(runs);
    expect(callers.flatMap(({ faults }) => faults)).toEqual([]);
    expect(await gateway!.get('/stable')).toMatch(new RegExp(`x-generation: ${RELOADS}\\r\\n[^]*upstream 0 said to /stable$`));
    expect(gateway!.stat('http.ingress.downstream_rq_5xx')).toBe(0);
    expect(proxy.configuration!.bootstrap.staticResources!.clusters.map(({ name }) => name)).toEqual(['stable', `newest-${RELOADS}`]);
    await gateway!.untilStat('cluster.stable.upstream_rq_active', 0);
    // Clusters that have gone take their statistics and connections with them.
    await until(() => [...proxy.stats.values().keys()].every((name) => !name.startsWith('cluster.newest-1.')), () => 'a removed cluster stays');
  }, 60_000);

  it('takes what the files hold that a listener names, though it names them as before', async () => {
    const body = join(folder, 'body');
    writeFileSync(body, 'first');
    const config = gatewayConfig({ clusters: {}, routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { filename: body } } }] });
    await start(config);
    expect(await gateway!.get('/')).toMatch(/first$/);
    expect((await reload(config)).listeners.modified).toEqual([]);
    writeFileSync(body, 'second');
    expect((await reload(config)).listeners.modified).toEqual(['ingress']);
    expect(await gateway!.get('/')).toMatch(/second$/);
  });

  it.each([
    ['that is no JSON', () => '{ "static_resources": '],
    ['with a route to no cluster', () => JSON.stringify(gatewayConfig({ ...generation(7), routes: [{ match: { prefix: '/' }, route: { cluster: 'nobody' } }] }))],
    ['with a field nobody knows', () => JSON.stringify({ ...gatewayConfig(generation(7)), nonsense: 1 })],
  ])('of a configuration %s changes nothing', async (_, text) => {
    await start(gatewayConfig(generation(0)));
    const client = gateway!.connect();
    client.write(REQUEST);
    await client.has('said to /stable');
    writeFileSync(path, text());
    await expect(gateway!.proxy.reload()).rejects.toThrow(ConfigurationError);
    client.received = '';
    client.write(REQUEST);
    await client.has('upstream 0 said to /stable');
    expect(client.received).toContain('x-generation: 0');
    await reload(gatewayConfig(generation(1)));
    client.received = '';
    client.write(REQUEST);
    await client.has('upstream 1 said to /stable');
    client.socket.destroy();
  });

  it('whose listener cannot be bound changes nothing', async () => {
    await start(gatewayConfig(generation(0)));
    const config = gatewayConfig(generation(1));
    config.static_resources.listeners.push(ingress({ ...generation(1), port: upstreams[0]!.port, listener: { enable_reuse_port: false } }, 'taken'));
    await expect(reload(config)).rejects.toThrow(/error adding listener 'taken'/);
    expect(await gateway!.get('/stable')).toMatch(/x-generation: 0\r\n[^]*upstream 0 said to \/stable$/);
  });

  it('whose listener cannot be bound does not stop those that it would remove', async () => {
    const alone = (name: string) => ingress({ ...generation(0), listener: { enable_reuse_port: false } }, name);
    const config = gatewayConfig(generation(0));
    config.static_resources.listeners = [alone('ingress'), alone('leaving')];
    await start(config);
    const leaving = gateway!.connect('leaving');
    config.static_resources.listeners = [alone('ingress'), ingress({ ...generation(0), port: upstreams[0]!.port, listener: { enable_reuse_port: false } }, 'taken')];
    await expect(reload(config)).rejects.toThrow(/error adding listener 'taken'/);
    for (const client of [leaving, gateway!.connect('leaving')]) {
      client.write(REQUEST);
      await client.has('upstream 0 said to /stable');
      client.socket.destroy();
    }
  });

  it('that gives a listener another name keeps its socket file', async () => {
    const socketPath = join(folder, 'gateway.socket');
    const named = (name: string, at: number): object => ({ static_resources: { ...gatewayConfig(generation(at)).static_resources, listeners: [{ ...ingress(generation(at), name), address: { pipe: { path: socketPath } } }] } });
    await start(named('old', 0));
    const change = await reload(named('new', 1));
    expect(change.listeners).toMatchObject({ added: ['new'], removed: ['old'] });
    const client = new Peer(connect(socketPath));
    client.write(REQUEST);
    await client.has('upstream 1 said to /stable');
    client.socket.destroy();
  });

  const withSecond = (number: number): object => {
    const config = gatewayConfig(generation(number));
    config.static_resources.listeners.push(ingress(generation(number), 'second'));
    return config;
  };

  it('that removes a listener lets its connections finish until the drain time is over, and refuses new ones', async () => {
    await start(withSecond(0));
    const port = gateway!.port('second');
    const other = gateway!.connect();
    const [idle, last, busy] = [gateway!.connect('second'), gateway!.connect('second'), gateway!.connect('second')];
    for (const client of [other, idle, last]) {
      client.write(REQUEST);
      await client.has('said to /stable');
    }
    upstreams[0]!.answer = () => {};
    busy.write('GET /stable/held HTTP/1.1\r\nHost: gateway\r\n\r\n');
    const held = await upstreams[0]!.receiving('/stable/held');
    const change = await reload(gatewayConfig(generation(0)));
    expect(change.listeners.removed).toEqual(['second']);
    held.write(response('held'));
    upstreams[0]!.answer = (peer) => peer.write(response('last'));
    last.write(REQUEST);
    await Promise.all([busy, last, idle].map((client) => client.closed()));
    expect(busy.received).toMatch(/^HTTP\/1\.1 200 [^]*connection: close\r\n[^]*held$/);
    expect(last.received).toMatch(/connection: close\r\n[^]*last$/);
    expect(idle.received).not.toContain('connection: close');
    const late = connect(port, '127.0.0.1');
    const [refusal] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(refusal.code).toBe('ECONNREFUSED');
    upstreams[0]!.answer = (peer) => peer.write(response('after'));
    other.write(REQUEST);
    await other.has('after');
    other.socket.destroy();
  });

  it('that adds a listener serves on it, and the others keep their connections', async () => {
    await start(gatewayConfig(generation(0)));
    const client = gateway!.connect();
    client.write(REQUEST);
    await client.has('said to /stable');
    const change = await reload(withSecond(1));
    expect(change.listeners.added).toEqual(['second']);
    const second = gateway!.connect('second');
    second.write(REQUEST);
    await second.has('upstream 1 said to /stable');
    client.received = '';
    client.write(REQUEST);
    await client.has('upstream 1 said to /stable');
    second.socket.destroy();
    client.socket.destroy();
  });

  it('that changes the connection manager drains the connections of the old one', async () => {
    await start(gatewayConfig(generation(0)));
    const [idle, busy] = [gateway!.connect(), gateway!.connect()];
    idle.write(REQUEST);
    await idle.has('said to /stable');
    upstreams[0]!.answer = () => {};
    busy.write('GET /stable/held HTTP/1.1\r\nHost: gateway\r\n\r\n');
    const held = await upstreams[0]!.receiving('/stable/held');
    const port = gateway!.port();
    await reload(gatewayConfig({ ...generation(0), manager: { server_name: 'other' } }));
    held.write(response('held'));
    await Promise.all([idle.closed(), busy.closed()]);
    expect(busy.received).toMatch(/^HTTP\/1\.1 200 [^]*connection: close\r\n[^]*held$/);
    upstreams[0]!.answer = (peer) => peer.write(response('after'));
    expect(gateway!.port()).toBe(port);
    expect(await gateway!.get('/stable')).toMatch(/server: other\r\n[^]*after$/);
  });

  it('that changes the connection manager leaves draining connections the clusters of before, for the drain time', async () => {
    await start(gatewayConfig(generation(0)));
    const client = gateway!.connect();
    client.write('GET /newest/first HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await client.has('said to /newest/first');
    const { clusters } = await reload(gatewayConfig({ ...generation(1), manager: { server_name: 'other' } }));
    expect(clusters.removed).toEqual(['newest-0']);
    client.write('GET /newest/last HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await client.closed();
    expect(client.received).toMatch(/connection: close\r\n[^]*upstream 1 said to \/newest\/last$/);
    await gateway!.untilStat('cluster_manager.active_clusters', 2);
    expect(gateway!.proxy.discovery.snapshotForAdmin().map(({ name }) => name)).toEqual(['stable', 'newest-1']);
  });

  it('finishes the requests of a cluster that it removes', async () => {
    await start(gatewayConfig(generation(0)));
    upstreams[1]!.answer = () => {};
    const client = gateway!.connect();
    client.write('GET /newest/held HTTP/1.1\r\nHost: gateway\r\n\r\n');
    const held = await upstreams[1]!.receiving('/newest/held');
    await reload(gatewayConfig(generation(1)));
    held.write(response('held'));
    await client.has('held');
    expect(client.received).toMatch(/^HTTP\/1\.1 200 /);
    await held.closed();
    client.socket.destroy();
  });
});
