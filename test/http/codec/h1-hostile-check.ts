import { SeededRandom } from '../../../src/core/random.ts';
import { ChunkedReader } from '../../../src/http/codec/chunked.ts';
import type { ClientCodecOwner, RequestDecoder, ResponseDecoder, ServerEncoder } from '../../../src/http/codec/codec.ts';
import { LOWER_CASE } from '../../../src/http/codec/field-case.ts';
import { H1ClientCodec } from '../../../src/http/codec/h1-client.ts';
import { type HeadLeniency, STRICT } from '../../../src/http/codec/h1-head.ts';
import { H1ServerCodec, type H1ServerOptions, type H1ServerOwner } from '../../../src/http/codec/h1-server.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { H } from '../../../src/http/header-name.ts';
import { FakeConnection } from '../../support/fake-connection.ts';
import { below, noise, pick } from '../../support/dice.ts';
import { hostileRequestRow, hostileResponse } from './hostile-messages.ts';

/** Each plays hostile bytes whole, and again cut into pieces: nothing is thrown, messages end once, and both say the same. */

const LENIENT: HeadLeniency = { foldedLines: true, severalHosts: true, bareCarriageReturn: true, chunkedLength: true };

const SERVER: H1ServerOptions = {
  maxHeadBytes: 4096,
  maxHeaders: 20,
  leniency: STRICT,
  acceptHttp10: false,
  allowAbsoluteUrl: true,
  allowCustomMethods: false,
  underscores: 'allow',
  trailers: true,
  fieldCase: LOWER_CASE,
  ignoredUpgrades: undefined,
  refusesHttpsInPlaintext: false,
  highWatermarkBytes: 65_536,
};
const SERVERS: readonly H1ServerOptions[] = [
  SERVER,
  { ...SERVER, leniency: LENIENT, acceptHttp10: true, allowCustomMethods: true, underscores: 'drop' },
  { ...SERVER, maxHeadBytes: 200, maxHeaders: 4, underscores: 'reject', trailers: false, acceptHttp10: true },
];

/** What was seen of one message. */
class Seen {
  text = '';
  /** Body does not count where the message turned out broken: how much of it was seen depends on the reads. */
  body = '';
  ends = 0;

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.text += `${headers.method} ${headers.status} ${headers.authority} ${headers.path} ${headers.serialise()}`;
    if (end) this.end();
  }

  onData(chunk: Buffer, end: boolean): void {
    this.body += chunk.toString('latin1');
    if (end) this.end();
  }

  onTrailers(trailers: HeaderMap): void {
    this.body += `[${trailers.serialise()}]`;
    this.end();
  }

  end(): void {
    this.ends++;
    this.text += `${this.body}.`;
  }

  fail(why: string): void {
    if (this.ends > 0) return;
    this.ends++;
    this.text += why;
  }
}

/** Answers each request when it is complete. */
class Server implements H1ServerOwner {
  readonly secure = false;
  readonly connection = new FakeConnection();
  readonly codec: H1ServerCodec;
  readonly seen: Seen[] = [];
  closes = 0;

  constructor(options: H1ServerOptions) {
    this.codec = new H1ServerCodec(this.connection, this, options);
    this.connection.owner = this.codec;
  }

  newStream(encoder: ServerEncoder): RequestDecoder {
    const seen = new Seen();
    this.seen.push(seen);
    const answered = (end: boolean): void => {
      if (!end) return;
      const headers = new HeaderMap();
      headers.status = 200;
      headers.add(H.contentLength, '0');
      encoder.sendHeaders(headers, true);
      this.codec.onStreamDone();
    };
    return {
      onHeadersAwaited: () => {},
      onHeaders: (headers, end) => {
        seen.onHeaders(headers, end);
        answered(end);
      },
      onData: (chunk, end) => {
        seen.onData(chunk, end);
        answered(end);
      },
      onTrailers: (trailers) => {
        seen.onTrailers(trailers);
        answered(true);
      },
      // As with Envoy, it depends on the reads which of two faults is told: one of the grammar, or the size.
      onInvalidRequest: ({ status }) => seen.fail(status === 400 || status === 431 ? '!400 or 431' : `!${status}`),
      onReset: () => seen.fail('!reset'),
    };
  }

  onUnderscores(): void {}

  onCodecClosed(): void {
    this.closes++;
  }
}

/** Where to cut: whole, or in pieces that are mostly short. */
function pieces(text: string, random: SeededRandom | undefined): string[] {
  if (random === undefined) return [text];
  const cut: string[] = [];
  for (let at = 0; at < text.length; ) {
    const run = 1 + (random.uint32() % (random.unit() < 0.5 ? 4 : 60));
    cut.push(text.slice(at, at + run));
    at += run;
  }
  return cut;
}

function expectSame(whole: readonly string[], cut: readonly string[]): void {
  if (whole.join('\n') !== cut.join('\n')) throw new Error(`it depends on how the bytes are cut:\n${JSON.stringify(whole)}\n${JSON.stringify(cut)}`);
}

