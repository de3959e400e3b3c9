import { serviceKey } from '../core/extension.ts';
import type { ConnectionInfo } from '../http/stream-info.ts';
import type { Connection, ConnectionOwner } from '../transport/transport.ts';

/** Who a connection belongs to once its filter chain is chosen. */
export interface ConnectionHandler extends ConnectionOwner {
  /** The listener drains: end when what is under way is finished. */
  startDrain(): void;
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

/** What a network filter's compile step may know of its listener. */
export interface ListenerFacts {
  readonly name: string;
  /** `listener.<stat_prefix or address>`. */
  readonly statScope: string;
  readonly bufferLimitBytes: number;
}

export const LISTENER = serviceKey<ListenerFacts>('listener');
