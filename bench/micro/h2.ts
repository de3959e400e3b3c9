import { ManualClock } from '../../src/core/clock.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { Timers } from '../../src/core/timers.ts';
import type { MultiplexedCodecOwner, RequestDecoder, RequestEncoder, ResponseDecoder, ServerEncoder } from '../../src/http/codec/codec.ts';
import { PREFACE } from '../../src/http/codec/h2/frame.ts';
import { H2ClientCodec } from '../../src/http/codec/h2/h2-client.ts';
import type { H2ServerOptions } from '../../src/http/codec/h2/h2-options.ts';
import { H2ServerCodec } from '../../src/http/codec/h2/h2-server.ts';
import { compileH2Settings } from '../../src/http/codec/h2/h2-settings.ts';
import { H2_CODEC_STATS } from '../../src/http/codec/h2/h2-stats.ts';
import type { HeaderMap } from '../../src/http/header-map.ts';
import { H, headerName } from '../../src/http/header-name.ts';
import type { Connection } from '../../src/transport/transport.ts';
import type { MicroCase } from './runner/micro-case.ts';
import { Nowhere } from './nowhere.ts';

const VIA = headerName('via');
const FORWARDED_PROTO = headerName('x-forwarded-proto');
const timers = new Timers(new ManualClock());
const OPTIONS: H2ServerOptions = {
  ...compileH2Settings(undefined),
  maxHeadBytes: 60 * 1024,
  maxHeaders: 100,
  underscores: 'allow',
  highWatermarkBytes: 1 << 20,
  keepAlive: undefined,
  flushTimeout: undefined,
  resets: undefined,
  resetDelay: timers.list(5),
  stats: new SharedStatStore({ onAnnounce: () => {}, direct: true }).group('http2', H2_CODEC_STATS),
};

/** What h2load and nginx sent on connections that had carried a call: a call's head, its answer's, its trailers. */
const CALL_FIRST =
  '0490611dc8dbac465a893af80939d8dc3f5f86418c8cb51275cbe474d7415721e9837a8a9acac8b4c7602bbaf2e05f8b1d75d0620d263d4c4d6564400274658' +
  '64d833505b11f40899acac8b24d494f6a7f033130531f089cba51d85b140044cb4db8ebcf8e324859401132d36e3af3e38c92165f0f0d023639';
const CALL = '0490611dc8dbac465a893af80939d8dc3f5f86c283c1c0bfbe1f089cba51d85b140044cb4db8ebcf8e324859401132d36e3af3e38c92165f0f0d023639';
const ANSWER = '887689aa6355e580ae212e1f6196dc34fd2820a9a4fdd41004e2817ee08171a6d4c5a37f5f8b1d75d0620d263d4c4d65645c023634';
const TRAILERS = '00889acac8b21234da8f0130';
/** The same by an origin that puts into its table what it says again. */
const INDEXED_ANSWER_FIRST = '885f8b1d75d0620d263d4c4d6564';
const INDEXED_ANSWER = '88be';
const INDEXED_TRAILERS_FIRST = '40889acac8b21234da8f0130';
const INDEXED_TRAILERS = 'be';

const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const END_HEADERS = 4;
const CALL_MESSAGE = '78'.repeat(69);
const ANSWER_MESSAGE = '78'.repeat(64);
/** Windows as wide as they may be: nothing waits. */
const OPENED = frame(SETTINGS, 0, 0, '00047fffffff') + frame(WINDOW_UPDATE, 0, 0, '7fff0000');

/** Both ends of a proxy: passes on what comes, with the lines that a proxy adds. */
class Passage implements MultiplexedCodecOwner {
  readonly client = new H2ClientCodec(new Nowhere() as unknown as Connection, CLIENT_OWNER, { ...OPTIONS });
  readonly downstream = new Nowhere();
  readonly server = new H2ServerCodec(this.downstream as unknown as Connection, this, OPTIONS);

  newStream(encoder: ServerEncoder): RequestDecoder {
    return new PassedRequest(this.client, encoder);
  }

  onUnderscores(): void {}
  onCodecClosed(): void {}
  onCodecStreamClosed(): void {}
  onCodecError(): void {}
}

class PassedRequest implements RequestDecoder {
  readonly #encoder: RequestEncoder;

