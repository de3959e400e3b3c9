import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';
import { Gateway, gatewayConfig, type Peer, RawUpstream, response, TRANSPORTS, until } from './gateway.ts';

const CONNECTIONS = 48;
const CHANGES = 30;

/** Sends the next request when the last is answered; opens another connection where the answer says so. */
class Client {
  answered = 0;
  opened = 1;
  /** Its connection has been accepted. */
  served = false;
  readonly faults: string[] = [];
  readonly #open: () => Peer;
  #peer: Peer;
  #stopped = false;

  constructor(open: () => Peer) {
    this.#open = open;
    this.#peer = open();
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      this.#peer.received = '';
      this.#peer.write('GET / HTTP/1.1\r\nHost: gateway\r\n\r\n');
      try {
        await this.#peer.has('answer');
      } catch (error) {
        this.faults.push((error as Error).message);
        return;
      }
      if (!this.#peer.received.startsWith('HTTP/1.1 200 ')) this.faults.push(this.#peer.received);
      this.answered++;
      this.served = true;
      if (/^connection: close/im.test(this.#peer.received)) this.#reconnect();
    }
    this.#peer.socket.destroy();
  }

  stop(): void {
    this.#stopped = true;
  }

  #reconnect(): void {
    this.#peer.socket.destroy();
    this.#peer = this.#open();
    this.opened++;
    this.served = false;
  }
}

describe.each(TRANSPORTS)('a listener under load (%s transport)', (transport) => {
  let folder: string;
  let upstream: RawUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nuncio-changes-'));
    upstream = await RawUpstream.start();
    upstream.answer = (peer) => peer.write(response('answer'));
    write(0);
    gateway = new Gateway(await Proxy.start({ path: join(folder, 'bootstrap.json'), transport, drain: { timeMs: 60_000, strategy: 'immediate' } }));
  });

  afterEach(async () => {
    await gateway.close();
    await upstream.close();
    rmSync(folder, { recursive: true });
  });

  /** Odd generations differ from those before in a filter chain, even ones in the listener itself, which hands its address over. */
  function write(generation: number): void {
    const config = gatewayConfig({
      clusters: { origin: upstream.port },
      routes: [{ match: { prefix: '/' }, route: { cluster: 'origin' } }],
      manager: { server_name: `generation-${Math.ceil(generation / 2)}` },
    }) as { static_resources: { listeners: Record<string, unknown>[] } };
    config.static_resources.listeners[0]!['per_connection_buffer_limit_bytes'] = 100_000 + Math.floor(generation / 2);
    writeFileSync(join(folder, 'bootstrap.json'), JSON.stringify(config));
  }

  it(`fails no request and resets no connection while it changes ${CHANGES} times`, async () => {
    const clients = Array.from({ length: CONNECTIONS }, () => new Client(() => gateway.connect()));
    const runs = clients.map((client) => client.run());
    const sum = (count: (client: Client) => number): number => clients.reduce((total, client) => total + count(client), 0);
    const port = gateway.port();
    for (let generation = 1; generation <= CHANGES; generation++) {
      await until(() => clients.every(({ served, faults }) => served || faults.length > 0), () => 'not all are served');
      const before = sum((client) => client.opened);
      write(generation);
      const change = await gateway.proxy.reload();
      expect(change.listeners.modified).toEqual(['ingress']);
      const moved = (): number => sum((client) => client.opened) - before;
      await until(() => moved() >= CONNECTIONS || clients.some(({ faults }) => faults.length > 0), () => `${moved()} have moved`);
    }
    for (const client of clients) client.stop();
    await Promise.all(runs);
    expect(clients.flatMap((client) => client.faults)).toEqual([]);
    expect(gateway.port()).toBe(port);
    expect(sum((client) => client.opened)).toBeGreaterThanOrEqual(CONNECTIONS * CHANGES);
  });
});
