import type { Failure } from '../../failure.ts';
import type { HeaderMap } from '../../header-map.ts';
import type { H2Stream } from './h2-stream.ts';
import type { HeadReader } from './head-reader.ts';
import type { SessionFailures } from './session-errors.ts';

/** What differs between server and client. */
export interface SessionRole {
  readonly failures: SessionFailures;
  /**
   * HEADERS for a stream that is not open: a new one of the peer. Undefined: nothing comes of it, but its fields are read for the sake of
   * the table.
   */
  onNewStream(id: number): H2Stream | undefined;
  /** The first frame of a head that takes several. */
  onHeadBegun(stream: H2Stream): void;
  /** A head without a flaw so far. Returns the details of what is malformed, or undefined. */
  onHead(stream: H2Stream, head: HeadReader, end: boolean): string | undefined;
  /** Trailers without a flaw so far. Undefined: the stream has been reset instead. */
  onTrailers(stream: H2Stream, head: HeadReader): HeaderMap | undefined;
  onGoAway(lastStreamId: number, code: number): void;
  /** Ids of this parity are the peer's. */
  isPeerStream(id: number): boolean;
  /** The peer's message is complete, and its last event is given next; this side's is not. */
  onRemoteEnd(stream: H2Stream): void;
  /** This side's message is complete, the peer's is not. */
  onLocalEnd(stream: H2Stream): void;
  /** The stream was reset, by either side or with the connection; told before anybody else is. */
  onStreamReset(failure: Failure): void;
  /** The stream is over on both sides. */
  onStreamClosed(stream: H2Stream): void;
  onSettings(): void;
  /** The connection cannot go on. Frames that say so have been written; the role closes it. Its streams are reset next. */
  onSessionError(isProtocolError: boolean, failure: Failure): void;
}
