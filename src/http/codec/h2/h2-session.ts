import type { StatGroup } from '../../../core/stats/stats.ts';
import type { Connection } from '../../../transport/transport.ts';
import type { Failure } from '../../failure.ts';
import { ControlFrames } from './control-frames.ts';
import type { Flood } from './flood-guard.ts';
import { ErrorCode, Flag, FRAME_HEAD_BYTES, FrameType, NO_BYTES } from './frame.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import type { H2Options } from './h2-options.ts';
import { H2_CODEC_STATS } from './h2-stats.ts';
import type { H2Stream } from './h2-stream.ts';
import { HeadBlock, HeadersPayload } from './head-block.ts';
import { HeadFlaw, HeadReader } from './head-reader.ts';
import { DEFAULT_TABLE_BYTES, HpackDecoder } from './hpack-decoder.ts';
import { KeepAlive, type KeepAliveSession } from './keep-alive.ts';
import { H2Sender } from './h2-sender.ts';
import { ResetStreams } from './reset-streams.ts';
import { INVALID_FIELD, MESSAGING, UNKNOWN_ERROR, USER_CALLBACK } from './session-errors.ts';
import type { SessionRole } from './session-role.ts';
import type { PeerSettings } from './settings.ts';
import { StreamTable } from './stream-table.ts';
import { ReceiveWindows } from './receive-windows.ts';
import { RepeatedFields } from './repeated-fields.ts';

const head = new HeadReader();
const headersPayload = new HeadersPayload();
const NO_CONTINUATION = 'unexpected non-CONTINUATION frame or stream_id is invalid';

/**
 * One HTTP/2 connection (RFC 9113), server or client: reads frames, keeps streams and windows, guards against floods.
 *
 *   START ──SETTINGS──▶ OPEN ──HEADERS without END_HEADERS──▶ BLOCK ──CONTINUATION──▶ OPEN
 *     any ──error, flood, the connection's end──▶ CLOSED
 */
export class H2Session implements FrameSink, KeepAliveSession {
  readonly options: H2Options;
  readonly stats: StatGroup;
  readonly sender: H2Sender;
  readonly windows: ReceiveWindows;
  readonly streams = new StreamTable();
  readonly resetHere = new ResetStreams();
  /** The highest stream id the peer has used. */
  lastPeerId = 0;
  /** The highest this side has used. */
  lastOwnId = 0;
  closed = false;
  readonly #role: SessionRole;
  readonly #connection: Connection;
  readonly #reader = new FrameReader(this);
  readonly #decoder: HpackDecoder;
  readonly #control: ControlFrames;
  readonly #lastHead = new RepeatedFields();
  readonly #lastTrailers = new RepeatedFields();
  readonly #maxHeadBytes: number;
  readonly #maxHeaders: number;
  readonly #keepAlive: KeepAlive | undefined;
  #goAwayId = -1;
  /** It is said when what came in this read has been looked at. */
  #goAwayDue = false;
  #reading = false;
  /** The one that was asked for last: a stream's frames often come together. */
  #recent: H2Stream | undefined;
  // The DATA frame under way
  #dataStream: H2Stream | undefined;
  #dataFlags = 0;
  // The head under way
  #block: HeadBlock | undefined;
  #blockStream: H2Stream | undefined;
  #blockId = 0;
  #blockEnd = false;

  constructor(role: SessionRole, connection: Connection, options: H2Options) {
    this.#role = role;
    this.#connection = connection;
    this.options = options;
    this.stats = options.stats;
    this.#maxHeadBytes = options.maxHeadBytes;
    this.#maxHeaders = options.maxHeaders;
    this.sender = new H2Sender(this, connection, options);
    this.#decoder = new HpackDecoder(Math.max(DEFAULT_TABLE_BYTES, options.hpackTableBytes), options.maxFieldBytes);
    this.#control = new ControlFrames(this, role);
    this.windows = new ReceiveWindows(this.sender.writer, options.initialConnectionWindowBytes, options.initialStreamWindowBytes);
    if (options.keepAlive !== undefined) this.#keepAlive = new KeepAlive(this, this.sender.writer, options.keepAlive);
  }

  /** What this side announces: its settings and its connection window. */
  sendPreface(settings: readonly (readonly [number, number])[]): void {
    this.sender.writer.settings(settings);
    this.windows.announce();
  }

