import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestDecoder, RequestError, ResponseEncoder } from '../../../src/http/codec/codec.ts';
import { CHUNK_EXTENSION_LIMIT_BYTES } from '../../../src/http/codec/chunked.ts';
import { LOWER_CASE } from '../../../src/http/codec/field-case.ts';
import { type HeadLeniency, STRICT } from '../../../src/http/codec/h1-head.ts';
import { H1ServerCodec, type H1ServerOptions, type H1ServerOwner, MAX_LEADING_EMPTY_LINES } from '../../../src/http/codec/h1-server.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { H, headerText } from '../../../src/http/header-name.ts';
import { INLINE_REQUEST_HEADERS } from '../../../src/http/inline-headers.ts';
import { FakeConnection } from '../../support/fake-connection.ts';
import { checkHostileHttp1Client } from './h1-hostile-check.ts';

/** Answers each request when it is complete and writes down what was seen. */
class Recorder implements H1ServerOwner {
  readonly secure = false;
  readonly connection = new FakeConnection();
  readonly codec: H1ServerCodec;
  readonly seen: string[] = [];
  answer = true;
  encoder: ResponseEncoder | undefined;

  constructor(options: Partial<H1ServerOptions> = {}) {
    this.codec = new H1ServerCodec(this.connection, this, {
      maxHeadBytes: 4096,
      maxHeaders: 20,
      leniency: STRICT,
      acceptHttp10: false,
      allowAbsoluteUrl: true,
      refusesHttpsInPlaintext: false,
      allowCustomMethods: false,
      underscores: 'allow',
      trailers: true,
      fieldCase: LOWER_CASE,
      ignoredUpgrades: undefined,
      highWatermarkBytes: 65_536,
      ...options,
    });
    this.connection.owner = this.codec;
  }

  newStream(encoder: ResponseEncoder): RequestDecoder {
    this.encoder = encoder;
    let text = '';
    const finish = (): void => {
      this.seen.push(text);
      if (this.answer) this.reply(encoder);
    };
    return {
      onHeadersAwaited: () => {},
      onHeaders: (headers: HeaderMap, end: boolean) => {
        text += `${headers.method} ${headers.authority} ${headers.path} ${headers.serialise()}`;
        if (end) finish();
      },
      onData: (chunk: Buffer, end: boolean) => {
        text += chunk.toString('latin1');
        if (end) finish();
      },
      onTrailers: (trailers: HeaderMap) => {
        text += `[${trailers.serialise()}]`;
        finish();
      },
      onInvalidRequest: (error: RequestError) => {
        this.seen.push(`${text}!${error.status} ${error.details}`);
      },
      onReset: () => {
        this.seen.push(`${text}!reset`);
      },
    };
  }

  onUnderscores(): void {}

  onCodecClosed(): void {
    this.seen.push('closed');
  }

  reply(encoder: ResponseEncoder): void {
    const headers = new HeaderMap();
    headers.status = 200;
    headers.add(H.contentLength, '0');
    encoder.sendHeaders(headers, true);
    this.codec.onStreamDone();
  }
}

function feed(...pieces: string[]): Recorder {
  return feedWith({}, ...pieces);
}

function feedWith(options: Partial<H1ServerOptions>, ...pieces: string[]): Recorder {
  const recorder = new Recorder(options);
  for (const piece of pieces) recorder.connection.receive(piece);
  recorder.connection.pump();
  return recorder;
}

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n';

