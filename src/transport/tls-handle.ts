import type tls from 'node:tls';
import type { HandleOwner, WriteRequest } from './direct-handle.ts';
import { bufferCallbackKey, bufferKey, bufferSourceKey, ownerKeyOf, readableState, readCallback, ShutdownRequest, touchKey } from './direct-handle.ts';
import { smallReadBuffer } from './read-buffers.ts';
import type { ShutdownRequestBase, SocketName, StreamHandle } from './socket-internals.ts';
import type { TlsHandshake } from './tls.ts';
import { closedInHandshake, TlsSession } from './tls.ts';
import { tlsError } from './tls-options.ts';
import type { TlsWrap } from './tls-wrap.ts';
import { WrappedHandle } from './tls-wrap.ts';
import { TlsWrites, type TlsWritesOwner } from './tls-writes.ts';
import { transportError } from './transport-error.ts';
import type { TransportError } from './transport.ts';

/** Told of the handshake. Exactly one of `onSecure` and `onFailed` comes, and nothing after `abandon`. */
export interface TlsHandleOwner {
  onSecure(handle: TlsHandle, session: TlsSession): void;
  onFailed(error: TransportError): void;
  /** The socket has gone, and the handshake was never done. */
  onAbandoned(): void;
}

const ALREADY = -114;
const BROKEN_PIPE = -32;
/** One less than the buffer into which Node takes what OpenSSL is to read. */
const RECEIVED_AT_ONCE_BYTES = 1023;

/** Whom Node's handle calls. */
interface WrapOwner extends HandleOwner {
  onHandshakeDone(): void;
  onTlsError(error: NodeJS.ErrnoException): void;
  onNewSession(session: Buffer): void;
}

const ownerKey: unique symbol = ownerKeyOf() as never;
type OwnedWrap = TlsWrap & { [ownerKey]: WrapOwner };

/**
 * A handle that speaks TLS. Unlike the handle of a socket Node's takes one write at a time, and goes on giving the records that it
 * has read after it was told to stop; here writes wait in line and such records, at most one read's worth, are kept.
 *
 *   handshake ──done, judged──▶ open ──close()──▶ closed
 *       └──error, refused, FIN──────────────────────▲
 */
export class TlsHandle implements StreamHandle, WrapOwner, TlsWritesOwner {
  onread: unknown = undefined;
  [bufferKey]: Buffer = smallReadBuffer;
  [bufferSourceKey] = null;
  readonly #raw: StreamHandle;
  readonly #wrapped: WrappedHandle;
  readonly #wrap: TlsWrap;
  readonly #handshake: TlsHandshake;
  readonly #owner: TlsHandleOwner;
  #user: HandleOwner | null = null;
  #state: 'handshake' | 'open' | 'closed' = 'handshake';
  #error: TransportError | undefined;
  #rawIsClosing = false;
  #onClosed: ((this: StreamHandle) => void) | null = null;
  // Reading
  #isReading = true;
  #held: Buffer[] | null = null;
  #endIsHeld = false;
  #bytesRead = 0;
  // Writing
  readonly #writes: TlsWrites;
  #bytesWritten = 0;
  #waitingShutdown: ShutdownRequestBase | null = null;
  #isShutDown = false;
  /** As all that is connected or accepted here. */
  #sendsAtOnce = true;

  /** `raw` is connected and nobody's; `received` was read from it. */
  constructor(raw: StreamHandle, handshake: TlsHandshake, received: Buffer, owner: TlsHandleOwner) {
    this.#raw = raw;
    this.#handshake = handshake;
    this.#owner = owner;
    this.#wrapped = new WrappedHandle(raw, handshake);
    this.#wrap = this.#wrapped.wrap;
    this.#writes = new TlsWrites(this, raw, this.#wrap);
    this.#own();
    if (handshake.side === 'client') this.#startClient();
    this.#receive(received);
  }

  /** Node keeps a buffer of its default size as long as none is ever full, and one of 16 KiB beside it from then on. */
  #receive(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += RECEIVED_AT_ONCE_BYTES) this.#wrap.receive(bytes.subarray(at, at + RECEIVED_AT_ONCE_BYTES));
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get writeQueueSize(): number {
    return this.#writes.unsentBytes;
  }

