import type { Connection, ConnectionOwner, TransportError } from '../../../transport/transport.ts';
import type { Failure } from '../../failure.ts';
import type { HeaderMap } from '../../header-map.ts';
import { H } from '../../header-name.ts';
import type { HeldStream, MultiplexedCodecOwner, MultiplexedServerCodec, RequestDecoder } from '../codec.ts';
import { DOWNSTREAM_GONE } from '../h1-server.ts';
import { ErrorCode, MAX_STREAM_ID, PREFACE, Setting } from './frame.ts';
import type { H2ServerOptions } from './h2-options.ts';
import { H2Session } from './h2-session.ts';
import { H2_CODEC_STATS } from './h2-stats.ts';
import { H2Stream, type StreamSession } from './h2-stream.ts';
import type { HeadReader } from './head-reader.ts';
import { areFieldsValid, isComplete } from './request-checks.ts';
import { DOWNSTREAM_FAILURES, INVALID_FIELD, MESSAGING } from './session-errors.ts';
import type { SessionRole } from './session-role.ts';

/** HTTP/2 on a downstream connection (RFC 9113), with prior knowledge or after ALPN. */
export class H2ServerCodec implements MultiplexedServerCodec, ConnectionOwner, SessionRole, StreamSession {
  readonly failures = DOWNSTREAM_FAILURES;
  readonly isReading = false;
  readonly #connection: Connection;
  readonly #owner: MultiplexedCodecOwner;
  readonly #options: H2ServerOptions;
  readonly #session: H2Session;
  // Of the options, for each stream.
  readonly #maxConcurrentStreams: number;
  readonly #streamWindowBytes: number;
  readonly #allowConnect: boolean;
  readonly #underscores: H2ServerOptions['underscores'];
  #prefaceRead = 0;

  constructor(connection: Connection, owner: MultiplexedCodecOwner, options: H2ServerOptions) {
    this.#connection = connection;
    this.#owner = owner;
    this.#options = options;
    this.#maxConcurrentStreams = options.maxConcurrentStreams;
    this.#streamWindowBytes = options.initialStreamWindowBytes;
    this.#allowConnect = options.allowConnect;
    this.#underscores = options.underscores;
    this.#session = new H2Session(this, connection, options);
    options.stats.inc(H2_CODEC_STATS.nghttp2_downstream_connections);
  }

  get activeStreams(): number {
    return this.#session.streams.size;
  }

  onStreamDone(): void {}

  /** First of two: whatever is under way on the wire is still served. */
  startDrain(): void {
    this.#session.goAway(MAX_STREAM_ID);
  }

  finishDrain(): void {
    this.#session.goAway(this.#session.lastPeerId);
    this.#session.stats.inc(H2_CODEC_STATS.goaway_sent);
  }

  heldStreams(): Iterable<HeldStream> {
    return this.#session.streams.values();
  }

  flush(): void {
    this.#session.sender.writer.flush();
  }

  // ConnectionOwner

