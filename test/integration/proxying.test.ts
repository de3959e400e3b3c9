import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerWithPath, Gateway, RawUpstream, response, TRANSPORTS, until } from './gateway.ts';
import { PouringSource } from './pouring-source.ts';

const HOST = 'Host: gateway\r\n';
const MIB = 1024 * 1024;
const SIZES = [0, 1, 8191, 8192, 65_535, 65_536, 65_537, 5_000_000];
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes whose every window differs, so that a lost, doubled or exchanged piece shows. */
function bodyOf(size: number): Buffer {
  const body = Buffer.alloc(size);
  let state = 12_345;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    body[at] = state >>> 16;
  }
  return body;
}

describe.each(TRANSPORTS)('bodies (%s transport)', (transport) => {
  let origin: http.Server;
  let gateway: Gateway;
  let agent: http.Agent;

  beforeAll(async () => {
    // Sends back what it gets, framed as it came.
    origin = http.createServer((request, reply) => {
      const length = request.headers['content-length'];
      if (length !== undefined) reply.setHeader('content-length', length);
      reply.setHeader('x-framing', length === undefined ? String(request.headers['transfer-encoding']) : 'length');
      request.pipe(reply);
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    // An echo begins before its request has ended, so its connection closes behind it: a busy machine may take its time until all is read.
    gateway = await Gateway.start({ clusters: { origin: (origin.address() as AddressInfo).port }, manager: { delayed_close_timeout: '10s' } }, { transport });
    agent = new http.Agent({ keepAlive: true });
  });

  afterAll(async () => {
    agent.destroy();
    await gateway.close();
    origin.close();
    await once(origin, 'close');
  });

  const echo = async (body: Buffer, headers: http.OutgoingHttpHeaders): Promise<{ reply: http.IncomingMessage; bytes: Buffer }> => {
    const request = http.request({ port: gateway.port(), host: '127.0.0.1', method: 'POST', agent, headers });
    request.end(body);
    const [reply] = (await once(request, 'response')) as [http.IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of reply) chunks.push(chunk as Buffer);
    return { reply, bytes: Buffer.concat(chunks) };
  };

  it.each(SIZES)('of %i bytes pass both ways with a length', async (size) => {
    const body = bodyOf(size);
    const { reply, bytes } = await echo(body, { 'content-length': size });
    expect([reply.statusCode, reply.headers['x-framing'], reply.headers['content-length']]).toEqual([200, 'length', String(size)]);
    expect([bytes.length, hash(bytes)]).toEqual([size, hash(body)]);
  });

  it.each(SIZES)('of %i bytes pass both ways in chunks', async (size) => {
    const body = bodyOf(size);
    const { reply, bytes } = await echo(body, { 'transfer-encoding': 'chunked' });
    expect([reply.statusCode, reply.headers['x-framing']]).toEqual([200, 'chunked']);
    // An origin that knows that it has nothing to say says so with a length.
    expect(reply.headers['transfer-encoding']).toBe(size === 0 ? undefined : 'chunked');
    expect([bytes.length, hash(bytes)]).toEqual([size, hash(body)]);
  });

  it('of many requests at once do not mix', async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => bodyOf(1000 * index + 8).fill(index, 0, 8));
    const echoes = await Promise.all(bodies.map((body, index) => echo(body, index % 2 === 0 ? { 'content-length': body.length } : { 'transfer-encoding': 'chunked' })));
    expect(echoes.map(({ bytes }) => hash(bytes))).toEqual(bodies.map(hash));
  });
});