  #own(): void {
    const wrap = this.#wrap as OwnedWrap;
    wrap[ownerKey] = this;
    // Lets go of whoever had it.
    (this.#raw as unknown as OwnedWrap)[ownerKey] = this;
    wrap.onread = readCallback();
    wrap.useUserBuffer(smallReadBuffer);
    wrap.onhandshakestart = undefined;
    wrap.onhandshakedone = onHandshakeDone;
    wrap.onerror = onError;
    wrap.onnewsession = onNewSession;
    wrap.readStart();
  }

  /** The collector of young objects never takes Node's handle, and would keep all that it leads to. */
  #letGo(): void {
    this.#wrapped.destroy();
    (this.#wrap as OwnedWrap)[ownerKey] = nobody;
  }

  #startClient(): void {
    const { serverName } = this.#handshake;
    this.#wrap.enableSessionCallbacks();
    if (serverName !== '') this.#wrap.setServername(serverName);
    this.#wrap.start();
  }

  onHandshakeDone(): void {
    if (this.#state !== 'handshake') return;
    const session = new TlsSession(this.#wrapped as unknown as tls.TLSSocket, this.#wrap);
    const refusal = this.#handshake.judge(session);
    if (refusal !== undefined) {
      this.#fail(refusal);
      return;
    }
    this.#state = 'open';
    this.#owner.onSecure(this, session);
    if (!this.#isReading) this.#wrap.readStop();
  }

  onNewSession(session: Buffer): void {
    this.#handshake.onSession(session);
  }

  #fail(error: TransportError): void {
    if (this.#state === 'handshake') {
      this.#state = 'closed';
      this.#error = error;
      this.#closeRaw();
    } else if (this.#state === 'open') {
      this.#user?.destroy(Object.assign(new Error(error.message), { code: error.code }));
    }
  }

  /** Ends the handshake; `onAbandoned` follows. */
  abandon(): void {
    this.#state = 'closed';
    this.#closeRaw();
  }

  #closeRaw(): void {
    if (this.#rawIsClosing) return;
    this.#startsToClose();
    this.#raw.close(() => this.#onRawClosed());
  }

  #startsToClose(): void {
    this.#rawIsClosing = true;
    this.#writes.refuse(BROKEN_PIPE);
  }

  #onRawClosed(): void {
    this.#letGo();
    if (this.#onClosed !== null) this.#finish(this.#onClosed);
    else if (this.#error !== undefined) this.#owner.onFailed(this.#handshake.onFailed(this.#error));
    else this.#owner.onAbandoned();
  }

  // StreamHandle: reading

  /** Called by whoever takes the handle over. */
  ownedBy(user: HandleOwner): void {
    this.#user = user;
    this.#isReading = false;
  }

  useUserBuffer(): void {}

  readStart(): number {
    this.#isReading = true;
    if (this.#held !== null || this.#endIsHeld) {
      setImmediate(() => this.#deliverHeld());
      return 0;
    }
    const status = this.#wrap.readStart();
    return status === ALREADY ? 0 : status;
  }

  readStop(): number {
    this.#isReading = false;
    return this.#wrap.readStop();
  }

  #deliverHeld(): void {
    while (this.#held !== null && this.#isReading && this.#state === 'open') {
      const bytes = this.#held.shift()!;
      if (this.#held.length === 0) this.#held = null;
      this.#deliver(bytes.length, bytes);
    }
    if (!this.#isReading || this.#state !== 'open') return;
    if (this.#endIsHeld) {
      this.#endIsHeld = false;
      this.#user!.push(null);
    } else {
      this.#wrap.readStart();
    }
  }

  #deliver(length: number, bytes: Buffer): void {
    this.#bytesRead += length;
    this.#user![bufferCallbackKey](length, bytes);
  }

  // What Node's read callback expects.

  [touchKey](): void {}

  [bufferCallbackKey](length: number, buffer: Buffer): void {
    if (this.#state !== 'open') return;
    if (this.#isReading && this.#held === null) this.#deliver(length, buffer);
    else (this.#held ??= []).push(Buffer.from(buffer.subarray(0, length)));
  }

  get _readableState(): { endEmitted: boolean } {
    return readableState;
  }

  push(): void {
    if (this.#state === 'handshake') this.#fail(closedInHandshake);
    else if (this.#state === 'closed') return;
    else if (this.#isReading && this.#held === null) this.#user!.push(null);
    else this.#endIsHeld = true;
  }

  read(): void {}

  destroy(error: NodeJS.ErrnoException): void {
    this.#fail(transportError(error));
  }

  onTlsError(error: NodeJS.ErrnoException): void {
    this.#fail(tlsError(error, this.#handshake, this.#raw.bytesRead));
  }

  onWriteCompleted(): void {}

  onShutdownCompleted(): void {}

  onHandleClosed(): void {}

  // StreamHandle: writing

  writeLatin1String(request: WriteRequest, text: string): number {
    this.#bytesWritten += text.length;
    return this.#writes.write(request, text, undefined, text.length);
  }

  writeBuffer(request: WriteRequest, bytes: Buffer): number {
    this.#bytesWritten += bytes.length;
    return this.#writes.write(request, undefined, bytes, bytes.length);
  }

  /** One text and one buffer: encrypting copies them anyway. */
  writev(request: WriteRequest, chunks: (string | Buffer)[]): number {
    const bytes = Buffer.concat(chunks.filter((_, index) => index % 2 === 0).map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)));
    return this.writeBuffer(request, bytes);
  }

  /** Says `close_notify` and FIN after what waits. */
  shutdown(request: ShutdownRequestBase): number {
    if (this.#writes.refusal !== 0) return this.#writes.refusal;
    if (this.#writes.settles()) return this.#shutDown(request);
    this.#waitingShutdown = request;
    return 0;
  }

  #shutDown(request: ShutdownRequestBase): number {
    this.#isShutDown = true;
    return this.#wrap.shutdown(request);
  }

  /** Node would say `close_notify` after the FIN while it still writes. */
  onSettled(status: number): void {
    const request = this.#waitingShutdown;
    this.#waitingShutdown = null;
    if (this.#state === 'closed') this.#closeGently(status);
    else if (request !== null && status === 0) this.#shutDown(request);
  }

  // StreamHandle: closing

  /** With `close_notify`, unless that would make what is lost look whole. */
  close(onClosed: (this: StreamHandle) => void): void {
    const isGentle = this.#state === 'open' && !this.#isShutDown && this.#writes.allSent;
    this.#state = 'closed';
    this.#onClosed = onClosed;
    if (!isGentle) this.#closeRaw();
    else if (this.#writes.settles()) this.#closeGently(0);
    else this.#writes.refuse(BROKEN_PIPE);
  }

  #closeGently(status: number): void {
    if (this.#rawIsClosing) return;
    if (status === 0) this.#shutDown(new ShutdownRequest(this));
    this.#closeRaw();
  }

  /** Without `close_notify`. */
  reset(onClosed: (this: StreamHandle) => void): number {
    if (this.#raw.reset === undefined || this.#rawIsClosing) {
      this.close(onClosed);
      return 0;
    }
    this.#state = 'closed';
    this.#onClosed = onClosed;
    this.#startsToClose();
    return this.#raw.reset(() => this.#onRawClosed());
  }

  #finish(onClosed: (this: StreamHandle) => void): void {
    this.#writes.cancel();
    onClosed.call(this);
  }

  setNoDelay(on: boolean): number {
    if (on === this.#sendsAtOnce) return 0;
    this.#sendsAtOnce = on;
    return this.#wrap.setNoDelay?.(on) ?? 0;
  }

  setKeepAlive(on: boolean, initialDelaySeconds: number, intervalSeconds: number | undefined, count: number | undefined): number {
    return this.#wrap.setKeepAlive?.(on, initialDelaySeconds, intervalSeconds, count) ?? 0;
  }

  getpeername(out: SocketName): number {
    return this.#wrap.getpeername?.(out) ?? -1;
  }

  getsockname(out: SocketName): number {
    return this.#wrap.getsockname?.(out) ?? -1;
  }
}

function onHandshakeDone(this: TlsWrap): void {
  (this as OwnedWrap)[ownerKey].onHandshakeDone();
}

function onError(this: TlsWrap, error: NodeJS.ErrnoException): void {
  (this as OwnedWrap)[ownerKey].onTlsError(error);
}

function onNewSession(this: TlsWrap, _id: Buffer, session: Buffer): void {
  (this as OwnedWrap)[ownerKey].onNewSession(session);
}

/** Owns what has closed. */
const nobody: WrapOwner = {
  [touchKey]() {},
  [bufferKey]: smallReadBuffer,
  [bufferSourceKey]: null,
  [bufferCallbackKey]() {},
  _readableState: readableState,
  push() {},
  read() {},
  destroy() {},
  onWriteCompleted() {},
  onShutdownCompleted() {},
  onHandleClosed() {},
  onHandshakeDone() {},
  onTlsError() {},
  onNewSession() {},
};
