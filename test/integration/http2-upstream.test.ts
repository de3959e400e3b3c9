import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Gateway, TRANSPORTS, until } from './gateway.ts';

const MIB = 2 ** 20;
const WINDOW_BYTES = 65_535;
const BODY_BYTES = 16 * MIB;
/** Far more than the windows, what the gateway may hold and what the sockets of both ends hold; far less than the body. */
const HELD_BYTES = 8 * MIB;
const CHUNK = Buffer.alloc(16_384, 'x');

/** `/large` answers with a large body as fast as it goes; `/stuck` does not read what it is sent; anything else answers at once. */
class Origin {
  readonly sessions: ServerHttp2Session[] = [];
  sent = 0;
  received = 0;
  stuck: ServerHttp2Stream | undefined;
  readonly #server: Http2Server = createServer({ settings: { initialWindowSize: WINDOW_BYTES } });

  static async start(): Promise<Origin> {
    const origin = new Origin();
    origin.#server.on('session', (session) => origin.sessions.push(session));
    origin.#server.on('stream', (stream, headers) => origin.#answer(stream, headers[':path']!));
    origin.#server.listen(0, '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #answer(stream: ServerHttp2Stream, path: string): void {
    stream.on('error', () => {});
    if (path === '/stuck') {
      this.stuck = stream;
      return;
    }
    stream.respond({ ':status': 200 });
    if (path === '/large') this.#fill(stream);
    else stream.end('small');
  }

  #fill(stream: ServerHttp2Stream): void {
    while (this.sent < BODY_BYTES) {
      this.sent += CHUNK.length;
      if (!stream.write(CHUNK)) {
        stream.once('drain', () => this.#fill(stream));
        return;
      }
    }
    stream.end();
  }

  /** Reads what was held back. */
  release(): void {
    const stream = this.stuck!;
    stream.on('data', (bytes: Buffer) => (this.received += bytes.length));
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end('got it');
    });
  }

  close(): void {
    for (const session of this.sessions) session.destroy();
    this.#server.close();
  }
}

describe.each(TRANSPORTS)('an HTTP/2 upstream (%s transport)', (transport) => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function start(): Promise<{ origin: Origin; gateway: Gateway }> {
    const origin = await Origin.start();
    ends.push(() => origin.close());
    const cluster = { http2_protocol_options: { initial_stream_window_size: WINDOW_BYTES } };
    const gateway = await Gateway.start({ clusters: { origin: origin.port }, cluster, listener: { per_connection_buffer_limit_bytes: WINDOW_BYTES } }, { transport });
    ends.push(() => gateway.close());
    return { origin, gateway };
  }

  it('waits with a response whose client does not read, and goes on with others on the same connection', async () => {
    const { origin, gateway } = await start();
    const slow = connect(gateway.port(), '127.0.0.1');
    slow.write('GET /large HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n');
    await gateway.untilStat('cluster.origin.upstream_flow_control_paused_reading_total', 1);
    expect(await gateway.get('/')).toMatch(/small\r\n0\r\n\r\n$/);
    expect(origin.sent).toBeLessThan(HELD_BYTES);
    expect(origin.sessions).toHaveLength(1);
    let last: Buffer = CHUNK;
    slow.on('data', (bytes: Buffer) => (last = bytes));
    await once(slow, 'close');
    expect(slow.bytesRead).toBeGreaterThan(BODY_BYTES);
    expect(last.toString('latin1')).toMatch(/\r\n0\r\n\r\n$/);
    expect(gateway.stat('cluster.origin.upstream_rq_active')).toBe(0);
  });

  it('that does not read stops the client that sends, and no other', async () => {
    const { origin, gateway } = await start();
    const sender = gateway.connect();
    sender.write(`POST /stuck HTTP/1.1\r\nHost: gateway\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
    sender.write(Buffer.alloc(BODY_BYTES, 'x'));
    await gateway.untilStat('cluster.origin.upstream_flow_control_backed_up_total', 1);
    expect(await gateway.get('/')).toMatch(/small\r\n0\r\n\r\n$/);
    expect(sender.socket.bytesWritten - sender.socket.writableLength).toBeLessThan(BODY_BYTES);
    expect(sender.socket.writableLength).toBeGreaterThan(0);
    origin.release();
    await sender.has('got it');
    await until(() => origin.received === BODY_BYTES, () => `${origin.received} bytes came`);
    expect(gateway.stat('cluster.origin.upstream_flow_control_drained_total')).toBeGreaterThan(0);
    sender.socket.destroy();
  });
});
