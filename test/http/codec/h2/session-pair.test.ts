import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../src/core/random.ts';
import type { RequestEncoder } from '../../../../src/http/codec/codec.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import type { FakeConnection } from '../../../support/fake-connection.ts';
import { ClientRig, SeenResponse } from './client-rig.ts';
import { faultOf } from './hostile-check.ts';
import { SeenStream, ServerRig } from './h2-rig.ts';

/** Answers with what comes, as it comes, and stops taking it now and then. */
class Echo extends SeenStream {
  readonly random: SeededRandom;
  paused = 0;

  constructor(stream: SeenStream, random: SeededRandom) {
    super(stream.encoder, () => {});
    this.random = random;
  }

  override onHeaders(headers: HeaderMap, end: boolean): void {
    super.onHeaders(headers, end);
    const answer = new HeaderMap();
    answer.status = 200;
    answer.addText('x-path', headers.path);
    this.encoder.sendHeaders(answer, end);
  }

  override onData(chunk: Buffer, end: boolean): void {
    super.onData(chunk, end);
    this.encoder.sendData(chunk, end);
    if (this.random.unit() < 0.2) {
      this.encoder.pause();
      this.paused++;
    }
  }

  override onTrailers(trailers: HeaderMap): void {
    super.onTrailers(trailers);
    const answer = new HeaderMap();
    answer.addText('x-trailer', trailers.getText('x-trailer') ?? '');
    this.encoder.sendTrailers(answer);
  }

  goOn(): void {
    for (; this.paused > 0; this.paused--) this.encoder.resume();
  }
}

class EchoRig extends ServerRig {
  readonly echoes: Echo[] = [];
  readonly random: SeededRandom;

  constructor(random: SeededRandom, windowBytes: number) {
    super({ initialStreamWindowBytes: windowBytes, maxWindowUpdatesPerDataFrame: 1000, maxOutboundFrames: 1e9 });
    this.random = random;
  }

  override newStream(encoder: ConstructorParameters<typeof SeenStream>[0]): Echo {
    const echo = new Echo(new SeenStream(encoder, () => {}), this.random);
    this.echoes.push(echo);
    return echo;
  }
}

interface Sent {
  readonly encoder: RequestEncoder;
  readonly seen: SeenResponse;
  readonly expected: string;
  body: Buffer;
  readonly trailer: string;
}

/** Each request a body of its own, so that bytes of another stream would be seen. */
function begin(client: ClientRig, random: SeededRandom, index: number): Sent {
  const seen = new SeenResponse();
  const encoder = client.codec.newStream(seen);
  const headers = new HeaderMap();
  Object.assign(headers, { method: 'POST', scheme: 'http', authority: 'a', path: `/${index}` });
  const body = Buffer.alloc(random.uint32() % 3 === 0 ? random.uint32() % 200 : random.uint32() % 150_000, String.fromCharCode(0x61 + (index % 26)));
  const trailer = body.length > 0 && random.unit() < 0.5 ? `v${index}` : '';
  encoder.sendHeaders(headers, body.length === 0 && trailer === '');
  const end = trailer === '' ? '' : `[x-trailer: ${trailer}\r\n]`;
  return { encoder, seen, expected: `200 x-path: /${index}\r\n${body.toString('latin1')}${end}`, body, trailer };
}

function sendSome(one: Sent, random: SeededRandom): void {
  if (one.body.length === 0) return;
  const run = 1 + (random.uint32() % one.body.length);
  const chunk = one.body.subarray(0, run);
  one.body = one.body.subarray(run);
  one.encoder.sendData(chunk, one.body.length === 0 && one.trailer === '');
  if (one.body.length > 0 || one.trailer === '') return;
  const trailers = new HeaderMap();
  trailers.addText('x-trailer', one.trailer);
  one.encoder.sendTrailers(trailers);
}

/** Hands over a part of what `from` has written. False: there was nothing. */
function carry(from: FakeConnection, to: FakeConnection, random: SeededRandom, all: { text: string }): boolean {
  const { written } = from;
  if (written === '') return false;
  const run = random.unit() < 0.3 ? written.length : 1 + (random.uint32() % Math.min(written.length, 40_000));
  from.written = written.slice(run);
  all.text += written.slice(0, run);
  for (let at = 0; at < run; ) {
    const piece = random.unit() < 0.5 ? run - at : 1 + (random.uint32() % 5000);
    to.receive(written.slice(at, Math.min(run, at + piece)));
    at += piece;
  }
  return true;
}

function play(seed: number): void {
  const random = new SeededRandom(seed);
  // A server's window is the default at least: a client may send before it knows better. A client says its own first.
  const server = new EchoRig(random, 65_535 + (random.uint32() % 100_000));
  const windowBytes = 1 + (random.uint32() % (random.unit() < 0.5 ? 1000 : 100_000));
  const client = new ClientRig({ initialStreamWindowBytes: windowBytes, maxWindowUpdatesPerDataFrame: 1000, maxOutboundFrames: 1e9 });
  const sent: Sent[] = [];
  const up = { text: '' };
  const down = { text: '' };
  const wanted = 1 + (random.uint32() % 6);
  for (let idle = 0; idle < 3; ) {
    if (sent.length < wanted && random.unit() < 0.5) sent.push(begin(client, random, sent.length));
    for (const one of sent) if (random.unit() < 0.5) sendSome(one, random);
    const carried = carry(client.connection, server.connection, random, up);
    const moved = carry(server.connection, client.connection, random, down) || carried;
    if (random.unit() < 0.5) for (const echo of server.echoes) echo.goOn();
    const isBusy = sent.length < wanted || sent.some(({ body }) => body.length > 0) || server.echoes.some(({ paused }) => paused > 0);
    idle = moved || isBusy ? 0 : idle + 1;
  }
  expect(sent.map(({ seen }) => seen.text === '' || seen.text.length)).toEqual(sent.map(({ expected }) => expected.length));
  expect(sent.every(({ seen, expected }) => seen.text === expected && seen.ended)).toBe(true);
  expect([client.codec.activeStreams, server.codec.activeStreams, server.errors]).toEqual([0, 0, 0]);
  expect([faultOf(up.text, false), faultOf(down.text, true)]).toEqual([undefined, undefined]);
}

describe('an HTTP/2 client and an HTTP/2 server', () => {
  it('carry every byte, however it is cut, paused and flow-controlled', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => play(seed)),
      { numRuns: 60 },
    );
  });
});
