import type { HeldStream } from '../http/codec/codec.ts';
import type { ConnectionInfo } from '../http/stream-info.ts';
import type { Connection, TransportError } from '../transport/transport.ts';
import { type ConnectionHandler, type FilteredConnection, type NetworkFilter, type NetworkReadFilter, STOP } from './network-filter.ts';

const NO_BYTES = Buffer.alloc(0);

/**
 * The filters before the terminal one, for one connection. A new connection and its bytes pass them in order; where one stops them, what arrives
 * is held, and reading stops once more than the listener's buffer limit waits.
 */
export class FilteredHandler implements ConnectionHandler, FilteredConnection {
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  readonly #filters: readonly NetworkReadFilter[];
  readonly #terminal: ConnectionHandler;
  readonly #bufferLimitBytes: number;
  /** Filters that have let the new connection pass; one more than there are when the terminal filter has been told. */
  #passed = 0;
  /** Who stopped, or -1. */
  #stoppedAt = -1;
  /** The one that stopped has not seen what is held. */
  #heldIsNew = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #endIsHeld = false;
  #readsArePaused = false;
  #closing = false;

  constructor(connection: Connection, info: ConnectionInfo, parts: { readonly filters: readonly NetworkFilter[]; readonly terminal: ConnectionHandler; readonly bufferLimitBytes: number }) {
    this.connection = connection;
    this.info = info;
    this.#terminal = parts.terminal;
    this.#bufferLimitBytes = parts.bufferLimitBytes;
    this.#filters = parts.filters.map((filter) => filter.open(this)).filter((filter) => filter !== undefined);
  }

  get active(): boolean {
    return this.#terminal.active;
  }

  startDrain(): void {
    this.#terminal.startDrain();
  }

  heldStreams(): Iterable<HeldStream> {
    return this.#terminal.heldStreams?.() ?? [];
  }

  onNewConnection(): void {
    this.#pass(0, NO_BYTES, 0, false);
  }

  onHandshakeDone(): void {
    for (const filter of this.#filters) filter.onHandshakeDone?.();
    if (this.#passed > this.#filters.length) this.#terminal.onHandshakeDone?.();
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.#stoppedAt >= 0) this.#hold(bytes, length);
    else this.#pass(0, bytes, length, false);
  }

  onEnd(): void {
    if (this.#stoppedAt >= 0) this.#endIsHeld = true;
    else if (this.#terminal.goesOnAfterEnd === true) this.#pass(0, NO_BYTES, 0, true);
    else this.#terminal.onEnd();
  }

  onDrained(): void {
    this.#terminal.onDrained();
  }

  onClosed(error: TransportError | undefined): void {
    this.#closing = true;
    this.#held = [];
    // The terminal filter counts what it gets; a filter has kept this from it.
    if (this.info.stream !== undefined) this.info.stream.bytesReceived += this.#heldBytes;
    for (const filter of this.#filters) filter.onClosed();
    this.#terminal.onClosed(error);
  }

  onRecorded(): void {
    this.#terminal.onRecorded?.();
  }

  // FilteredConnection

  resume(): void {
    if (this.#stoppedAt < 0 || this.#closing) return;
    const next = this.#heldIsNew ? this.#stoppedAt : this.#stoppedAt + 1;
    this.#stoppedAt = -1;
    const bytes = Buffer.concat(this.#held);
    const end = this.#endIsHeld;
    this.#held = [];
    this.#heldBytes = 0;
    this.#endIsHeld = false;
    if (this.#readsArePaused) {
      this.#readsArePaused = false;
      this.connection.resumeReads();
    }
    this.#pass(next, bytes, bytes.length, end);
  }

  close(reason: string): void {
    if (this.#closing) return;
    this.info.localCloseReason = reason;
    this.#closing = true;
    if (this.#stoppedAt < 0) this.#stoppedAt = 0;
    // Nothing has been written before a handshake, which who is refused need not be given.
    if (this.info.secure && this.info.tls === undefined) this.connection.destroy();
    else this.connection.closeAfterFlush(0);
  }

  #pass(from: number, bytes: Buffer, length: number, end: boolean): void {
    const hasData = length > 0 || end;
    for (let index = from; index < this.#filters.length; index++) {
      const filter = this.#filters[index]!;
      if (this.#passed <= index) {
        this.#passed = index + 1;
        if (filter.onNewConnection() === STOP || this.#closing) {
          this.#stopAt(index, bytes, length, end, true);
          return;
        }
      }
      if (hasData && (filter.onData(bytes, length, end) === STOP || this.#closing)) {
        this.#stopAt(index, bytes, length, end, false);
        return;
      }
    }
    this.#passToTerminal(bytes, length, end);
  }

  #passToTerminal(bytes: Buffer, length: number, end: boolean): void {
    if (this.#passed <= this.#filters.length) {
      this.#passed = this.#filters.length + 1;
      this.#terminal.onNewConnection?.();
    }
    if (length > 0) this.#terminal.onBytes(bytes, length);
    if (end) this.#terminal.onEnd();
  }

  #stopAt(index: number, bytes: Buffer, length: number, end: boolean, isNew: boolean): void {
    this.#stoppedAt = index;
    this.#heldIsNew = isNew;
    this.#endIsHeld = end;
    if (length > 0) this.#hold(bytes, length);
  }

  #hold(bytes: Buffer, length: number): void {
    this.#heldBytes += length;
    if (this.#closing) return;
    this.#held.push(Buffer.from(bytes.subarray(0, length)));
    if (this.#heldBytes <= this.#bufferLimitBytes || this.#readsArePaused) return;
    this.#readsArePaused = true;
    this.connection.pauseReads();
  }
}

