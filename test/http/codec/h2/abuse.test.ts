import { describe, expect, it } from 'vitest';
import type { ServerEncoder } from '../../../../src/http/codec/codec.ts';
import { FrameReader, type FrameSink } from '../../../../src/http/codec/h2/frame-reader.ts';
import type { H2Options } from '../../../../src/http/codec/h2/h2-options.ts';
import { HeadFlaw, HeadReader } from '../../../../src/http/codec/h2/head-reader.ts';
import { HpackDecoder } from '../../../../src/http/codec/h2/hpack-decoder.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { clock, CountedStats, frame, GET, literal, POST, PREFACE, type SeenStream, ServerRig, SETTINGS, timers, uint32 } from './h2-rig.ts';

/** The classes of HTTP/2 CVEs: what a peer gets for little must cost little. What Envoy answers stands in `test/conformance/cases/http2/abuse.yaml`. */

class CountedRig extends ServerRig {
  readonly counted: Map<string, number>;

  constructor(changes: Partial<H2Options> = {}) {
    const stats = new CountedStats();
    super({ stats, ...changes });
    this.counted = stats.counts;
    this.connection.receive(PREFACE + SETTINGS);
  }
}

const silent = (): void => {};

/** How many of `piece` the server takes until it ends the connection. */
function taken(rig: ServerRig, pieces: (index: number) => string, limit: number): number {
  for (let count = 0; count < limit; count++) {
    if (rig.errors > 0) return count;
    rig.connection.receive(pieces(count));
  }
  return limit;
}

function begin(encoder: ServerEncoder): void {
  const headers = new HeaderMap();
  headers.status = 200;
  encoder.sendHeaders(headers, false);
}

/** Gives body for as long as nobody says stop. */
class Source {
  stopped = false;
  given = 0;
  readonly #encoder: ServerEncoder;
  readonly #chunk: Buffer;

  constructor({ encoder }: SeenStream, chunk: Buffer) {
    this.#encoder = encoder;
    this.#chunk = chunk;
    encoder.watcher = { onHighWatermark: () => void (this.stopped = true), onLowWatermark: () => void (this.stopped = false) };
    begin(encoder);
  }

  run(): void {
    for (let count = 0; !this.stopped && count < 1e6; count++) {
      this.#encoder.sendData(this.#chunk, false);
      this.given += this.#chunk.length;
    }
  }
}

