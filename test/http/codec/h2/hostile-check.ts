import { SeededRandom } from '../../../../src/core/random.ts';
import type { PressureWatcher, StreamEncoder } from '../../../../src/http/codec/codec.ts';
import type { H2Options } from '../../../../src/http/codec/h2/h2-options.ts';
import type { H2Stream } from '../../../../src/http/codec/h2/h2-stream.ts';
import { HeadReader } from '../../../../src/http/codec/h2/head-reader.ts';
import { HpackDecoder } from '../../../../src/http/codec/h2/hpack-decoder.ts';
import { RepeatedFields } from '../../../../src/http/codec/h2/repeated-fields.ts';
import type { Failure } from '../../../../src/http/failure.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { H } from '../../../../src/http/header-name.ts';
import type { Dice } from '../../../support/dice.ts';
import type { FakeConnection } from '../../../support/fake-connection.ts';
import { ClientRig } from './client-rig.ts';
import { clock, CountedStats, ok, type SeenStream, ServerRig, testOptions, timers } from './h2-rig.ts';
import { hostileBlocks, hostileRequests, hostileResponses } from './hostile-frames.ts';
import { validRequests } from './valid-sessions.ts';

/**
 * Each plays one hostile connection, cut into pieces of any length, and throws when a promise is broken: what is written is frames that a
 * peer can read, streams are told of their end once, and no more is kept or written than limits allow.
 */

const BODY = Buffer.alloc(3000, 'b');
const LARGE_BODY = Buffer.alloc(40_000, 'b');
/** The longest head that this side sends. */
const HEAD_BYTES = 20_000;
const LIMIT_MS = 50;
const GIVEN_UP: Failure = { source: 'local', kind: 'local-reset', details: '' };

const limits: Partial<H2Options> = {
  maxOutboundFrames: 20,
  maxOutboundControlFrames: 8,
  maxPriorityFramesPerStream: 3,
  maxWindowUpdatesPerDataFrame: 1,
  resets: { clock, burst: 3, perSecond: 1 },
  hpackTableBytes: 100,
};
const timed: Partial<H2Options> = {
  flushTimeout: timers.list(LIMIT_MS),
  keepAlive: { timers, random: new SeededRandom(1), intervalMs: LIMIT_MS, timeoutMs: LIMIT_MS, jitterPercent: 10, idleIntervalMs: LIMIT_MS },
};
/** Connections of different kinds, so that each guard is met. */
const VARIANTS: Partial<H2Options>[] = [
  {},
  { maxConcurrentStreams: 2, streamErrorOnInvalidMessage: true, allowConnect: true, underscores: 'reject' },
  { maxConcurrentStreams: 50, underscores: 'drop', maxHeadBytes: 100, maxHeaders: 6, highWatermarkBytes: 1000, initialStreamWindowBytes: 100, initialConnectionWindowBytes: 300 },
  { ...limits, maxConcurrentStreams: 1, maxFieldBytes: 30, streamErrorOnInvalidMessage: true },
  { ...timed, allowConnect: true },
  { ...timed, ...limits, highWatermarkBytes: 100, maxEmptyFrames: 10 },
];

/** What all hostile connections together have met, for who asks whether that is everything. */
export const reached = new CountedStats();

function optionsFor(random: SeededRandom): Partial<H2Options> {
  return { ...VARIANTS[random.uint32() % VARIANTS.length]!, stats: reached };
}

/** `act`: what this side does between two pieces. */
function deliver(connection: FakeConnection, bytes: string, random: SeededRandom, act: () => void): void {
  for (let at = 0; at < bytes.length; ) {
    const run = random.unit() < 0.5 ? bytes.length - at : 1 + (random.uint32() % 30);
    connection.receive(bytes.slice(at, at + run));
    at += run;
    if (random.unit() < 0.1) connection.unsentBytes = random.uint32() % 100_000;
    else if (connection.unsentBytes > 0 && random.unit() < 0.3) {
      connection.unsentBytes = 0;
      connection.owner.onDrained();
    }
    const chance = random.unit();
    if (chance < 0.25) act();
    else if (chance < 0.35) pass(random.uint32() % (3 * LIMIT_MS));
  }
}

