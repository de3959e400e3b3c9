import { ManualClock } from '../../../../src/core/clock.ts';
import { SharedStatStore } from '../../../../src/core/stats/store.ts';
import type { CounterId, GaugeId, StatGroup } from '../../../../src/core/stats/stats.ts';
import { Timers } from '../../../../src/core/timers.ts';
import type { MultiplexedCodecOwner, RequestDecoder, ServerEncoder } from '../../../../src/http/codec/codec.ts';
import type { H2ServerOptions } from '../../../../src/http/codec/h2/h2-options.ts';
import { H2ServerCodec } from '../../../../src/http/codec/h2/h2-server.ts';
import { H2_CODEC_STATS } from '../../../../src/http/codec/h2/h2-stats.ts';
import type { Failure } from '../../../../src/http/failure.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { FakeConnection } from '../../../support/fake-connection.ts';
import { frame } from '../../../support/http2-frames.ts';

export { frame, uint32 } from '../../../support/http2-frames.ts';

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

function testStats(): StatGroup {
  return new SharedStatStore({ onAnnounce: () => {}, direct: true }).group('http2', H2_CODEC_STATS);
}

export const clock = new ManualClock();
export const timers = new Timers(clock);

/** Counts by name, for tests that ask what was counted. */
export class CountedStats implements StatGroup {
  readonly prefix = 'http2';
  readonly counts = new Map<string, number>();
  activeStreams = 0;

  inc(id: CounterId): void {
    const name = STAT_NAMES.get(id)!;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  gaugeAdd(id: GaugeId, amount: number): void {
    if (id === H2_CODEC_STATS.streams_active) this.activeStreams += amount;
  }

  add(): void {}
  gaugeSet(): void {}
  record(): void {}

  counter(): never {
    throw new Error('a codec has no statistic of a name of its own');
  }

  gauge(): never {
    return this.counter();
  }

  histogram(): never {
    return this.counter();
  }
}

const STAT_NAMES = new Map<unknown, string>(Object.entries(H2_CODEC_STATS).map(([name, id]) => [id, name]));

export function testOptions(changes: Partial<H2ServerOptions> = {}): H2ServerOptions {
  return {
    hpackTableBytes: 4096,
    maxFieldBytes: 65_536,
    maxConcurrentStreams: 100,
    initialStreamWindowBytes: 65_535,
    initialConnectionWindowBytes: 1_048_576,
    maxOutboundFrames: 10_000,
    maxOutboundControlFrames: 1000,
    maxEmptyFrames: 1,
    maxPriorityFramesPerStream: 100,
    maxWindowUpdatesPerDataFrame: 10,
    maxHeadBytes: 8192,
    maxHeaders: 50,
    streamErrorOnInvalidMessage: false,
    allowConnect: false,
    customSettings: [],
    underscores: 'allow',
    highWatermarkBytes: 65_536,
    keepAlive: undefined,
    flushTimeout: undefined,
    resets: undefined,
    resetDelay: timers.list(5),
    ...changes,
    stats: changes.stats ?? testStats(),
  };
}

/** One request as the server saw it. */
export class SeenStream implements RequestDecoder {
  text = '';
  ended = false;
  /** Ends and resets; the end of the request may be followed by a reset of the answer. */
  ends = 0;
  failure: Failure | undefined;
  headers: HeaderMap | undefined;
  answered = false;
  givenUp = false;
  readonly encoder: ServerEncoder;
  readonly #onEnd: (stream: SeenStream) => void;

  constructor(encoder: ServerEncoder, onEnd: (stream: SeenStream) => void) {
    this.encoder = encoder;
    this.#onEnd = onEnd;
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.headers = headers;
    this.text += `${headers.method} ${headers.scheme}://${headers.authority}${headers.path}\r\n${headers.serialise()}`;
    this.#finish(end);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.text += chunk.toString('latin1');
    this.#finish(end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.text += `[${trailers.serialise()}]`;
    this.#finish(true);
  }

  onHeadersAwaited(): void {}
  onInvalidRequest(): void {}

  onReset(failure: Failure): void {
    if (this.failure !== undefined) this.ends++;
    this.failure = failure;
  }

  #finish(end: boolean): void {
    if (!end) return;
    this.ends++;
    this.ended = true;
    this.#onEnd(this);
  }
}

/** A server codec whose peer is the test. */
export class ServerRig implements MultiplexedCodecOwner {
  readonly connection = new FakeConnection();
  readonly streams: SeenStream[] = [];
  readonly codec: H2ServerCodec;
  errors = 0;
  closed = false;
  /** What is done with a complete request. */
  answer: (stream: SeenStream) => void = ok;

  constructor(changes: Partial<H2ServerOptions> = {}) {
    this.codec = new H2ServerCodec(this.connection, this, testOptions(changes));
    this.connection.owner = this.codec;
  }

  newStream(encoder: ServerEncoder): RequestDecoder {
    const stream = new SeenStream(encoder, (ended) => this.answer(ended));
    this.streams.push(stream);
    return stream;
  }

  onUnderscores(): void {}
  onCodecStreamClosed(): void {}

  onCodecError(): void {
    this.errors++;
    this.connection.closeAfterFlush();
  }

  onCodecClosed(): void {
    this.closed = true;
  }

  /** The frames written since the last call, as `type/flags#id payload`. */
  frames(): string[] {
    const bytes = Buffer.from(this.connection.written, 'latin1');
    this.connection.written = '';
    return framesOf(bytes);
  }
}

export function ok(stream: SeenStream): void {
  const headers = new HeaderMap();
  headers.status = 204;
  stream.encoder.sendHeaders(headers, true);
}

export function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    frames.push(`${bytes[at + 3]}/${bytes[at + 4]}#${bytes.readUInt32BE(at + 5)} ${bytes.toString('hex', at + 9, Math.min(end, at + 29))}`.trim());
    at = end;
  }
  return frames;
}

export function literal(name: string, value: string): string {
  return `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`;
}

/** GET http://a/. */
export const GET = '\x82\x86\x84\x01\x01a';
export const POST = '\x83\x86\x84\x01\x01a';
export const SETTINGS = frame(4, 0, 0);
