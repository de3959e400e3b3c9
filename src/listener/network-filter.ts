import { serviceKey } from '../core/extension.ts';
import type { HeldStream } from '../http/codec/codec.ts';
import type { ConnectionInfo } from '../http/stream-info.ts';
import type { Connection, ConnectionOwner } from '../transport/transport.ts';

/** Who a connection belongs to once its filter chain is chosen. */
export interface ConnectionHandler extends ConnectionOwner {
  /** The filters before this one have let the connection through. Absent: there is nothing to do before the first bytes. */
  onNewConnection?(): void;
  /** The handshake of a connection under TLS is done. */
  onHandshakeDone?(): void;
  /** After `onClosed`, when the listener has written its record of the connection: time for a last record of one's own. */
  onRecorded?(): void;
  /** The listener drains: end when what is under way is finished. */
  startDrain(): void;
  /** Streams that can be given up one by one. */
  heldStreams?(): Iterable<HeldStream>;
  /** Each direction ends by itself: filters before this one are told of the peer's FIN. */
  readonly goesOnAfterEnd?: boolean;
  /** Requests under way; an idle connection may be closed at once when its listener goes. */
  readonly active: boolean;
}

/** Asked when an answer may still be marked as the last one of its connection. */
export interface DrainDecision {
  /** True while draining, by the drain strategy's chance (`--drain-strategy`). */
  shouldClose(): boolean;
}

/** A compiled terminal network filter: one object per filter chain, called for each connection. */
export interface TerminalNetworkFilter {
  onNewConnection(connection: Connection, info: ConnectionInfo, drain: DrainDecision): ConnectionHandler;
  /**
   * Takes over from `next`, which was compiled from a newer configuration, what may change under living connections (routes).
   * False when more than that differs: then `next` replaces this filter and its connections drain.
   */
  adopt(next: TerminalNetworkFilter): boolean;
}

/** Whether the connection, or the bytes, go on to the next filter. Who stops them calls `resume`, or closes the connection. */
export const CONTINUE = 0;
export const STOP = 1;
export type NetworkFilterStatus = typeof CONTINUE | typeof STOP;

/** What a filter before the terminal one sees of its connection. */
export interface FilteredConnection {
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  /** After a STOP, from any later turn: what was held goes on to the next filter. */
  resume(): void;
  /** Closes after what was written has left; `reason` stands as `%DOWNSTREAM_LOCAL_CLOSE_REASON%`. */
  close(reason: string): void;
}

/** A filter of one connection. */
export interface NetworkReadFilter {
  /** In the order of the chain, as far as each lets the connection through. */
  onNewConnection(): NetworkFilterStatus;
  /** The handshake of a connection under TLS is done. */
  onHandshakeDone?(): void;
  /** `bytes[0, length)` are lent for the call; `end`: the peer has sent FIN, and the terminal filter goes on after it. After a STOP they are given to the next filter, not to this one again. */
  onData(bytes: Buffer, length: number, end: boolean): NetworkFilterStatus;
  /** Exactly once. */
  onClosed(): void;
}

/** A compiled network filter that stands before the terminal one. */
export interface NetworkFilter {
  /** Undefined: it has nothing to do with this connection. */
  open(connection: FilteredConnection): NetworkReadFilter | undefined;
}

/** What a network filter's compile step may know of its listener. */
export interface ListenerFacts {
  readonly name: string;
  /** `listener.<stat_prefix or address>`. */
  readonly statScope: string;
  readonly bufferLimitBytes: number;
}

export const LISTENER = serviceKey<ListenerFacts>('listener');

/** What a transport socket's compile step may know of its filter chain. */
export interface FilterChainFacts {
  readonly name: string;
  readonly serverNames: readonly string[];
}

export const FILTER_CHAIN = serviceKey<FilterChainFacts>('filter chain');
