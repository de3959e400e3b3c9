import type { Linked, LinkedList } from '../../../core/linked-list.ts';
import { Timer, type TimerList, type TimerOwner } from '../../../core/timers.ts';
import type { Failure } from '../../failure.ts';
import type { HeaderMap } from '../../header-map.ts';
import type { ByteCounts } from '../../stream-info.ts';
import type { HeldStream, PressureWatcher, ServerEncoder, StreamDecoder } from '../codec.ts';
import { PendingBody } from './pending-body.ts';

/** What a stream needs of its connection. */
export interface StreamSession {
  writeHead(stream: H2Stream, headers: HeaderMap, end: boolean): void;
  writeInformational(stream: H2Stream, headers: HeaderMap): void;
  writeData(stream: H2Stream, chunk: Buffer, end: boolean): void;
  writeTrailers(stream: H2Stream, trailers: HeaderMap): void;
  resetStream(stream: H2Stream, failure: Failure): void;
  grant(stream: H2Stream, bytes: number): void;
  onFlushTimeout(stream: H2Stream): void;
  giveUp(stream: H2Stream): void;
}

/**
 * One stream (RFC 9113 §5.1), on either side: what its user calls, and its books.
 *
 *   open ──peer's END_STREAM──▶ remoteEnded ─┐
 *     ├──own END_STREAM───────▶ localEnded  ─┴─both──▶ closed
 *     └──RST_STREAM, either way, or the connection's end──▶ closed
 *
 * The fields are the session's to write; others call methods.
 */
export class H2Stream implements ServerEncoder, ByteCounts, HeldStream, Linked<H2Stream>, TimerOwner {
  list: LinkedList<H2Stream> | undefined;
  listPrevious: H2Stream | undefined;
  listNext: H2Stream | undefined;
  watcher: PressureWatcher | undefined;
  readonly multiplexed = true;
  readonly minorVersion = 1;
  readonly closeRequested = false;
  readonly keepAliveRequested = false;
  expectContinue = false;
  wireReceived = 0;
  wireSent = 0;
  headersReceived = 0;
  headersSent = 0;
  expandedReceived = 0;

  readonly id: number;
  /** Who is told of what arrives; undefined once there is nothing more to tell. */
  decoder: StreamDecoder | undefined;
  headReceived = false;
  remoteEnded = false;
  localEnded = false;
  closed = false;
  sendWindow: number;
  receiveWindow: number;
  /** Received and given on, not yet given back to the peer's window. */
  returnable = 0;
  /** Body that must still come by its content-length. Without one: -1, and less for what has come. */
  bodyLeft = -1;
  /** The request was HEAD (client side). */
  isHead = false;
  /** The request asks for a tunnel: by extended CONNECT or by CONNECT. */
  isUpgrade = false;
  /** The protocol that the request asks for by extended CONNECT; '' = none (client side). */
  upgradeProtocol = '';
  /** The response was complete before the request (server side). */
  answeredEarly = false;
  /** 1xx heads so far (client side). */
  informational = 0;
  /** Above the high watermark: its own, or `pressed` by the connection's. */
  above = false;
  pressed = false;
  /** Body that waits for the peer's window, and what follows it. */
  pending: PendingBody | undefined;
  pendingEnd = false;
  pendingTrailers: HeaderMap | undefined;
  /** Of this stream; null = as the connection's options say. */
  flushTimeout: TimerList | undefined | null = null;
  #heldBack = 0;
  #pauses = 0;
  #flushTimer: Timer | undefined;
  readonly #session: StreamSession;

  constructor(session: StreamSession, id: number, sendWindow: number, receiveWindow: number) {
    this.#session = session;
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  get bytes(): ByteCounts {
    return this;
  }

  /** How much has come, where no content-length stands in the head. */
  get receivedBody(): number {
    return -1 - this.bodyLeft;
  }

  get hasPending(): boolean {
    return this.pending !== undefined;
  }

  get pendingBytes(): number {
    return this.pending === undefined ? 0 : this.pending.bytes;
  }

  get flushing(): boolean {
    return this.pendingEnd && !this.closed;
  }

  get heldBytes(): number {
    return this.pendingBytes + this.#heldBack;
  }

  giveUp(): void {
    if (!this.closed) this.#session.giveUp(this);
  }

  sendInformational(headers: HeaderMap): void {
    if (!this.closed && !this.localEnded) this.#session.writeInformational(this, headers);
  }

  sendHeaders(headers: HeaderMap, end: boolean): void {
    if (!this.closed && !this.localEnded) this.#session.writeHead(this, headers, end);
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (!this.closed && !this.localEnded && !this.pendingEnd) this.#session.writeData(this, chunk, end);
  }

  sendTrailers(trailers: HeaderMap): void {
    if (!this.closed && !this.localEnded && !this.pendingEnd) this.#session.writeTrailers(this, trailers);
  }

  reset(failure: Failure): void {
    this.decoder = undefined;
    if (!this.closed) this.#session.resetStream(this, failure);
  }

  pause(): void {
    this.#pauses++;
  }

  resume(): void {
    if (this.#pauses === 0 || --this.#pauses > 0 || this.#heldBack === 0) return;
    const bytes = this.#heldBack;
    this.#heldBack = 0;
    this.#session.grant(this, bytes);
  }

  /** True when the peer must wait for its window to be opened again. */
  holdBack(bytes: number): boolean {
    if (this.#pauses === 0) return false;
    this.#heldBack += bytes;
    return true;
  }

  /** What was held back, to be given to the connection's window when the stream ends. */
  takeHeldBack(): number {
    const bytes = this.#heldBack;
    this.#heldBack = 0;
    return bytes;
  }

  /** Keeps a copy of body that the window does not take yet. */
  hold(chunk: Buffer, start: number): void {
    this.pending ??= new PendingBody();
    if (start < chunk.length) this.pending.append(chunk, start);
  }

  setFlushTimeout(list: TimerList | undefined): void {
    this.flushTimeout = list;
  }

  armFlushTimer(list: { arm(timer: Timer): void }): void {
    list.arm((this.#flushTimer ??= new Timer(this)));
  }

  onTimer(): void {
    this.#session.onFlushTimeout(this);
  }

  /** Nothing is sent or told any more. */
  close(): void {
    this.closed = true;
    this.pending = undefined;
    this.#flushTimer?.disarm();
  }
}
