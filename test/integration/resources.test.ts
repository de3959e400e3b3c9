import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gateway, response, TRANSPORTS, until } from './gateway.ts';

const ROUNDS = 200;
const REQUEST = 'GET / HTTP/1.1\r\nHost: gateway\r\n\r\n';
const LAST_REQUEST = 'GET / HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n';
const IMPATIENT_REQUEST = 'GET /impatient HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n';

const GAUGES = [
  'listener.127.0.0.1_0.downstream_cx_active',
  'http.ingress.downstream_cx_active',
  'http.ingress.downstream_rq_active',
  'cluster.origin.upstream_cx_active',
  'cluster.origin.upstream_rq_active',
  'cluster.origin.upstream_rq_pending_active',
  'cluster.origin.circuit_breakers.default.cx_open',
  'cluster.origin.circuit_breakers.default.rq_open',
  'cluster.origin.circuit_breakers.default.rq_pending_open',
];

const answer = (socket: Socket): void => void socket.write(response('ok'));

/** An upstream that keeps nothing. */
class Origin {
  onRequest: (socket: Socket) => void = answer;
  readonly #open = new Set<Socket>();
  readonly #server: Server = createServer({ noDelay: true }, (socket) => {
    this.#open.add(socket);
    socket.on('data', () => this.onRequest(socket));
    socket.on('error', () => {});
    socket.on('close', () => this.#open.delete(socket));
  });

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  endConnections(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async close(): Promise<void> {
    this.endConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
};

/** Sockets and timers of this process. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = { TCPSocketWrap: 0, TCPServerWrap: 0, ConnectWrap: 0, Timeout: 0 };
  for (const kind of process.getActiveResourcesInfo()) if (kind in counts) counts[kind]!++;
  return counts;
}

describe.each(TRANSPORTS)('resources (%s transport)', (transport) => {
  const origin = new Origin();
  let gateway: Gateway;

  beforeAll(async () => {
    await origin.start();
    gateway = await Gateway.start(
      {
        clusters: { origin: origin.port },
        routes: [
          { match: { prefix: '/impatient' }, route: { cluster: 'origin', timeout: '0.05s' } },
          { match: { prefix: '/' }, route: { cluster: 'origin' } },
        ],
        cluster: { circuit_breakers: { thresholds: [{ max_connections: 20, max_pending_requests: 20, max_requests: 1000 }] } },
      },
      { transport },
    );
  });

  afterAll(async () => {
    await gateway.close();
    await origin.close();
  });

  /** Connects, does as told, and resolves when the connection has ended. */
  const visit = (onConnected: (socket: Socket) => void, onAnswer: (socket: Socket, text: string) => void = () => {}): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ port: gateway.port(), host: '127.0.0.1', noDelay: true });
      let text = '';
      socket.on('connect', () => onConnected(socket));
      socket.on('data', (bytes) => onAnswer(socket, (text += bytes.toString('latin1'))));
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });

  const visitors = async (concurrent: number, one: () => Promise<string>): Promise<string[]> => {
    const texts: string[] = [];
    let left = ROUNDS;
    const work = async (): Promise<void> => {
      while (left-- > 0) texts.push(await one());
    };
    await Promise.all(Array.from({ length: concurrent }, work));
    return texts;
  };

  /** Pooled connections to the upstream may stay: it ends them, and then nothing may be left. */
  const expectRest = async (): Promise<void> => {
    const complaint = (): string => JSON.stringify(GAUGES.map((name) => [name, gateway.stat(name)]));
    const upstreamConnections = 'cluster.origin.upstream_cx_active';
    await until(() => GAUGES.every((name) => name === upstreamConnections || gateway.stat(name) === 0), complaint);
    await until(() => {
      // Again, because connections that nobody waits for any more may still be on their way.
      origin.endConnections();
      return GAUGES.every((name) => gateway.stat(name) === 0);
    }, complaint);
    expect(await gateway.proxy.countConnections()).toBe(0);
  };

  const get = (): Promise<string> => visit((socket) => socket.write(LAST_REQUEST));
  const getImpatiently = (): Promise<string> => visit((socket) => socket.write(IMPATIENT_REQUEST));

  it('are free again after answered requests', async () => {
    origin.onRequest = answer;
    const texts = await visitors(10, get);
    expect(texts.filter((text) => !text.startsWith('HTTP/1.1 200 '))).toEqual([]);
    expect(texts).toHaveLength(ROUNDS);
    await expectRest();
  });

  it('are free again after clients that vanish before the answer', async () => {
    let asked = 0;
    origin.onRequest = (): void => void asked++;
    const waiting = new Set<Socket>();
    const before = gateway.stat('http.ingress.downstream_cx_destroy_remote_active_rq');
    const visits = visitors(10, () =>
      visit((socket) => {
        socket.write(REQUEST);
        waiting.add(socket);
      }),
    );
    // Wherever its request is: on its way, in the queue, or at the upstream.
    const leave = setInterval(() => {
      for (const socket of waiting) socket.resetAndDestroy();
      waiting.clear();
    }, 2);
    await visits;
    clearInterval(leave);
    expect(asked).toBeGreaterThan(0);
    await expectRest();
    expect(gateway.stat('http.ingress.downstream_cx_destroy_remote_active_rq')).toBeGreaterThan(before);
  });

  it('are free again after clients that vanish in the middle of the answer', async () => {
    origin.onRequest = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf');
    await visitors(10, () => visit((socket) => socket.write(REQUEST), (socket) => void socket.resetAndDestroy()));
    await expectRest();
  });

  it('are free again after clients that vanish in the middle of the request', async () => {
    origin.onRequest = (socket) => void socket.destroy();
    await visitors(10, () =>
      visit((socket) => {
        socket.write('POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\nhalf');
        socket.end();
      }),
    );
    await expectRest();
  });

  it('are free again after clients that say nothing, or half a head', async () => {
    await visitors(10, () => visit((socket) => socket.end()));
    await visitors(10, () => visit((socket) => socket.end('GET / HTTP/1.1\r\nHo')));
    await visitors(10, () => visit((socket) => void socket.write('nonsense\r\n\r\n')));
    await expectRest();
  });

  it('are free again after upstreams that vanish before the answer', async () => {
    origin.onRequest = (socket) => void socket.resetAndDestroy();
    const texts = await visitors(10, get);
    expect(texts.filter((text) => text.startsWith('HTTP/1.1 503 '))).toHaveLength(ROUNDS);
    await expectRest();
  });

  it('are free again after upstreams that vanish in the middle of the answer', async () => {
    origin.onRequest = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf', () => socket.resetAndDestroy());
    await visitors(10, get);
    await expectRest();
  });

  it('are free again after timeouts', async () => {
    origin.onRequest = () => {};
    const texts = await visitors(20, getImpatiently);
    expect(texts.filter((text) => text.startsWith('HTTP/1.1 504 '))).toHaveLength(ROUNDS);
    await expectRest();
  });

  it('are free again after requests that found the limits reached', async () => {
    origin.onRequest = () => {};
    const texts = await visitors(100, getImpatiently);
    const refused = texts.filter((text) => text.startsWith('HTTP/1.1 503 ') && text.includes('reset reason: overflow'));
    expect(refused.length).toBeGreaterThanOrEqual(60);
    expect(refused.length).toBe(gateway.stat('cluster.origin.upstream_rq_pending_overflow'));
    await expectRest();
  });

  it('do not grow with the number of connections that have come and gone', async () => {
    origin.onRequest = answer;
    for (let i = 0; i < 5; i++) await visitors(10, get);
    await expectRest();
    const before = handles();
    collectGarbage();
    const heap = process.memoryUsage().heapUsed;
    for (let i = 0; i < 10; i++) await visitors(10, get);
    await expectRest();
    collectGarbage();
    const grown = process.memoryUsage().heapUsed - heap;
    // Half of what the smallest object that stays for each connection would take.
    expect(grown / (10 * ROUNDS)).toBeLessThan(200);
    await until(() => JSON.stringify(handles()) === JSON.stringify(before), () => JSON.stringify([before, handles()]));
  }, 30_000);
});

describe.each(TRANSPORTS)('the end of a proxy (%s transport)', (transport) => {
  it('leaves no socket and no timer, whatever was under way', async () => {
    const origin = new Origin();
    origin.onRequest = () => {};
    await origin.start();
    const gateway = await Gateway.start({ clusters: { origin: origin.port } }, { transport });
    const clients = [LAST_REQUEST, REQUEST, 'GET / HT', '', 'POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 9\r\n\r\nhalf'].map((bytes) => {
      const client = gateway.connect();
      client.write(bytes);
      return client;
    });
    await gateway.untilStat('http.ingress.downstream_cx_active', clients.length);
    await gateway.untilStat('cluster.origin.upstream_rq_active', 3);
    await gateway.close();
    await Promise.all(clients.map((client) => client.closed()));
    await origin.close();
    await until(() => Object.values(handles()).every((count) => count === 0), () => JSON.stringify(handles()));
  });
});
