import { assertLatin1, latin1 } from '../core/latin1.ts';
import { Timer, type TimerOwner, type Timers } from '../core/timers.ts';
import type { AcceptedConnection } from './accepting.ts';
import { unknownAddress } from './address.ts';
import type { HandleOwner } from './direct-handle.ts';
import { bufferCallbackKey, bufferKey, bufferSourceKey, closeHandle, handleAddress, ownHandle, readableState, resetHandle, ShutdownRequest, touchKey, WriteRequest } from './direct-handle.ts';
import { readRound, type StagedReader } from './read-round.ts';
import { isLent, nextReadBuffer, returnBuffer, SMALL_READ_BYTES, smallReadBuffer, takeBuffer } from './read-buffers.ts';
import type { StreamHandle } from './socket-internals.ts';
import { lingerExpired, systemError, transportError } from './transport-error.ts';
import { DirectUpgrade } from './direct-upgrade.ts';
import type { TlsUpgrade } from './tls.ts';
import type { Address, ConnectingOwner, ConnectionOwner, TransportError } from './transport.ts';
import { enterCallback, JOINED_BYTES_LIMIT, JOINED_TEXT_LIMIT, leaveCallback, markDirty } from './write-batch.ts';

/**
 * A connection that is the owner of a handle: Node's read callback calls it as it would call a `net.Socket`, and it
 * writes with its own requests. There is no stream in between.
 *
 *   opening ──attach()──▶ open ──peer's FIN──▶ read side ended ─┐
 *      │                   │  └──endWrites()─▶ write side ended ─┴─both, all sent──▶ closed
 *      │                   ├──closeAfterFlush()──▶ lingering ──peer's FIN, error, timer──▶ closed
 *      └──────destroy(), reset(), error──────▶ closed ──handle closed──▶ onClosed
 */

const POISON = 0xdb;

/** Serves every connection until a write goes asynchronous and keeps it. */
let spareRequest = new WriteRequest();

/** What connections of one transport share. */
export interface DirectContext {
  readonly timers: Timers;
  readonly poison: boolean;
}

/** An address that is null is asked of the handle. */
export type DirectParts = Pick<DirectConnection, 'owner'> & { readonly local: Address | null; readonly remote: Address | null };

export class DirectConnection implements AcceptedConnection, HandleOwner, StagedReader, TimerOwner {
  owner: ConnectionOwner;
  closed = false;
  isStaged = false;
  [bufferKey]: Buffer = smallReadBuffer;
  [bufferSourceKey]: (() => Buffer) | null = null;
  readonly #context: DirectContext;
  /** Null while opening. */
  #handle: StreamHandle | null = null;
  #abandonOpening: (() => void) | null = null;
  #local: Address | null;
  #remote: Address | null;
  #joined = '';
  #isDirty = false;
  #writesInFlight = 0;
  /** Somebody may wait for `onDrained`. */
  #drainIsAwaited = false;
  #readsArePaused = false;
  /** Reads that filled the small buffer, since the last that did not and since the last pause. */
  #fullReads = 0;
  #handleReads = false;
  /** Read before and given back. */
  #unread: Buffer | null = null;
  #readsEnded = false;
  /** It came behind bytes that nobody has taken yet. */
  #endIsHeld = false;
  #writesEnded = false;
  #shutdownIsAsked = false;
  #writesAreSent = false;
  #isLingering = false;
  #lingerTimer: Timer | null = null;
  #lingerMs = 0;
  #unsentAtLingerStart = 0;
  #error: TransportError | undefined = undefined;
  /** What the handle was given; less what waits in it, what the system has taken. */
  #bytesGiven = 0;
  #unsentAtClose = 0;
  bytesRead = 0;

  constructor(context: DirectContext, parts: DirectParts) {
    this.#context = context;
    this.owner = parts.owner;
    this.#local = parts.local;
    this.#remote = parts.remote;
  }

