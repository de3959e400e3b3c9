import type { Timer, TimerOwner, Timers } from '../core/timers.ts';
import { Timer as LingerTimer } from '../core/timers.ts';
import { ipAddress, unknownAddress } from './address.ts';
import { isLent, JOINED_TEXT_LIMIT, largeReadBuffer, returnBuffer, SMALL_READ_BYTES, smallReadBuffer, takeBuffer } from './read-buffers.ts';
import type { SocketInternals, SocketName, StreamHandle, WriteRequestBase } from './socket-internals.ts';
import { learnSocketInternals } from './socket-internals.ts';
import { systemError, transportError } from './transport-error.ts';
import type { Address, Connection, ConnectionOwner, TransportError } from './transport.ts';
import { enterCallback, leaveCallback, markDirty } from './write-batch.ts';

/**
 * A connection that is the owner of a handle: Node's read callback calls it as it would call a `net.Socket`, and it
 * writes with its own requests. There is no stream in between.
 *
 *   opening ──opened()──▶ open ──peer's FIN──▶ read side ended ─┐
 *      │                   │  └──endWrites()─▶ write side ended ─┴─both, all sent──▶ closed
 *      │                   ├──closeAfterFlush()──▶ lingering ──peer's FIN, error, timer──▶ closed
 *      └──────destroy(), reset(), error──────▶ closed ──handle closed──▶ onClosed
 */

const learned: SocketInternals | undefined = learnSocketInternals();
/** Whether this Node's sockets can be driven this way; nothing else of this file may be used where they cannot. */
export const directIsPossible: boolean = learned !== undefined;

/** Stand in where nothing was learned, so that the classes below exist. */
class NoRequest implements WriteRequestBase {
  getAsyncId(): number {
    return -1;
  }
}
const WriteRequestClass = learned?.WriteRequest ?? NoRequest;
const ShutdownRequestClass = learned?.ShutdownRequest ?? NoRequest;
const ownerKey: unique symbol = (learned?.ownerKey ?? Symbol('owner')) as never;
const touchKey: unique symbol = (learned?.touchKey ?? Symbol('touch')) as never;
const bufferKey: unique symbol = (learned?.bufferKey ?? Symbol('buffer')) as never;
const bufferSourceKey: unique symbol = (learned?.bufferSourceKey ?? Symbol('bufferSource')) as never;
const bufferCallbackKey: unique symbol = (learned?.bufferCallbackKey ?? Symbol('bufferCallback')) as never;

type OwnedHandle = StreamHandle & { [ownerKey]: DirectConnection };

/** Bytes up to here join the text in front of them; more are worth a write without a copy. */
const JOINED_BYTES_LIMIT = 8192;
/** 2 MiB without a pause: whoever takes the bytes is not slow. */
const FULL_READS_BEFORE_LARGE = 32;
const POISON = 0xdb;

const streamState = { endEmitted: false };

/** Kept by the handle while its write waits. `oncomplete` must be an own property: Node's constructors set it to null. */
class WriteRequest extends WriteRequestClass {
  oncomplete = onWriteCompleted;
  connection: DirectConnection | null = null;
  /** What the kernel still reads from. */
  memory: Buffer | (string | Buffer)[] | null = null;
  pooled: Buffer | null = null;
}

class ShutdownRequest extends ShutdownRequestClass {
  oncomplete = onShutdownCompleted;
  readonly connection: DirectConnection;

  constructor(connection: DirectConnection) {
    super();
    this.connection = connection;
  }
}

function onWriteCompleted(this: WriteRequest, status: number): void {
  if (this.pooled !== null) returnBuffer(this.pooled);
  this.connection!.onWriteCompleted(status);
}

function onShutdownCompleted(this: ShutdownRequest): void {
  this.connection.onShutdownCompleted();
}

/** Serves every connection until a write goes asynchronous and keeps it. */
let spareRequest = new WriteRequest();

/** What connections of one transport share. */
export interface DirectContext {
  readonly timers: Timers;
  /** Overwrite lent bytes after each `onBytes`, to find owners that keep them. */
  readonly poison: boolean;
}

