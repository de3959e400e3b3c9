import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gateway, RawUpstream, response, TRANSPORTS } from './gateway.ts';

/** What an attacker wants to bring past the proxy: it follows each message below. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: gateway\r\n\r\n';
const HOST = 'Host: gateway\r\n';

const get = (fields: string): string => `GET /bad HTTP/1.1\r\n${HOST}${fields}\r\n`;
const post = (fields: string, body = ''): string => `POST /bad HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

/** Each is refused with this status, and nothing of it reaches the upstream. */
const REFUSED: readonly (readonly [title: string, status: number, bytes: string])[] = [
  // Two readings of where the body ends
  ['a length and a coding', 400, post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['a coding and a length', 400, post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n')],
  ['a length 0 and a coding', 400, post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['two unequal lengths', 400, post('Content-Length: 5\r\nContent-Length: 6\r\n', '012345')],
  ['two equal lengths', 400, post('Content-Length: 5\r\nContent-Length: 5\r\n', '01234')],
  ['a list of unequal lengths', 400, post('Content-Length: 5, 6\r\n', '012345')],
  ['a list of equal lengths', 400, post('Content-Length: 5, 5\r\n', '01234')],
  ['a length with a plus', 400, post('Content-Length: +5\r\n', '01234')],
  ['a length with a minus', 400, post('Content-Length: -5\r\n', '01234')],
  ['a length in hexadecimal', 400, post('Content-Length: 0x5\r\n', '01234')],
  ['a length with a fraction', 400, post('Content-Length: 5.0\r\n', '01234')],
  ['a length with an exponent', 400, post('Content-Length: 5e0\r\n', '01234')],
  ['a length with white space inside', 400, post('Content-Length: 1 5\r\n', '01234')],
  ['a length beyond 64 bits', 400, post('Content-Length: 18446744073709551621\r\n', '01234')],
  ['a length that is empty', 400, post('Content-Length:\r\n', '01234')],
  ['a length in other digits', 400, post('Content-Length: \xb2\r\n', '01')],
  ['a length with a NUL', 400, post('Content-Length: 5\x00\r\n', '01234')],
  ['a length with a vertical tab', 400, post('Content-Length: \x0b5\r\n', '01234')],
  ['a length with an underscore', 400, post('Content-Length: 0_5\r\n', '01234')],
  ['a coding nobody knows', 501, post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
  ['identity', 501, post('Transfer-Encoding: identity\r\n', '0\r\n\r\n')],
  ['identity and a length', 400, post('Transfer-Encoding: identity\r\nContent-Length: 5\r\n', '01234')],
  ['chunked, then another', 501, post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n')],
  ['gzip, then chunked', 501, post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['chunked twice', 501, post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')],
  ['two lines of codings', 501, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['two lines of unlike codings', 501, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n')],
  ['a coding with a parameter', 501, post('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n')],
  ['a coding in quotes', 501, post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n')],
  ['a coding with a vertical tab', 400, post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')],
  ['a coding that is empty', 501, post('Transfer-Encoding:\r\n', '0\r\n\r\n')],
  // Lines that are read differently
  ['white space before the colon of a coding', 400, post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')],
  ['white space before the colon of a length', 400, post('Content-Length : 5\r\n', '01234')],
  ['a tab before the colon', 400, post('Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n')],
  ['a folded value', 400, get('X-A: b\r\n c\r\n')],
  ['a folded coding', 400, post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n')],
  ['a coding folded into another field', 400, post('X-A: b\r\n\tTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['white space before the first field', 400, `GET /bad HTTP/1.1\r\n X-A: b\r\n${HOST}\r\n`],
  ['a bare CR in a value', 400, get('X-A: b\rTransfer-Encoding: chunked\r\n')],
  ['a bare CR in a name', 400, get('X\rA: b\r\n')],
  ['a bare CR that ends a line', 400, `GET /bad HTTP/1.1\r${HOST}\r\n`],
  ['a NUL in a value', 400, get('X-A: b\x00c\r\n')],
  ['a NUL in a name', 400, get('X\x00A: b\r\n')],
  ['a NUL in the target', 400, `GET /ba\x00d HTTP/1.1\r\n${HOST}\r\n`],
  ['a line without a colon', 400, get('nonsense\r\n')],
  ['a name that is empty', 400, get(': b\r\n')],
  ['a name with a space', 400, get('X A: b\r\n')],
  ['a name with a slash', 400, get('X/A: b\r\n')],
  ['a name in quotes', 400, get('"X-A": b\r\n')],
  ['a name with a byte beyond ASCII', 400, get('X-\xc4: b\r\n')],
  ['a name with a pseudo-header colon', 400, get(':path: /smuggled\r\n')],
  ['two hosts', 400, get('Host: other\r\n')],
  ['two equal hosts', 400, get(HOST)],
  ['no host', 400, 'GET /bad HTTP/1.1\r\n\r\n'],
  ['a host with a space', 400, 'GET /bad HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['a host with a slash', 400, 'GET /bad HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  // Request lines
  ['a version nobody knows', 400, `GET /bad HTTP/1.2.3\r\n${HOST}\r\n`],
  ['a version of HTTP/2', 426, `GET /bad HTTP/2.0\r\n${HOST}\r\n`],
  ['HTTP/1.0', 426, `GET /bad HTTP/1.0\r\n${HOST}\r\n`],
  ['HTTP/1.0 with a coding', 426, `POST /bad HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['HTTP/0.9', 426, 'GET /bad\r\n'],
  ['a method nobody knows', 400, `SMUGGLE /bad HTTP/1.1\r\n${HOST}\r\n`],
  ['a method with a colon', 400, `GE:T /bad HTTP/1.1\r\n${HOST}\r\n`],
  ['a target with a space', 400, `GET /bad /worse HTTP/1.1\r\n${HOST}\r\n`],
  ['a target that is no path', 400, `GET bad HTTP/1.1\r\n${HOST}\r\n`],
  ['too large a head', 431, get(`X-A: ${'b'.repeat(70_000)}\r\n`)],
  ['too many fields', 431, get('X-A: b\r\n'.repeat(120))],
  // Fields that may not be nominated
  ['a nominated pseudo-header', 400, get('Connection: :authority\r\n')],
  ['a nominated X-Forwarded-For', 400, get('Connection: X-Forwarded-For\r\n')],
];

/** The head is in order and goes on to the upstream, whose connection ends when the body turns out broken. */
const BROKEN_CHUNKS: readonly (readonly [title: string, body: string])[] = [
  ['a negative size', '-5\r\n01234\r\n0\r\n\r\n'],
  ['a size with a plus', '+5\r\n01234\r\n0\r\n\r\n'],
  ['a size with a prefix', '0x5\r\n01234\r\n0\r\n\r\n'],
  ['a size with an underscore', '0_5\r\n01234\r\n0\r\n\r\n'],
  ['a size that is empty', '\r\n01234\r\n0\r\n\r\n'],
  ['a size beyond 64 bits', '10000000000000005\r\n01234\r\n0\r\n\r\n'],
  ['a size with white space before it', ' 5\r\n01234\r\n0\r\n\r\n'],
  ['a size that is too small', '4\r\n01234\r\n0\r\n\r\n'],
  ['a size that is too large', '6\r\n01234\r\n0\r\n\r\n'],
  ['data that end in other bytes', '5\r\n01234XX0\r\n\r\n'],
  ['data that end in a bare LF', '5\r\n01234\n0\r\n\r\n'],
  ['data that end in a bare CR', '5\r\n01234\r0\r\n\r\n'],
  ['a size that ends in a bare LF', '5\n01234\r\n0\r\n\r\n'],
  ['a size that ends in a bare CR', '5\r01234\r\n0\r\n\r\n'],
  ['an extension that ends in a bare LF', `5;a=b\n01234\r\n0\r\n\r\n`],
  ['an extension with a bare CR inside', `5;a\rb\r\n01234\r\n0\r\n\r\n`],
  ['an extension with a bare LF that hides a chunk', `5;a\n01234\r\n2;\nxx\r\n0\r\n\r\n`],
  ['an extension with a NUL', '5;a=\x00\r\n01234\r\n0\r\n\r\n'],
  ['an extension that has no end', `5;${'a'.repeat(20_000)}\r\n01234\r\n0\r\n\r\n`],
  ['a last chunk that ends in a bare LF', '5\r\n01234\r\n0\n\r\n'],
  ['a trailer without a colon', '5\r\n01234\r\n0\r\nnonsense\r\n\r\n'],
  ['a trailer with white space before the colon', '5\r\n01234\r\n0\r\nX-A : b\r\n\r\n'],
  ['a trailer with a bare CR', '5\r\n01234\r\n0\r\nX-A: b\rc\r\n\r\n'],
  ['a trailer with a NUL', '5\r\n01234\r\n0\r\nX-A: b\x00\r\n\r\n'],
];

/** In order, whatever it looks like: the upstream gets one request of this body, and a second one that is the next message. */
const ONE_READING: readonly (readonly [title: string, bytes: string, body: string])[] = [
  ['empty lines before a request', `\r\n\r\n${post('Content-Length: 5\r\n', '01234')}`, '01234'],
  ['zeros before a length', post('Content-Length: 0005\r\n', '01234'), '01234'],
  ['white space around a length', post('Content-Length: \t 5 \t\r\n', '01234'), '01234'],
  ['a coding in capitals', post('TRANSFER-ENCODING: Chunked\r\n', '5\r\n01234\r\n0\r\n\r\n'), '5\r\n01234\r\n0\r\n\r\n'],
  ['zeros before a size', chunked('0000005\r\n01234\r\n000\r\n\r\n'), '5\r\n01234\r\n0\r\n\r\n'],
  ['a size in capitals', chunked('A\r\n0123456789\r\n0\r\n\r\n'), 'a\r\n0123456789\r\n0\r\n\r\n'],
  ['extensions', chunked('5;a=b\r\n01234\r\n0;c\r\n\r\n'), '5\r\n01234\r\n0\r\n\r\n'],
  ['an extension in quotes that looks like a request', chunked(`5;a="GET /smuggled HTTP/1.1"\r\n01234\r\n0\r\n\r\n`), '5\r\n01234\r\n0\r\n\r\n'],
  ['trailers that look like framing', chunked('5\r\n01234\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n'), '5\r\n01234\r\n0\r\n\r\n'],
  ['lines that end in LF', `POST /bad HTTP/1.1\n${HOST.replace('\r', '')}Content-Length: 5\n\n01234`, '01234'],
  ['a body on GET', `GET /bad HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n01234`, '01234'],
  ['a nominated length', post('Connection: Content-Length\r\nContent-Length: 5\r\n', '01234'), '5\r\n01234\r\n0\r\n\r\n'],
  ['a nominated coding', post('Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n', '5\r\n01234\r\n0\r\n\r\n'), '5\r\n01234\r\n0\r\n\r\n'],
];

describe.each(TRANSPORTS)('request smuggling (%s transport)', (transport) => {
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

  let clean = 0;
  const expectCleanAnswer = async (): Promise<void> => {
    const path = `/clean-${transport}-${++clean}`;
    const answer = await gateway.get(path);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(new RegExp(`answer to ${path}$`));
  };

  it.each(REFUSED)('refuses %s with %i, closes, and sends nothing on', async (_, status, bytes) => {
    const connections = upstream.connections.length;
    const before = upstream.received.length;
    const answer = await gateway.exchange(bytes + SMUGGLED);
    expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.split('HTTP/1.1 ')).toHaveLength(2);
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
    expect([upstream.connections.length, upstream.received.length]).toEqual([connections, before]);
    await expectCleanAnswer();
    expect(upstream.received).not.toContain('smuggled');
  });

  it.each(BROKEN_CHUNKS)('ends both connections at %s in a chunked body', async (_, body) => {
    const path = `/broken-${transport}-${++clean}`;
    const answer = await gateway.exchange(chunked(body).replace('/bad', path) + SMUGGLED);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.split('HTTP/1.1 ')).toHaveLength(2);
    for (const peer of upstream.connections) if (peer.received.includes(`POST ${path} `)) await peer.closed();
    await expectCleanAnswer();
    expect(upstream.received).not.toContain('GET /smuggled');
    expect(upstream.requests).not.toContain(`POST ${path} HTTP/1.1`);
  });

  it.each(ONE_READING)('reads %s as the upstream does', async (_, bytes, body) => {
    const path = `/one-${transport}-${++clean}`;
    const next = `GET ${path}-next HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
    const answer = await gateway.exchange(bytes.replace('/bad', path) + next);
    expect(answer.match(/answer to \S+?(?=HTTP|$)/g)).toEqual([`answer to ${path}`, `answer to ${path}-next`]);
    const peer = upstream.connections.find(({ received }) => received.includes(` ${path} `))!;
    const from = peer.received.indexOf(` ${path} `);
    const start = peer.received.indexOf('\r\n\r\n', from) + 4;
    expect(peer.received.slice(start).startsWith(body)).toBe(true);
    expect(peer.received.slice(start + body.length).split(' ')[0]).toMatch(/^(?:|GET)$/);
  });

  it('asks for the authority of an absolute target and not for that of Host', async () => {
    const path = `/absolute-${transport}`;
    await gateway.exchange(`GET http://first${path} HTTP/1.1\r\nHost: second\r\nConnection: close\r\n\r\n`);
    const peer = upstream.connections.find(({ received }) => received.includes(` ${path} `))!;
    const head = peer.received.slice(peer.received.indexOf(` ${path} `)).split('\r\n\r\n')[0]!;
    expect(head).toContain('host: first');
    expect(head).not.toContain('second');
    await expectCleanAnswer();
  });

  it('does not take the rest of a body for a request after an early response', async () => {
    const path = `/early-${transport}`;
    const client = gateway.connect();
    // Half of the body: what follows would be read as a request by a proxy that forgot that it owes the rest.
    client.write(`POST ${path} HTTP/1.1\r\n${HOST}Content-Length: ${SMUGGLED.length + 5}\r\n\r\n01234`);
    const held = await upstream.receiving(path);
    held.write(response('early'));
    await client.has('early');
    client.write(SMUGGLED);
    await client.closed();
    expect(client.received.split('HTTP/1.1 ')).toHaveLength(2);
    await held.closed();
    await expectCleanAnswer();
    expect(upstream.requests.join()).not.toContain('smuggled');
  });

  it('gives pipelined requests their own answers, whatever the order in which upstreams could answer', async () => {
    const paths = Array.from({ length: 20 }, (_, index) => `/pipelined-${transport}-${index}`);
    const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`).join('');
    const [answer, other] = await Promise.all([gateway.exchange(requests + get('Content-Length: x\r\n') + SMUGGLED), gateway.get(`/other-${transport}`)]);
    expect(answer.match(/answer to \S+?(?=HTTP|$)/g)).toEqual(paths.map((path) => `answer to ${path}`));
    expect(answer).toContain('HTTP/1.1 400 ');
    expect(other).toContain(`answer to /other-${transport}`);
    expect(upstream.received).not.toContain('smuggled');
  });
});
