import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientCodecOwner, RequestEncoder, ResponseDecoder } from '../../../src/http/codec/codec.ts';
import { H1ClientCodec, type H1ClientOptions } from '../../../src/http/codec/h1-client.ts';
import { CasedHeaderMap, LOWER_CASE } from '../../../src/http/codec/field-case.ts';
import { STRICT } from '../../../src/http/codec/h1-head.ts';
import type { Failure } from '../../../src/http/failure.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { H } from '../../../src/http/header-name.ts';
import { FakeConnection } from '../../support/fake-connection.ts';
import { checkHostileHttp1Server } from './h1-hostile-check.ts';

const MAX_HEAD_BYTES = 4096;

/** One upstream connection: sends the next request as soon as the codec is free and writes down what came back, each in its line. */
class Upstream implements ClientCodecOwner {
  readonly connection = new FakeConnection();
  readonly codec: H1ClientCodec;
  readonly answers: string[] = [];
  /** What the pool was told. */
  readonly told: string[] = [];
  announcedClose = false;
  method = 'GET';
  encoder: RequestEncoder | undefined;
  /** Called with the last event of a response. */
  onLast: () => void = () => {};
  onHead: () => void = () => {};

  constructor(trailers = true, form: Partial<H1ClientOptions> = {}) {
    this.codec = new H1ClientCodec(this.connection, this, { maxHeadBytes: MAX_HEAD_BYTES, maxHeaders: 20, leniency: STRICT, trailers, fieldCase: LOWER_CASE, fullUrl: false, highWatermarkBytes: 1000, ...form });
    this.connection.owner = this.codec;
  }

  /** Begins a request; with `end` it is whole. */
  begin(end = true): RequestEncoder {
    this.open().sendHeaders(request(this.method), end);
    return this.encoder!;
  }

  /** Opens a stream whose head is yet to be sent. */
  open(): RequestEncoder {
    const slot = this.answers.push('') - 1;
    const add = (text: string): void => {
      this.answers[slot] += text;
    };
    const decoder: ResponseDecoder = {
      onInformational: (headers) => add(`(${headers.status})`),
      onHeaders: (headers, last) => {
        add(`${headers.status} ${headers.serialise()}`);
        this.onHead();
        if (last) this.#last(add);
      },
      onData: (chunk, last) => {
        add(chunk.toString('latin1'));
        if (last) this.#last(add);
      },
      onTrailers: (trailers) => {
        add(`[${trailers.serialise()}]`);
        this.#last(add);
      },
      onReset: (failure) => add(`!${failure.kind}`),
    };
    this.encoder = this.codec.newStream(decoder);
    return this.encoder;
  }

  #last(add: (text: string) => void): void {
    add('.');
    this.onLast();
  }

  onCapacityChange(): void {}

  onStreamReset(): void {}

  onCloseAnnounced(): void {
    this.announcedClose = true;
  }

  onStreamEnd(): void {
    this.told.push(this.codec.canTakeStream ? 'idle' : 'last');
  }

  onCodecClosed(_codec: unknown, failure: Failure | undefined): void {
    this.told.push(`closed: ${failure?.source} ${failure?.kind}`);
  }

  onProtocolError(): void {
    this.told.push('protocol error');
  }
}

function request(method: string): HeaderMap {
  const headers = new HeaderMap();
  headers.method = method;
  headers.path = '/';
  headers.authority = 'x';
  return headers;
}

/** One request answered by these pieces. */
function answer(pieces: readonly string[], method = 'GET'): Upstream {
  const upstream = new Upstream();
  upstream.method = method;
  upstream.begin();
  for (const piece of pieces) upstream.connection.receive(piece);
  return upstream;
}

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n';
const EMPTY = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
const NO_CONTENT = 'HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n';

const CLOSED_FOR_PROTOCOL = 'closed: upstream protocol-error';