export class DirectConnection implements Connection, TimerOwner {
  owner: ConnectionOwner;
  closed = false;
  /** Node reads into the first, and asks the second, where there is one, for another buffer after each read. */
  [bufferKey]: Buffer = smallReadBuffer;
  [bufferSourceKey]: (() => Buffer) | null = null;
  readonly #context: DirectContext;
  /** Null while opening. */
  #handle: OwnedHandle | null = null;
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
  #readsEnded = false;
  #writesEnded = false;
  #shutdownIsAsked = false;
  #writesAreSent = false;
  #isLingering = false;
  #lingerTimer: Timer | null = null;
  #lingerMs = 0;
  #unsentAtLingerStart = 0;
  #error: TransportError | undefined = undefined;
  /** Counts taken from the handle before it closed. */
  #finalBytesRead = 0;
  #finalBytesWritten = 0;

  constructor(context: DirectContext, owner: ConnectionOwner, local: Address | null, remote: Address | null) {
    this.#context = context;
    this.owner = owner;
    this.#local = local;
    this.#remote = remote;
  }

  get local(): Address {
    return (this.#local ??= nameOf(this.#handle, 'getsockname'));
  }

  get remote(): Address {
    return (this.#remote ??= nameOf(this.#handle, 'getpeername'));
  }

  get unsentBytes(): number {
    const waiting = this.#joined.length + (this.#writesInFlight > 0 ? this.#handle!.writeQueueSize : 0);
    if (waiting > 0) this.#drainIsAwaited = true;
    return waiting;
  }

  get bytesRead(): number {
    return this.#handle === null || this.closed ? this.#finalBytesRead : this.#handle.bytesRead;
  }

  get bytesWritten(): number {
    if (this.#handle === null || this.closed) return this.#finalBytesWritten;
    return this.#handle.bytesWritten - this.#handle.writeQueueSize;
  }

  // Writing

  writeText(text: string): void {
    if (this.closed || this.#writesEnded) return;
    this.#joined += text;
    if (!this.#isDirty) this.#markDirty();
    if (this.#joined.length > JOINED_TEXT_LIMIT && this.#handle !== null) this.#sendJoined();
  }

  writeBytes(bytes: Buffer): void {
    if (bytes.length <= JOINED_BYTES_LIMIT || this.#handle === null) {
      this.writeText(bytes.toString('latin1'));
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

  #markDirty(): void {
    this.#isDirty = true;
    markDirty(this);
  }

  #sendJoined(): void {
    const text = this.#joined;
    this.#joined = '';
    const request = spareRequest;
    const status = this.#handle!.writeLatin1String(request, text);
    if (status !== 0) this.#onWriteFailed(status);
    else if (request.getAsyncId() !== -1) this.#keepRequest(request, null, null);
  }

  /** The joined text goes in front, in the same buffer. */
  #sendCopy(bytes: Buffer): void {
    const buffer = takeBuffer(this.#joined.length + bytes.length);
    const textLength = this.#joined === '' ? 0 : buffer.write(this.#joined, 'latin1');
    this.#joined = '';
    buffer.set(bytes, textLength);
    const request = spareRequest;
    const status = this.#handle!.writeBuffer(request, buffer.subarray(0, textLength + bytes.length));
    if (status === 0 && request.getAsyncId() !== -1) {
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
    if (text === '') {
      status = this.#handle!.writeBuffer(request, bytes);
    } else {
      this.#joined = '';
      memory = [text, 'latin1', bytes, 'buffer'];
      status = this.#handle!.writev(request, memory, false);
    }
    if (status !== 0) this.#onWriteFailed(status);
    else if (request.getAsyncId() !== -1) this.#keepRequest(request, memory, null);
  }

  #keepRequest(request: WriteRequest, memory: Buffer | (string | Buffer)[] | null, pooled: Buffer | null): void {
    request.connection = this;
    request.memory = memory;
    request.pooled = pooled;
    spareRequest = new WriteRequest();
    this.#writesInFlight++;
    this.#drainIsAwaited = true;
  }

  /** Called by the request. */
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

  #startReads(): void {
    if (this.#handle === null || this.#handleReads || this.#readsEnded || this.closed) return;
    this.#handleReads = true;
    const status = this.#handle.readStart();
    if (status < 0) this.#close(systemError(status, 'read'));
  }

  #onPeerEnded(): void {
    this.#readsEnded = true;
    this.#handleReads = false;
    if (!this.#isLingering) {
      enterCallback();
      try {
        this.owner.onEnd();
      } finally {
        leaveCallback();
      }
    }
    this.#closeWhenBothEnded();
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

  /** Called by the request, also when it failed. */
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
    if (this.#lingerMs === 0) {
      if (this.#writesInFlight === 0) this.#close(undefined);
      return;
    }
    if (!this.#writesEnded) {
      this.#writesEnded = true;
      this.#shutDown();
    }
    this.#readsArePaused = false;
    this.#startReads();
    this.#closeWhenBothEnded();
    if (!this.closed) this.#armLingerTimer();
  }

  #armLingerTimer(): void {
    this.#unsentAtLingerStart = this.#handle!.writeQueueSize;
    this.#lingerTimer ??= new LingerTimer(this);
    this.#context.timers.list(this.#lingerMs).arm(this.#lingerTimer);
  }

  /** A peer that still takes bytes gets more time. */
  onTimer(): void {
    if (this.#handle!.writeQueueSize < this.#unsentAtLingerStart) this.#armLingerTimer();
    else this.#close(undefined);
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
    handle.reset(onHandleClosed);
  }

  /** Node's read callback gives the error that ended the connection. */
  destroy(error?: NodeJS.ErrnoException): void {
    this.#close(error === undefined ? undefined : transportError(error));
  }

  #close(error: TransportError | undefined): void {
    if (this.closed) return;
    this.#retire(error);
    if (this.#handle !== null) this.#handle.close(onHandleClosed);
    else this.#abandonOpening?.();
  }

  #retire(error: TransportError | undefined): void {
    this.closed = true;
    this.#error ??= error;
    this.#joined = '';
    this.#lingerTimer?.disarm();
    const handle = this.#handle;
    if (handle === null) return;
    this.#local ??= nameOf(handle, 'getsockname');
    this.#remote ??= nameOf(handle, 'getpeername');
    this.#finalBytesRead = handle.bytesRead;
    this.#finalBytesWritten = handle.bytesWritten - handle.writeQueueSize;
  }

  /** Called once, when the handle (or the attempt to open one) has gone. */
  reportClosed(): void {
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

  setKeepAlive(on: boolean, initialDelayMs: number): void {
    if (!this.closed) this.#handle?.setKeepAlive?.(on, Math.floor(initialDelayMs / 1000), undefined, undefined);
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
    const owned = handle as OwnedHandle;
    this.#handle = owned;
    owned[ownerKey] = this;
    owned.onread = learned!.onStreamRead;
    owned.useUserBuffer(smallReadBuffer);
    owned.setNoDelay?.(true);
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
    if (this.#isLingering) return;
    enterCallback();
    try {
      this.owner.onBytes(buffer, length);
    } finally {
      if (this.#context.poison) buffer.fill(POISON, 0, length);
      leaveCallback();
    }
    this[bufferSourceKey] = this.#nextBuffer(length, buffer);
  }

  /** Null: the same again. */
  #nextBuffer(length: number, buffer: Buffer): (() => Buffer) | null {
    if (length < SMALL_READ_BYTES) {
      this.#fullReads = 0;
      return buffer === largeReadBuffer ? takeSmall : null;
    }
    this.#fullReads++;
    if (buffer === largeReadBuffer) return this.#fullReads < FULL_READS_BEFORE_LARGE ? takeSmall : null;
    return this.#fullReads >= FULL_READS_BEFORE_LARGE ? takeLarge : null;
  }

  get _readableState(): { endEmitted: boolean } {
    return streamState;
  }

  /** Only ever called with null: the peer's FIN. */
  push(): void {
    this.#onPeerEnded();
  }

  read(): void {}
}

function onHandleClosed(this: StreamHandle): void {
  (this as OwnedHandle)[ownerKey].reportClosed();
}

function takeSmall(): Buffer {
  return smallReadBuffer;
}

function takeLarge(): Buffer {
  return largeReadBuffer;
}

function nameOf(handle: StreamHandle | null, question: 'getsockname' | 'getpeername'): Address {
  const answer: SocketName = {};
  if (handle?.[question] === undefined || handle[question](answer) !== 0) return unknownAddress;
  return ipAddress(answer.address!, answer.port!);
}
