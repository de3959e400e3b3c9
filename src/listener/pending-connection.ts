import type { Linked, LinkedList } from '../core/linked-list.ts';
import { Timer, type TimerOwner } from '../core/timers.ts';
import type { FilterState } from '../http/filter-state.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import type { Address, Connection, ConnectionOwner, TransportError } from '../transport/transport.ts';
import type { ProxyProtocolTlv } from '../transport/transport-socket.ts';
import type { ListenerSpec } from './compile.ts';
import { type AcceptedSocket, CLOSE, type ListenerFilterReader, WAIT } from './listener-filter.ts';

/** `error`: the connection has broken. */
export type FilterFailure = 'refused' | 'timeout' | 'closed' | 'error';

/** What becomes of a connection that listener filters look at. */
export interface PendingOwner {
  nextConnectionId(): number;
  describe(pending: PendingConnection): StreamInfo;
  /** All are done. The connection's owner is to be replaced. */
  onFiltersDone(pending: PendingConnection): void;
  /** The connection goes on in spite of it. */
  onFilterTimeout(): void;
  onFiltersFailed(pending: PendingConnection, why: FilterFailure): void;
}

/** Reading goes on beyond what filters ask for only up to here. */
export const READ_LIMIT_BYTES = 131_072;

/** An accepted connection while listener filters look at its first bytes. What they do not take away goes back to the connection. */
export class PendingConnection implements AcceptedSocket, ConnectionOwner, Linked<PendingConnection>, TimerOwner {
  list: LinkedList<PendingConnection> | undefined = undefined;
  listPrevious: PendingConnection | undefined = undefined;
  listNext: PendingConnection | undefined = undefined;
  readonly connection: Connection;
  readonly id: number;
  localAddress: Address;
  remoteAddress: Address;
  localAddressRestored = false;
  transportProtocol = '';
  requestedServerName = '';
  applicationProtocols: readonly string[] = [];
  ja3 = '';
  ja4 = '';
  transportFailureReason = '';
  metadata: Map<string, Record<string, unknown>> | undefined = undefined;
  filterState: FilterState | undefined = undefined;
  proxyProtocolTlvs: readonly ProxyProtocolTlv[] | undefined = undefined;
  readonly #owner: PendingOwner;
  readonly #spec: ListenerSpec;
  readonly #timer = new Timer(this);
  #index = 0;
  #reader: ListenerFilterReader | undefined;
  #bytes = Buffer.alloc(0);
  #unread = 0;
  #settled = false;

  /** `from`: what a listener before this one has found out. */
  constructor(owner: PendingOwner, connection: Connection, spec: ListenerSpec, from: PendingConnection | undefined) {
    this.#owner = owner;
    this.#spec = spec;
    this.connection = connection;
    this.id = from?.id ?? owner.nextConnectionId();
    this.localAddress = from?.localAddress ?? connection.local;
    this.remoteAddress = from?.remoteAddress ?? connection.remote;
    if (from === undefined) return;
    this.localAddressRestored = from.localAddressRestored;
    this.transportProtocol = from.transportProtocol;
    this.requestedServerName = from.requestedServerName;
    this.applicationProtocols = from.applicationProtocols;
    this.ja3 = from.ja3;
    this.ja4 = from.ja4;
    this.transportFailureReason = from.transportFailureReason;
    this.metadata = from.metadata;
    this.filterState = from.filterState;
    this.proxyProtocolTlvs = from.proxyProtocolTlvs;
  }

  /** Runs the filters as far as they need no bytes; true when all are done, and then the owner is not called. */
  start(): boolean {
    this.#run();
    if (this.#settled) return this.#index === this.#spec.filters.length;
    this.#spec.filterTimeouts?.arm(this.#timer);
    return false;
  }

  get directRemoteAddress(): Address {
    return this.connection.remote;
  }

  describe(): StreamInfo {
    return this.#owner.describe(this);
  }

  /** Bytes that were looked at and left. Envoy leaves them in the socket, and to close a socket with unread bytes resets the connection. */
  close(): void {
    if (this.#unread > 0) this.connection.reset();
    else this.connection.destroy();
  }

  /** The listener it waits in is gone, or the connection was handed to another. */
  destroy(): void {
    this.#settle();
    this.connection.destroy();
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.#settled) return;
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, length)]);
    this.#unread = this.#bytes.length;
    this.#run();
    if (!this.#settled) {
      if (this.#bytes.length > READ_LIMIT_BYTES) this.#fail('refused');
      return;
    }
    if (this.#index === this.#spec.filters.length) this.#finish();
  }

  onEnd(): void {
    if (!this.#settled) this.#fail('closed');
  }

  onDrained(): void {}

  onClosed(error: TransportError | undefined): void {
    if (!this.#settled) this.#fail(error === undefined ? 'closed' : 'error');
  }

  onTimer(): void {
    if (!this.#spec.continueOnFilterTimeout) {
      this.#fail('timeout');
      return;
    }
    this.#owner.onFilterTimeout();
    this.#reader?.onUnfinished?.('timeout');
    this.#settle();
    this.#index = this.#spec.filters.length;
    this.#finish();
  }

  #run(): void {
    const { filters } = this.#spec;
    while (this.#index < filters.length) {
      if (this.#reader === undefined) {
        const opened = filters[this.#index]!.open(this);
        if (opened === CLOSE) {
          this.#fail('refused');
          return;
        }
        this.#reader = opened;
      }
      if (this.#reader !== undefined) {
        const taken = this.#bytes.length === 0 ? WAIT : this.#reader.onData(this.#bytes, this.#bytes.length);
        if (taken === WAIT) return;
        if (taken === CLOSE) {
          this.#fail('refused');
          return;
        }
        if (taken > 0) this.#bytes = this.#bytes.subarray(taken);
        this.#unread = this.#bytes.length;
        this.#reader = undefined;
      }
      this.#index++;
    }
    this.#settle();
  }

  #finish(): void {
    const rest = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    this.connection.unread(rest);
    this.#owner.onFiltersDone(this);
  }

  #fail(why: FilterFailure): void {
    if (why !== 'refused') this.#reader?.onUnfinished?.(why === 'timeout' ? why : 'closed');
    this.#settle();
    this.#owner.onFiltersFailed(this, why);
  }

  #settle(): void {
    this.#settled = true;
    this.#timer.disarm();
  }
}
