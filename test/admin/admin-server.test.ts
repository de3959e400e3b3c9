import fc from 'fast-check';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AdminServer, type AdminServerOptions, MAX_CONNECTIONS, MAX_FORM_BYTES, MAX_HEAD_BYTES } from '../../src/admin/admin-server.ts';
import { AdminTraffic } from '../../src/admin/admin-traffic.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { FakeHost } from './fake-host.ts';

const LOOPBACK = { kind: 'ip', host: '127.0.0.1', port: 0, text: '127.0.0.1:0' } as const;
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

let host: FakeHost;
let server: AdminServer | undefined;

const newTraffic = (): AdminTraffic => new AdminTraffic({ stats: new SharedStatStore({ onAnnounce: () => {} }), clock: new ManualClock(), logs: [], localAddress: '192.0.2.2' });

const start = async (options: Partial<AdminServerOptions> = {}): Promise<AdminServer> => {
  const traffic = newTraffic();
  server = await AdminServer.start({ host, address: LOOPBACK, traffic, nowMs: () => NOW, ...options });
  return server;
};

beforeEach(async () => {
  host = new FakeHost();
  await start();
});

afterEach(() => server?.close());

/** Sends bytes and collects what comes back until the other end closes, or `until` has come. */
function exchange(bytes: string, until?: string): Promise<string> {
  const { address } = server!;
  return new Promise((resolve, reject) => {
    const socket = address.kind === 'pipe' ? connect(address.host) : connect(address.port, address.host);
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (until !== undefined && received.includes(until)) socket.destroy();
    });
    socket.on('close', () => resolve(received));
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(received) : reject(error)));
    socket.write(bytes, 'latin1');
  });
}

const HEAD = [
  'HTTP/1.1 200 OK',
  'content-type: text/plain; charset=UTF-8',
  'cache-control: no-cache, max-age=0',
  'x-content-type-options: nosniff',
  'date: Fri, 02 Jan 2026 03:04:05 GMT',
  'server: envoy',
];