describe('reading responses', () => {
  it('understands lengths, chunks, trailers, interim answers and answers without body', () => {
    expect(answer([LENGTH]).answers).toEqual(['200 content-length: 5\r\nhello.']);
    expect(answer([CHUNKED]).answers).toEqual(['200 transfer-encoding: chunked\r\nabcde[t: v\r\n].']);
    expect(answer([HINTS + EMPTY]).answers).toEqual(['(103)404 content-length: 0\r\n.']);
    expect(answer([NO_CONTENT]).answers).toEqual(['204 x-a: 1\r\n.']);
    expect(answer(['HTTP/1.1 304 Not Modified\r\ncontent-length: 500\r\n\r\n']).answers).toEqual(['304 content-length: 500\r\n.']);
    expect(answer([LENGTH.slice(0, -5)], 'HEAD').answers).toEqual(['200 content-length: 5\r\n.']);
  });

  it('sees the same in any split of a row of responses', () => {
    const row = [LENGTH, CHUNKED, HINTS + EMPTY, NO_CONTENT, HINTS + HINTS + CHUNKED, LENGTH];
    const read = (pieces: readonly (readonly string[])[]): string[] => {
      const upstream = new Upstream();
      for (const response of pieces) {
        upstream.begin();
        for (const piece of response) upstream.connection.receive(piece);
      }
      expect(upstream.told).toEqual(pieces.map(() => 'idle'));
      return upstream.answers;
    };
    const expected = read(row.map((response) => [response]));
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 12 }), { minLength: row.length, maxLength: row.length }), (cuts) => {
        expect(read(row.map((response, index) => split(response, cuts[index]!)))).toEqual(expected);
      }),
    );
    expect(read(row.map((response) => [...response]))).toEqual(expected);
  });

  it('swallows interim answers that Envoy has no use for and gives on the others', () => {
    expect(answer(['HTTP/1.1 199 Odd\r\n\r\n' + 'HTTP/1.1 100 Continue\r\n\r\n' + EMPTY]).answers).toEqual(['(100)404 content-length: 0\r\n.']);
  });

  it('takes only so many interim answers', () => {
    expect(answer([HINTS.repeat(64) + EMPTY]).answers).toEqual([`${'(103)'.repeat(64)}404 content-length: 0\r\n.`]);
    expect(answer([HINTS.repeat(65) + EMPTY]).answers).toEqual([`${'(103)'.repeat(64)}!protocol-error`]);
  });

  it.each(['garbage\r\n\r\n', 'HTTP/1.1 200 OK\r\ncont', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nand more', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'])('counts all that it has read, as of %j', (bytes) => {
    const upstream = new Upstream();
    const encoder = upstream.begin();
    upstream.connection.receive(bytes);
    expect(encoder.bytes.wireReceived).toBe(bytes.length);
  });

  it('drops trailers unless they are asked for', () => {
    const upstream = new Upstream(false);
    upstream.begin();
    upstream.connection.receive(CHUNKED);
    expect(upstream.answers).toEqual(['200 transfer-encoding: chunked\r\nabcde.']);
  });

  it('takes trailers of the longest length and no longer, in one piece or in many', () => {
    const start = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n';
    const trailers = (length: number): string => `${start}x: ${'a'.repeat(length - 7)}\r\n\r\n`;
    for (const pieces of [(text: string) => [text], (text: string) => [text.slice(0, 100), text.slice(100)], (text: string) => [...text]]) {
      expect(answer(pieces(trailers(MAX_HEAD_BYTES))).answers[0]).toMatch(/\]\.$/);
      expect(answer(pieces(trailers(MAX_HEAD_BYTES + 1))).answers[0]).toMatch(/!protocol-error$/);
    }
  });

  it('counts trailers only where they are wanted', () => {
    const many = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${'x: a\r\n'.repeat(21)}\r\n`;
    expect(answer([many]).answers[0]).toMatch(/!protocol-error$/);
    const dropping = new Upstream(false);
    dropping.begin();
    dropping.connection.receive(many);
    expect(dropping.answers).toEqual(['200 transfer-encoding: chunked\r\n.']);
  });

  it('looks at each byte of trailers once, however they drip in', () => {
    const upstream = new Upstream(true, { maxHeadBytes: 1e6 });
    upstream.begin();
    upstream.connection.receive('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ');
    // Where all of them were read again for each byte, this would take minutes.
    for (let left = 400_000; left > 0; left--) upstream.connection.receive('a');
    upstream.connection.receive('\r\n\r\n');
    expect(upstream.answers[0]).toMatch(/a\r\n\]\.$/);
  });

  it('reads a head of the longest length and no longer, in one piece or in many', () => {
    const head = (length: number): string => `HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ${'a'.repeat(length - 43)}\r\n\r\n`;
    const longest = head(MAX_HEAD_BYTES);
    expect(longest.length).toBe(MAX_HEAD_BYTES);
    for (const pieces of [(text: string) => [text], (text: string) => [text.slice(0, 100), text.slice(100)], (text: string) => [...text]]) {
      expect(answer(pieces(longest)).answers[0]).toMatch(/^200 .*\.$/s);
      expect(answer(pieces(head(MAX_HEAD_BYTES + 1))).answers).toEqual(['!protocol-error']);
    }
  });

  it('sees the same of broken responses, too, however they are cut', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), checkHostileHttp1Server), { numRuns: 1000 });
  });

  it('never throws or loops on garbage, and resets at most once', () => {
    const word = fc.oneof(
      fc.constantFrom('HTTP/1.1 200 OK\r\n', 'HTTP/1.1 ', '204 ', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', '\r\n', '\n', '\r', '0\r\n\r\n', '3\r\nabc\r\n', ': ', '\0', ' ', HINTS),
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text).toString('latin1')),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), fc.boolean(), (words, fin) => {
        const upstream = answer(words.filter((piece) => piece !== ''));
        if (fin) upstream.codec.onEnd();
        upstream.codec.onClosed(undefined);
        const [seen] = upstream.answers;
        expect(seen!.split('!').length - 1 + (seen!.endsWith('.') ? 1 : 0)).toBe(1);
        expect(upstream.told.filter((line) => line.startsWith('closed')).length).toBe(1);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a response that breaks the protocol', () => {
  const head = (...lines: string[]): string => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
  it.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['another protocol in the status line', 'HTCPCP/1.0 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['letters for a status', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['a status that is no number any more', `HTTP/1.1 ${'9'.repeat(30)} OK\r\n\r\n`],
    ['a line without colon', head('nothing')],
    ['white space before the colon', head('x-a : 1')],
    ['an empty name', head(': 1')],
    ['NUL in a value', head('x-a: 1\x002')],
    ['two lengths', head('content-length: 5', 'content-length: 5') + 'hello'],
    ['a list of lengths', head('content-length: 5, 5') + 'hello'],
    ['a negative length', head('content-length: -5') + 'hello'],
    ['length and chunked', head('content-length: 5', 'transfer-encoding: chunked') + '0\r\n\r\n'],
    ['another transfer coding', head('transfer-encoding: gzip') + 'x'],
    ['chunked twice', head('transfer-encoding: chunked, chunked') + '0\r\n\r\n'],
    ['too many lines', head(...Array.from({ length: 21 }, (_, i) => `x-${i}: 1`))],
    ['204 with a length', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello'],
    ['204 in chunks', 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an interim answer with a length', 'HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n'],
  ])('fails the stream and closes the connection: %s', (_name, bytes) => {
    const upstream = answer([bytes]);
    expect(upstream.answers).toEqual(['!protocol-error']);
    expect(upstream.told).toEqual(['protocol error', CLOSED_FOR_PROTOCOL]);
    expect(upstream.connection.ended).toBe('destroyed');
    upstream.codec.onClosed(undefined);
    expect(upstream.told.length).toBe(2);
  });

  it.each([
    ['a chunk size that is none', 'xyz\r\n'],
    ['a chunk longer than its size', '3\r\nabcd\r\n'],
    ['a trailer without colon', '0\r\nnothing\r\n\r\n'],
  ])('cuts off what has begun: %s', (_name, bytes) => {
    const upstream = answer([head('transfer-encoding: chunked'), bytes]);
    expect(upstream.answers[0]).toMatch(/^200 .*!protocol-error$/s);
    expect(upstream.told).toEqual(['protocol error', CLOSED_FOR_PROTOCOL]);
  });

  it('lets 204 with length 0 pass, without the length', () => {
    expect(answer(['HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n']).answers).toEqual(['204 .']);
  });
});

describe('the end of the connection', () => {
  const REMOTE = 'closed: upstream connection-termination';

  it.each(['onEnd', 'onClosed'] as const)('ends a body that has no other end (%s)', (end) => {
    const upstream = answer(['HTTP/1.1 200 OK\r\n\r\nuntil the end']);
    upstream.codec[end](undefined);
    expect(upstream.answers).toEqual(['200 until the end.']);
    expect(upstream.told).toEqual(['last', REMOTE]);
  });

  it.each([
    ['before the response', '', '!connection-termination', [REMOTE]],
    ['after an interim answer', HINTS, '(103)!connection-termination', [REMOTE]],
    ['inside the status line', 'HTTP/1.', '!protocol-error', ['protocol error', REMOTE]],
    ['inside a head', 'HTTP/1.1 200 OK\r\nconte', '!protocol-error', ['protocol error', REMOTE]],
    ['inside a body', LENGTH.slice(0, -2), '200 content-length: 5\r\nhel!protocol-error', ['protocol error', REMOTE]],
    ['inside a chunk', CHUNKED.slice(0, -17), '200 transfer-encoding: chunked\r\nabc!protocol-error', ['protocol error', REMOTE]],
  ])('fails the stream %s', (_name, bytes, seen, told) => {
    const upstream = answer(bytes === '' ? [] : [bytes]);
    upstream.codec.onEnd();
    expect(upstream.answers).toEqual([seen]);
    expect(upstream.told).toEqual(told);
  });

  it('is told to the pool at once while the connection is idle', () => {
    const upstream = answer([LENGTH]);
    upstream.codec.onEnd();
    expect(upstream.codec.canTakeStream).toBe(false);
    expect(upstream.told).toEqual(['idle', REMOTE]);
  });
});

describe('using a connection again', () => {
  it('is possible from the last event on', () => {
    for (const response of [LENGTH, CHUNKED, EMPTY, NO_CONTENT]) {
      const upstream = new Upstream();
      upstream.onLast = () => {
        upstream.onLast = () => {};
        expect(upstream.told).toEqual(['idle']);
        upstream.begin();
      };
      upstream.begin();
      upstream.connection.receive(response);
      upstream.connection.receive(EMPTY);
      expect(upstream.answers[1]).toBe('404 content-length: 0\r\n.');
      expect(upstream.connection.written.match(/GET/g)).toHaveLength(2);
    }
  });

  it('never happens when bytes follow in the same read: they are not the answer to the next request', () => {
    for (const response of [LENGTH, CHUNKED, EMPTY, NO_CONTENT]) {
      const upstream = new Upstream();
      upstream.onLast = () => expect(upstream.codec.canTakeStream).toBe(false);
      upstream.begin();
      upstream.connection.receive(response + EMPTY);
      expect(upstream.answers[0]).toMatch(/\.$/);
      expect(upstream.told).toEqual(['protocol error', 'last', 'closed: local local-reset']);
      expect(upstream.connection.ended).toBe('destroyed');
    }
  });

  it('ends with bytes that nobody asked for', () => {
    const upstream = answer([LENGTH]);
    upstream.connection.receive('H');
    expect(upstream.codec.canTakeStream).toBe(false);
    expect(upstream.told).toEqual(['idle', 'protocol error', CLOSED_FOR_PROTOCOL]);
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nconnection: close', true],
    ['HTTP/1.1 200 OK\r\nconnection: x, Close', true],
    ['HTTP/1.1 200 OK\r\nproxy-connection: close', true],
    ['HTTP/1.1 200 OK\r\nconnection: keep-alive', false],
    ['HTTP/1.0 200 OK', true],
    ['HTTP/1.0 200 OK\r\nconnection: keep-alive', false],
    ['HTTP/1.2 200 OK', true],
    ['HTTP/2.0 200 OK', true],
  ])('depends on what the head says: %j', (head, closes) => {
    const upstream = answer([`${head}\r\ncontent-length: 2\r\n\r\nok`]);
    expect(upstream.answers[0]).toMatch(/ok\.$/);
    expect(upstream.announcedClose).toBe(closes);
    expect(upstream.told).toEqual(closes ? ['last', 'closed: local local-reset'] : ['idle']);
  });

  it('needs a request that was sent whole', () => {
    const upstream = new Upstream();
    const encoder = upstream.begin(false);
    upstream.connection.receive(LENGTH);
    // The stream is lost with the connection.
    expect(upstream.told).toEqual(['closed: local local-reset']);
    expect(upstream.announcedClose).toBe(false);
    const { written } = upstream.connection;
    encoder.sendData(Buffer.from('late'), true);
    expect(upstream.connection.written).toBe(written);
  });

  it('ends when the request is given up, in whatever state', () => {
    for (const begun of ['', 'HTTP/1.1 2', LENGTH.slice(0, -1), CHUNKED.slice(0, -4)]) {
      const upstream = answer(begun === '' ? [] : [begun]);
      upstream.encoder!.reset({ source: 'downstream', kind: 'local-reset', details: '' });
      expect(upstream.answers[0]).not.toContain('!');
      expect(upstream.told).toEqual(['closed: downstream local-reset']);
      upstream.connection.receive(EMPTY);
      expect(upstream.told).toHaveLength(1);
    }
  });

  it('survives a request given up in the head of its response', () => {
    const upstream = new Upstream();
    upstream.onHead = () => upstream.encoder!.reset({ source: 'local', kind: 'local-reset', details: '' });
    upstream.begin();
    upstream.connection.receive(LENGTH);
    expect(upstream.answers).toEqual(['200 content-length: 5\r\n']);
    expect(upstream.told).toEqual(['closed: local local-reset']);
  });
});

describe('flow control', () => {
  it('counts pauses, and a response that ends paused leaves the connection reading', () => {
    const upstream = answer([]);
    upstream.encoder!.pause();
    upstream.encoder!.pause();
    upstream.encoder!.resume();
    expect(upstream.connection.paused).toBe(true);
    upstream.encoder!.resume();
    expect(upstream.connection.paused).toBe(false);
    upstream.onHead = () => upstream.encoder!.pause();
    upstream.connection.receive(LENGTH);
    expect(upstream.connection.paused).toBe(false);
    upstream.encoder!.pause();
    expect(upstream.connection.paused).toBe(false);
  });

  it('tells the watcher of the stream that wrote too much, and no other', () => {
    const upstream = new Upstream();
    const seen: string[] = [];
    const watcher = { onHighWatermark: () => seen.push('high'), onLowWatermark: () => seen.push('low') };
    const encoder = upstream.begin(false);
    encoder.watcher = watcher;
    upstream.connection.unsentBytes = 1001;
    encoder.sendData(Buffer.from('a'), false);
    encoder.sendData(Buffer.from('b'), true);
    expect(seen).toEqual(['high']);
    upstream.connection.unsentBytes = 0;
    upstream.codec.onDrained();
    expect(seen).toEqual(['high', 'low']);
    upstream.codec.onDrained();
    expect(seen).toEqual(['high', 'low']);
  });
});

describe('writing requests', () => {
  const sent = (method: string, act: (encoder: RequestEncoder) => void, trailers = true): string => {
    const upstream = new Upstream(trailers);
    upstream.method = method;
    act(upstream.begin(false));
    return upstream.connection.written.slice(`${method} / HTTP/1.1\r\nhost: x\r\n`.length);
  };
  const trailers = new HeaderMap();
  trailers.add(H.grpcStatus, '0');

  it('says that there is no body where one could be', () => {
    for (const [method, framing] of [['GET', ''], ['HEAD', ''], ['DELETE', ''], ['TRACE', ''], ['OPTIONS', 'content-length: 0\r\n'], ['POST', 'content-length: 0\r\n']]) {
      const upstream = new Upstream();
      upstream.method = method!;
      upstream.begin();
      expect(upstream.connection.written).toBe(`${method} / HTTP/1.1\r\nhost: x\r\n${framing}\r\n`);
    }
  });

  it('sends a body of unknown length in chunks, with trailers if they are asked for', () => {
    const act = (encoder: RequestEncoder): void => {
      encoder.sendData(Buffer.from('hello'), false);
      encoder.sendTrailers(trailers);
    };
    expect(sent('POST', act)).toBe('transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n');
    expect(sent('POST', act, false)).toBe('transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    expect(sent('POST', (encoder) => encoder.sendData(Buffer.alloc(0), true))).toBe('transfer-encoding: chunked\r\n\r\n0\r\n\r\n');
  });
});

function split(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.slice(at[index], end)).filter((piece) => piece !== '');
}

describe('requests for another protocol', () => {
  const GRANTED = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n';

  function ask(method: string, protocol: string | undefined): Upstream {
    const upstream = new Upstream();
    const headers = request(method);
    headers.authority = 'h:1';
    if (protocol !== undefined) headers.add(H.upgrade, protocol);
    upstream.open().sendHeaders(headers, false);
    return upstream;
  }

  it('send their head without framing, CONNECT with its authority', () => {
    expect(ask('GET', 'foo').connection.written).toBe('GET / HTTP/1.1\r\nhost: h:1\r\nupgrade: foo\r\n\r\n');
    expect(ask('CONNECT', undefined).connection.written).toBe('CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n');
  });

  it('have bytes as they are in both directions once they are granted, up to the end', () => {
    const upstream = ask('GET', 'foo');
    upstream.connection.receive(GRANTED + 'HTTP/1.1 200 OK\r\n');
    upstream.encoder!.sendData(Buffer.from('raw'), false);
    expect(upstream.connection.written.endsWith('\r\n\r\nraw')).toBe(true);
    upstream.codec.onEnd();
    expect(upstream.answers).toEqual(['101 connection: upgrade\r\nupgrade: foo\r\nHTTP/1.1 200 OK\r\n!connection-termination']);
    expect([upstream.told, upstream.codec.canTakeStream]).toEqual([['closed: upstream connection-termination'], false]);
  });

  it('are granted by any 2xx to CONNECT, whatever it says of a body', () => {
    const upstream = ask('CONNECT', undefined);
    upstream.connection.receive('HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nmore than two');
    expect(upstream.answers).toEqual(['201 content-length: 2\r\nmore than two']);
  });

  it('are not granted by another answer, even if it speaks of an upgrade', () => {
    const upstream = ask('GET', 'foo');
    upstream.connection.receive('HTTP/1.1 426 No\r\nconnection: upgrade\r\nupgrade: foo\r\ncontent-length: 2\r\n\r\nno');
    expect(upstream.answers).toEqual(['426 connection: upgrade\r\nupgrade: foo\r\ncontent-length: 2\r\nno.']);
    expect(upstream.codec.canTakeStream).toBe(false);
  });
});

describe('how requests are written', () => {
  function written(form: Partial<H1ClientOptions>, headers = request('GET')): string {
    const upstream = new Upstream(true, form);
    headers.authority = 'Host';
    headers.addText('x-some_name', 'a:b');
    upstream.open().sendHeaders(headers, true);
    return upstream.connection.written;
  }

  it('with capitals in names of fields', () => {
    expect(written({ fieldCase: { write: 'proper', keep: 'no' } })).toBe('GET / HTTP/1.1\r\nHost: Host\r\nX-Some_Name: a:b\r\n\r\n');
  });

  it('with the names that came with the request', () => {
    const headers = new CasedHeaderMap('proper');
    headers.method = 'GET';
    headers.path = '/';
    const head = Buffer.from('GET / HTTP/1.1\r\nhOST: x\r\n\r\n');
    headers.learn(head, head, 0, head.length);
    expect(written({ fieldCase: { write: 'proper', keep: 'no' } }, headers)).toBe('GET / HTTP/1.1\r\nhOST: Host\r\nX-Some_Name: a:b\r\n\r\n');
  });

  it('with the whole URL', () => {
    expect(written({ fullUrl: true }).split('\r\n')[0]).toBe('GET http://Host/ HTTP/1.1');
  });
});