export function checkHostileHttp1Client(seed: number): void {
  const random = new SeededRandom(seed);
  const text = hostileRequestRow(() => random.unit());
  const options = SERVERS[random.uint32() % SERVERS.length]!;
  const play = (cuts: SeededRandom | undefined): string[] => {
    const server = new Server(options);
    for (const piece of pieces(text, cuts)) server.connection.receive(piece);
    server.codec.onClosed(undefined);
    if (server.closes !== 1) throw new Error('told of the close not once');
    if (server.seen.some(({ ends }) => ends !== 1)) throw new Error('a request did not end once');
    return server.seen.map((seen) => seen.text);
  };
  expectSame(play(undefined), play(random));
}

class Client implements ClientCodecOwner {
  readonly connection = new FakeConnection();
  readonly codec: H1ClientCodec;
  readonly seen: Seen[] = [];
  closes = 0;

  constructor(leniency: HeadLeniency, trailers: boolean, maxHeadBytes: number) {
    this.codec = new H1ClientCodec(this.connection, this, { maxHeadBytes, maxHeaders: 20, leniency, trailers, fieldCase: LOWER_CASE, fullUrl: false, highWatermarkBytes: 1000 });
    this.connection.owner = this.codec;
  }

  request(method: string): void {
    const seen = new Seen();
    this.seen.push(seen);
    const decoder: ResponseDecoder = {
      onInformational: (headers) => void (seen.text += `(${headers.status})`),
      onHeaders: (headers, end) => seen.onHeaders(headers, end),
      onData: (chunk, end) => seen.onData(chunk, end),
      onTrailers: (trailers) => seen.onTrailers(trailers),
      onReset: ({ kind }) => seen.fail(`!${kind}`),
    };
    const headers = new HeaderMap();
    headers.method = method;
    headers.path = '/';
    headers.authority = 'x';
    this.codec.newStream(decoder).sendHeaders(headers, true);
  }

  onStreamEnd(): void {}
  onStreamReset(): void {}
  onCapacityChange(): void {}
  onCloseAnnounced(): void {}
  onProtocolError(): void {}

  onCodecClosed(): void {
    this.closes++;
  }
}

export function checkHostileHttp1Server(seed: number): void {
  const random = new SeededRandom(seed);
  const dice = (): number => random.unit();
  const texts = Array.from({ length: 1 + below(dice, 4) }, () => hostileResponse(dice));
  const methods = texts.map(() => pick(dice, ['GET', 'GET', 'HEAD', 'CONNECT']));
  const isLenient = dice() < 0.3;
  const maxHeadBytes = dice() < 0.3 ? 200 : 4096;
  const ending = below(dice, 2);
  const play = (cuts: SeededRandom | undefined): string[] => {
    const client = new Client(isLenient ? LENIENT : STRICT, !isLenient, maxHeadBytes);
    texts.forEach((text, index) => {
      if (client.codec.canTakeStream) client.request(methods[index]!);
      for (const piece of pieces(text, cuts)) client.connection.receive(piece);
    });
    if (ending === 0) client.codec.onEnd();
    client.codec.onClosed(undefined);
    if (client.closes !== 1) throw new Error('told of the close not once');
    if (client.seen.some(({ ends }) => ends !== 1)) throw new Error('a response did not end once');
    return client.seen.map((seen) => seen.text);
  };
  expectSame(play(undefined), play(random));
}

/** Chunked framing alone. Of what is broken, the place counts and not how much of the data was given before. */
export function checkHostileChunks(seed: number): void {
  const random = new SeededRandom(seed);
  const dice = (): number => random.unit();
  let text = '';
  for (let left = 1 + below(dice, 8); left > 0; left--) text += dice() < 0.9 ? pick(dice, CHUNK_WORDS) : noise(dice, 4);
  const play = (cuts: SeededRandom | undefined): string => {
    const reader = new ChunkedReader();
    reader.reset();
    let data = '';
    let read = 0;
    for (const piece of pieces(text, cuts)) {
      const bytes = Buffer.from(piece, 'latin1');
      const at = reader.read(bytes, 0, bytes.length);
      read += at;
      data += bytes.toString('latin1', reader.dataStart, reader.dataEnd);
      if (at < bytes.length || reader.broken || reader.atTrailers) break;
    }
    if (reader.broken) return `broken at ${read}`;
    return `${data} ${reader.atTrailers ? 'trailers' : 'goes on'} at ${read}`;
  };
  expectSame([play(undefined)], [play(random)]);
}

const CHUNK_WORDS = ['5\r\nhello\r\n', '5\r\nhello\r\n', 'a\r\n0123456789\r\n', '1;x=y\r\nb\r\n', '0\r\n', '0\r\n\r\n', '00000000000000000003\r\nabc\r\n', 'F\r\n', '\r\n', '5', ' ', ';', '\r', '\n', 'ffffffffffffffff\r\n', '10000000000000000\r\n'];