describe('floods', () => {
  const stalled = (rig: ServerRig): void => void (rig.connection.unsentBytes = 1);

  it.each<[string, Partial<H2Options>, string, (index: number) => string, number, string]>([
    ['PING (CVE-2019-9512)', {}, '', () => frame(6, 0, 0, 'abcdefgh'), 1001, 'outbound_control_flood'],
    ['SETTINGS (CVE-2019-9515)', {}, '', () => SETTINGS, 1001, 'outbound_control_flood'],
    ['requests that are refused', { maxConcurrentStreams: 0 }, '', (index) => frame(1, 5, index * 2 + 1, GET), 1001, 'outbound_control_flood'],
    ['PRIORITY (CVE-2019-9513)', {}, '', () => frame(2, 0, 1, `${uint32(0)}\0`), 101, 'inbound_priority_frames_flood'],
    ['WINDOW_UPDATE', {}, '', () => frame(8, 0, 0, uint32(1)), 6, 'inbound_window_update_frames_flood'],
    ['empty DATA (CVE-2019-9518)', {}, frame(1, 4, 1, POST), () => frame(0, 0, 1), 2, 'inbound_empty_frames_flood'],
    ['DATA of padding alone', {}, frame(1, 4, 1, POST), () => frame(0, 8, 1, '\x04\0\0\0\0'), 2, 'inbound_empty_frames_flood'],
    ['empty CONTINUATION (CVE-2024-30255)', {}, frame(1, 1, 1, GET), () => frame(9, 0, 1), 2, 'inbound_empty_frames_flood'],
    ['answers nobody takes', {}, '', (index) => frame(1, 5, index * 2 + 1, GET), 10_001, 'outbound_flood'],
  ])('of %s end the connection and are counted', (_what, options, first, pieces, expected, counter) => {
    const rig = new CountedRig(options);
    rig.answer = counter === 'outbound_flood' ? (stream) => void stream.encoder.sendHeaders(Object.assign(new HeaderMap(), { status: 204 }), true) : silent;
    rig.connection.receive(first);
    stalled(rig);
    // SETTINGS and its ack may have been counted already.
    const count = taken(rig, pieces, expected + 10);
    expect(count).toBeLessThanOrEqual(expected);
    expect(count).toBeGreaterThanOrEqual(expected - 2);
    expect(rig.counted.get(counter)).toBe(1);
    expect(rig.codec.activeStreams).toBe(0);
  });

  it('of control frames are none while their peer takes the answers', () => {
    const rig = new CountedRig();
    expect(taken(rig, () => frame(6, 0, 0, 'abcdefgh'), 5000)).toBe(5000);
  });

  it('of frames that concern nothing cost nothing', () => {
    const rig = new CountedRig();
    rig.frames();
    const nothing = frame(200, 0, 0, 'abc') + frame(6, 1, 0, 'abcdefgh') + frame(7, 0, 0, uint32(0) + uint32(0));
    expect(taken(rig, () => nothing, 5000)).toBe(5000);
    expect(rig.frames()).toEqual([]);
  });

  it('of windows in one SETTINGS are one window, the last', () => {
    const rig = new CountedRig();
    rig.answer = silent;
    rig.connection.receive(frame(1, 4, 1, POST) + frame(8, 0, 1, uint32(2 ** 31 - 1 - 65_535)));
    rig.connection.receive(frame(4, 0, 0, `\0\x04${uint32(70_000)}\0\x04${uint32(65_535)}`));
    expect([rig.errors, rig.codec.activeStreams]).toEqual([0, 1]);
    rig.connection.receive(frame(4, 0, 0, `\0\x04${uint32(65_535)}\0\x04${uint32(70_000)}`));
    expect([rig.errors, rig.codec.activeStreams, rig.frames().at(-1)]).toEqual([0, 0, '4/1#0']);
    expect(rig.streams[0]!.failure?.kind).toBe('remote-reset');
  });

  it('of resets forget each stream (CVE-2023-44487)', () => {
    const rig = new CountedRig();
    rig.answer = silent;
    taken(rig, (index) => frame(1, 4, index * 2 + 1, POST) + frame(3, 0, index * 2 + 1, uint32(8)), 20_000);
    expect(rig.codec.activeStreams).toBe(0);
    expect(rig.streams.every(({ failure }) => failure !== undefined)).toBe(true);
    expect(rig.connection.written.length).toBeLessThan(100);
  });

  it('of requests with flaws remember only so many resets', () => {
    const rig = new CountedRig({ streamErrorOnInvalidMessage: true });
    rig.answer = silent;
    expect(taken(rig, (index) => frame(1, 5, index * 2 + 1, `${GET}\0\x01A\0`), 5000)).toBe(5000);
    rig.frames();
    // The newest is one that may still have been on its way; the oldest has been forgotten.
    rig.connection.receive(frame(0, 1, 9999, 'x'));
    expect(rig.frames()).toEqual([]);
    rig.connection.receive(frame(0, 1, 1, 'x'));
    expect(rig.frames()).toEqual(['3/0#1 00000005']);
  });
});

describe('heads', () => {
  it.each([
    ['an entry of 4,000 bytes', `\x40\x01x\x7f\xa1\x1e${'a'.repeat(4000)}`, 16_000],
    ['an entry of 2 bytes', '\x40\x01x\x01y', 16_000],
  ])('that name %s again and again end when the limit is reached', (_what, entry, times) => {
    const decoder = new HpackDecoder(4096);
    const head = new HeadReader();
    const bytes = Buffer.from(`${GET}${entry}${'\xbe'.repeat(times)}`, 'latin1');
    for (let round = 0; round < 100; round++) {
      head.begin(61_440, 100);
      expect(decoder.decode(bytes, 0, bytes.length, head)).toBe(true);
      expect(head.flaw).toBeGreaterThanOrEqual(HeadFlaw.tooLarge);
      expect(head.fields).toBeLessThanOrEqual(101);
      expect(decoder.tableBytes).toBeLessThanOrEqual(4096);
    }
  });

  it('of cookie crumbs count each crumb (CVE-2026-47774)', () => {
    const rig = new CountedRig();
    rig.connection.receive(frame(1, 5, 1, GET + literal('cookie', 'a=b').repeat(60)));
    expect(rig.counted.get('header_overflow')).toBe(1);
    rig.connection.receive(frame(1, 5, 3, GET + literal('cookie', 'a'.repeat(120)).repeat(70)));
    expect(rig.counted.get('header_list_size_too_large') ?? rig.counted.get('header_overflow')).toBeGreaterThanOrEqual(1);
    expect(rig.errors).toBe(0);
  });

  it('in frames of a byte are held once, to twice the limit and a frame', () => {
    const rig = new CountedRig({ maxHeadBytes: 1000 });
    rig.connection.receive(frame(1, 1, 1, GET));
    expect(taken(rig, () => frame(9, 0, 1, 'a'), 30_000)).toBe(2 * 1000 + 16_384 - GET.length + 1);
  });

  it('that never end leave with their stream', () => {
    const rig = new CountedRig();
    rig.connection.receive(frame(1, 1, 1, GET));
    rig.streams[0]!.encoder.reset({ source: 'local', kind: 'local-reset', details: '' });
    expect(rig.codec.activeStreams).toBe(0);
  });
});

