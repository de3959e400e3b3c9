import type { ClientCodecOwner, PressureWatcher, RequestEncoder, ResponseDecoder } from '../../../../src/http/codec/codec.ts';
import { H2ClientCodec } from '../../../../src/http/codec/h2/h2-client.ts';
import type { H2Options } from '../../../../src/http/codec/h2/h2-options.ts';
import type { Failure } from '../../../../src/http/failure.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { H } from '../../../../src/http/header-name.ts';
import { FakeConnection } from '../../../support/fake-connection.ts';
import { testOptions } from './h2-rig.ts';

/** One response as the client saw it. */
export class SeenResponse implements ResponseDecoder {
  text = '';
  ended = false;
  failure: Failure | undefined;
  givenUp = false;
  encoder!: RequestEncoder;

  onInformational(headers: HeaderMap): void {
    this.text += `(${headers.status})`;
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.text += `${headers.status} ${headers.serialise()}`;
    this.ended = end;
  }

  onData(chunk: Buffer, end: boolean): void {
    this.text += chunk.toString('latin1');
    this.ended = end;
  }

  onTrailers(trailers: HeaderMap): void {
    this.text += `[${trailers.serialise()}]`;
    this.ended = true;
  }

  onReset(failure: Failure): void {
    this.failure = failure;
  }
}

/** A client codec whose peer is the test. */
export class ClientRig implements ClientCodecOwner {
  readonly connection = new FakeConnection();
  readonly codec: H2ClientCodec;
  readonly told: string[] = [];
  /** Of each request. */
  watcher: () => PressureWatcher | undefined = () => undefined;

  constructor(changes: Partial<H2Options> = {}) {
    this.codec = new H2ClientCodec(this.connection, this, testOptions(changes));
    this.connection.owner = this.codec;
  }

  onStreamEnd(): void {
    this.told.push('stream end');
  }

  onStreamReset(failure: Failure): void {
    this.told.push(`reset: ${failure.kind}`);
  }

  onCapacityChange(): void {
    this.told.push(this.codec.canTakeStream ? 'has room' : 'has no room');
  }

  onCloseAnnounced(): void {
    this.told.push('leaves');
  }

  onCodecClosed(): void {
    this.told.push('closed');
  }

  onProtocolError(): void {
    this.told.push('protocol error');
  }

  request(body?: string, method = 'POST', headers = new HeaderMap()): SeenResponse {
    const seen = this.#begin(withTarget(headers, method), body === undefined);
    if (body !== undefined) seen.encoder.sendData(Buffer.from(body), true);
    return seen;
  }

  /** Asks for WebSocket; nothing ends it. */
  tunnel(): SeenResponse {
    const headers = withTarget(new HeaderMap(), 'GET');
    headers.scheme = 'https';
    headers.path = '/';
    headers.set(H.upgrade, 'websocket');
    return this.#begin(headers, false);
  }

  #begin(headers: HeaderMap, end: boolean): SeenResponse {
    const seen = new SeenResponse();
    seen.encoder = this.codec.newStream(seen);
    seen.encoder.watcher = this.watcher();
    seen.encoder.sendHeaders(headers, end);
    return seen;
  }
}

function withTarget(headers: HeaderMap, method: string): HeaderMap {
  headers.method = method;
  headers.scheme = 'http';
  headers.path = '/p';
  headers.authority = 'a';
  return headers;
}