  get local(): Address {
    return (this.#local ??= handleAddress(this.#handle, 'getsockname'));
  }

  get remote(): Address {
    return this.#remote ?? unknownAddress;
  }

  get unsentBytes(): number {
    if (this.closed) return 0;
    const waiting = this.#joined.length + (this.#writesInFlight > 0 ? this.#handle!.writeQueueSize : 0);
    if (waiting > 0) this.#drainIsAwaited = true;
    return waiting;
  }

  get bytesWritten(): number {
    if (this.closed) return this.#bytesGiven - this.#unsentAtClose;
    return this.#writesInFlight === 0 ? this.#bytesGiven : this.#bytesGiven - this.#handle!.writeQueueSize;
  }

  // Writing

  writeText(text: string): void {
    if (this.#context.poison) assertLatin1(text);
    if (this.closed || this.#writesEnded) return;
    this.#joined += text;
    if (!this.#isDirty) {
      this.#isDirty = true;
      markDirty(this);
    }
    if (this.#joined.length > JOINED_TEXT_LIMIT && this.#handle !== null) this.#sendJoined();
  }

  writeBytes(bytes: Buffer): void {
    if (bytes.length <= JOINED_BYTES_LIMIT || this.#handle === null) {
      this.writeText(latin1(bytes, 0, bytes.length));
    } else if (!this.closed && !this.#writesEnded) {
      if (isLent(bytes)) this.#sendCopy(bytes);
      else this.#sendOwn(bytes);
    }
  }

  flush(): void {
    if (this.#joined !== '' && this.#handle !== null && !this.closed) this.#sendJoined();
  }

  /** Called by the write batch. */
  flushJoined(): void {
    this.#isDirty = false;
    this.flush();
    this.#reportDrained();
  }

  #sendJoined(): void {
    const text = this.#joined;
    this.#joined = '';
    this.#bytesGiven += text.length;
    const request = spareRequest;
    const status = this.#handle!.writeLatin1String(request, text);
    if (status !== 0) this.#onWriteFailed(status);
    else if (request.isKept) this.#keepRequest(request, null, null);
  }

  /** The joined text goes in front, in the same buffer. */
  #sendCopy(bytes: Buffer): void {
    // More than that gathers only while a connection opens.
    if (this.#joined.length > JOINED_TEXT_LIMIT) this.#sendJoined();
    if (this.closed || this.#writesEnded) return;
    const buffer = takeBuffer(this.#joined.length + bytes.length);
    const textLength = this.#joined === '' ? 0 : buffer.write(this.#joined, 'latin1');
    this.#joined = '';
    buffer.set(bytes, textLength);
    this.#bytesGiven += textLength + bytes.length;
    const request = spareRequest;
    const status = this.#handle!.writeBuffer(request, buffer.subarray(0, textLength + bytes.length));
    if (status === 0 && request.isKept) {
      this.#keepRequest(request, buffer, buffer);
      return;
    }
    returnBuffer(buffer);
    if (status !== 0) this.#onWriteFailed(status);
  }

  #sendOwn(bytes: Buffer): void {
    const text = this.#joined;
    const request = spareRequest;
    let memory: Buffer | (string | Buffer)[] = bytes;
    let status: number;
    this.#bytesGiven += text.length + bytes.length;
    if (text === '') {
      status = this.#handle!.writeBuffer(request, bytes);
    } else {
      this.#joined = '';
      memory = [text, 'latin1', bytes, 'buffer'];
      status = this.#handle!.writev(request, memory, false);
    }
    if (status !== 0) this.#onWriteFailed(status);
    else if (request.isKept) this.#keepRequest(request, memory, null);
  }

  #keepRequest(request: WriteRequest, memory: Buffer | (string | Buffer)[] | null, pooled: Buffer | null): void {
    request.owner = this;
    request.memory = memory;
    request.pooled = pooled;
    spareRequest = new WriteRequest();
    this.#writesInFlight++;
    this.#drainIsAwaited = true;
  }

  onWriteCompleted(status: number): void {
    this.#writesInFlight--;
    if (this.closed) return;
    if (status < 0) {
      this.#onWriteFailed(status);
      return;
    }
    enterCallback();
    try {
      this.#reportDrained();
    } finally {
      leaveCallback();
    }
  }

  #reportDrained(): void {
    if (this.closed || this.#writesInFlight > 0 || this.#joined !== '') return;
    if (this.#isLingering) {
      if (this.#lingerMs === 0) this.#close(undefined);
      else this.#armLingerTimer();
    } else if (this.#drainIsAwaited && this.#handle !== null) {
      this.#drainIsAwaited = false;
      this.owner.onDrained();
    }
  }

  /**
   * A peer that answers early and closes makes writes fail while its answer still waits to be read: reading finds that,
   * and the end, within the next turn of the loop. A paused connection has nobody to find it.
   */
  #onWriteFailed(errno: number): void {
    const error = systemError(errno, 'write');
    if (!this.#handleReads || this.#isLingering || (error.code !== 'EPIPE' && error.code !== 'ECONNRESET')) {
      this.#close(error);
      return;
    }
    this.#error = error;
    this.#joined = '';
    this.#writesEnded = true;
    this.#shutdownIsAsked = true;
    this.#writesAreSent = true;
  }

  // Reading

  pauseReads(): void {
    if (this.#readsArePaused || this.#isLingering) return;
    this.#readsArePaused = true;
    this.#fullReads = 0;
    if (!this.#handleReads || this.closed) return;
    this.#handleReads = false;
    this.#handle!.readStop();
  }

  resumeReads(): void {
    if (!this.#readsArePaused) return;
    this.#readsArePaused = false;
    this.#startReads();
  }

  unread(bytes: Buffer): void {
    if (this.closed || bytes.length === 0) return;
    this.#unread = bytes;
    if (this.#handleReads) this.#handle!.readStop();
    this.#handleReads = false;
    if (!this.#readsArePaused) this.#startReads();
  }

  #readAgain(): void {
    if (this.#readsArePaused || this.closed) return;
    const bytes = this.#unread;
    this.#unread = null;
    if (bytes !== null) this.deliver(bytes, bytes.length);
    if (this.#readsArePaused) return;
    if (this.#endIsHeld) this.push();
    else this.#startReads();
  }

  /** Owners may have paused, or have ended the connection, since the read. */
  deliver(bytes: Buffer, length: number): void {
    if (this.closed || this.#isLingering) return;
    if (this.#readsArePaused || this.#unread !== null) return this.#keep(bytes.subarray(0, length));
    enterCallback();
    try {
      this.owner.onBytes(bytes, length);
    } finally {
      if (this.#context.poison) bytes.fill(POISON, 0, length);
      leaveCallback();
    }
  }

  #keep(bytes: Buffer): void {
    this.#unread = Buffer.concat(this.#unread === null ? [bytes] : [this.#unread, bytes]);
  }

  #startReads(): void {
    if (this.#handle === null || this.#handleReads || this.#readsEnded || this.closed) return;
    if (this.#unread !== null || this.#endIsHeld) {
      process.nextTick(() => this.#readAgain());
      return;
    }
    this.#handleReads = true;
    const status = this.#handle.readStart();
    if (status < 0) this.#close(systemError(status, 'read'));
  }

  // Closing

  endWrites(): void {
    if (this.closed || this.#writesEnded) return;
    this.flush();
    this.#writesEnded = true;
    if (this.#handle !== null) this.#shutDown();
  }

  #shutDown(): void {
    if (this.#shutdownIsAsked || this.closed) return;
    this.#shutdownIsAsked = true;
    const status = this.#handle!.shutdown(new ShutdownRequest(this));
    // The peer has already gone: the read side reports it.
    if (status !== 0) this.#writesAreSent = true;
  }

  onShutdownCompleted(): void {
    this.#writesAreSent = true;
    if (!this.closed) this.#closeWhenBothEnded();
  }

  #closeWhenBothEnded(): void {
    if (this.#readsEnded && this.#writesAreSent) this.#close(undefined);
  }

  closeAfterFlush(lingerMs: number): void {
    if (this.closed || this.#isLingering) return;
    this.#isLingering = true;
    this.#lingerMs = lingerMs;
    this.flush();
    if (this.#handle === null || this.closed) return;
    this.#linger();
  }

  #linger(): void {
    this.#writesEnded = true;
    if (this.#lingerMs === 0 || this.#readsEnded) {
      this.#lingerMs = 0;
      if (this.#writesInFlight === 0) this.#close(undefined);
      return;
    }
    this.#readsArePaused = false;
    this.#startReads();
    if (!this.closed) this.#armLingerTimer();
  }

  #armLingerTimer(): void {
    this.#unsentAtLingerStart = this.#handle!.writeQueueSize;
    this.#lingerTimer ??= new Timer(this);
    this.#context.timers.list(this.#lingerMs).arm(this.#lingerTimer);
  }

  /** A peer that still takes bytes gets more time. */
  onTimer(): void {
    if (this.#handle!.writeQueueSize < this.#unsentAtLingerStart) this.#armLingerTimer();
    else this.#close(lingerExpired);
  }

  reset(): void {
    const handle = this.#handle;
    // While a FIN waits behind unsent bytes a handle cannot be reset, and would not close after the attempt.
    const finWaits = this.#shutdownIsAsked && !this.#writesAreSent;
    if (this.closed || handle?.reset === undefined || finWaits) {
      this.#close(undefined);
      return;
    }
    this.#retire(undefined);
    resetHandle(handle);
  }

  /** Node's read callback gives the error that ended the connection. As for a socket, bytes that nobody has read make it a reset. */
  destroy(error?: NodeJS.ErrnoException): void {
    if (error !== undefined && this.isStaged) readRound.deliver();
    if (error === undefined && (this.#unread !== null || this.isStaged)) {
      this.#unread = null;
      this.reset();
      return;
    }
    this.#close(error === undefined ? undefined : transportError(error));
  }

  #close(error: TransportError | undefined): void {
    if (this.closed) return;
    this.#retire(error);
    if (this.#handle !== null) closeHandle(this.#handle);
    else this.#abandonOpening?.();
  }

  #retire(error: TransportError | undefined): void {
    this.closed = true;
    this.#error ??= error;
    this.#joined = '';
    this.#lingerTimer?.disarm();
    const handle = this.#handle;
    if (handle === null) return;
    this.#local ??= handleAddress(handle, 'getsockname');
    this.#unsentAtClose = handle.writeQueueSize;
  }

  /** Called once: the handle, or the attempt to open one, has gone. */
  onHandleClosed(): void {
    enterCallback();
    try {
      this.owner.onClosed(this.#error);
    } finally {
      leaveCallback();
    }
  }

  setNoDelay(on: boolean): void {
    if (!this.closed) this.#handle?.setNoDelay?.(on);
  }

  setKeepAlive(on: boolean, initialDelayMs: number, intervalMs?: number, probes?: number): void {
    if (!this.closed) this.#handle?.setKeepAlive?.(on, Math.ceil(initialDelayMs / 1000), intervalMs && Math.ceil(intervalMs / 1000), probes);
  }

  upgrade(owner: ConnectingOwner): TlsUpgrade {
    const upper = new DirectConnection(this.#context, { owner, local: this.local, remote: this.remote });
    return new DirectUpgrade(this, upper);
  }

  /** Leaves the handle to whoever asks; nobody is told. It may be reading. */
  release(): StreamHandle {
    this.#retire(undefined);
    return this.#handle!;
  }

  // Opening

  /** `abandon` is called when the connection is closed before it was open. */
  opening(abandon: () => void): void {
    this.#abandonOpening = abandon;
  }

  /** The attempt failed. */
  failOpening(error: TransportError): void {
    if (!this.closed) this.#retire(error);
  }

  /** Takes the handle over. The caller hands the connection to its owner and then calls `begin`. */
  attach(handle: StreamHandle): void {
    this.#abandonOpening = null;
    this.#handle = handle;
    ownHandle(handle, this);
    handle.setNoDelay?.(true);
    // At once: a system does not name a peer that has reset.
    this.#remote ??= handleAddress(handle, 'getpeername');
  }

  /** Starts to read, and catches up on what was asked for while there was no handle. */
  begin(): void {
    this.flush();
    if (this.closed) return;
    if (this.#isLingering) this.#linger();
    else if (this.#writesEnded) this.#shutDown();
    if (!this.#readsArePaused) this.#startReads();
  }

  // What Node's read callback expects of the owner of a handle.

  [touchKey](): void {}

  [bufferCallbackKey](length: number, buffer: Buffer): void {
    this.bytesRead += length;
    if (this.#isLingering) return;
    if (!readRound.stage(this, buffer, length)) this.deliver(buffer, length);
    this.#fullReads = length < SMALL_READ_BYTES ? 0 : this.#fullReads + 1;
    this[bufferSourceKey] = nextReadBuffer(buffer, this.#fullReads);
  }

  get _readableState(): { endEmitted: boolean } {
    return readableState;
  }

  /** Only ever called with null: the peer's FIN. */
  push(): void {
    if (this.isStaged) readRound.deliver();
    this.#handleReads = false;
    this.#endIsHeld = this.#unread !== null;
    if (this.#endIsHeld) return;
    this.#readsEnded = true;
    if (this.#isLingering) {
      if (this.#lingerMs > 0) this.#close(undefined);
      return;
    }
    enterCallback();
    try {
      this.owner.onEnd();
    } finally {
      leaveCallback();
    }
    this.#closeWhenBothEnded();
  }

  read(): void {}
}
