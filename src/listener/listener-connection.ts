import type { Linked, LinkedList } from '../core/linked-list.ts';
import type { HeldStats } from '../core/stats/held-stats.ts';
import { Timer, type TimerOwner } from '../core/timers.ts';
import type { HeldStream } from '../http/codec/codec.ts';
import type { ConnectionInfo } from '../http/stream-info.ts';
import type { Connection, ConnectingOwner, TransportError } from '../transport/transport.ts';
import type { DrainManager } from './drain-manager.ts';
import type { FilterChainSpec } from './compile-filter-chain.ts';
import type { ConnectionHandler } from './network-filter.ts';

export interface ListenerConnectionOwner {
  onConnectionClosed(connection: ListenerConnection, error: TransportError | undefined): void;
  onHandshakeTimeout(connection: ListenerConnection): void;
}

/** A filter chain that connections run through. */
export interface RunningChain {
  spec: FilterChainSpec;
  readonly drain: DrainManager;
  /** Of the newest configuration that its terminal filter has taken over. */
  adoptedStats: HeldStats | undefined;
}

/** Keeps the listener's books while the handler does the work. */
export class ListenerConnection implements ConnectingOwner, Linked<ListenerConnection>, TimerOwner {
  list: LinkedList<ListenerConnection> | undefined = undefined;
  listPrevious: ListenerConnection | undefined = undefined;
  listNext: ListenerConnection | undefined = undefined;
  readonly chain: RunningChain;
  readonly info: ConnectionInfo;
  readonly openedMs: number;
  /** Given to the filter chain. */
  bytesReceived = 0;
  readonly #owner: ListenerConnectionOwner;
  #connection: Connection | undefined;
  #handler: ConnectionHandler | undefined;
  #handshakeTimer: Timer | undefined;

  constructor(owner: ListenerConnectionOwner, chain: RunningChain, info: ConnectionInfo, openedMs: number) {
    this.#owner = owner;
    this.chain = chain;
    this.info = info;
    this.openedMs = openedMs;
  }

  get connection(): Connection {
    return this.#connection!;
  }

  /** Its bytes are the handler's from now on. */
  start(connection: Connection, handler: ConnectionHandler): void {
    this.#connection = connection;
    this.#handler = handler;
    const { transportSocket, handshakeTimeouts } = this.chain.spec;
    if (transportSocket !== undefined && handshakeTimeouts !== undefined) handshakeTimeouts.arm((this.#handshakeTimer = new Timer(this)));
    handler.onNewConnection?.();
  }

  startDrain(): void {
    this.#handler!.startDrain();
  }

  heldStreams(): Iterable<HeldStream> {
    return this.#handler!.heldStreams?.() ?? [];
  }

  /** `reason`: `%DOWNSTREAM_LOCAL_CLOSE_REASON%`. */
  destroy(reason: string): void {
    this.info.localCloseReason = reason;
    this.#connection!.destroy();
  }

  onConnected(): void {
    this.#handshakeTimer?.disarm();
    this.#handler?.onHandshakeDone?.();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.bytesReceived += length;
    this.#handler!.onBytes(bytes, length);
  }

  onEnd(): void {
    this.#handler!.onEnd();
  }

  onDrained(): void {
    this.#handler!.onDrained();
  }

  onClosed(error: TransportError | undefined): void {
    this.#handshakeTimer?.disarm();
    this.#handler!.onClosed(error);
    this.#owner.onConnectionClosed(this, error);
    this.#handler!.onRecorded?.();
  }

  onTimer(): void {
    this.#owner.onHandshakeTimeout(this);
  }
}
