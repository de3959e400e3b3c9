import type { TimerList } from '../../core/timers.ts';
import type { TransportError } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import type { HeaderMap } from '../header-map.ts';
import type { ByteCounts } from '../stream-info.ts';

/**
 * What HTTP/1 and HTTP/2, server and client side, all speak. Nothing of a protocol shows here, so any downstream
 * goes with any upstream and tests drive either side with fakes.
 *
 * Per message: headers, then data (any number), then trailers or an `end` flag; a reset instead at any point; nothing after.
 * `end` is true on the last event of the message.
 */

/** What a codec calls as a message arrives. */
export interface StreamDecoder {
  /** The map belongs to the receiver from here on. */
  onHeaders(headers: HeaderMap, end: boolean): void;
  /** The bytes are lent for the length of the call. Never empty unless `end`. */
  onData(chunk: Buffer, end: boolean): void;
  onTrailers(trailers: HeaderMap): void;
  /** The stream is gone: at most once, and nothing after it. */
  onReset(failure: Failure): void;
}

export interface RequestDecoder extends StreamDecoder {
  /** The first bytes of the head are here, the rest is still to come. At most once, before `onHeaders`. */
  onHeadersAwaited(): void;
  /**
   * The request cannot be understood. Instead of `onHeaders`, or in its body; the receiver answers (if it still can) and the
   * codec reads nothing more from this connection.
   */
  onInvalidRequest(error: RequestError): void;
}

export interface RequestError {
  readonly status: number;
  /** `%RESPONSE_CODE_DETAILS%`: `http1.codec_error`, … */
  readonly details: string;
}

export interface ResponseDecoder extends StreamDecoder {
  /** Its request goes on when the response is complete. Else what is left of the request is given up then. */
  readonly goesOnAfterEnd?: boolean;
  /** 1xx other than 101. Any number, before `onHeaders`. */
  onInformational(headers: HeaderMap): void;
}

/** Told when the bytes that wait for this stream's peer rise above a limit and when they have drained. */
export interface PressureWatcher {
  onHighWatermark(): void;
  onLowWatermark(): void;
  /** A message that was complete here while it waited for the peer's window has left, or was given up. */
  onFlushed?(): void;
}

/** A stream's handle on its own wire. Calls after the end or a reset are no-ops. */
export interface StreamEncoder {
  sendHeaders(headers: HeaderMap, end: boolean): void;
  /** The chunk is not kept after the call. */
  sendData(chunk: Buffer, end: boolean): void;
  sendTrailers(trailers: HeaderMap): void;
  /** Ends the stream without finishing the message. The decoder of the same stream is not called back. */
  reset(failure: Failure): void;
  /** Stops and restarts the arrival of this stream's data. Counted: as many resumes as pauses. */
  pause(): void;
  resume(): void;
  watcher: PressureWatcher | undefined;
  /** What this stream has moved so far, both ways. Stays readable after the end. */
  readonly bytes: ByteCounts;
}

export interface ResponseEncoder extends StreamEncoder {
  sendInformational(headers: HeaderMap): void;
}

/** A response on a downstream connection, with what its request says about that connection. */
export interface ServerEncoder extends ResponseEncoder {
  /** Other streams share the connection: a stream may end by itself, and Connection fields mean nothing. */
  readonly multiplexed: boolean;
  /** 1 but for HTTP/1.0. */
  readonly minorVersion: number;
  /** The client wants the connection closed after this response, or cannot keep it. */
  readonly closeRequested: boolean;
  /** HTTP/1.0 with `Connection: keep-alive`. */
  readonly keepAliveRequested: boolean;
  readonly expectContinue: boolean;
  /** The whole response is here, and some of it waits for the client's window: `onFlushed` or a reset tells when it no longer does. */
  readonly flushing?: boolean;
  /** How long a response that is complete here may wait for the client, in place of what the connection says; undefined = for ever. */
  setFlushTimeout?(list: TimerList | undefined): void;
}

/** The request side of an upstream stream. */
export type RequestEncoder = StreamEncoder;

/** A codec on one upstream connection. HTTP/1 carries one stream at a time, HTTP/2 many. */
export interface ClientCodec {
  /** Only while `canTakeStream`. */
  newStream(decoder: ResponseDecoder): RequestEncoder;
  readonly canTakeStream: boolean;
  readonly activeStreams: number;
  /** Closes the connection; active streams are reset with `failure`. */
  close(failure: Failure): void;
}

/** The pool, told of what its connection can do. */
export interface ClientCodecOwner {
  /**
   * A stream has ended; the codec can take another when `codec.canTakeStream`, and is about to close when not. In the first case the
   * stream's decoder has yet to be given its last event: a stream begun here comes before it. `last`: the peer has ended the connection.
   */
  onStreamEnd(codec: ClientCodec, last?: boolean): void;
  /** A stream was reset, by either side or with the connection; where many streams share one (statistics). */
  onStreamReset(failure: Failure): void;
  /** `codec.canTakeStream` may have changed for another reason than a stream's begin or end: the peer's limit, or its leave. */
  onCapacityChange(codec: ClientCodec): void;
  /** The peer has said that it closes the connection, after the response just read or with GOAWAY (statistics). */
  onCloseAnnounced(codec: ClientCodec): void;
  /** The connection is gone; each active stream has been reset before. Exactly once, as soon as it can serve no more. */
  onCodecClosed(codec: ClientCodec, failure: Failure | undefined): void;
  /** The peer broke the protocol on this connection (statistics). */
  onProtocolError(codec: ClientCodec): void;
}

/** A codec on one downstream connection. */
export interface ServerCodec {
  readonly activeStreams: number;
  /** A request is being read. Always false where streams share the connection. */
  readonly isReading: boolean;
  /** The stream's owner has finished with it: both messages are complete or it was reset. */
  onStreamDone(): void;
  /** HTTP/2: GOAWAY. HTTP/1 has nothing to say before its next response. */
  startDrain(): void;
  // What its connection tells it.
  onBytes(bytes: Buffer, length: number): void;
  onEnd(): void;
  onDrained(): void;
  /** `failure`: why streams that are under way have ended, when the client is not the reason. */
  onClosed(error: TransportError | undefined, failure?: Failure): void;
}

/** A stream that can be given up when there is too little memory. */
export interface HeldStream {
  /** Body that waits for either side. */
  readonly heldBytes: number;
  giveUp(): void;
}

export interface MultiplexedServerCodec extends ServerCodec {
  heldStreams(): Iterable<HeldStream>;
  /** The second GOAWAY: streams that come from now on are ignored. */
  finishDrain(): void;
  /** Gives the connection what was put off to the end of the round: before it is closed. */
  flush(): void;
}

/** The connection manager, called by its codec. */
export interface ServerCodecOwner {
  /** A request begins (its first byte). */
  newStream(encoder: ServerEncoder): RequestDecoder;
  /** Header names with underscores were refused or dropped (statistics). */
  onUnderscores(action: 'rejected' | 'dropped', count: number): void;
  /** The peer closed, or closed its side. Active streams have been reset before. Exactly once. */
  onCodecClosed(): void;
}

/** What a codec with many streams tells beside. */
export interface MultiplexedCodecOwner extends ServerCodecOwner {
  /** A stream is over on the wire as well. */
  onCodecStreamClosed(): void;
  /**
   * The connection cannot go on, and is to be closed; GOAWAY is written where the peer gets one. Its streams are reset next.
   * `gone`: the peer does not answer any more.
   */
  onCodecError(isProtocolError: boolean, gone: boolean): void;
}
