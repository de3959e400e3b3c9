import type net from 'node:net';
import type { TimerOwner, Timers } from '../core/timers.ts';
import { Timer } from '../core/timers.ts';
import type { AcceptedConnection } from './accepting.ts';
import { ipAddress, unknownAddress } from './address.ts';
import { isLent } from './read-buffers.ts';
import { PublicUpgrade } from './public-upgrade.ts';
import { readRound, type StagedReader } from './read-round.ts';
import { tlsError } from './tls-options.ts';
import { closedInHandshake, type TlsHandshake, type TlsUpgrade } from './tls.ts';
import { lingerExpired, transportError } from './transport-error.ts';
import type { Address, ConnectingOwner, ConnectionOwner, TransportError } from './transport.ts';
import { enterCallback, JOINED_BYTES_LIMIT, JOINED_TEXT_LIMIT, leaveCallback, markDirty } from './write-batch.ts';

/**
 * A connection over a `net.Socket`, through its documented API alone.
 *
 *   opening ──attach()──▶ open ──'end'──▶ read side ended ──┐
 *      │                   │  └─endWrites()─▶ write side ended ─┴─both, all sent──▶ closed
 *      │                   ├──closeAfterFlush()──▶ lingering ──'end', 'error', timer──▶ closed
 *      └──destroy(), reset(), 'error'──▶ closed ──'close'──▶ onClosed
 */

export class PublicConnection implements AcceptedConnection, StagedReader, TimerOwner {
  owner: ConnectionOwner;
  closed = false;
  isStaged = false;
  #socket: net.Socket;
  readonly #timers: Timers;
  readonly #onWritten: () => void;
  #local: Address | null;
  #remote: Address | null;
  #joined = '';
  #isDirty = false;
  #isOpen = false;
  /** Somebody may wait for `onDrained`. */
  #drainIsAwaited = false;
  #readsArePaused = false;
  /** Read before and given back. */
  #unread: Buffer | null = null;
  #readsEnded = false;
  /** It came behind bytes that nobody has taken yet. */
  #endIsHeld = false;
  #writesEnded = false;
  #isLingering = false;
  #lingerTimer: Timer | null = null;
  #lingerMs = 0;
  #unsentAtLingerStart = 0;
  #error: TransportError | undefined = undefined;
  #handshake: TlsHandshake | undefined;
  /** What TLS is spoken over. */
  #raw: net.Socket | undefined;
  /** While it waits for the socket of another connection. */
  #abandon: (() => void) | undefined;