describe('H1ServerCodec', () => {
  it('reads requests with and without body and trailers', () => {
    expect(feed(GET + POST + CHUNKED).seen).toEqual([
      'GET x /a ',
      'POST x /b content-length: 5\r\nhello',
      'POST x /c transfer-encoding: chunked\r\nabcde[t: v\r\n]',
    ]);
  });

  it('reads no more requests while their answers are not taken', () => {
    const { connection, codec, seen } = feed();
    connection.unsentBytes = 65_537;
    connection.receive(GET + GET + GET);
    connection.receive(GET);
    expect(seen).toHaveLength(1);
    connection.unsentBytes = 0;
    codec.onDrained();
    connection.pump();
    expect(seen).toHaveLength(4);
  });

  it('hands on together what was in several chunks of one read, and leaves what follows as it is', () => {
    const recorder = new Recorder();
    const chunks: string[] = [];
    const { newStream } = recorder;
    recorder.newStream = (encoder) => {
      const decoder = newStream.call(recorder, encoder);
      return { ...decoder, onData: (chunk, end) => { chunks.push(chunk.toString('latin1')); decoder.onData(chunk, end); } };
    };
    recorder.connection.receive(`${CHUNKED.slice(0, -10)}1\r\nf\r\n0\r\n\r\n${GET}`);
    recorder.connection.pump();
    expect(chunks).toEqual(['abcdef', '']);
    expect(recorder.seen).toEqual(['POST x /c transfer-encoding: chunked\r\nabcdef', 'GET x /a ']);
  });

  it('treats underscores in trailers as in heads', () => {
    const trailing = CHUNKED.replace('T: v', 'a_b: v');
    expect(feedWith({ underscores: 'reject' }, trailing).seen.at(-1)).toMatch(/!400 http1.unexpected_underscore$/);
    expect(feedWith({ underscores: 'drop' }, trailing).seen.at(-1)).toMatch(/abcde$/);
  });

  it('sees the same in any split of a row of requests', () => {
    const whole = GET + CHUNKED + POST + CHUNKED + GET;
    const expected = feed(whole).seen;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 40 }), (cuts) => {
        const at = [0, ...[...cuts].sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end)).filter((piece) => piece !== '');
        expect(feed(...pieces).seen).toEqual(expected);
      }),
    );
    expect(feed(...whole).seen).toEqual(expected);
  });

  it('sees the same of broken requests, too, however they are cut', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), checkHostileHttp1Client), { numRuns: 1000 });
  });

  it('never throws, loops or answers twice on garbage', () => {
    const word = fc.oneof(
      fc.constantFrom('GET ', 'POST / HTTP/1.1\r\n', 'Host: x\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', '\r\n', '\n', '\r', '0\r\n\r\n', '3\r\nabc\r\n', ': ', '\0', ' '),
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text).toString('latin1')),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        const recorder = feed(...words.filter((piece) => piece !== ''));
        expect(recorder.seen.filter((line) => line.includes('!')).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('joins the lines of every inline name, and of no other', () => {
    const head = (lines: string): string => `GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`;
    const lineAlone = new Set([H.contentLength, H.transferEncoding, H.connection, H.te, H.upgrade]);
    for (const name of INLINE_REQUEST_HEADERS) {
      if (lineAlone.has(name as never)) continue;
      const text = headerText(name);
      expect(feed(head(`${text}: a\r\nu: 1\r\n${text}: b\r\nu: 2\r\n${text}: c\r\n`)).seen).toEqual([`GET x / ${text}: a,b,c\r\nu: 1\r\nu: 2\r\n`]);
      expect(feed(head(`${text}: a\r\n`) + head(`${text}: b\r\n`)).seen).toEqual([`GET x / ${text}: a\r\n`, `GET x / ${text}: b\r\n`]);
    }
    expect(feed(head('cookie: a\r\ncookie: b\r\n')).seen).toEqual(['GET x / cookie: a\r\ncookie: b\r\n']);
  });

  it('holds pipelined requests until the turn after the first is answered, and reads no more when they are many', () => {
    const recorder = new Recorder();
    recorder.answer = false;
    recorder.connection.receive(GET + POST);
    expect(recorder.seen).toEqual(['GET x /a ']);
    expect(recorder.connection.paused).toBe(false);
    recorder.connection.receive(' '.repeat(65_536));
    expect(recorder.connection.paused).toBe(true);
    recorder.answer = true;
    recorder.reply(recorder.encoder!);
    expect(recorder.seen[1]).toBe(undefined);
    recorder.connection.pump();
    expect(recorder.seen[1]).toContain('POST');
    expect(recorder.connection.paused).toBe(false);
  });

  it('keeps what a head that drips in byte by byte costs bounded by its limit', () => {
    const recorder = new Recorder();
    recorder.connection.receive('GET / HTTP/1.1\r\nHost: x\r\n');
    for (let i = 0; i < 5000; i++) recorder.connection.receive('a');
    expect(recorder.seen).toEqual(['!431 http1.headers_too_large']);
  });

  it('counts trailers only where they are wanted', () => {
    const many = CHUNKED.replace('T: v\r\n', 't: v\r\n'.repeat(21));
    expect(feed(many).seen.at(-1)).toMatch(/!431 /);
    expect(feedWith({ trailers: false }, many).seen.at(-1)).toMatch(/abcde$/);
  });

  it('counts all that it reads for the request that is under way, and what waits for the next one again', () => {
    const recorder = new Recorder();
    recorder.answer = false;
    recorder.connection.receive('\r\nGET /a HT');
    recorder.connection.receive(`TP/1.1\r\nHost: x\r\n\r\n${GET}`);
    recorder.connection.receive(GET);
    recorder.connection.pump();
    const first = recorder.encoder!;
    expect(first.bytes).toMatchObject({ wireReceived: 2 + GET.length * 2, headersReceived: 8 });
    recorder.reply(first);
    recorder.connection.pump();
    expect(recorder.encoder!.bytes).toMatchObject({ wireReceived: GET.length * 2, headersReceived: 8 });
    expect(feed('GET / HTTP/1.1\r\nbad\r\n\r\n').encoder!.bytes).toMatchObject({ wireReceived: 23, headersReceived: 0 });
  });

  it('refuses more bytes of extensions to one chunk than the limit', () => {
    const chunked = (bytes: number): string => `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;${'a'.repeat(bytes)}\r\nhello\r\n0\r\n\r\n`;
    expect(feed(chunked(CHUNK_EXTENSION_LIMIT_BYTES)).seen).toEqual([expect.stringMatching(/hello$/)]);
    expect(feed(chunked(CHUNK_EXTENSION_LIMIT_BYTES + 1)).seen).toEqual([expect.stringMatching(/!400 http1\.codec_error$/)]);
  });

  it('refuses more empty lines before a request than the limit', () => {
    expect(feed('\r\n'.repeat(MAX_LEADING_EMPTY_LINES) + GET).seen).toEqual(['GET x /a ']);
    expect(feed('\r\n'.repeat(MAX_LEADING_EMPTY_LINES + 1) + GET).seen).toEqual(['!400 http1.codec_error']);
  });

  it('refuses more header lines than the limit', () => {
    const lines = Array.from({ length: 21 }, (_, index) => `h${index}: v\r\n`).join('');
    expect(feed(`GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`).seen).toEqual(['!431 http1.too_many_headers']);
  });

  it.each([
    ['CL and TE', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two Content-Length lines', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n01234'],
    ['a sign in Content-Length', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n01234'],
    ['a list in Content-Length', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n01234'],
    ['an unknown coding', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['identity after chunked', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['two Transfer-Encoding lines', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an empty Transfer-Encoding line behind another', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: \r\n\r\n0\r\n\r\n'],
    ['an empty Transfer-Encoding line before another', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['white space before the colon', 'GET / HTTP/1.1\r\nHost: x\r\nFoo : x\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: x\r\nFoo: x\r\n bar\r\n\r\n'],
    ['a line that starts with white space', 'GET / HTTP/1.1\r\n Host: x\r\n\r\n'],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: x\r\nFoo: a\rb\r\n\r\n'],
    ['a NUL', 'GET / HTTP/1.1\r\nHost: x\r\nFoo: a\0b\r\n\r\n'],
    ['two Host lines', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    ['a chunk that ends without CRLF', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234XX0\r\n\r\n'],
    ['a bare LF after a chunk', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\n0\r\n\r\n'],
    ['a negative chunk size', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n01234\r\n0\r\n\r\n'],
    ['a chunk size beyond 2^48', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['an empty header name', 'GET / HTTP/1.1\r\nHost: x\r\n: v\r\n\r\n'],
  ])('refuses %s and reads nothing after it', (_, bytes) => {
    const { seen } = feed(bytes + GET);
    expect(seen.at(-1)).toMatch(/!(400|501) http1\./);
    expect(seen.filter((line) => line.startsWith('GET x /a'))).toEqual([]);
  });
});

const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: x-a, Upgrade\r\nUpgrade: foo\r\nX-A: 1\r\n\r\n';

describe('what is told of a head with several faults', () => {
  it.each([
    ['a control character before a line that is wrong', 'FOO / HTTP/1.1\r\nx: \x07\r\n\r\n', 'invalid_characters'],
    ['a first line of one word before a control character', '10\r\nx: \x07\r\n\r\n', 'codec_error'],
    ['a first line of one word and blanks before a control character', 'GET \t\r\nx: \x07\r\n\r\n', 'codec_error'],
    ['a control character in a first line of one word', 'G\x07T\r\n', 'invalid_characters'],
    ['a ClientHello that holds a line feed', '\x16\x03\x01\x02\x00\x01\n\x07\r\n', 'codec_error'],
    ['a blank first', ' GET / HTTP/1.1', 'codec_error'],
    ['a blank first before a control character', ' GET / HTTP/1.1\r\nx: \x07\r\n\r\n', 'codec_error'],
  ])('is %s', (_, bytes, details) => {
    expect(feed(bytes).seen).toEqual([`!400 http1.${details}`]);
  });
});

describe('requests for another protocol', () => {
  /** What came, when the client has gone. */
  function seen(options: Partial<H1ServerOptions>, ...pieces: string[]): string[] {
    const recorder = feedWith(options, ...pieces);
    recorder.codec.onClosed(undefined);
    return recorder.seen;
  }

  it('takes what follows an upgrade or CONNECT as it is, and nothing away that Connection names', () => {
    expect(seen({}, UPGRADE + GET, POST)).toEqual([
      `GET x /chat connection: x-a, Upgrade\r\nupgrade: foo\r\nx-a: 1\r\n${GET}${POST}!reset`,
      'closed',
    ]);
    expect(seen({}, 'CONNECT h:1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n' + GET)).toEqual([`CONNECT h:1  ${GET}!reset`, 'closed']);
  });

  it('refuses CONNECT with a body', () => {
    const head = 'CONNECT h:1 HTTP/1.1\r\nhost: x\r\n';
    expect(feed(`${head}content-length: 5\r\n\r\nhello`).seen).toEqual(['!400 http1.body_disallowed']);
    expect(feed(`${head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`).seen).toEqual(['!501 http1.invalid_transfer_encoding']);
  });

  it('does not see the offers that it is told to ignore', () => {
    const ignoredUpgrades = [{ matches: (protocol: string) => protocol === 'foo' }] as unknown as H1ServerOptions['ignoredUpgrades'];
    expect(feedWith({ ignoredUpgrades }, UPGRADE + GET).seen).toEqual(['GET x /chat connection: x-a, Upgrade\r\n', 'GET x /a ']);
    const several = UPGRADE.replace('foo', 'foo, bar');
    expect(seen({ ignoredUpgrades }, several)).toEqual(['GET x /chat connection: x-a, Upgrade\r\nupgrade: bar\r\nx-a: 1\r\n!reset', 'closed']);
  });

  it('stops reading while it is told to, and reads on', () => {
    const recorder = feedWith({}, UPGRADE);
    recorder.encoder!.pause();
    recorder.connection.receive('late');
    const before = recorder.connection.paused;
    recorder.encoder!.resume();
    recorder.connection.pump();
    recorder.codec.onClosed(undefined);
    expect([before, recorder.seen[0]!.endsWith('late!reset')]).toEqual([true, true]);
  });

  it('writes a 101 that names the protocol and what follows without framing', () => {
    const recorder = feedWith({}, UPGRADE);
    const answer = new HeaderMap();
    answer.status = 101;
    answer.add(H.upgrade, 'foo');
    recorder.encoder!.sendHeaders(answer, false);
    recorder.encoder!.sendData(Buffer.from('raw'), false);
    expect(recorder.connection.written).toBe('HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\n\r\nraw');
  });

  it('writes no framing for a CONNECT that is let through', () => {
    for (const [status, written] of [
      [200, 'HTTP/1.1 200 OK\r\n\r\nraw'],
      [502, 'HTTP/1.1 502 Bad Gateway\r\ntransfer-encoding: chunked\r\n\r\n3\r\nraw\r\n'],
    ] as const) {
      const recorder = feedWith({}, 'CONNECT h:1 HTTP/1.1\r\n\r\n');
      const answer = new HeaderMap();
      answer.status = status;
      recorder.encoder!.sendHeaders(answer, false);
      recorder.encoder!.sendData(Buffer.from('raw'), false);
      expect(recorder.connection.written).toBe(written);
    }
  });
});

describe('names of fields', () => {
  it('keep their letters in any split of the head', () => {
    const head = 'GET /A HTTP/1.1\r\nHOST: x\r\nX-Some-NAME: Value: B\r\nx-SOME-name: c\r\n\r\n';
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: head.length }), { maxLength: 8 }), (cuts) => {
        const at = [0, ...[...cuts].sort((a, b) => a - b), head.length];
        const pieces = at.slice(1).map((end, index) => head.slice(at[index], end)).filter((piece) => piece !== '');
        const { seen } = feedWith({ fieldCase: { write: 'lower', keep: 'lower' } }, ...pieces);
        expect(seen).toEqual(['GET x /A X-Some-NAME: Value: B\r\nX-Some-NAME: c\r\n']);
      }),
    );
  });

  it('of an answer are written with capitals where that is wanted', () => {
    const recorder = feedWith({ fieldCase: { write: 'proper', keep: 'no' } }, GET);
    expect(recorder.connection.written).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
});

describe('heads as Envoy reads them', () => {
  const LENIENT: HeadLeniency = { foldedLines: true, severalHosts: true, bareCarriageReturn: true, chunkedLength: false };
  const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nhost:b\r\nX-A:  one\r\n\ttwo\rthree \r\r\nContent-Length:\r\n 5\r\n\r\nhello';

  it('come out the same however they are split', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: HEAD.length - 1 }), { maxLength: 8 }), (cuts) => {
        const recorder = new Recorder({ leniency: LENIENT });
        let from = 0;
        for (const to of [...cuts.sort((a, b) => a - b), HEAD.length]) {
          recorder.connection.receive(HEAD.slice(from, to));
          from = to;
        }
        expect(recorder.seen).toEqual(['POST a,b / x-a: one\ttwothree\r\ncontent-length: 5\r\nhello']);
      }),
    );
  });

  it('hold many of what is left out at linear cost', () => {
    const recorder = new Recorder({ leniency: LENIENT });
    recorder.connection.receive(`GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'\r\r\r\r\r.'.repeat(500)}\r\n\r\n`);
    expect(recorder.seen).toEqual([`GET a / x-a: ${'.'.repeat(500)}\r\n`]);
  });
});