  get peer(): PeerSettings {
    return this.#control.peer;
  }

  /** The peer has seen the settings of this side. */
  get settingsAcked(): boolean {
    return this.#control.settingsAcked;
  }

  addStream(stream: H2Stream): void {
    this.streams.add(stream);
    this.#recent = stream;
    this.sender.guard.onStream();
    this.stats.gaugeAdd(H2_CODEC_STATS.streams_active, 1);
    this.#keepAlive?.onStream();
  }

  streamOf(id: number): H2Stream | undefined {
    if (this.#recent?.id === id) return this.#recent;
    return (this.#recent = this.streams.get(id));
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.closed) return;
    this.#keepAlive?.onRead();
    if (this.#connection.unsentBytes === 0) this.sender.guard.onAllSent();
    this.#reading = true;
    this.#reader.read(bytes, start, end);
    this.#reading = false;
    this.#tellGoAway();
  }

  /** As Envoy: what answers the same read is written before it. */
  goAway(lastStreamId: number): void {
    if (this.closed) return;
    this.#goAwayId = lastStreamId;
    this.#goAwayDue = true;
    if (!this.#reading) this.#tellGoAway();
  }

  #tellGoAway(): void {
    if (!this.#goAwayDue || this.closed) return;
    this.#goAwayDue = false;
    this.sender.writer.goAway(this.#goAwayId, ErrorCode.noError, '');
  }

  /** Ends the stream on both sides with RST_STREAM. Its decoder is not told. */
  reset(stream: H2Stream, code: number): void {
    if (stream.closed) return;
    this.forget(stream);
    if (this.closed) return;
    this.stats.inc(H2_CODEC_STATS.tx_reset);
    this.refuse(stream.id, code);
  }

  /** RST_STREAM for a stream that is not, or no longer, kept. */
  refuse(id: number, code: number, answered?: H2Stream): void {
    if (this.closed) return;
    this.resetHere.add(id, answered);
    this.sender.writer.rstStream(id, code);
    this.sender.check(this.sender.guard.onControlSent());
  }

  forget(stream: H2Stream): void {
    if (!this.streams.delete(stream.id)) return;
    if (this.#recent === stream) this.#recent = undefined;
    this.stats.gaugeAdd(H2_CODEC_STATS.streams_active, -1);
    this.sender.drop(stream);
    stream.close();
    const heldBack = stream.takeHeldBack();
    if (heldBack > 0 && !this.closed) this.windows.giveBack(heldBack);
    this.#role.onStreamClosed(stream);
  }

  /** The stream's user has taken this much. */
  grant(stream: H2Stream, bytes: number): void {
    if (!this.closed) this.windows.giveBackTo(stream, bytes);
  }

  // What its control frames ask for

  /** The peer has taken over the settings of this side. */
  onSettingsAcked(): void {
    this.#decoder.lower(this.options.hpackTableBytes);
  }

  onPingAck(opaque: string): void {
    this.#keepAlive?.onPingAck(opaque);
  }

  // KeepAliveSession

  onKeepAliveTimeout(): void {
    this.stats.inc(H2_CODEC_STATS.keepalive_timeout);
    this.#end(false, this.#role.failures.keepAliveTimeout);
  }

  // Errors. All return false: nothing more is read.

  /** Framing that cannot be read on: GOAWAY says why. */
  fail(code: number, debug: string): false {
    this.#tellGoAway();
    if (!this.closed) this.sender.writer.goAway(this.lastPeerId, code, debug);
    return this.drop(0, USER_CALLBACK);
  }

  /** What Envoy ends without a word. The stream `id`, where there is one, is told the details, the others that they go with it. */
  drop(id: number, details: string): false {
    const { failures } = this.#role;
    this.#end(true, failures.protocolError(USER_CALLBACK), id, failures.protocolError(details));
    return false;
  }

  onFlood(flood: Flood): false {
    this.#end(false, this.#role.failures.protocolError(flood));
    return false;
  }

  /** The role hears of it while the streams are still there. */
  #end(isProtocolError: boolean, failure: Failure, id = 0, ofStream = failure): void {
    if (this.closed) return;
    this.sender.writer.flush();
    this.#role.onSessionError(isProtocolError, ofStream);
    this.shutDown(failure, id, ofStream);
  }

  /** The connection is gone. The stream `id` has a failure of its own. */
  shutDown(failure: Failure, id = 0, ofStream = failure): void {
    if (this.closed) return;
    this.closed = true;
    this.sender.writer.flush();
    this.#keepAlive?.stop();
    this.#block = undefined;
    // As Envoy: the newest first.
    for (const stream of this.streams.values().reverse()) {
      if (stream.closed) continue;
      const { decoder } = stream;
      const reason = stream.id === id ? ofStream : failure;
      stream.decoder = undefined;
      this.sender.drop(stream);
      stream.close();
      this.stats.gaugeAdd(H2_CODEC_STATS.streams_active, -1);
      this.#role.onStreamReset(reason);
      decoder?.onReset(reason);
    }
    this.streams.clear();
    this.#recent = undefined;
  }

  // FrameSink

  /** Too many streams although the peer knows how many it may have. */
  onExcessStream(): void {
    this.drop(0, USER_CALLBACK);
  }

  onBrokenFrame(code: number, debug: string): false {
    if (!this.#control.settingsSeen) return this.fail(ErrorCode.protocolError, 'SETTINGS expected');
    return this.#block === undefined ? this.fail(code, debug) : this.fail(ErrorCode.protocolError, NO_CONTINUATION);
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, at: number, end: number): boolean {
    if (!this.#control.settingsSeen && (type !== FrameType.settings || (flags & Flag.ack) !== 0)) return this.fail(ErrorCode.protocolError, 'SETTINGS expected');
    if (this.#block !== undefined && (type !== FrameType.continuation || id !== this.#blockId)) {
      return this.fail(ErrorCode.protocolError, NO_CONTINUATION);
    }
    switch (type) {
      case FrameType.headers:
        return this.#onHeaders(flags, id, bytes, at, end);
      case FrameType.continuation:
        return this.#onContinuation(flags, bytes, at, end);
      default:
        return this.#control.onFrame(type, flags, id, bytes, at, end);
    }
  }

  // DATA

  onDataHead(flags: number, id: number, length: number, padding: number): boolean {
    if (!this.#control.settingsSeen) return this.fail(ErrorCode.protocolError, 'SETTINGS expected');
    if (this.#block !== undefined) return this.fail(ErrorCode.protocolError, NO_CONTINUATION);
    if (id === 0) return this.fail(ErrorCode.protocolError, 'DATA: stream_id == 0');
    if (!this.windows.take(length)) return this.fail(ErrorCode.flowControlError, '');
    this.#dataFlags = flags;
    const stream = this.streamOf(id);
    this.#dataStream = stream;
    if (stream === undefined) return this.#onStrayData(id, length, padding);
    if (stream.remoteEnded) return this.fail(ErrorCode.streamClosed, 'DATA: stream in half-closed(remote)');
    if (!stream.headReceived) return this.fail(ErrorCode.protocolError, 'DATA: stream in opening');
    if (!this.sender.check(this.sender.guard.onPayload(length - padding, (flags & Flag.endStream) !== 0))) return false;
    stream.receiveWindow -= length;
    stream.wireReceived += length + FRAME_HEAD_BYTES;
    if (stream.receiveWindow < 0) this.resetMalformed(stream, ErrorCode.flowControlError);
    else if (padding > 0) this.grant(stream, padding);
    // As Envoy, whose filters see an empty frame, too.
    if (length === padding && (flags & Flag.endStream) === 0) stream.decoder?.onData(NO_BYTES, false);
    return !this.closed;
  }

  /** DATA of a stream that is not open. Its bytes count for the connection. */
  #onStrayData(id: number, length: number, padding: number): boolean {
    if (this.isIdle(id)) return this.fail(ErrorCode.protocolError, 'DATA: stream in idle');
    this.windows.giveBack(length);
    if (!this.resetHere.has(id)) {
      // A server that says more than its whole answer does no harm.
      if (this.#role.isPeerStream(id)) this.refuse(id, ErrorCode.streamClosed);
      return !this.closed;
    }
    return this.refuseRest(id, this.resetHere.onData(id, length - padding, (this.#dataFlags & Flag.endStream) !== 0));
  }

  /** `code`: the rest of a request that is answered makes no sense; -1 when it does. */
  refuseRest(id: number, code: number): boolean {
    if (code !== -1) this.refuse(id, code);
    return !this.closed;
  }

  onDataPayload(bytes: Buffer, at: number, end: number, last: boolean): boolean {
    const stream = this.#dataStream;
    if (stream === undefined) return true;
    const length = end - at;
    if (stream.closed) {
      this.windows.giveBack(length);
      return true;
    }
    if (stream.bodyLeft >= 0) {
      stream.bodyLeft -= length;
      const ends = last && (this.#dataFlags & Flag.endStream) !== 0;
      if (stream.bodyLeft < 0 || (ends && stream.bodyLeft > 0)) {
        this.resetMalformed(stream, ErrorCode.protocolError);
        return !this.closed;
      }
    } else {
      stream.bodyLeft -= length;
    }
    if (!stream.holdBack(length)) this.grant(stream, length);
    this.#giveData(stream, bytes.subarray(at, end), last);
    return !this.closed;
  }

  #giveData(stream: H2Stream, chunk: Buffer, last: boolean): void {
    const { decoder } = stream;
    const ends = last && (this.#dataFlags & Flag.endStream) !== 0;
    if (ends) {
      this.#dataStream = undefined;
      this.endRemote(stream);
    }
    decoder?.onData(chunk, ends);
  }

  onDataEnd(): boolean {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    if (stream === undefined || stream.closed || (this.#dataFlags & Flag.endStream) === 0) return !this.closed;
    // An empty frame ends the message.
    if (stream.bodyLeft > 0) this.resetMalformed(stream, ErrorCode.protocolError);
    else this.#giveData(stream, NO_BYTES, true);
    return !this.closed;
  }

  /** The peer's message is complete. */
  endRemote(stream: H2Stream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.forget(stream);
    else this.#role.onRemoteEnd(stream);
  }

  /** This side's message is complete. */
  onLocalEnd(stream: H2Stream): void {
    stream.localEnded = true;
    if (stream.remoteEnded) this.forget(stream);
    else this.#role.onLocalEnd(stream);
  }

  /** The stream's message breaks the rules: it ends, the connection goes on. */
  resetMalformed(stream: H2Stream, code: number): void {
    this.abort(stream, code, this.#role.failures.streamError);
  }

  /** As Envoy, for which the peer has reset it. */
  onWideWindow(stream: H2Stream): void {
    this.abort(stream, ErrorCode.flowControlError, this.#role.failures.remoteReset);
  }

  // Heads

  #onHeaders(flags: number, id: number, bytes: Buffer, start: number, stop: number): boolean {
    // A client takes HEADERS only for streams it has opened, a server opens none.
    const isIdle = this.isIdle(id);
    if (id === 0 || (isIdle && !this.#role.isPeerStream(id))) return this.drop(id, UNKNOWN_ERROR);
    const payload = headersPayload.read(flags, id, bytes, start, stop);
    if (payload === 'invalid') return this.fail(ErrorCode.protocolError, 'HEADERS: invalid padding');
    if (payload === 'self') return this.drop(id, UNKNOWN_ERROR);
    const { start: at, end } = headersPayload;
    const endStream = (flags & Flag.endStream) !== 0;
    if (!this.sender.check(this.sender.guard.onPayload(end - at, endStream))) return false;
    let stream = isIdle ? undefined : this.streamOf(id);
    if (stream?.remoteEnded === true) return this.drop(id, UNKNOWN_ERROR);
    if (stream === undefined && (isIdle || !this.resetHere.has(id))) {
      if (!isIdle) return this.fail(ErrorCode.streamClosed, 'HEADERS: stream closed');
      this.lastPeerId = id;
      if (this.#goAwayId === -1 || id <= this.#goAwayId) stream = this.#role.onNewStream(id);
      if (this.closed) return false;
    }
    if (stream !== undefined) countHead(stream, stop - start);
    this.#blockStream = stream;
    this.#blockId = id;
    this.#blockEnd = endStream;
    if ((flags & Flag.endHeaders) !== 0) return this.#onBlock(bytes, at, end);
    this.#block = new HeadBlock(this.options.maxHeadBytes);
    this.#block.begin(bytes, at, end);
    if (stream !== undefined && !stream.headReceived) this.#role.onHeadBegun(stream);
    return true;
  }

  #onContinuation(flags: number, bytes: Buffer, at: number, end: number): boolean {
    const block = this.#block;
    if (block === undefined) return this.fail(ErrorCode.protocolError, 'CONTINUATION: unexpected');
    if (!this.sender.check(this.sender.guard.onPayload(end - at, (flags & Flag.endStream) !== 0))) return false;
    if (!block.continue(bytes, at, end)) return this.fail(ErrorCode.compressionError, '');
    if (this.#blockStream !== undefined) countHead(this.#blockStream, end - at);
    if ((flags & Flag.endHeaders) === 0) return true;
    this.#block = undefined;
    return this.#onBlock(block.bytes, 0, block.length);
  }

  #onBlock(bytes: Buffer, at: number, end: number): boolean {
    const stream = this.#blockStream;
    this.#blockStream = undefined;
    const trailers = stream?.headReceived === true;
    if (trailers && !stream.closed && this.#role.isPeerStream(stream.id)) this.stats.inc(H2_CODEC_STATS.trailers);
    head.begin(this.#maxHeadBytes, this.#maxHeaders, trailers ? this.#lastTrailers : this.#lastHead);
    if (!this.#decoder.decode(bytes, at, end, head)) return this.fail(ErrorCode.compressionError, '');
    if (stream !== undefined) stream.expandedReceived += head.bytes;
    if (stream === undefined || stream.closed) return this.refuseRest(this.#blockId, this.resetHere.onHead(this.#blockId, head, this.#blockEnd));
    if (head.flaw === HeadFlaw.tooLarge || head.flaw === HeadFlaw.tooManyFields) return this.#onLargeHead(stream);
    if (head.flaw === HeadFlaw.malformed) return this.#onMalformed(stream, INVALID_FIELD);
    if (trailers && (!this.#blockEnd || head.pseudoHeaders !== 0)) return this.#onMalformed(stream, head.pseudoHeaders !== 0 ? INVALID_FIELD : MESSAGING);
    if (trailers) return this.#onTrailers(stream);
    const malformed = this.#role.onHead(stream, head, this.#blockEnd);
    return malformed === undefined ? !this.closed : this.#onMalformed(stream, malformed);
  }

  #onTrailers(stream: H2Stream): boolean {
    if (stream.bodyLeft > 0) return this.#onMalformed(stream, MESSAGING);
    const { contentLength } = head;
    if (contentLength !== -1) {
      // It was said before, or is none; else it must be right.
      if (stream.bodyLeft >= 0 || contentLength === -2) return this.#onMalformed(stream, INVALID_FIELD);
      if (contentLength !== stream.receivedBody) return this.#onMalformed(stream, MESSAGING);
    }
    const trailers = this.#role.onTrailers(stream, head);
    if (trailers === undefined) return !this.closed;
    const { decoder } = stream;
    this.endRemote(stream);
    decoder?.onTrailers(trailers);
    return !this.closed;
  }

  #onLargeHead(stream: H2Stream): boolean {
    const large = head.flaw === HeadFlaw.tooLarge;
    this.stats.inc(large ? H2_CODEC_STATS.header_list_size_too_large : H2_CODEC_STATS.header_overflow);
    this.abort(stream, ErrorCode.internalError, large ? this.#role.failures.headTooLarge : this.#role.failures.tooManyFields);
    return !this.closed;
  }

  /** Resets the stream and tells both sides. */
  abort(stream: H2Stream, code: number, failure: Failure): void {
    const { decoder } = stream;
    stream.decoder = undefined;
    this.#role.onStreamReset(failure);
    this.reset(stream, code);
    decoder?.onReset(failure);
  }

  giveUp(stream: H2Stream): void {
    this.abort(stream, ErrorCode.internalError, this.#role.failures.overload);
  }

  #onMalformed(stream: H2Stream, details: string): boolean {
    this.stats.inc(H2_CODEC_STATS.rx_messaging_error);
    if (!this.options.streamErrorOnInvalidMessage) return this.drop(stream.id, details);
    this.abort(stream, ErrorCode.protocolError, this.#role.failures.protocolError(details));
    return !this.closed;
  }

  isIdle(id: number): boolean {
    return this.#role.isPeerStream(id) ? id > this.lastPeerId : id > this.lastOwnId;
  }
}

function countHead(stream: H2Stream, length: number): void {
  stream.wireReceived += length + FRAME_HEAD_BYTES;
  stream.headersReceived += length + FRAME_HEAD_BYTES;
}