function pass(ms: number): void {
  clock.advance(ms);
  timers.expire();
}

interface UsedStream {
  readonly encoder: StreamEncoder;
  /** Its decoder is not called any more. */
  givenUp: boolean;
}

/** Is told to stop and to go on by turns. */
class Source implements PressureWatcher {
  /** The message that it was the source of has left, or was given up. */
  isFlushed = false;
  #above = false;

  onHighWatermark(): void {
    if (this.#above) throw new Error('told to stop twice');
    this.#above = true;
  }

  onLowWatermark(): void {
    if (!this.#above) throw new Error('told to go on, and was not stopped');
    this.#above = false;
  }

  onFlushed(): void {
    this.isFlushed = true;
  }
}

/** Fields that heads have, some of them again and again. */
function addFields(random: SeededRandom, headers: HeaderMap): HeaderMap {
  for (let left = random.uint32() % 4; left > 0; left--) {
    const name = FIELD_NAMES[random.uint32() % FIELD_NAMES.length]!;
    const isLong = random.uint32() % 100 === 0;
    headers.addText(name, isLong ? 'v'.repeat(random.uint32() % HEAD_BYTES) : `v${random.uint32() % 3}`);
  }
  return headers;
}

const FIELD_NAMES = ['x-a', 'x-b', 'set-cookie', 'content-type', 'authorization', 'x-once-more'];

function trailers(random: SeededRandom): HeaderMap {
  return addFields(random, new HeaderMap());
}

/** This side goes on with a stream whose head is sent, as filters and the other side of the proxy do. */
function useStream(stream: UsedStream, random: SeededRandom): void {
  const { encoder } = stream;
  switch (random.uint32() % 9) {
    case 0:
      encoder.pause();
      return;
    case 1:
      encoder.resume();
      return;
    case 2:
      stream.givenUp = true;
      encoder.reset({ ...GIVEN_UP, kind: random.unit() < 0.5 ? 'local-reset' : 'protocol-error' });
      return;
    case 3:
      if ((encoder as H2Stream).heldBytes >= 0) (encoder as H2Stream).giveUp();
      return;
    case 4:
      encoder.sendTrailers(trailers(random));
      return;
    default:
      encoder.sendData(random.unit() < 0.1 ? LARGE_BODY : BODY, random.unit() < 0.5);
  }
}

/** Answers in one of several ways, at once or never. */
function answerBy(random: SeededRandom): (stream: SeenStream) => void {
  return (stream) => {
    if (stream.answered) return;
    stream.answered = true;
    const { encoder } = stream;
    encoder.watcher ??= new Source();
    if (random.uint32() % 8 === 0) encoder.sendInformational(Object.assign(new HeaderMap(), { status: 103 }));
    if (random.uint32() % 8 === 0) encoder.setFlushTimeout?.(random.unit() < 0.5 ? undefined : timers.list(LIMIT_MS));
    const headers = addFields(random, new HeaderMap());
    headers.status = stream.headers!.has(H.upgrade) ? 101 : [200, 200, 404, 418][random.uint32() % 4]!;
    switch (random.uint32() % 7) {
      case 0:
        stream.answered = false;
        return;
      case 1:
        encoder.sendHeaders(headers, false);
        encoder.sendData(BODY, true);
        return;
      case 2:
        encoder.sendHeaders(headers, false);
        encoder.sendData(BODY, false);
        encoder.sendTrailers(trailers(random));
        return;
      case 3:
        encoder.sendHeaders(headers, false);
        stream.givenUp = true;
        encoder.reset(GIVEN_UP);
        return;
      case 4:
        encoder.sendHeaders(headers, false);
        return;
      default:
        ok(stream);
    }
  };
}

/** What a peer would find wrong with these frames; undefined: nothing. */
export function faultOf(written: string, isServer: boolean): string | undefined {
  const start = isServer ? 0 : 24;
  const bytes = Buffer.from(written, 'latin1');
  const decoder = new HpackDecoder(4096);
  const over = new Set<number>();
  let block = '';
  for (let at = start; at < bytes.length; ) {
    if (at + 9 > bytes.length) return 'half a frame';
    const length = bytes.readUIntBE(at, 3);
    const [type, flags, id] = [bytes[at + 3]!, bytes[at + 4]!, bytes.readUInt32BE(at + 5)];
    const end = at + 9 + length;
    if (length > 16_384 || end > bytes.length) return 'a frame too long';
    if (type > 9 || type === 2 || type === 5) return `frame type ${type}`;
    if ((type === 9) !== (block !== '')) return 'a head that is torn';
    if (type <= 1) {
      if (id === 0 || over.has(id)) return `frame ${type} on stream ${id}`;
      if ((flags & 1) !== 0) over.add(id);
    }
    if (type === 3) over.add(id);
    if (type === 1 || type === 9) {
      block += bytes.toString('latin1', at + 9, end);
      if ((flags & 4) !== 0) {
        if (!isHead(decoder, block)) return 'a broken head';
        block = '';
      }
    }
    if (type === 8 && bytes.readUInt32BE(at + 9) === 0) return 'a window by 0';
    at = end;
  }
  return undefined;
}

function isHead(decoder: HpackDecoder, block: string): boolean {
  const head = new HeadReader();
  head.begin(65_536, 1000);
  return decoder.decode(Buffer.from(block, 'latin1'), 0, block.length, head);
}

/** `sent`: how often this side has sent something of its own accord. */
function judge(connection: FakeConnection, received: number, sent: number): void {
  const { written } = connection;
  const fault = faultOf(written, true);
  if (fault !== undefined) throw new Error(`wrote ${fault}`);
  // Acks are no longer than what they answer; an answer is a body at most, and costs at least a frame to ask for.
  if (written.length > 1000 + received * 3 + (received / 10 + sent) * (BODY.length + 4 * HEAD_BYTES) + sent * LARGE_BODY.length) throw new Error(`${written.length} bytes for ${received}`);
}

const TIMER_LISTS = [timers.list(LIMIT_MS), testOptions().resetDelay];

/** Nothing of a connection that is over waits for anything. */
function judgeRest(): void {
  if (reached.activeStreams !== 0) throw new Error('streams are counted that are not there');
  for (const list of TIMER_LISTS) if (!list.empty) throw new Error('a timer is armed');
}

export function checkHostileClient(seed: number): void {
  const random = new SeededRandom(seed);
  const bytes = hostileRequests(() => random.unit());
  const options = optionsFor(random);
  const rig = new ServerRig(options);
  rig.answer = answerBy(random);
  let sent = 0;
  deliver(rig.connection, bytes, random, () => {
    const drains = random.uint32() % 20;
    if (drains === 0) rig.codec.startDrain();
    if (drains === 1) rig.codec.finishDrain();
    const stream = rig.streams.at(random.uint32() % Math.max(1, rig.streams.length));
    if (stream === undefined) return;
    // Early: before the request is complete.
    const chance = random.unit();
    if (stream.headers !== undefined && chance < 0.3) rig.answer(stream);
    else if (chance < 0.5) stream.encoder.pause();
    else if (chance < 0.7) stream.encoder.resume();
    else if (stream.answered) useStream(stream, random);
    sent++;
  });
  if (rig.codec.activeStreams > (options.maxConcurrentStreams ?? 100)) throw new Error('more streams than allowed');
  if (rig.errors > 1) throw new Error('a connection failed twice');
  judge(rig.connection, bytes.length, sent);
  if (random.unit() < 0.1) rig.codec.onEnd();
  rig.codec.onClosed(undefined);
  if (rig.codec.activeStreams !== 0) throw new Error('streams outlive their connection');
  for (const stream of rig.streams) {
    if (stream.ends > 1) throw new Error('a stream ended twice');
    // Whoever has sent the whole answer need not hear how the request ends.
    const { localEnded, watcher } = stream.encoder as H2Stream;
    const isOver = stream.ended || stream.givenUp || localEnded || (watcher as Source | undefined)?.isFlushed === true;
    if (!isOver && stream.failure === undefined) throw new Error('a stream was not told of its end');
  }
  judgeRest();
}

export function checkHostileServer(seed: number): void {
  const random = new SeededRandom(seed);
  const bytes = hostileResponses(() => random.unit(), HEADS);
  const rig = new ClientRig({ ...optionsFor(random), flushTimeout: undefined });
  rig.watcher = () => new Source();
  const bodyBytes = random.uint32() % (random.unit() < 0.1 ? 100_000 : 1000);
  const seen = [rig.request(undefined, 'GET'), rig.request('x'.repeat(bodyBytes)), rig.request(undefined, 'HEAD'), rig.tunnel()];
  deliver(rig.connection, bytes, random, () => {
    if (random.unit() < 0.1 && rig.codec.canTakeStream) seen.push(rig.request(undefined, 'GET', addFields(random, new HeaderMap())));
    else useStream(seen[random.uint32() % seen.length]!, random);
  });
  const fault = faultOf(rig.connection.written, false);
  if (fault !== undefined) throw new Error(`wrote ${fault}`);
  const how = random.uint32() % 10;
  if (how === 0) rig.codec.onEnd();
  if (how === 1) rig.codec.close(GIVEN_UP);
  rig.codec.onClosed(undefined);
  if (rig.codec.activeStreams !== 0) throw new Error('streams outlive their connection');
  if (rig.told.filter((what) => what === 'closed').length !== 1) throw new Error('told of the close not once');
  for (const one of seen) if (!one.ended && one.failure === undefined && !one.givenUp) throw new Error('a stream was not told of its end');
  judgeRest();
}

const HEADS = [false, false, true, false];

/** A client that keeps the rules is served, and what is seen of it does not depend on how its bytes are cut. */
export function checkValidClient(seed: number): void {
  const random = new SeededRandom(seed);
  const frames = validRequests(() => random.unit(), true);
  const play = (cut: number): string[] => {
    const rig = new ServerRig({ allowConnect: true, maxWindowUpdatesPerDataFrame: 100, stats: reached });
    const bytes = frames.join('');
    for (let at = 0; at < bytes.length; at += cut) rig.connection.receive(bytes.slice(at, at + cut));
    rig.codec.onClosed(undefined);
    if (rig.errors > 0) throw new Error('a valid session is refused');
    for (const stream of rig.streams) if (!stream.ended || stream.failure !== undefined) throw new Error('a valid request is not served');
    const written = rig.frames().filter((each) => !each.startsWith('8/'));
    return [...rig.streams.map(({ text }) => text), ...written];
  };
  const whole = play(Infinity);
  const cut = play(1 + (random.uint32() % 50));
  if (whole.join('\n') !== cut.join('\n')) throw new Error('it depends on how the bytes are cut');
}

export function checkHostileBlocks(dice: Dice): void {
  const decoder = new HpackDecoder(4096);
  const head = new HeadReader();
  const last = new RepeatedFields();
  for (const text of hostileBlocks(dice)) {
    const bytes = Buffer.from(text, 'latin1');
    head.begin(1000, 50, last);
    const isRead = decoder.decode(bytes, 0, bytes.length, head);
    if (decoder.tableBytes > 4096) throw new Error('the table is too large');
    if (!isRead) return;
    if (head.flaw === 0) head.finish().serialise();
  }
}