describe.each(TRANSPORTS)('messages (%s transport)', (transport) => {
  let upstream: RawUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await RawUpstream.start();
    gateway = await Gateway.start({ clusters: { origin: upstream.port } }, { transport });
  });

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  const answering = (bytes: string): void => {
    upstream.answer = (peer) => peer.write(bytes);
  };

  it('answers fifty pipelined requests in their order', async () => {
    upstream.answer = answerWithPath;
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const requests = paths.map((path, index) => `GET ${path} HTTP/1.1\r\n${HOST}${index === 49 ? 'Connection: close\r\n' : ''}\r\n`);
    const answer = await gateway.exchange(requests.join(''));
    expect(answer.match(/answer to \S+?(?=HTTP|$)/g)).toEqual(paths.map((path) => `answer to ${path}`));
  });

  it('answers pipelined requests with bodies in their order', async () => {
    upstream.answer = answerWithPath;
    const requests = Array.from({ length: 25 }, (_, index) =>
      index % 2 === 0
        ? `POST /${index} HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nGET / HTT`
        : `POST /${index} HTTP/1.1\r\n${HOST}${index === 24 ? 'Connection: close\r\n' : ''}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    );
    const answer = await gateway.exchange(`${requests.join('')}GET /last HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect(answer.match(/answer to \S+?(?=HTTP|$)/g)).toEqual([...requests.map((_, index) => `answer to /${index}`), 'answer to /last']);
  });

  it('keeps both connections for the requests that follow, and closes when the client asks for it', async () => {
    upstream.answer = answerWithPath;
    await gateway.get('/warm');
    const connections = upstream.connections.length;
    const client = gateway.connect();
    for (let i = 0; i < 10; i++) {
      client.write(`GET /kept-${i} HTTP/1.1\r\n${HOST}\r\n`);
      await client.has(`answer to /kept-${i}`);
    }
    client.write(`GET /last HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    await client.closed();
    expect(client.received).toMatch(/connection: close\r\n[^]*answer to \/last$/);
    expect(upstream.connections.length).toBe(connections);
  });

  it('opens another connection after an upstream that closes its own', async () => {
    answering(response('bye', 'Connection: close\r\n'));
    const before = upstream.connections.length;
    for (let i = 0; i < 3; i++) expect(await gateway.get('/')).toMatch(/bye$/);
    expect(upstream.connections.length).toBeGreaterThanOrEqual(before + 2);
    for (const peer of upstream.connections.slice(before)) await peer.closed();
  });

  it.each([
    ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', /^HTTP\/1\.1 200 [^]*content-length: 500\r\n/],
    ['HEAD with chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', /^HTTP\/1\.1 200 /],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', /^HTTP\/1\.1 204 /],
    ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n', /^HTTP\/1\.1 304 /],
  ])('sees no body in the answer to %s', async (_, method, bytes, head) => {
    answering(bytes);
    const client = gateway.connect();
    client.write(`${method} /bodyless HTTP/1.1\r\n${HOST}\r\n`);
    await client.has('\r\n\r\n');
    expect(client.received).toMatch(head);
    expect(client.received).toMatch(/\r\n\r\n$/);
    upstream.answer = answerWithPath;
    const before = client.received.length;
    client.write(`GET /after HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    await client.closed();
    expect(client.received.slice(before)).toMatch(/^HTTP\/1\.1 200 [^]*answer to \/after$/);
  });

  it('tells a client that waits for it to go on, before the upstream has answered', async () => {
    upstream.answer = answerWithPath;
    const client = gateway.connect();
    client.write(`POST /expect HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n`);
    await client.has('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('01234');
    await client.closed();
    expect(client.received).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*answer to \/expect$/);
    const peer = await upstream.receiving('/expect');
    expect(peer.received.slice(peer.received.indexOf('/expect'))).not.toMatch(/^expect:/im);
  });

  it('passes a body on that ends with its connection', async () => {
    upstream.answer = (peer) => {
      peer.write('HTTP/1.1 200 OK\r\n\r\nuntil the end');
      peer.socket.end();
    };
    const answer = await gateway.get('/');
    expect(answer).toMatch(/transfer-encoding: chunked\r\n\r\nd\r\nuntil the end\r\n0\r\n\r\n$/);
  });

  it('gives the upstream connection up when the client is gone before the answer', async () => {
    upstream.answer = () => {};
    const client = gateway.connect();
    client.write(`GET /gone HTTP/1.1\r\n${HOST}\r\n`);
    const peer = await upstream.receiving('/gone');
    client.reset();
    await peer.closed();
    await gateway.untilStat('cluster.origin.upstream_rq_active', 0);
  });

  it('gives the upstream connection up when the client is gone in the middle of the answer', async () => {
    answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    const client = gateway.connect();
    client.write(`GET /gone-later HTTP/1.1\r\n${HOST}\r\n`);
    await client.has('half');
    client.reset();
    await (await upstream.receiving('/gone-later')).closed();
  });

  it.each(['end', 'reset'] as const)('ends the client connection when the upstream is gone in the middle of the answer (%s)', async (how) => {
    answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
    const client = gateway.connect();
    client.write(`GET /cut-${how} HTTP/1.1\r\n${HOST}\r\n`);
    await client.has('half');
    const peer = await upstream.receiving(`/cut-${how}`);
    if (how === 'end') peer.socket.end();
    else peer.reset();
    await client.closed();
    expect(client.received).not.toMatch(/0\r\n\r\n$/);
  });

  it.each(['end', 'reset'] as const)('answers 503 when the upstream is gone before the answer (%s)', async (how) => {
    upstream.answer = (peer) => void (how === 'end' ? peer.socket.end() : peer.reset());
    expect(await gateway.get('/')).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('answers 503 when nobody listens', async () => {
    const other = await RawUpstream.start();
    const { port } = other;
    await other.close();
    const alone = await Gateway.start({ clusters: { origin: port } }, { transport });
    expect(await alone.get('/')).toMatch(/^HTTP\/1\.1 503 /);
    await alone.close();
  });
});

const HTTP_OPTIONS = 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

describe.each(TRANSPORTS)('trailers (%s transport)', (transport) => {
  it.each([true, false])('pass both ways when they are enabled (%s)', async (enabled) => {
    const upstream = await RawUpstream.start();
    upstream.answer = (peer) => peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Down: down\r\n\r\n');
    const gateway = await Gateway.start(
      {
        clusters: { origin: upstream.port },
        manager: { http_protocol_options: { enable_trailers: enabled } },
        cluster: {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { '@type': HTTP_OPTIONS, explicit_http_config: { http_protocol_options: { enable_trailers: enabled } } },
          },
        },
      },
      { transport },
    );
    const answer = await gateway.exchange(`POST / HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Up: up\r\n\r\n`);
    expect(answer.endsWith(enabled ? '2\r\nok\r\n0\r\nx-down: down\r\n\r\n' : '2\r\nok\r\n0\r\n\r\n')).toBe(true);
    expect(upstream.received.endsWith(enabled ? '2\r\nhi\r\n0\r\nx-up: up\r\n\r\n' : '2\r\nhi\r\n0\r\n\r\n')).toBe(true);
    await gateway.close();
    await upstream.close();
  });
});

/** What the kernel may hold on two connections; a proxy that buffers without limit would take all of the body. */
const IN_FLIGHT_LIMIT = 40 * MIB;
const SLOW_BODY = 128 * MIB;
/** The proxy's own buffers and those of the two ends. */
const MEMORY_LIMIT = 16 * MIB;

describe.each(TRANSPORTS)('back-pressure (%s transport)', (transport) => {
  let upstream: RawUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await RawUpstream.start();
    gateway = await Gateway.start({ clusters: { origin: upstream.port }, listener: { per_connection_buffer_limit_bytes: 32_768 }, cluster: { per_connection_buffer_limit_bytes: 32_768 } }, { transport });
  });

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  it('stops reading from the upstream while the client does not read, and loses nothing', async () => {
    const source = new PouringSource(SLOW_BODY);
    upstream.answer = (peer) => {
      peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SLOW_BODY}\r\n\r\n`);
      source.pour(peer.socket);
    };
    const client = gateway.connect();
    client.socket.removeAllListeners('data');
    const before = process.memoryUsage().arrayBuffers;
    client.write(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    client.socket.pause();
    await until(() => gateway.stat('cluster.origin.upstream_flow_control_paused_reading_total') > 0, () => 'the upstream is never paused');
    await source.stalled();
    expect(source.taken).toBeLessThan(IN_FLIGHT_LIMIT);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MEMORY_LIMIT);
    let received = 0;
    client.socket.on('data', (bytes) => (received += bytes.length));
    client.socket.resume();
    await client.closed();
    expect(received).toBeGreaterThan(SLOW_BODY);
    expect(gateway.stat('cluster.origin.upstream_flow_control_resumed_reading_total')).toBeGreaterThan(0);
    expect(gateway.stat('http.ingress.downstream_flow_control_paused_reading_total')).toBe(0);
  }, 30_000);

  it('stops reading from the client while the upstream does not read, and loses nothing', async () => {
    const source = new PouringSource(SLOW_BODY);
    const client = gateway.connect();
    const before = process.memoryUsage().arrayBuffers;
    client.write(`POST /upload HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: ${SLOW_BODY}\r\n\r\n`);
    const { socket } = await upstream.receiving('/upload');
    socket.removeAllListeners('data');
    socket.pause();
    source.pour(client.socket);
    await until(() => gateway.stat('cluster.origin.upstream_flow_control_backed_up_total') > 0, () => 'the upstream is never backed up');
    expect(gateway.stat('http.ingress.downstream_flow_control_paused_reading_total')).toBeGreaterThan(0);
    await source.stalled();
    expect(source.taken).toBeLessThan(IN_FLIGHT_LIMIT);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MEMORY_LIMIT);
    let received = 0;
    socket.on('data', (bytes) => {
      received += bytes.length;
      if (received === SLOW_BODY) socket.write(response('thanks'));
    });
    socket.resume();
    await client.closed();
    expect(client.received).toMatch(/^HTTP\/1\.1 200 [^]*thanks$/);
    expect(gateway.stat('http.ingress.downstream_flow_control_resumed_reading_total')).toBeGreaterThan(0);
  }, 30_000);
});