  onBytes(bytes: Buffer, length: number): void {
    let at = 0;
    while (this.#prefaceRead < PREFACE.length) {
      if (at === length) return;
      if (bytes[at++] !== PREFACE.charCodeAt(this.#prefaceRead++)) {
        this.#refusePreface();
        return;
      }
      if (this.#prefaceRead === PREFACE.length) this.#begin();
    }
    if (at < length) this.#session.onBytes(bytes, at, length);
  }

  onEnd(): void {
    this.#connection.destroy();
  }

  onClosed(_error: TransportError | undefined, failure = DOWNSTREAM_GONE): void {
    this.#session.shutDown(failure);
    this.#owner.onCodecClosed();
  }

  onDrained(): void {
    this.#session.sender.onDrained();
  }

  #begin(): void {
    const options = this.#options;
    this.#session.sendPreface([
      ...options.customSettings,
      [Setting.headerTableSize, options.hpackTableBytes],
      [Setting.enableConnectProtocol, options.allowConnect ? 1 : 0],
      [Setting.maxConcurrentStreams, options.maxConcurrentStreams],
      [Setting.initialWindowSize, options.initialStreamWindowBytes],
    ]);
  }

  #refusePreface(): void {
    this.#prefaceRead = PREFACE.length;
    this.#session.shutDown(DOWNSTREAM_GONE);
    this.#owner.onCodecError(true, false);
  }

  // SessionRole

  isPeerStream(id: number): boolean {
    return (id & 1) === 1;
  }

  onNewStream(id: number): H2Stream | undefined {
    const session = this.#session;
    if (session.streams.size >= this.#maxConcurrentStreams) {
      if (session.settingsAcked) {
        session.onExcessStream();
        return undefined;
      }
      session.stats.inc(H2_CODEC_STATS.stream_refused_errors);
      session.stats.inc(H2_CODEC_STATS.tx_reset);
      session.refuse(id, ErrorCode.refusedStream);
      return undefined;
    }
    const stream = new H2Stream(this, id, session.sender.initialWindow, this.#streamWindowBytes);
    session.addStream(stream);
    stream.decoder = this.#owner.newStream(stream);
    return stream;
  }

  onHeadBegun(stream: H2Stream): void {
    (stream.decoder as RequestDecoder | undefined)?.onHeadersAwaited();
  }

  onHead(stream: H2Stream, head: HeadReader, end: boolean): string | undefined {
    if (!areFieldsValid(head, this.#allowConnect)) return INVALID_FIELD;
    if (!isComplete(head) || (end && head.contentLength > 0)) return MESSAGING;
    const { protocol, contentLength } = head;
    const headers = this.#finish(stream, head);
    if (headers === undefined) return undefined;
    if (head.scheme !== 'http' && head.scheme !== 'https') headers.scheme = head.scheme.toLowerCase();
    const isExtendedConnect = protocol !== '';
    stream.headReceived = true;
    stream.bodyLeft = isExtendedConnect ? -1 : contentLength;
    if (isExtendedConnect) toUpgrade(headers, protocol);
    stream.isUpgrade = isExtendedConnect || head.method === 'CONNECT';
    stream.expectContinue = headers.get(H.expect)?.toLowerCase() === '100-continue';
    const { decoder } = stream;
    if (end) this.#session.endRemote(stream);
    decoder?.onHeaders(headers, end);
    return undefined;
  }

  onTrailers(stream: H2Stream, head: HeadReader): HeaderMap | undefined {
    return this.#finish(stream, head);
  }

  /** Undefined: a name is not to be served. */
  #finish(stream: H2Stream, head: HeadReader): HeaderMap | undefined {
    const { underscores } = head;
    if (underscores === 0 || this.#underscores === 'allow') return head.finish();
    if (this.#underscores === 'reject') {
      this.#owner.onUnderscores('rejected', underscores);
      this.#session.abort(stream, ErrorCode.internalError, this.failures.underscore);
      return undefined;
    }
    const headers = head.finish();
    this.#dropUnderscores(headers);
    return headers;
  }

  onGoAway(): void {}

  onSettings(): void {}

  onRemoteEnd(): void {}

  /** The answer is complete before the request. What the client has sent by now is still looked at; then it is told to stop. */
  onLocalEnd(stream: H2Stream): void {
    stream.answeredEarly = true;
    stream.armFlushTimer(this.#options.resetDelay);
  }

  onStreamReset(): void {}

  onStreamClosed(): void {
    this.#owner.onCodecStreamClosed();
  }

  /** The client need not send the rest (RFC 9113 §8.1). */
  #tellToStop(stream: H2Stream): void {
    this.#session.stats.inc(H2_CODEC_STATS.tx_reset);
    this.#session.refuse(stream.id, ErrorCode.noError, stream);
  }

  onSessionError(isProtocolError: boolean, failure: Failure): void {
    this.#owner.onCodecError(isProtocolError, failure.source === 'local');
  }

  #dropUnderscores(headers: HeaderMap): void {
    const names: string[] = [];
    headers.forEach((name) => {
      if (name.includes('_')) names.push(name);
    });
    for (const name of names) headers.removeText(name);
    this.#owner.onUnderscores('dropped', names.length);
  }

  // StreamSession

  writeHead(stream: H2Stream, headers: HeaderMap, end: boolean): void {
    if (stream.isUpgrade && headers.status === 101) {
      headers.status = 200;
      headers.remove(H.upgrade);
      headers.remove(H.connection);
      headers.remove(H.contentLength);
    }
    this.#session.sender.response(stream, headers, end);
  }

  writeInformational(stream: H2Stream, headers: HeaderMap): void {
    this.#session.sender.response(stream, headers, false);
  }

  writeData(stream: H2Stream, chunk: Buffer, end: boolean): void {
    this.#session.sender.data(stream, chunk, end);
  }

  writeTrailers(stream: H2Stream, trailers: HeaderMap): void {
    this.#session.sender.trailers(stream, trailers);
  }

  resetStream(stream: H2Stream, failure: Failure): void {
    const code = stream.isUpgrade ? ErrorCode.connectError : ErrorCode.internalError;
    this.#session.reset(stream, failure.kind === 'protocol-error' ? ErrorCode.protocolError : code);
  }

  grant(stream: H2Stream, bytes: number): void {
    this.#session.grant(stream, bytes);
  }

  giveUp(stream: H2Stream): void {
    this.#session.giveUp(stream);
  }

  onFlushTimeout(stream: H2Stream): void {
    if (stream.answeredEarly) {
      this.#tellToStop(stream);
      this.#session.forget(stream);
      return;
    }
    this.#session.stats.inc(H2_CODEC_STATS.tx_flush_timeout);
    this.#session.reset(stream, ErrorCode.internalError);
    stream.watcher?.onFlushed?.();
  }
}

/** Extended CONNECT (RFC 8441) asks for what Upgrade asks for in HTTP/1. */
function toUpgrade(headers: HeaderMap, protocol: string): void {
  headers.method = 'GET';
  headers.set(H.upgrade, protocol);
  headers.set(H.connection, 'upgrade');
  headers.remove(H.contentLength);
}
