/** A proxy in this process, its configuration, and the two ends that talk through it. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Proxy, type ProxyOptions } from '../../src/server/proxy.ts';
import * as bootstraps from './bootstraps.ts';

export const TRANSPORTS = ['direct', 'public'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

type Message = Record<string, unknown>;

export interface GatewayConfig {
  /** Ports of the upstreams, by the name of their cluster. */
  readonly clusters: Readonly<Record<string, number>>;
  /** Replace the route of everything to the first cluster. */
  readonly routes?: readonly Message[];
  /** More fields of the connection manager, the clusters, the listener. */
  readonly manager?: Message;
  readonly cluster?: Message;
  readonly listener?: Message;
  readonly port?: number;
}

export function gatewayConfig({ clusters, routes, manager, cluster, listener, port = 0 }: GatewayConfig) {
  return {
    static_resources: {
      listeners: [ingress({ clusters, routes: routes ?? [{ match: { prefix: '/' }, route: { cluster: Object.keys(clusters)[0] } }], manager, listener, port })],
      clusters: Object.entries(clusters).map(([name, upstreamPort]) => ({ ...bootstraps.cluster(name, upstreamPort), ...cluster })),
    },
  };
}

export function ingress({ routes = [], manager, listener, port = 0 }: GatewayConfig, name = 'ingress'): Message {
  // Clients here wait for the end more often than they bring it about.
  const connectionManager = { ...bootstraps.connectionManager(name, routes), delayed_close_timeout: '0.05s', ...manager };
  return { ...bootstraps.plainListener(name, port, connectionManager), ...listener };
}

export class Gateway {
  readonly proxy: Proxy;

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  static async start(config: GatewayConfig, options: Partial<ProxyOptions> = {}): Promise<Gateway> {
    return new Gateway(await Proxy.start({ yaml: JSON.stringify(gatewayConfig(config)), ...options }));
  }

  port(name = 'ingress'): number {
    const bound = this.proxy.addresses().find((listener) => listener.name === name)?.address;
    if (bound?.kind !== 'ip') throw new Error(`no listener ${name}`);
    return bound.port;
  }

  connect(name?: string): Peer {
    return new Peer(connect({ port: this.port(name), host: '127.0.0.1', noDelay: true }));
  }

  /** Sends one request on a connection of its own; resolves with all that came back when the proxy has closed. */
  async exchange(bytes: string): Promise<string> {
    const peer = this.connect();
    peer.write(bytes);
    await peer.closed();
    return peer.received;
  }

  get(path: string): Promise<string> {
    return this.exchange(`GET ${path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n`);
  }

  stat(name: string): number {
    this.proxy.refreshStats();
    return this.proxy.stats.values().get(name) ?? 0;
  }

  /** Resolves when the statistic has this value. */
  untilStat(name: string, value: number): Promise<void> {
    return until(() => this.stat(name) === value, () => `${name} is ${this.stat(name)}, not ${value}`);
  }

  close(): Promise<void> {
    return this.proxy.close();
  }
}

/** Ends what hangs; a busy machine must not reach it. */
const LIMIT_MS = 20_000;

/** Looks again after each turn of the event loop, for what no event tells. */
export async function until(holds: () => boolean, complaint: () => string): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** One end of a connection: keeps what it receives. */
export class Peer {
  received = '';
  ended = false;
  readonly socket: Socket;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
      this.#wake();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#wake();
    });
    // A reset ends the connection as a FIN does: 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(text: string | Buffer): void {
    if (!this.socket.destroyed) this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** Rejects when the connection has ended, or a while has passed, before it holds. */
  async until(holds: (received: string) => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(this.#complaint('timed out')), LIMIT_MS)));
      while (!holds(this.received)) {
        if (this.#isClosed) throw this.#complaint('closed');
        await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), late]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  has(text: string): Promise<void> {
    return this.until((received) => received.includes(text));
  }

  closed(): Promise<void> {
    return this.until(() => this.#isClosed);
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  #complaint(what: string): Error {
    return new Error(`${what} after ${JSON.stringify(this.received.slice(-2000))}`);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** What an upstream does with a request whose head has come; `from` is where the request begins in what the peer has received. */
export type Answer = (peer: Peer, path: string, from: number) => void;

/** An upstream that keeps each byte and reads messages with a parser of its own. */
export class RawUpstream {
  readonly connections: Peer[] = [];
  /** Request lines, in the order in which they came. */
  readonly requests: string[] = [];
  answer: Answer = answerWithPath;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      const peer = new Peer(socket);
      this.connections.push(peer);
      let at = 0;
      socket.on('data', () => {
        for (;;) {
          const end = requestEnd(peer.received, at);
          if (end === undefined) return;
          const line = peer.received.slice(at, peer.received.indexOf('\r\n', at));
          this.requests.push(line);
          this.answer(peer, line.split(' ')[1] ?? '', at);
          at = end;
        }
      });
    });
  }

  static async start(): Promise<RawUpstream> {
    const upstream = new RawUpstream();
    upstream.#server.listen(0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get received(): string {
    return this.connections.map((peer) => peer.received).join('');
  }

  /** The connection on which the head of a request for `path` has come. */
  async receiving(path: string): Promise<Peer> {
    const find = (): Peer | undefined => this.connections.find((peer) => new RegExp(` ${path} [^]*\\r\\n\\r\\n`).test(peer.received));
    await until(() => find() !== undefined, () => `no request for ${path}`);
    return find()!;
  }

  get open(): number {
    return this.connections.filter((peer) => !peer.isClosed).length;
  }

  async close(): Promise<void> {
    for (const peer of this.connections) peer.socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export const answerWithPath: Answer = (peer, path) => peer.write(response(`answer to ${path}`));

export function response(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}

/** Where the request that starts at `from` ends; undefined while it is incomplete. */
function requestEnd(text: string, from: number): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n', from);
  if (headEnd < 0) return undefined;
  const head = text.slice(from, headEnd + 2);
  const start = headEnd + 4;
  if (/^transfer-encoding: *chunked\r$/im.test(head)) {
    const last = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(text.slice(start));
    return last === null ? undefined : start + last.index + last[0].length;
  }
  const end = start + Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0);
  return end > text.length ? undefined : end;
}
