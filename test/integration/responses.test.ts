import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, answerWithPath, Gateway, RawUpstream, response, TRANSPORTS } from './gateway.ts';

/** What a client must never get: an answer that an upstream sent without having been asked. */
const POISON = response('poison');
const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;
const chunked = (body: string): string => ok('Transfer-Encoding: chunked\r\n', body);

/** What the client gets: a status, and whether the message comes to its proper end. */
type Fate = 'whole' | 'cut' | number;

const RESPONSES: readonly (readonly [title: string, fate: Fate, bytes: string])[] = [
  // Sound, and then more than was asked for
  ['a second response', 'whole', response('first') + POISON],
  ['two more responses', 'whole', response('first') + POISON + POISON],
  ['a body longer than its length', 'whole', ok('Content-Length: 5\r\n', `first${POISON}`)],
  ['a response and half of another', 'whole', response('first') + POISON.slice(0, 20)],
  ['a response and an empty line', 'whole', `${response('first')}\r\n`],
  ['a second response after chunks', 'whole', chunked('5\r\nfirst\r\n0\r\n\r\n') + POISON],
  ['a second response after trailers', 'whole', chunked('5\r\nfirst\r\n0\r\nX-A: b\r\n\r\n') + POISON],
  ['a body of a 204', 'whole', `HTTP/1.1 204 No Content\r\n\r\n${POISON}`],
  ['a body of a 304', 'whole', `HTTP/1.1 304 Not Modified\r\nContent-Length: ${POISON.length}\r\n\r\n${POISON}`],
  ['a final response after another and an interim one', 'whole', `${response('first')}HTTP/1.1 100 Continue\r\n\r\n${POISON}`],
  // Broken heads
  ['a length with a sign', 502, ok('Content-Length: +5\r\n', 'first')],
  ['a length below zero', 502, ok('Content-Length: -1\r\n', 'first')],
  ['unequal lengths', 502, ok('Content-Length: 5\r\nContent-Length: 6\r\n', 'first')],
  ['a list of lengths', 502, ok('Content-Length: 5, 6\r\n', 'first')],
  ['a coding nobody knows', 502, ok('Transfer-Encoding: xchunked\r\n', 'first')],
  ['two codings', 502, ok('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['white space before a colon', 502, ok('Content-Length : 5\r\n', 'first')],
  ['a NUL in a value', 502, ok('X-A: b\0c\r\nContent-Length: 0\r\n')],
  ['a line without a colon', 502, ok('nonsense\r\n')],
  ['too large a head', 502, ok(`X-A: ${'b'.repeat(90_000)}\r\n`)],
  ['too many fields', 502, ok('X-A: b\r\n'.repeat(200))],
  ['no status line', 502, `nonsense\r\n\r\n${POISON}`],
  ['a status that is no number', 502, `HTTP/1.1 abc OK\r\n\r\n${POISON}`],
  ['a coding of a 204', 502, `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${POISON}`],
  ['a length of a 100', 502, `HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nfirst${POISON}`],
  ['interim responses without end', 502, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(200) + POISON],
  // Broken bodies: their heads have been passed on
  ['a size that is no number', 'cut', chunked(`x\r\nfirst\r\n0\r\n\r\n${POISON}`)],
  ['a size below zero', 'cut', chunked(`-5\r\nfirst\r\n0\r\n\r\n${POISON}`)],
  ['a size beyond 64 bits', 'cut', chunked(`10000000000000005\r\nfirst\r\n0\r\n\r\n${POISON}`)],
  ['a size that is too small', 'cut', chunked(`4\r\nfirst\r\n0\r\n\r\n${POISON}`)],
  ['a chunk that ends in other bytes', 'cut', chunked(`5\r\nfirstXX0\r\n\r\n${POISON}`)],
  ['an extension that ends in a bare LF', 'cut', chunked(`5;a\nfirst\r\n0\r\n\r\n${POISON}`)],
  ['a broken trailer', 'cut', chunked(`5\r\nfirst\r\n0\r\nnonsense\r\n\r\n${POISON}`)],
];

describe.each(TRANSPORTS)('a misbehaving upstream (%s transport)', (transport) => {
  let upstream: RawUpstream;
  let gateway: Gateway;
  let count = 0;

  beforeAll(async () => {
    upstream = await RawUpstream.start();
    gateway = await Gateway.start({ clusters: { origin: upstream.port } }, { transport });
  });

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  /** The upstream answers requests for `path` so, and all others well. */
  const answerOnce = (path: string, answer: Answer): void => {
    upstream.answer = (peer, asked, from) => (asked === path ? answer(peer, asked, from) : answerWithPath(peer, asked, from));
  };
  const expectOwnAnswers = async (): Promise<void> => {
    const paths = Array.from({ length: 3 }, () => `/clean-${transport}-${++count}`);
    const answers = await Promise.all(paths.map((path) => gateway.get(path)));
    answers.forEach((answer, index) => expect(answer.endsWith(`\r\n\r\nanswer to ${paths[index]}`)).toBe(true));
  };

  it.each(RESPONSES)('%s: the connection is not used again', async (_, fate, bytes) => {
    const path = `/bad-${transport}-${++count}`;
    answerOnce(path, (peer) => peer.write(bytes));
    const answer = await gateway.get(path);
    expect(answer).not.toContain('poison');
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer.replace(/^(?:HTTP\/1\.1 1\d\d [^]*?\r\n\r\n)+/, ''))?.[1]);
    if (typeof fate === 'number') expect(status).toBe(fate);
    else expect([200, 204, 304]).toContain(status);
    if (fate === 'whole' && status === 200) expect(answer).toMatch(/\r\n\r\n(?:5\r\nfirst\r\n0\r\n(?:x-a: b\r\n)?\r\n|first)$/);
    if (fate === 'cut') expect(answer).not.toMatch(/0\r\n\r\n$/);
    await (await upstream.receiving(path)).closed();
    await expectOwnAnswers();
  });

  it.each([
    ['GET', response('first')],
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n'],
  ])('drops an idle connection on which bytes come after the answer to %s', async (method, bytes) => {
    const path = `/late-${transport}-${++count}`;
    answerOnce(path, (peer) => peer.write(bytes));
    const answer = await gateway.exchange(`${method} ${path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    const peer = await upstream.receiving(path);
    expect(peer.isClosed).toBe(false);
    peer.write(POISON);
    await peer.closed();
    await expectOwnAnswers();
  });

  it('reads no body in the answer to HEAD, whatever comes', async () => {
    const path = `/head-${transport}`;
    answerOnce(path, (peer) => peer.write(response('poison')));
    const answer = await gateway.exchange(`HEAD ${path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*content-length: 6\r\n[^]*\r\n\r\n$/);
    await (await upstream.receiving(path)).closed();
    await expectOwnAnswers();
  });

  it('cuts the answer short whose upstream closes before the body is complete', async () => {
    const path = `/short-${transport}`;
    answerOnce(path, (peer) => {
      peer.write(ok('Content-Length: 50\r\n', 'first'));
      peer.socket.end();
    });
    const answer = await gateway.get(path);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*content-length: 50\r\n[^]*\r\n\r\nfirst$/);
    await expectOwnAnswers();
  });

  it('uses a connection again after a sound answer, and after interim ones', async () => {
    const path = `/sound-${transport}`;
    answerOnce(path, (peer) => peer.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${response('first')}`));
    const answer = await gateway.get(path);
    expect(answer).toMatch(/first$/);
    const peer = await upstream.receiving(path);
    const before = upstream.connections.length;
    expect(await gateway.get('/again')).toMatch(/answer to \/again$/);
    expect([peer.isClosed, upstream.connections.length]).toEqual([false, before]);
  });

  it('never gives one client the answer of another whose request has been given up', async () => {
    const path = `/given-up-${transport}`;
    answerOnce(path, () => {});
    const client = gateway.connect();
    client.write(`GET ${path} HTTP/1.1\r\nHost: gateway\r\n\r\n`);
    const peer = await upstream.receiving(path);
    client.reset();
    await peer.closed();
    peer.write(POISON);
    await expectOwnAnswers();
  });
});

describe.each(TRANSPORTS)('a request that waits for the only connection (%s transport)', (transport) => {
  const ENDINGS: readonly (readonly [title: string, bytes: string])[] = [
    ['a length', response('first')],
    ['chunks', chunked('5\r\nfirst\r\n0\r\n\r\n')],
    ['trailers', chunked('5\r\nfirst\r\n0\r\nX-A: b\r\n\r\n')],
    ['no body', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ];

  it.each(ENDINGS)('does not get the surplus that follows a response with %s', async (_, bytes) => {
    const upstream = await RawUpstream.start();
    upstream.answer = () => {};
    const gateway = await Gateway.start({ clusters: { origin: upstream.port }, cluster: { circuit_breakers: { thresholds: [{ max_connections: 1 }] } } }, { transport });
    const first = gateway.get('/first');
    const peer = await upstream.receiving('/first');
    const second = gateway.get('/second');
    await gateway.untilStat('cluster.origin.upstream_rq_pending_active', 1);
    upstream.answer = answerWithPath;
    peer.write(bytes + POISON);
    expect(await first).toMatch(/^HTTP\/1\.1 20[04] /);
    expect(await second).toMatch(/\r\n\r\nanswer to \/second$/);
    await peer.closed();
    expect(peer.received).not.toContain('/second');
    await gateway.close();
    await upstream.close();
  });
});
