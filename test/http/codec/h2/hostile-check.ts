import { SeededRandom } from '../../../../src/core/random.ts';
import type { H2Options } from '../../../../src/http/codec/h2/h2-options.ts';
import { HeadReader } from '../../../../src/http/codec/h2/head-reader.ts';
import { RepeatedFields } from '../../../../src/http/codec/h2/repeated-fields.ts';
import { HpackDecoder } from '../../../../src/http/codec/h2/hpack-decoder.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import type { FakeConnection } from '../../../support/fake-connection.ts';
import { ClientRig } from './client-rig.ts';
import { ok, type SeenStream, ServerRig } from './h2-rig.ts';
import { type Dice, hostileBlocks, hostileRequests, hostileResponses } from './hostile-frames.ts';

/**
 * Each plays one hostile connection, cut into pieces of any length, and throws when a promise is broken: what is written is frames that a
 * peer can read, streams are told of their end once, and no more is kept or written than limits allow.
 */

const MAX_STREAMS = 4;
const BODY = Buffer.alloc(3000, 'b');

function deliver(connection: FakeConnection, bytes: string, random: SeededRandom): void {
  for (let at = 0; at < bytes.length; ) {
    const run = random.unit() < 0.5 ? bytes.length - at : 1 + (random.uint32() % 30);
    connection.receive(bytes.slice(at, at + run));
    at += run;
    if (random.unit() < 0.1) connection.unsentBytes = random.uint32() % 100_000;
    else if (connection.unsentBytes > 0 && random.unit() < 0.3) {
      connection.unsentBytes = 0;
      connection.owner.onDrained();
    }
  }
}

/** Answers in one of several ways, at once or never. */
function answerBy(random: SeededRandom): (stream: SeenStream) => void {
  return (stream) => {
    const { encoder } = stream;
    const headers = new HeaderMap();
    headers.status = 200;
    switch (random.uint32() % 6) {
      case 0:
        return;
      case 1:
        encoder.sendHeaders(headers, false);
        encoder.sendData(BODY, true);
        return;
      case 2: {
        encoder.sendHeaders(headers, false);
        encoder.sendData(BODY, false);
        const trailers = new HeaderMap();
        trailers.addText('x-t', 'v');
        encoder.sendTrailers(trailers);
        return;
      }
      case 3:
        encoder.sendHeaders(headers, false);
        encoder.reset({ source: 'local', kind: 'local-reset', retryable: false, details: '' });
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
  for (let at = start; at < bytes.length; ) {
    if (at + 9 > bytes.length) return 'half a frame';
    const length = bytes.readUIntBE(at, 3);
    const [type, flags, id] = [bytes[at + 3]!, bytes[at + 4]!, bytes.readUInt32BE(at + 5)];
    const end = at + 9 + length;
    if (length > 16_384 || end > bytes.length) return 'a frame too long';
    if (type > 8 || type === 2 || type === 5) return `frame type ${type}`;
    if (type <= 1) {
      if (id === 0 || over.has(id)) return `frame ${type} on stream ${id}`;
      if ((flags & 1) !== 0) over.add(id);
    }
    if (type === 3) over.add(id);
    if (type === 1) {
      const head = new HeadReader();
      head.begin(65_536, 1000);
      if (!decoder.decode(bytes, at + 9, end, head)) return 'a broken head';
    }
    if (type === 8 && bytes.readUInt32BE(at + 9) === 0) return 'a window by 0';
    at = end;
  }
  return undefined;
}

function judge(connection: FakeConnection, received: number, isServer: boolean): void {
  const { written } = connection;
  const fault = faultOf(written, isServer);
  if (fault !== undefined) throw new Error(`wrote ${fault}`);
  // Acks are no longer than what they answer; an answer is a body at most, and costs at least a frame to ask for.
  if (written.length > 1000 + received * 3 + (received / 10) * (BODY.length + 200)) throw new Error(`${written.length} bytes for ${received}`);
}

export function checkHostileClient(seed: number, options: Partial<H2Options>): void {
  const random = new SeededRandom(seed);
  const bytes = hostileRequests(() => random.unit());
  const rig = new ServerRig({ maxConcurrentStreams: MAX_STREAMS, ...options });
  rig.answer = answerBy(random);
  deliver(rig.connection, bytes, random);
  if (rig.codec.activeStreams > MAX_STREAMS) throw new Error('more streams than allowed');
  if (rig.errors > 1) throw new Error('a connection failed twice');
  judge(rig.connection, bytes.length, true);
  rig.codec.onClosed(undefined);
  if (rig.codec.activeStreams !== 0) throw new Error('streams outlive their connection');
  for (const stream of rig.streams) {
    if (stream.ends > 1) throw new Error('a stream ended twice');
    if (!stream.ended && stream.failure === undefined) throw new Error('a stream was not told of its end');
  }
}

export function checkHostileServer(seed: number, options: Partial<H2Options>): void {
  const random = new SeededRandom(seed);
  const bytes = hostileResponses(() => random.unit());
  const rig = new ClientRig(options);
  const seen = [rig.request(undefined, 'GET'), rig.request('x'.repeat(random.uint32() % 100_000)), rig.request(undefined, 'HEAD')];
  deliver(rig.connection, bytes, random);
  const fault = faultOf(rig.connection.written, false);
  if (fault !== undefined) throw new Error(`wrote ${fault}`);
  rig.codec.onClosed(undefined);
  if (rig.codec.activeStreams !== 0) throw new Error('streams outlive their connection');
  if (rig.told.filter((what) => what === 'closed').length !== 1) throw new Error('told of the close not once');
  for (const one of seen) if (!one.ended && one.failure === undefined) throw new Error('a stream was not told of its end');
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
