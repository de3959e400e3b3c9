import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { ClientRig, SeenResponse } from './client-rig.ts';
import { frame, framesOf, literal, type SeenStream, ServerRig, SETTINGS, uint32 } from './h2-rig.ts';

/** Carries what either side has written to the other until both are silent. */
function exchange(client: ClientRig, server: ServerRig): void {
  while (client.connection.written !== '' || server.connection.written !== '') {
    const up = client.connection.written;
    client.connection.written = '';
    if (up !== '') server.connection.receive(up);
    const down = server.connection.written;
    server.connection.written = '';
    if (down !== '') client.connection.receive(down);
  }
}

function echo(stream: SeenStream): void {
  const early = new HeaderMap();
  early.status = 103;
  stream.encoder.sendInformational(early);
  const headers = new HeaderMap();
  headers.status = 200;
  stream.encoder.sendHeaders(headers, false);
  stream.encoder.sendData(Buffer.from(stream.text.slice(stream.text.indexOf('\r\n') + 2)), false);
  const trailers = new HeaderMap();
  trailers.addText('x-t', 'v');
  stream.encoder.sendTrailers(trailers);
}

describe('an HTTP/2 client', () => {
  it('carries many requests at once, with their bodies, 1xx and trailers', () => {
    const client = new ClientRig();
    const server = new ServerRig();
    server.answer = echo;
    const seen = ['one', 'two', 'three'].map((body) => client.request(body));
    exchange(client, server);
    expect(seen.map((one) => one.text)).toEqual(['one', 'two', 'three'].map((body) => `(103)200 ${body}[x-t: v\r\n]`));
    expect(client.told).toEqual(['has room', 'stream end', 'stream end', 'stream end']);
    expect(client.codec.canTakeStream).toBe(true);
  });

  it('moves bodies of any size through windows of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 5 }), (sizes) => {
        const client = new ClientRig();
        const server = new ServerRig();
        server.answer = echo;
        const seen = sizes.map((size) => client.request('x'.repeat(size)));
        exchange(client, server);
        expect(seen.map((one) => one.text.length)).toEqual(sizes.map((size) => '(103)200 [x-t: v\r\n]'.length + size));
      }),
      { numRuns: 20 },
    );
  });

  it('takes no more streams than its peer allows', () => {
    const client = new ClientRig();
    client.connection.receive(frame(4, 0, 0, `\0\x03${uint32(1)}`));
    expect(client.codec.canTakeStream).toBe(true);
    client.request(undefined, 'GET');
    expect(client.codec.canTakeStream).toBe(false);
  });

  it('lets the streams that GOAWAY names finish, gives the others back, and closes with the last', () => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    const first = client.request(undefined, 'GET');
    const second = client.request(undefined, 'GET');
    client.connection.receive(frame(7, 0, 0, uint32(1) + uint32(0)));
    expect(second.failure).toMatchObject({ kind: 'remote-refused-stream', source: 'upstream' });
    expect(client.codec.canTakeStream).toBe(false);
    expect(client.told).toEqual(['has room', 'leaves', 'has no room', 'reset: remote-refused-stream', 'stream end']);
    client.connection.receive(frame(1, 5, 1, '\x88'));
    expect(first.text).toBe('200 ');
    expect(client.told.at(-1)).toBe('closed');
  });

  it('resets a request whose answer is complete', () => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    const headers = new HeaderMap();
    headers.method = 'POST';
    headers.path = '/';
    const seen = new SeenResponse();
    client.codec.newStream(seen).sendHeaders(headers, false);
    client.connection.written = '';
    client.connection.receive(frame(1, 5, 1, '\x88'));
    expect(seen.ended).toBe(true);
    expect(framesOf(Buffer.from(client.connection.written, 'latin1'))).toEqual(['3/0#1 00000002']);
  });

  it.each([
    ['a stream of its own', frame(1, 5, 2, '\x88')],
    ['HEADERS of a stream nobody opened', frame(1, 5, 7, '\x88')],
    ['PUSH_PROMISE', frame(5, 4, 1, `${uint32(2)}\x82`)],
    ['a head without status', frame(1, 5, 1, '\x82')],
    ['101', frame(1, 4, 1, '\x08\x03101')],
  ])('gives up a server that sends %s', (_what, bytes) => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    const seen = client.request(undefined, 'GET');
    client.connection.receive(bytes);
    expect(seen.failure).toMatchObject({ kind: 'protocol-error', source: 'upstream' });
    expect(client.told).toEqual(['has room', 'protocol error', 'has no room', 'reset: protocol-error', 'closed']);
  });

  it('tells its streams when the server goes', () => {
    const client = new ClientRig();
    const seen = client.request(undefined, 'GET');
    client.codec.onEnd();
    expect(seen.failure?.kind).toBe('connection-termination');
    expect(client.told).toEqual(['has no room', 'reset: connection-termination', 'closed']);
  });

  it('asks for another protocol by extended CONNECT and reads 200 as the switch', () => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    client.connection.written = '';
    const seen = new SeenResponse();
    const headers = new HeaderMap();
    headers.method = 'GET';
    headers.scheme = 'http';
    headers.path = '/chat';
    headers.authority = 'a';
    headers.addText('connection', 'upgrade');
    headers.addText('upgrade', 'websocket');
    client.codec.newStream(seen).sendHeaders(headers, false);
    const { written } = client.connection;
    expect(written).toContain('CONNECT');
    expect(written).toContain(':protocol\x09websocket');
    expect(written).not.toContain('upgrade');
    client.connection.receive(frame(1, 4, 1, '\x88') + frame(0, 0, 1, 'hi'));
    expect(seen.text).toBe('101 upgrade: websocket\r\nconnection: upgrade\r\nhi');
    // The request stays as it was, for logs.
    expect([headers.method, headers.getText('upgrade')]).toEqual(['GET', 'websocket']);
  });

  it.each([
    ['a body in answer to HEAD', 'HEAD', frame(1, 4, 1, '\x88') + frame(0, 1, 1, 'x')],
    ['more body than said', 'GET', frame(1, 4, 1, `\x88${literal('content-length', '1')}`) + frame(0, 1, 1, 'xy')],
    ['less body than said', 'GET', frame(1, 4, 1, `\x88${literal('content-length', '2')}`) + frame(0, 1, 1, 'x')],
  ])('ends only the stream for %s', (_what, method, bytes) => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    const [seen, other] = [client.request(undefined, method), client.request(undefined, 'GET')];
    client.connection.receive(bytes + frame(1, 5, 3, '\x88'));
    expect(seen.failure).toMatchObject({ kind: 'protocol-error' });
    expect(other.ended).toBe(true);
    expect(client.codec.canTakeStream).toBe(true);
  });

  it('passes on the 1xx that say something and takes only so many', () => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    const seen = client.request(undefined, 'GET');
    const interim = (status: string): string => frame(1, 4, 1, `\x08\x03${status}`);
    client.connection.receive(interim('103') + interim('199') + interim('102'));
    expect(seen.text).toBe('(103)(102)');
    for (let i = 0; i < 62; i++) client.connection.receive(interim('103'));
    expect(seen.failure).toMatchObject({ kind: 'protocol-error' });
  });

  it('stops the source of one paused stream, and no other', () => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    const [slow, fast] = [new SeenResponse(), new SeenResponse()];
    const encoders = [slow, fast].map((seen) => {
      const headers = new HeaderMap();
      headers.method = 'GET';
      headers.path = '/';
      const encoder = client.codec.newStream(seen);
      encoder.sendHeaders(headers, true);
      return encoder;
    });
    encoders[0]!.pause();
    client.connection.written = '';
    const body = frame(0, 0, 1, 'x'.repeat(16_384)).repeat(3);
    client.connection.receive(frame(1, 4, 1, '\x88') + body);
    expect(framesOf(Buffer.from(client.connection.written, 'latin1'))).toEqual([]);
    client.connection.receive(frame(1, 4, 3, '\x88') + frame(0, 0, 3, 'x'.repeat(16_384)).repeat(3));
    expect(framesOf(Buffer.from(client.connection.written, 'latin1')).map((each) => each.split(' ')[0])).toEqual(['8/0#3']);
    client.connection.written = '';
    encoders[0]!.resume();
    expect(framesOf(Buffer.from(client.connection.written, 'latin1')).map((each) => each.split(' ')[0])).toEqual(['8/0#1']);
  });

  it('tells who sends a request that the peer takes no more, for that stream alone', () => {
    const client = new ClientRig();
    client.connection.receive(SETTINGS);
    const told: string[] = [];
    const [slow, fast] = ['slow', 'fast'].map((name) => {
      const headers = new HeaderMap();
      headers.method = 'POST';
      headers.path = '/';
      const encoder = client.codec.newStream(new SeenResponse());
      encoder.watcher = { onHighWatermark: () => void told.push(`${name} high`), onLowWatermark: () => void told.push(`${name} low`) };
      encoder.sendHeaders(headers, false);
      return encoder;
    });
    // The connection's window is wide, that of a stream is 65,535 bytes and the watermark 65,536.
    client.connection.receive(frame(8, 0, 0, uint32(1_000_000)));
    slow!.sendData(Buffer.alloc(140_000), false);
    fast!.sendData(Buffer.alloc(1_000), false);
    expect(told).toEqual(['slow high']);
    client.connection.receive(frame(8, 0, 1, uint32(60_000)));
    expect(told).toEqual(['slow high', 'slow low']);
  });
});