  constructor(client: H2ClientCodec, encoder: ServerEncoder) {
    this.#encoder = client.newStream(new PassedResponse(encoder));
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    headers.remove(H.te);
    headers.add(H.te, 'trailers');
    headers.add(H.xForwardedFor, '127.0.0.1');
    headers.add(FORWARDED_PROTO, 'http');
    headers.add(VIA, '1.1 proxy');
    headers.add(H.xRequestId, String(requestId++));
    this.#encoder.sendHeaders(headers, end);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#encoder.sendData(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#encoder.sendTrailers(trailers);
  }

  onReset(): void {}
  onHeadersAwaited(): void {}
  onInvalidRequest(): void {}
}

class PassedResponse implements ResponseDecoder {
  readonly #encoder: ServerEncoder;

  constructor(encoder: ServerEncoder) {
    this.#encoder = encoder;
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    headers.set(H.server, 'envoy');
    headers.set(H.envoyUpstreamServiceTime, '1');
    headers.add(VIA, '1.1 proxy');
    this.#encoder.sendHeaders(headers, end);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#encoder.sendData(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#encoder.sendTrailers(trailers);
  }

  onInformational(): void {}
  onReset(): void {}
}

const CLIENT_OWNER = {
  onStreamEnd: () => undefined,
  onStreamReset: () => undefined,
  onCapacityChange: () => undefined,
  onCloseAnnounced: () => undefined,
  onCodecClosed: () => undefined,
  onProtocolError: () => undefined,
};
let requestId = 1_000_000_000;

export const cases: readonly MicroCase[] = [
  passage('a gRPC call passed on, the answer without a table', { first: CALL_FIRST, later: CALL }, { first: ANSWER, later: ANSWER }, { first: TRAILERS, later: TRAILERS }),
  passage(
    'a gRPC call passed on, the answer from a table',
    { first: CALL_FIRST, later: CALL },
    { first: INDEXED_ANSWER_FIRST, later: INDEXED_ANSWER },
    { first: INDEXED_TRAILERS_FIRST, later: INDEXED_TRAILERS },
  ),
];

/** A block as it is coded on a fresh connection, and later on. */
interface Coded {
  readonly first: string;
  readonly later: string;
}

function passage(name: string, call: Coded, answer: Coded, trailers: Coded): MicroCase {
  const passed = new Passage();
  send(passed.server, Buffer.from(PREFACE, 'latin1'));
  for (const codec of [passed.server, passed.client]) send(codec, Buffer.from(OPENED, 'hex'));
  const request = callFrames(call.later);
  const response = answerFrames(answer.later, trailers.later);
  let id = 1;
  exchange(passed, callFrames(call.first), answerFrames(answer.first, trailers.first), id);
  return {
    name,
    run: (count) => {
      for (let i = 0; i < count; i++) exchange(passed, request, response, (id += 2));
      return passed.downstream.written;
    },
  };
}

interface Frames {
  readonly bytes: Buffer;
  /** Where ids of streams stand. */
  readonly ids: readonly number[];
}

function exchange({ server, client }: Passage, request: Frames, response: Frames, id: number): void {
  for (const at of request.ids) request.bytes.writeUInt32BE(id, at);
  send(server, request.bytes);
  for (const at of response.ids) response.bytes.writeUInt32BE(id, at);
  send(client, response.bytes);
}

function send(codec: { onBytes(bytes: Buffer, length: number): void }, bytes: Buffer): void {
  codec.onBytes(bytes, bytes.length);
}

function callFrames(block: string): Frames {
  return numbered(frame(HEADERS, END_HEADERS, 1, block), frame(DATA, END_STREAM, 1, CALL_MESSAGE));
}

function answerFrames(block: string, trailers: string): Frames {
  return numbered(frame(HEADERS, END_HEADERS, 1, block), frame(DATA, 0, 1, ANSWER_MESSAGE), frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers));
}

function numbered(...frames: readonly string[]): Frames {
  const ids = frames.map((_, index) => frames.slice(0, index).join('').length / 2 + 5);
  return { bytes: Buffer.from(frames.join(''), 'hex'), ids };
}

function frame(type: number, flags: number, id: number, payload: string): string {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length / 2, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return head.toString('hex') + payload;
}
