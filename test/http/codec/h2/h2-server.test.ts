import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { H } from '../../../../src/http/header-name.ts';
import { checkHostileClient, checkHostileServer, checkValidClient } from './hostile-check.ts';
import { clock, frame, GET, literal, POST, PREFACE, type SeenStream, ServerRig, SETTINGS, timers, uint32 } from './h2-rig.ts';

function feed(rig: ServerRig, ...pieces: string[]): ServerRig {
  for (const piece of pieces) rig.connection.receive(piece);
  return rig;
}

const open = (...pieces: string[]): ServerRig => feed(new ServerRig(), PREFACE + SETTINGS, ...pieces);

function answerWith(body: string): (stream: SeenStream) => void {
  return (stream) => {
    const headers = new HeaderMap();
    headers.status = 200;
    stream.encoder.sendHeaders(headers, false);
    stream.encoder.sendData(Buffer.from(body), true);
  };
}

describe('an HTTP/2 server', () => {
  it('says what it is, and takes what the client says of itself', () => {
    const rig = open();
    expect(rig.frames().map((one) => one.split(' ')[0])).toEqual(['4/0#0', '8/0#0', '4/1#0']);
  });

  it('reads a request that comes byte by byte as one that comes whole', () => {
    const text = PREFACE + SETTINGS + frame(1, 4, 1, POST + literal('x-a', 'b')) + frame(0, 8, 1, '\x03hello\0\0\0') + frame(1, 5, 1, literal('x-t', 'v'));
    const whole = feed(new ServerRig(), text);
    const piecewise = feed(new ServerRig(), ...text);
    expect(whole.streams[0]!.text).toBe('POST http://a/\r\nx-a: b\r\nhello[x-t: v\r\n]');
    expect(piecewise.streams[0]!.text).toBe(whole.streams[0]!.text);
  });

  it('reads every byte as nghttp2 has Huffman coded it', async () => {
    const rig = new ServerRig();
    const request = new Promise<SeenStream>((resolve) => (rig.answer = resolve));
    const wire = new Duplex({
      read: () => {},
      write: (bytes: Buffer, _encoding, done) => {
        rig.connection.receive(bytes.toString('latin1'));
        done();
      },
    });
    const client = http2.connect('http://a', { createConnection: () => wire });
    const bytes = Array.from({ length: 256 - 32 }, (_, index) => String.fromCharCode(32 + index)).filter((byte) => byte !== '\x7f');
    // Zeros are short: they make the coded value the shorter one, and nghttp2 takes it.
    const value = `0${bytes.join('0'.repeat(10))}0`;
    client.request({ 'x-bytes': value });
    expect((await request).headers!.getText('x-bytes')).toBe(value);
    client.destroy();
  });

  it('takes an empty frame as the end of a body', () => {
    const rig = open();
    rig.connection.receive(frame(1, 4, 1, POST) + frame(0, 0, 1, 'body') + frame(0, 1, 1));
    expect(rig.streams[0]!.text).toMatch(/body$/);
    expect(rig.streams[0]!.ended).toBe(true);
  });

  it('writes no empty frame that ends nothing', () => {
    const rig = open();
    rig.answer = ({ encoder }) => {
      const headers = new HeaderMap();
      headers.status = 200;
      encoder.sendHeaders(headers, false);
      encoder.sendData(Buffer.alloc(0), false);
      encoder.sendData(Buffer.alloc(0), true);
    };
    rig.connection.receive(frame(1, 5, 1, GET));
    expect(rig.frames().slice(3).map((one) => one.split(' ')[0])).toEqual(['1/4#1', '0/1#1']);
  });

  it('serves several streams at once', () => {
    const rig = open();
    rig.answer = () => {};
    feed(rig, frame(1, 5, 1, GET), frame(1, 5, 3, GET));
    expect(rig.codec.activeStreams).toBe(2);
    rig.frames();
    answerWith('b')(rig.streams[1]!);
    answerWith('a')(rig.streams[0]!);
    expect(rig.frames()).toEqual(['1/4#3 88', '0/1#3 62', '1/4#1 88', '0/1#1 61']);
    expect(rig.codec.activeStreams).toBe(0);
  });

  it('joins the crumbs of a cookie', () => {
    const rig = open(frame(1, 5, 1, GET + literal('cookie', 'a=1') + literal('cookie', 'b=2')));
    expect(rig.streams[0]!.headers!.get(H.cookie)).toBe('a=1; b=2');
  });

  it('sends no more body than the windows take, and the rest when they open', () => {
    const rig = new ServerRig();
    rig.answer = answerWith('hello');
    feed(rig, PREFACE + frame(4, 0, 0, `\0\x04${uint32(2)}`), frame(1, 5, 1, GET));
    expect(rig.frames().slice(-2)).toEqual(['1/4#1 88', '0/0#1 6865']);
    feed(rig, frame(8, 0, 1, uint32(1)));
    expect(rig.frames()).toEqual(['0/0#1 6c']);
    feed(rig, frame(4, 0, 0, `\0\x04${uint32(100)}`));
    expect(rig.frames()).toEqual(['4/1#0', '0/1#1 6c6f']);
  });

  it('tells the source of a body to stop when its client opens no window, and to go on when it does', () => {
    const rig = new ServerRig({ highWatermarkBytes: 10 });
    const told: string[] = [];
    rig.answer = (stream) => {
      stream.encoder.watcher = { onHighWatermark: () => void told.push('stop'), onLowWatermark: () => void told.push('go') };
      const headers = new HeaderMap();
      headers.status = 200;
      stream.encoder.sendHeaders(headers, false);
      stream.encoder.sendData(Buffer.alloc(20), false);
    };
    feed(rig, PREFACE + frame(4, 0, 0, `\0\x04${uint32(0)}`), frame(1, 5, 1, GET));
    expect(told).toEqual(['stop']);
    feed(rig, frame(8, 0, 1, uint32(20)));
    expect(told).toEqual(['stop', 'go']);
    rig.streams[0]!.encoder.sendData(Buffer.alloc(20), false);
    expect(told).toEqual(['stop', 'go', 'stop']);
  });

  it('gives no window back while a stream is paused', () => {
    const rig = open(frame(1, 4, 1, POST));
    rig.frames();
    rig.streams[0]!.encoder.pause();
    for (let i = 0; i < 3; i++) feed(rig, frame(0, 0, 1, 'a'.repeat(16_000)));
    expect(rig.frames()).toEqual([]);
    rig.streams[0]!.encoder.resume();
    expect(rig.frames()).toEqual([`8/0#1 ${(48_000).toString(16).padStart(8, '0')}`]);
  });

  it('resets a stream whose client sends more than its window', () => {
    const rig = open(frame(1, 4, 1, POST));
    rig.streams[0]!.encoder.pause();
    for (let i = 0; i < 5; i++) feed(rig, frame(0, 0, 1, 'a'.repeat(16_000)));
    expect(rig.streams[0]!.failure?.kind).toBe('protocol-error');
    expect(rig.frames().at(-1)).toBe('3/0#1 00000003');
  });

  it('refuses streams beyond its limit', () => {
    const rig = new ServerRig({ maxConcurrentStreams: 1 });
    rig.answer = () => {};
    feed(rig, PREFACE + SETTINGS, frame(1, 5, 1, GET), frame(1, 5, 3, GET));
    expect(rig.frames().at(-1)).toBe('3/0#3 00000007');
  });

  it('stops a client that goes on after its whole answer', () => {
    const rig = new ServerRig();
    feed(rig, PREFACE + SETTINGS, frame(1, 4, 1, POST));
    answerWith('early')(rig.streams[0]!);
    rig.frames();
    clock.advance(10);
    timers.expire();
    expect(rig.frames()).toEqual(['3/0#1 00000000']);
    feed(rig, frame(0, 1, 1, 'on its way'));
    expect(rig.frames()).toEqual([]);
    expect(rig.errors).toBe(0);
  });

  it('drains in two steps', () => {
    const rig = open();
    rig.frames();
    rig.codec.startDrain();
    feed(rig, frame(1, 5, 1, GET));
    rig.codec.finishDrain();
    feed(rig, frame(1, 5, 3, GET));
    expect(rig.frames()).toEqual(['7/0#0 7fffffff00000000', '1/5#1 89', '7/0#0 0000000100000000']);
    expect(rig.streams.length).toBe(1);
  });

  it('ends a connection for a malformed request', () => {
    const rig = open(frame(1, 5, 1, `${GET}\0\x01A\0`));
    expect(rig.errors).toBe(1);
    expect(rig.codec.activeStreams).toBe(0);
  });

  it('holds no more of a head than twice its limit and a frame', () => {
    const rig = new ServerRig({ maxHeadBytes: 100_000 });
    const piece = 'a'.repeat(16_000);
    feed(rig, PREFACE + SETTINGS + frame(1, 1, 1, GET));
    let pieces = 0;
    while (rig.errors === 0 && pieces < 100) {
      feed(rig, frame(9, 0, 1, piece));
      pieces++;
    }
    expect(pieces).toBeLessThanOrEqual(15);
  });

  it('survives hostile clients', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), checkHostileClient),
      { numRuns: 2000 },
    );
  });

  it('serves clients that keep the rules, however their bytes are cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), checkValidClient),
      { numRuns: 300 },
    );
  });

  it('survives hostile servers on its other side', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), checkHostileServer),
      { numRuns: 1000 },
    );
  });
});