  constructor(socket: net.Socket, parts: PublicConnectionParts) {
    this.#socket = socket;
    this.#timers = parts.timers;
    this.owner = parts.owner;
    this.#local = parts.local;
    this.#remote = parts.remote;
    this.#onWritten = () => this.#reportWritten();
    if (parts.abandon === undefined) this.#listen();
    else this.#abandon = parts.abandon;
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('end', () => this.#onPeerEnded());
    socket.on('error', (error) => this.#onFailed(error));
    socket.on('close', () => this.onSocketClosed());
  }

  get local(): Address {
    return this.#local ?? unknownAddress;
  }

  get remote(): Address {
    return this.#remote ?? unknownAddress;
  }

  get unsentBytes(): number {
    const waiting = this.closed ? 0 : this.#joined.length + this.#socket.writableLength;
    if (waiting > 0) this.#drainIsAwaited = true;
    return waiting;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get bytesWritten(): number {
    return (this.#socket.bytesWritten ?? 0) - this.#socket.writableLength;
  }

  // Writing

  writeText(text: string): void {
    if (this.closed || this.#writesEnded) return;
    this.#joined += text;
    if (!this.#isDirty) {
      this.#isDirty = true;
      markDirty(this);
    }
    if (this.#joined.length > JOINED_TEXT_LIMIT && this.#isOpen) this.flush();
  }

  writeBytes(bytes: Buffer): void {
    if (bytes.length <= JOINED_BYTES_LIMIT || !this.#isOpen) {
      this.writeText(bytes.toString('latin1'));
    } else if (!this.closed && !this.#writesEnded) {
      this.flush();
      this.#socket.write(isLent(bytes) ? Buffer.from(bytes) : bytes, this.#onWritten);
    }
  }

  flush(): void {
    if (this.#joined === '' || !this.#isOpen || this.closed) return;
    const text = this.#joined;
    this.#joined = '';
    this.#socket.write(text, 'latin1', this.#onWritten);
  }

  /** Called by the write batch. */
  flushJoined(): void {
    this.#isDirty = false;
    this.flush();
    this.#reportDrained();
  }

  #reportWritten(): void {
    enterCallback();
    try {
      this.#reportDrained();
    } finally {
      leaveCallback();
    }
  }

  #reportDrained(): void {
    if (this.closed || !this.#isOpen) return;
    if (this.#isLingering) {
      if (this.#socket.writableLength > 0) return;
      if (this.#lingerMs > 0) this.#armLingerTimer();
      else if (this.#handshake === undefined) this.#linger();
      return;
    }
    if (!this.#drainIsAwaited) return;
    if (this.#joined !== '' || this.#socket.writableLength > 0) return;
    this.#drainIsAwaited = false;
    this.owner.onDrained();
  }

  // Reading

  /** `bytes` are lent. */
  onRead(bytes: Buffer, length: number): void {
    if (this.#isLingering || this.closed) return;
    if (!readRound.stage(this, bytes, length)) this.deliver(bytes, length);
  }

  /** Owners may have paused, or have ended the connection, since the read. */
  deliver(bytes: Buffer, length: number): void {
    if (this.closed || this.#isLingering) return;
    if (this.#readsArePaused || this.#unread !== null) return this.#keep(bytes.subarray(0, length));
    enterCallback();
    try {
      this.owner.onBytes(bytes, length);
    } finally {
      leaveCallback();
    }
  }

  #keep(bytes: Buffer): void {
    this.#unread = Buffer.concat(this.#unread === null ? [bytes] : [this.#unread, bytes]);
    this.#socket.pause();
  }

  pauseReads(): void {
    if (this.#readsArePaused || this.#isLingering) return;
    this.#readsArePaused = true;
    if (this.#isOpen && !this.closed) this.#socket.pause();
  }

  resumeReads(): void {
    if (!this.#readsArePaused) return;
    this.#readsArePaused = false;
    this.#startReads();
  }

  unread(bytes: Buffer): void {
    if (this.closed || bytes.length === 0) return;
    this.#unread = bytes;
    this.#socket.pause();
    if (!this.#readsArePaused) this.#startReads();
  }

  #readAgain(): void {
    if (this.#readsArePaused || this.closed) return;
    const bytes = this.#unread;
    this.#unread = null;
    if (bytes !== null) this.deliver(bytes, bytes.length);
    if (this.#readsArePaused) return;
    if (this.#endIsHeld) this.#onPeerEnded();
    else this.#startReads();
  }

  #startReads(): void {
    if (!this.#isOpen || this.closed) return;
    if (this.#unread === null && !this.#endIsHeld) this.#socket.resume();
    else process.nextTick(() => this.#readAgain());
  }

  #onPeerEnded(): void {
    if (this.isStaged) readRound.deliver();
    if (this.closed) return;
    if (!this.#isOpen) {
      this.fail(closedInHandshake);
      return;
    }
    this.#readsEnded = true;
    if (this.#isLingering) {
      if (this.#lingerMs > 0) this.#endLinger();
      return;
    }
    // A socket tells the end although it is paused.
    this.#endIsHeld = this.#unread !== null;
    if (this.#endIsHeld) return;
    enterCallback();
    try {
      this.owner.onEnd();
    } finally {
      leaveCallback();
    }
  }

  // Closing

  endWrites(): void {
    if (this.closed || this.#writesEnded) return;
    this.flush();
    this.#writesEnded = true;
    if (this.#isOpen) this.#socket.end();
  }

  closeAfterFlush(lingerMs: number): void {
    if (this.closed || this.#isLingering) return;
    this.#isLingering = true;
    this.#lingerMs = lingerMs;
    this.flush();
    if (this.#isOpen) this.#linger();
  }

  #linger(): void {
    this.#writesEnded = true;
    if (this.#lingerMs === 0 || this.#readsEnded) {
      this.#lingerMs = 0;
      // Without a FIN of its own, so that bytes which nobody has read make it a reset. Under TLS the end is told.
      if (this.#handshake !== undefined) this.#socket.destroySoon();
      else if (this.#socket.writableLength === 0) this.#end();
      return;
    }
    this.#socket.resume();
    this.#armLingerTimer();
  }

  #armLingerTimer(): void {
    this.#unsentAtLingerStart = this.#socket.writableLength;
    this.#lingerTimer ??= new Timer(this);
    this.#timers.list(this.#lingerMs).arm(this.#lingerTimer);
  }

  /** A peer that still takes bytes gets more time. */
  onTimer(): void {
    if (this.#socket.writableLength < this.#unsentAtLingerStart) {
      this.#armLingerTimer();
      return;
    }
    this.#error = lingerExpired;
    this.#endLinger();
  }

  /** Under TLS the end is told, but not waited for. */
  #endLinger(): void {
    if (this.#handshake === undefined || this.#socket.writableEnded || this.#socket.writableLength > 0) {
      this.destroy();
      return;
    }
    this.#socket.destroySoon();
    this.#armLingerTimer();
  }

  reset(): void {
    if (this.closed) return;
    this.closed = true;
    // While a FIN waits behind unsent bytes a socket cannot be reset, and would not close after the attempt.
    const finWaits = this.#socket.writableEnded && !this.#socket.writableFinished;
    // Under TLS a socket would say FIN first, and then cannot be reset.
    if (!this.#isOpen || finWaits || this.#remote!.kind !== 'ip' || this.#handshake !== undefined) this.#end();
    else this.#socket.resetAndDestroy();
  }

  /** As for a socket, bytes that nobody has read make it a reset. */
  destroy(): void {
    if (this.closed) return;
    if (this.#unread !== null || this.isStaged) {
      this.#unread = null;
      this.reset();
      return;
    }
    this.closed = true;
    this.#end();
  }

  #end(): void {
    if (this.#abandon === undefined) this.#socket.destroy();
    else this.#abandon();
  }

  #onFailed(error: Error): void {
    if (this.isStaged) readRound.deliver();
    if (this.closed) return;
    this.closed = true;
    const { code } = error as NodeJS.ErrnoException;
    this.#error ??= code?.startsWith('ERR_SSL_') === true ? tlsError(error, this.#handshake!, this.#raw!.bytesRead) : transportError(error);
    // What fails in a TLS record does not end the socket.
    this.#socket.destroy();
  }

  /** The handshake, or the connection below, has failed. */
  fail(error: TransportError): void {
    if (this.closed) return;
    this.#error = error;
    this.destroy();
  }

  onSocketClosed(): void {
    if (this.#handshake !== undefined && !this.#isOpen) {
      if (!this.closed) this.#error ??= closedInHandshake;
      if (this.#error !== undefined) this.#error = this.#handshake.onFailed(this.#error);
    }
    this.closed = true;
    this.#joined = '';
    this.#lingerTimer?.disarm();
    enterCallback();
    try {
      this.owner.onClosed(this.#error);
    } finally {
      leaveCallback();
    }
  }

  setNoDelay(on: boolean): void {
    this.#socket.setNoDelay(on);
  }

  setKeepAlive(on: boolean, initialDelayMs: number, intervalMs?: number, probes?: number): void {
    const whole = (ms: number): number => Math.ceil(ms / 1000) * 1000;
    (this.#socket as KeepAliveSocket).setKeepAlive(on, whole(initialDelayMs), intervalMs === undefined ? undefined : whole(intervalMs), probes);
  }

  upgrade(owner: ConnectingOwner): TlsUpgrade {
    const abandon = (): void => this.destroy();
    return new PublicUpgrade(this, new PublicConnection(this.#socket, { timers: this.#timers, owner, local: this.#local, remote: this.#remote, abandon }));
  }

  /** Leaves the socket to whoever asks; nobody is told. */
  release(): net.Socket {
    this.closed = true;
    this.#joined = '';
    this.#lingerTimer?.disarm();
    return this.stepDown();
  }

  // Opening

  /** Gives the socket away until `stepUp`. */
  stepDown(): net.Socket {
    for (const event of ['data', 'end', 'error', 'close']) this.#socket.removeAllListeners(event);
    return this.#socket.pause();
  }

  /** From now on it stands on `socket`, which speaks TLS over `raw`. */
  stepUp(socket: net.Socket, raw: net.Socket, handshake: TlsHandshake): void {
    this.#socket = socket;
    this.#handshake = handshake;
    this.#raw = raw;
    this.#abandon = undefined;
    this.#listen();
    raw.on('error', (error) => this.fail(transportError(error)));
    socket.on('data', (chunk: Buffer) => this.onRead(chunk, chunk.length));
  }

  /** The socket is connected. The caller tells the owner and then calls `begin`. */
  attach(): void {
    this.#isOpen = true;
    this.#local ??= nameOf(this.#socket.localAddress, this.#socket.localPort);
    this.#remote ??= nameOf(this.#socket.remoteAddress, this.#socket.remotePort);
  }

  /** Starts to read, and catches up on what was asked for before the socket was open. */
  begin(): void {
    this.flush();
    if (this.closed) return;
    if (this.#isLingering) this.#linger();
    else if (this.#writesEnded) this.#socket.end();
    if (!this.#readsArePaused) this.#startReads();
  }
}

/** Node's types know the first two parameters only. */
type KeepAliveSocket = net.Socket & { setKeepAlive(on: boolean, delayMs: number, intervalMs: number | undefined, count: number | undefined): void };

export interface PublicConnectionParts {
  readonly timers: Timers;
  readonly owner: ConnectionOwner;
  /** Null: ask the socket. */
  readonly local: Address | null;
  readonly remote: Address | null;
  /** Nobody has given it the socket yet; ends the one who will. */
  readonly abandon?: () => void;
}

function nameOf(host: string | undefined, port: number | undefined): Address {
  return host === undefined || port === undefined ? unknownAddress : ipAddress(host, port);
}
