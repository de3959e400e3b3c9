import type { Connection, ConnectionOwner, TransportError } from '../../../transport/transport.ts';
import type { Failure } from '../../failure.ts';
import type { HeaderMap } from '../../header-map.ts';
import { H } from '../../header-name.ts';
import type { ClientCodec, ClientCodecOwner, RequestEncoder, ResponseDecoder } from '../codec.ts';
import { isBodiless, isForwardedInformational } from '../h1-status.ts';
import { ErrorCode, MAX_STREAM_ID, PREFACE, Setting } from './frame.ts';
import type { H2Options } from './h2-options.ts';
import { H2Session } from './h2-session.ts';
import { H2Stream, type StreamSession } from './h2-stream.ts';
import type { HeadReader } from './head-reader.ts';
import { FieldKind } from './hpack-table.ts';
import { INVALID_FIELD, MESSAGING, UPSTREAM_FAILURES } from './session-errors.ts';
import type { SessionRole } from './session-role.ts';

/** 1xx responses taken before a final one. */
const MAX_INFORMATIONAL = 64;

/**
 * HTTP/2 on an upstream connection (RFC 9113), with prior knowledge or after ALPN: many streams at once.
 *
 *   OPEN ──GOAWAY──▶ LEAVING (no new streams) ──last stream──▶ CLOSED ◀── error, the peer gone, close()
 */
export class H2ClientCodec implements ClientCodec, ConnectionOwner, SessionRole, StreamSession {
  readonly failures = UPSTREAM_FAILURES;
  readonly #connection: Connection;
  readonly #owner: ClientCodecOwner;
  // Of the options, for each stream.
  readonly #maxConcurrentStreams: number;
  readonly #streamWindowBytes: number;
  readonly #session: H2Session;
  /** The peer has sent GOAWAY. */
  #leaving = false;
  #closed = false;

