import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';
import { Gateway, ingress, type Peer, TRANSPORTS } from './gateway.ts';
import { Running } from './running.ts';

const running = new Running();
afterEach(() => running.end());

const TYPES = 'type.googleapis.com/envoy.extensions';
const loopback = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

interface Change {
  readonly chain?: object;
  readonly listener?: object;
  readonly removed?: boolean;
}

/** Two chains of a TCP listener, chosen by the client's address, and an HTTP listener; all lead to a server that echoes. */
class Relay {
  readonly gateway: Gateway;
  readonly #folder: string;
  readonly #upstreamPort: number;

  private constructor(gateway: Gateway, folder: string, upstreamPort: number) {
    this.gateway = gateway;
    this.#folder = folder;
    this.#upstreamPort = upstreamPort;
  }

  static async start(transport: (typeof TRANSPORTS)[number], timeMs: number): Promise<Relay> {
    const echo = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {});
      // A request is left without an answer.
      socket.on('data', (bytes) => bytes.toString().startsWith('GET') || socket.write(bytes));
      socket.on('end', () => socket.end());
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    running.onEnd(() => new Promise<void>((resolve) => void echo.close(() => resolve())));
    const folder = running.folder();
    const { port } = echo.address() as AddressInfo;
    Relay.#write(folder, port, {});
    const gateway = new Gateway(await Proxy.start({ path: join(folder, 'bootstrap.json'), transport, drain: { timeMs, strategy: 'gradual' } }));
    running.onEnd(() => gateway.close());
    return new Relay(gateway, folder, port);
  }

  async change(change: Change): Promise<void> {
    Relay.#write(this.#folder, this.#upstreamPort, change);
    await this.gateway.proxy.reload();
  }

  /** A connection through which bytes come back. */
  async joined(listener: string): Promise<Peer> {
    const peer = this.gateway.connect(listener);
    running.onEnd(() => void peer.socket.destroy());
    await echoes(peer, 'hello');
    return peer;
  }

  /** Of the access log, in the order of their names, when the proxy has closed. */
  async records(): Promise<string[]> {
    await this.gateway.close();
    return readFileSync(join(this.#folder, 'access.log'), 'latin1').trimEnd().split('\n').toSorted();
  }

  static #write(folder: string, upstreamPort: number, { chain = {}, listener = {}, removed = false }: Change): void {
    const log = (format: string): object => ({
      access_log: [{ name: 'file', typed_config: { '@type': `${TYPES}.access_loggers.file.v3.FileAccessLog`, path: join(folder, 'access.log'), log_format: { text_format_source: { inline_string: `${format}\n` } } } }],
    });
    const tcpProxy = { '@type': `${TYPES}.filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 'tcp', cluster: 'echo' };
    const filters = [{ name: 'tcp', typed_config: { ...tcpProxy, ...chain } }];
    const tcp = (name: string, more: object): object => ({ name, address: loopback(0), ...log(`${name} %DOWNSTREAM_LOCAL_CLOSE_REASON% %UPSTREAM_LOCAL_CLOSE_REASON%`), ...more });
    const web = ingress({ clusters: {}, routes: [{ match: { prefix: '/' }, route: { cluster: 'echo', timeout: '0s' } }], manager: log('%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%') as Record<string, unknown> }, 'web');
    const listeners = [
      tcp('changed', { filter_chains: [{ name: 'a', filters }], ...listener }),
      tcp('kept', { filter_chains: [{ name: 'a', filter_chain_match: { source_ports: [1] }, filters }, { name: 'b', filters: [{ name: 'tcp', typed_config: tcpProxy }] }] }),
      { ...web, ...listener },
    ];
    const clusters = [{ name: 'echo', load_assignment: { cluster_name: 'echo', endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(upstreamPort) } }] }] } }];
    writeFileSync(join(folder, 'bootstrap.json'), JSON.stringify({ static_resources: { listeners: removed ? [] : listeners, clusters } }));
  }
}

async function echoes(peer: Peer, text: string): Promise<void> {
  peer.received = '';
  peer.write(text);
  await peer.has(text);
}

describe.each(TRANSPORTS)('a drain of TCP connections (%s transport)', (transport) => {
  it('lets them live while it lasts, under the old configuration, and new ones come to the new', async () => {
    const relay = await Relay.start(transport, 60_000);
    const { gateway } = relay;
    const [before, port] = [await relay.joined('changed'), gateway.port('changed')];
    await relay.change({ listener: { per_connection_buffer_limit_bytes: 5000 } });
    expect(gateway.port('changed')).toBe(port);
    await echoes(before, 'still here');
    await echoes(await relay.joined('changed'), 'new');
    await echoes(before, 'and after a new one');
    expect([gateway.stat('listener_manager.total_listeners_draining'), gateway.stat('listener_manager.listener_in_place_updated')]).toEqual([2, 0]);
  });

  it('of a filter chain concerns those of that chain alone', async () => {
    const relay = await Relay.start(transport, 40);
    const { gateway } = relay;
    const [changed, kept] = [await relay.joined('changed'), await relay.joined('kept')];
    await relay.change({ chain: { idle_timeout: '100s' } });
    expect(gateway.stat('listener_manager.listener_in_place_updated')).toBe(2);
    await changed.closed();
    await gateway.untilStat('listener_manager.total_filter_chains_draining', 0);
    await echoes(kept, 'untouched');
    const reason = 'filter_chain_is_being_removed';
    expect((await relay.records())[0]).toEqual(`changed ${reason} ${reason}`);
  });

  it.each([
    ['a listener that is changed', { listener: { per_connection_buffer_limit_bytes: 5000 } }],
    ['a listener that is removed', { removed: true }],
  ])('of %s closes them in the end, and requests under way, and says why', async (_what, change) => {
    const relay = await Relay.start(transport, 40);
    const { gateway } = relay;
    const [tcp, web] = [await relay.joined('changed'), gateway.connect('web')];
    web.write('GET /waits HTTP/1.1\r\nHost: a\r\n\r\n');
    await gateway.untilStat('cluster.echo.upstream_rq_active', 2);
    await relay.change(change);
    await Promise.all([tcp.closed(), web.closed()]);
    await gateway.untilStat('listener_manager.total_listeners_draining', 0);
    const reason = 'purging_socket_that_have_not_progressed_to_connections';
    await gateway.untilStat('http.web.downstream_cx_destroy_local', 1);
    expect(await relay.records()).toEqual([`DC downstream_local_disconnect(${reason})`, `changed ${reason} ${reason}`]);
  });
});