describe('bodies', () => {
  it('of a byte a frame are passed on and cost few windows (CVE-2020-12603)', () => {
    const rig = new CountedRig();
    rig.answer = silent;
    rig.connection.receive(frame(1, 4, 1, POST));
    rig.frames();
    expect(taken(rig, () => frame(0, 0, 1, 'x'), 60_000)).toBe(60_000);
    expect(rig.streams[0]!.text.length).toBe('POST http://a/\r\n'.length + 60_000);
    expect(rig.frames().length).toBeLessThanOrEqual(2);
  });

  it('stop at the watermark when their client opens no window (CVE-2020-12604)', () => {
    const rig = new ServerRig({ highWatermarkBytes: 20_000, maxConcurrentStreams: 50 });
    const sources: Source[] = [];
    rig.answer = (stream) => void sources.push(new Source(stream, Buffer.alloc(1000)));
    rig.connection.receive(PREFACE + frame(4, 0, 0, `\0\x04${uint32(0)}`));
    for (let id = 1; id < 100; id += 2) rig.connection.receive(frame(1, 5, id, GET));
    for (const source of sources) source.run();
    expect(sources.map(({ given }) => given)).toEqual(sources.map(() => 21_000));
    expect(rig.connection.written.length).toBeLessThan(50 * 20);
  });

  it('stop for all streams when their client takes nothing from the socket', () => {
    const rig = new ServerRig({ highWatermarkBytes: 20_000, maxConcurrentStreams: 50, initialStreamWindowBytes: 1e6 });
    const sources: Source[] = [];
    rig.answer = (stream) => void sources.push(new Source(stream, Buffer.alloc(1000)));
    rig.connection.receive(PREFACE + frame(4, 0, 0, `\0\x04${uint32(1e6)}`) + frame(8, 0, 0, uint32(1e9)));
    for (let id = 1; id < 100; id += 2) rig.connection.receive(frame(1, 5, id, GET));
    rig.connection.unsentBytes = 30_000;
    for (const source of sources) source.run();
    expect(sources.map(({ given }) => given)).toEqual(sources.map(() => 1000));
    rig.connection.unsentBytes = 0;
    rig.codec.onDrained();
    expect(sources.every(({ stopped }) => !stopped)).toBe(true);
  });

  it('that wait for a window do not wait for a client that has gone', () => {
    const rig = new ServerRig({ highWatermarkBytes: 20_000, flushTimeout: timers.list(1000) });
    rig.answer = ({ encoder }) => {
      begin(encoder);
      encoder.sendData(Buffer.alloc(1000), true);
    };
    rig.connection.receive(PREFACE + frame(4, 0, 0, `\0\x04${uint32(0)}`) + frame(1, 5, 1, GET));
    expect(rig.codec.activeStreams).toBe(1);
    clock.advance(1100);
    timers.expire();
    expect(rig.codec.activeStreams).toBe(0);
    expect(rig.frames().at(-1)).toBe('3/0#1 00000002');
  });

  it('leave fairly when the window of the connection opens by a little', () => {
    const rig = new ServerRig({ maxConcurrentStreams: 3, maxOutboundFrames: 1e6 });
    rig.answer = ({ encoder }) => {
      begin(encoder);
      encoder.sendData(Buffer.alloc(100_000), true);
    };
    rig.connection.receive(PREFACE + frame(4, 0, 0, `\0\x04${uint32(1e6)}`) + [1, 3, 5].map((id) => frame(1, 5, id, GET)).join(''));
    rig.frames();
    for (let round = 0; round < 6; round++) rig.connection.receive(frame(8, 0, 0, uint32(10)));
    const ids = rig.frames().map((one) => one.slice(0, one.indexOf(' ')));
    expect(ids).toEqual(['0/0#1', '0/0#3', '0/0#5', '0/0#1', '0/0#3', '0/0#5']);
  });
});

describe('the reader of frames', () => {
  it('holds a frame at most, whatever it is given', () => {
    const sink: FrameSink = { onFrame: () => true, onDataHead: () => true, onDataPayload: () => true, onDataEnd: () => true, onBrokenFrame: () => false };
    const reader = new FrameReader(sink);
    const bytes = Buffer.from(frame(1, 4, 1, 'a'.repeat(16_384)) + frame(0, 0, 1, 'b'.repeat(16_384)), 'latin1');
    for (let at = 0; at < bytes.length; at++) {
      reader.read(bytes, at, at + 1);
      expect(reader.heldBytes).toBeLessThanOrEqual(9 + 16_384);
    }
    expect(reader.heldBytes).toBe(0);
  });
});
