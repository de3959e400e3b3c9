import { describe, expect, it } from 'vitest';
import type { ResponseDecoder } from '../../../src/http/codec/codec.ts';
import { RawClientCodec } from '../../../src/http/codec/raw-client.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { FakeConnection } from '../../support/fake-connection.ts';

const EMPTY = Buffer.alloc(0);
const GONE = { source: 'local', kind: 'local-reset', details: '' } as const;

/** A raw connection with one stream, which writes down what it is told. */
class Tunnel {
  readonly connection = new FakeConnection();
  readonly told: string[] = [];
  readonly seen: string[] = [];
  readonly codec = new RawClientCodec(
    this.connection,
    {
      onStreamReset: () => {},
      onCapacityChange: () => {},
      onCloseAnnounced: () => {},
      onStreamEnd: () => this.told.push('stream end'),
      onCodecClosed: (_codec, failure) => this.told.push(`closed: ${failure?.source} ${failure?.kind}`),
      onProtocolError: () => this.told.push('protocol error'),
    },
    10,
  );

  constructor() {
    this.connection.owner = this.codec;
  }

  open(): ReturnType<RawClientCodec['newStream']> {
    const decoder: ResponseDecoder = {
      onInformational: () => {},
      onHeaders: (headers, end) => this.seen.push(`${headers.status}${end ? '.' : ''}`),
      onData: (chunk, end) => this.seen.push(chunk.toString('latin1') + (end ? '.' : '')),
      onTrailers: () => {},
      onReset: (failure) => this.seen.push(`reset: ${failure.kind}`),
    };
    return this.codec.newStream(decoder);
  }
}

describe('a raw upstream connection', () => {
  it('passes bytes both ways as they are', () => {
    const tunnel = new Tunnel();
    const encoder = tunnel.open();
    encoder.sendData(Buffer.from('GET'), false);
    tunnel.connection.receive('\r\n\0');
    expect([tunnel.connection.written, tunnel.seen]).toEqual(['GET', ['\r\n\0']]);
    expect([encoder.bytes.wireSent, encoder.bytes.wireReceived]).toEqual([3, 3]);
  });

  it('answers a head with 200', () => {
    const tunnel = new Tunnel();
    tunnel.open().sendHeaders(new HeaderMap(), false);
    expect([tunnel.seen, tunnel.connection.written]).toEqual([['200'], '']);
  });

  it('carries one stream only', () => {
    const tunnel = new Tunnel();
    expect(tunnel.codec.canTakeStream).toBe(true);
    tunnel.open();
    expect(tunnel.codec.canTakeStream).toBe(false);
  });

  it('closes each direction by itself and counts its stream until the connection is gone', () => {
    const tunnel = new Tunnel();
    const encoder = tunnel.open();
    tunnel.codec.onEnd();
    expect([tunnel.seen, tunnel.told]).toEqual([['.'], []]);
    encoder.sendData(Buffer.from('rest'), true);
    expect([tunnel.connection.written, tunnel.told]).toEqual(['rest', []]);
    tunnel.codec.onClosed(undefined);
    expect([tunnel.seen, tunnel.told]).toEqual([['.'], ['closed: downstream local-reset']]);
  });

  it('resets its stream when the peer is gone', () => {
    const tunnel = new Tunnel();
    tunnel.open();
    tunnel.codec.onClosed({ code: 'ECONNRESET', message: '' });
    expect([tunnel.seen, tunnel.told]).toEqual([['reset: connection-termination'], ['closed: upstream connection-termination']]);
  });

  it('says nothing to a stream that was given up', () => {
    const tunnel = new Tunnel();
    const encoder = tunnel.open();
    encoder.reset(GONE);
    tunnel.codec.onClosed(undefined);
    encoder.sendData(EMPTY, true);
    expect([tunnel.seen, tunnel.told]).toEqual([[], ['closed: local local-reset']]);
  });
});