  constructor(connection: Connection, owner: ClientCodecOwner, options: H2Options) {
    this.#connection = connection;
    this.#owner = owner;
    this.#maxConcurrentStreams = options.maxConcurrentStreams;
    this.#streamWindowBytes = options.initialStreamWindowBytes;
    this.#session = new H2Session(this, connection, options);
    connection.writeText(PREFACE);
    this.#session.sendPreface([
      [Setting.enablePush, 0],
      ...options.customSettings,
      [Setting.headerTableSize, options.hpackTableBytes],
      [Setting.maxConcurrentStreams, options.maxConcurrentStreams],
      [Setting.initialWindowSize, options.initialStreamWindowBytes],
    ]);
  }

  get canTakeStream(): boolean {
    if (this.#closed || this.#isLast) return false;
    return this.#session.streams.size < Math.min(this.#maxConcurrentStreams, this.#session.peer.maxConcurrentStreams);
  }

  get activeStreams(): number {
    return this.#session.streams.size;
  }

  /** It takes no further stream, ever. */
  get #isLast(): boolean {
    return this.#leaving || this.#session.lastOwnId >= MAX_STREAM_ID - 2;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    const session = this.#session;
    const id = session.lastOwnId === 0 ? 1 : session.lastOwnId + 2;
    session.lastOwnId = id;
    const stream = new H2Stream(this, id, session.sender.initialWindow, this.#streamWindowBytes);
    stream.decoder = decoder;
    session.addStream(stream);
    return stream;
  }

  close(failure: Failure): void {
    this.#finish(failure, failure);
  }

  // ConnectionOwner

  onBytes(bytes: Buffer, length: number): void {
    this.#session.onBytes(bytes, 0, length);
  }

  onEnd(): void {
    this.#finish(TERMINATED, TERMINATED);
  }

  onClosed(_error: TransportError | undefined): void {
    this.#finish(TERMINATED, TERMINATED);
  }

  onDrained(): void {
    this.#session.sender.onDrained();
  }

  // SessionRole

  /** A server opens no streams: push is off. */
  isPeerStream(id: number): boolean {
    return (id & 1) === 0;
  }

  onNewStream(): undefined {
    this.#session.onExcessStream();
  }

  onHeadBegun(): void {}

  onHead(stream: H2Stream, head: HeadReader, end: boolean): string | undefined {
    const { status, contentLength } = head;
    const opensTunnel = stream.isUpgrade && status >= 200 && status < 300;
    const hasNoBody = status < 200 || (status === 204 && !opensTunnel);
    if (head.pseudoHeaders !== STATUS_ONLY || contentLength === -2 || (hasNoBody && contentLength > 0)) return INVALID_FIELD;
    if (status < 200) {
      if (end || status === 101 || ++stream.informational > MAX_INFORMATIONAL) return MESSAGING;
      if (isForwardedInformational(status)) (stream.decoder as ResponseDecoder | undefined)?.onInformational(head.finish());
      return undefined;
    }
    stream.headReceived = true;
    if (stream.isHead || isBodiless(status)) {
      stream.bodyLeft = 0;
    } else if (!opensTunnel) {
      if (end && contentLength > 0) return MESSAGING;
      stream.bodyLeft = contentLength;
    }
    const { decoder } = stream;
    const headers = head.finish();
    if (opensTunnel || (status === 204 && contentLength === 0)) headers.remove(H.contentLength);
    if (stream.upgradeProtocol !== '' && status === 200) toSwitching(headers, stream.upgradeProtocol);
    if (end) this.#session.endRemote(stream);
    decoder?.onHeaders(headers, end);
    return undefined;
  }

  onTrailers(_stream: H2Stream, head: HeadReader): HeaderMap {
    return head.finish();
  }

  /** Streams that the peer will not look at may be tried elsewhere. */
  onGoAway(lastStreamId: number): void {
    if (!this.#leaving) {
      this.#leaving = true;
      this.#owner.onCloseAnnounced(this);
      this.#owner.onCapacityChange(this);
    }
    for (const stream of this.#session.streams.values()) {
      if (stream.id <= lastStreamId || stream.closed) continue;
      const { decoder } = stream;
      stream.decoder = undefined;
      this.#owner.onStreamReset(this.failures.remoteRefused);
      this.#session.forget(stream);
      decoder?.onReset(this.failures.remoteRefused);
    }
    if (this.#session.streams.size === 0) this.#finish(CLOSED_HERE, CLOSED_HERE);
  }

  onSettings(): void {
    this.#owner.onCapacityChange(this);
  }

  onLocalEnd(): void {}

  /** As a rule the answer does not need the rest of the request. */
  onRemoteEnd(stream: H2Stream): void {
    if ((stream.decoder as ResponseDecoder | undefined)?.goesOnAfterEnd === true) return;
    this.#owner.onStreamReset(NOT_WANTED);
    this.#session.reset(stream, ErrorCode.internalError);
  }

  onStreamReset(failure: Failure): void {
    this.#owner.onStreamReset(failure);
  }

  onStreamClosed(): void {
    if (this.#closed) return;
    this.#owner.onStreamEnd(this);
    if (this.#isLast && this.#session.streams.size === 0) this.#finish(CLOSED_HERE, CLOSED_HERE);
  }

  onSessionError(isProtocolError: boolean, failure: Failure): void {
    if (isProtocolError || failure.kind === 'protocol-error') this.#owner.onProtocolError(this);
    this.#finish(failure, failure);
  }

  #finish(streamFailure: Failure, connectionFailure: Failure): void {
    if (this.#closed) return;
    this.#closed = true;
    // Before its streams are told, who may try again at once.
    this.#owner.onCapacityChange(this);
    this.#session.shutDown(streamFailure);
    this.#connection.closeAfterFlush(0);
    this.#owner.onCodecClosed(this, connectionFailure);
  }

  // StreamSession

  writeHead(stream: H2Stream, headers: HeaderMap, end: boolean): void {
    const { method } = headers;
    stream.isHead = method === 'HEAD';
    const protocol = headers.get(H.upgrade);
    stream.isUpgrade = protocol !== undefined || method === 'CONNECT';
    if (protocol === undefined) {
      this.#session.sender.request(stream, headers, '', end);
      return;
    }
    stream.upgradeProtocol = protocol;
    this.#session.sender.request(stream, toExtendedConnect(headers), protocol, end);
  }

  /** Requests have none. */
  writeInformational(): void {}

  writeData(stream: H2Stream, chunk: Buffer, end: boolean): void {
    this.#session.sender.data(stream, chunk, end);
  }

  writeTrailers(stream: H2Stream, trailers: HeaderMap): void {
    this.#session.sender.trailers(stream, trailers);
  }

  resetStream(stream: H2Stream, failure: Failure): void {
    this.#owner.onStreamReset(failure);
    this.#session.reset(stream, ErrorCode.internalError);
  }

  grant(stream: H2Stream, bytes: number): void {
    this.#session.grant(stream, bytes);
  }

  giveUp(stream: H2Stream): void {
    this.#session.giveUp(stream);
  }

  /** A request waits for its window as long as its stream lives: no timer is armed here. */
  onFlushTimeout(): void {}
}

/** What Upgrade asks for in HTTP/1, extended CONNECT asks for (RFC 8441). The request itself stays what it is for logs and retries. */
function toExtendedConnect(request: HeaderMap): HeaderMap {
  const headers = request.clone();
  headers.method = 'CONNECT';
  headers.remove(H.upgrade);
  headers.remove(H.connection);
  if (headers.get(H.contentLength) === '0') headers.remove(H.contentLength);
  return headers;
}

function toSwitching(headers: HeaderMap, protocol: string): void {
  headers.status = 101;
  headers.set(H.upgrade, protocol);
  headers.set(H.connection, 'upgrade');
}

const STATUS_ONLY = 1 << FieldKind.status;
const TERMINATED: Failure = { source: 'upstream', kind: 'connection-termination', details: '' };
/** The rest of a request whose answer is complete. */
const NOT_WANTED: Failure = { source: 'local', kind: 'local-reset', details: '' };
const CLOSED_HERE: Failure = { source: 'local', kind: 'local-reset', details: '' };