describe('the admin server', () => {
  it('writes the head as Envoy does', async () => {
    expect(await exchange('GET /ready HTTP/1.1\r\nhost: a\r\n\r\n', 'LIVE\n\r\n0\r\n\r\n')).toBe(
      [...HEAD, 'transfer-encoding: chunked', '', '5', 'LIVE\n', '0', '', ''].join('\r\n'),
    );
  });

  it('says so when it closes, and does', async () => {
    expect(await exchange('GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toBe(
      [...HEAD, 'connection: close', 'transfer-encoding: chunked', '', '5', 'LIVE\n', '0', '', ''].join('\r\n'),
    );
  });

  it('answers HEAD without a body', async () => {
    const answer = await exchange('HEAD /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(answer).toBe([...HEAD, 'connection: close', 'transfer-encoding: chunked', '', ''].join('\r\n'));
  });

  it('answers pipelined requests in order', async () => {
    const answer = await exchange('GET /ready HTTP/1.1\r\nhost: a\r\n\r\nGET /hot_restart_version HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(answer.indexOf('LIVE')).toBeGreaterThan(0);
    expect(answer.indexOf('disabled')).toBeGreaterThan(answer.indexOf('LIVE'));
  });

  it.each(['*', 'http://a/ready'])('has nothing at %s, which is no path', async (target) => {
    const answer = await exchange(`GET ${target} HTTP/1.1\r\nhost: a\r\n\r\nGET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 404 Not Found\r\ndate: [^\r]*\r\nserver: envoy\r\ncontent-length: 0\r\n\r\nHTTP\/1.1 200 /);
  });

  it('refuses a request without host, and says no more', async () => {
    expect(await exchange('GET /ready HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400 Bad Request\r\ndate: [^\r]*\r\nserver: envoy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n$/);
  });

  it.each(['/ready#top', '/a%00'])('refuses %s and says no more', async (target) => {
    const answer = await exchange(`GET ${target} HTTP/1.1\r\nhost: a\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\ndate: [^\r]*\r\nserver: envoy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n$/);
  });

  it('says twice that an error of /config_dump is of the type it says, as Envoy does', async () => {
    const answer = await exchange('GET /config_dump?resource=nothing HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 404 Not Found\r\nx-content-type-options: nosniff\r\ncontent-type: text\/plain\r\ncache-control: no-cache, max-age=0\r\nx-content-type-options: nosniff\r\n/);
    const pattern = await exchange('GET /config_dump?name_regex=( HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(pattern).toMatch(/^HTTP\/1.1 400 Bad Request\r\ncontent-type: text\/plain\r\n/);
  });

  it('reads parameters of /stats from the query only', async () => {
    const answer = await exchange('POST /stats HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 11\r\nconnection: close\r\n\r\nformat=json');
    expect(answer).toContain('content-type: text/plain; charset=UTF-8\r\n');
  });

  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400],
    ['a method nobody knows', 'FOO /ready HTTP/1.1\r\nhost: a\r\n\r\n', 400],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n', 400],
    ['two lengths', 'POST /ready HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['HTTP/1.0', 'GET /ready HTTP/1.0\r\n\r\n', 426],
    ['a head beyond the limit', `GET /ready HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(MAX_HEAD_BYTES)}\r\n\r\n`, 431],
  ])('refuses %s and closes', async (_name, bytes, status) => {
    const answer = await exchange(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('connection: close\r\n\r\n');
    expect(await exchange('GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toContain('LIVE');
  });

  it.each(['CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n', 'nonsense\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n'])('lives on when its refusal of %j cannot be written', async (bytes) => {
    await server!.close();
    const traffic = newTraffic();
    const accepted = vi.spyOn(traffic, 'onConnection');
    await start({ traffic });
    await exchange(bytes);
    const [[socket]] = accepted.mock.calls as [[Socket]];
    // Throws where nobody listens.
    socket.emit('error', new Error('write ECONNRESET'));
  });

  it('refuses a form beyond the limit, and drops a body that nobody wants', async () => {
    const size = MAX_FORM_BYTES + 1;
    const post = (type: string): string => `POST /reset_counters HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\ncontent-length: ${size}\r\nconnection: close\r\n\r\n${'a'.repeat(size)}`;
    expect(await exchange(post('application/x-www-form-urlencoded'))).toMatch(/^(HTTP\/1.1 413 |$)/);
    expect(await exchange(post('text/plain'))).toContain('OK\n');
  });

  it('has a limit of connections, beyond which it answers nobody until one goes', { timeout: 30_000 }, async () => {
    const ask = 'GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
    const { address } = server!;
    if (address.kind !== 'ip') throw new Error('a loopback address');
    const held = await Promise.all(
      Array.from({ length: MAX_CONNECTIONS }, async () => {
        const socket = connect(address.port, address.host);
        await once(socket, 'connect');
        return socket;
      }),
    );
    try {
      expect(await exchange(ask)).toBe('');
      held.pop()!.destroy();
      await expect.poll(() => exchange(ask)).toContain('LIVE');
    } finally {
      for (const socket of held) socket.destroy();
    }
  });

  it('reads parameters from a form', async () => {
    host.layers = [{ name: 'admin', entries: new Map() }];
    const form = 'a=1&b=%41';
    await exchange(`POST /runtime_modify HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${form.length}\r\nconnection: close\r\n\r\n${form}`);
    expect([...host.layers[0]!.entries]).toEqual([
      ['a', { text: '1' }],
      ['b', { text: 'A' }],
    ]);
  });

  it('quits after its answer, once', async () => {
    const answer = await exchange('POST /quitquitquit HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(answer).toContain('OK\n');
    await expect.poll(() => host.done).toEqual(['quit']);
  });

  it('ends an answer whose command throws, says so in the log and goes on', async () => {
    host.memory = () => {
      throw new Error('no memory');
    };
    await exchange('GET /memory HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(host.logged.join()).toMatch(/GET \/memory: Error: no memory/);
    expect(await exchange('GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toContain('LIVE');
  });

  it('asks for the chunks of a large answer only as its client takes them', async () => {
    const { stats } = host;
    let made = 0;
    stats.prometheus.render = function* () {
      while (made < 500) {
        made++;
        yield 'x'.repeat(64 * 1024);
      }
    };
    const { address } = server!;
    const socket = connect(address.port, address.host);
    socket.write('GET /stats/prometheus?filter=x HTTP/1.1\r\nhost: a\r\n\r\n');
    await new Promise((resolve) => socket.once('readable', resolve));
    const atFirst = made;
    expect(atFirst).toBeLessThan(500);
    socket.destroy();
    await expect.poll(() => made).toBeLessThan(500);
  });

  it('lets other work in between the chunks of a large answer', async () => {
    let turns = 0;
    let ended = false;
    const count = (): void => {
      turns++;
      if (!ended) setImmediate(count);
    };
    host.stats.prometheus.render = function* () {
      count();
      for (let chunk = 0; chunk < 50; chunk++) yield 'x'.repeat(40_000);
      ended = true;
    };
    await exchange('GET /stats/prometheus?filter=x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(turns).toBeGreaterThanOrEqual(50);
  });

  it('stays up whatever bytes come', { timeout: 30_000 }, async () => {
    const piece = fc.oneof(
      fc.constantFrom('GET ', 'POST ', '/stats', '/config_dump', '?filter=(', '?mask=a.b,c', ' HTTP/1.1\r\n', 'host: a\r\n', '\r\n', 'content-length: 5\r\n', '%', '\0', '/../', 'connection: close\r\n'),
      fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await exchange(`${pieces.join('')}\r\n\r\nX\r\n\r\n`, '\r\n\r\n');
      }),
      { numRuns: 60 },
    );
    expect(host.logged).toEqual([]);
    expect(await exchange('GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toContain('LIVE');
  });
});

describe('the address of the admin server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'admin-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has the port that was found for port 0', () => {
    expect(server!.address.port).toBeGreaterThan(0);
    expect(server!.address.text).toBe(`127.0.0.1:${server!.address.port}`);
  });

  it('may be a Unix socket, with a mode', async () => {
    await server!.close();
    const path = join(folder, 'a.sock');
    await start({ address: { kind: 'pipe', host: path, port: 0, text: path }, socketMode: 0o600 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await exchange('GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toContain('LIVE');
  });

  it('is not taken from a server that lives', async () => {
    await server!.close();
    const path = join(folder, 'b.sock');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await expect(start({ address: { kind: 'pipe', host: path, port: 0, text: path } })).rejects.toThrow('EADDRINUSE');
    other.close();
  });
});
