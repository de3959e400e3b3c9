import type tls from 'node:tls';
import type { HandleOwner, QueuedRequests, WriteRequest } from './direct-handle.ts';
import { bufferCallbackKey, bufferKey, bufferSourceKey, ownerKeyOf, readableState, readCallback, ShutdownRequest, touchKey } from './direct-handle.ts';
import { smallReadBuffer } from './read-buffers.ts';
import type { ShutdownRequestBase, SocketName, StreamHandle } from './socket-internals.ts';
import type { TlsHandshake } from './tls.ts';
import { closedInHandshake, TlsSession } from './tls.ts';
import { tlsError } from './tls-options.ts';
import type { TlsWrap } from './tls-wrap.ts';
import { WrappedHandle } from './tls-wrap.ts';
import { transportError } from './transport-error.ts';
import type { TransportError } from './transport.ts';

/** Told of the handshake. Exactly one of `onSecure` and `onFailed` comes, and nothing after `abandon`. */
export interface TlsHandleOwner {
  onSecure(handle: TlsHandle, session: TlsSession): void;
  onFailed(error: TransportError): void;
  /** The socket has gone, and the handshake was never done. */
  onAbandoned(): void;
}

type Waiting = { readonly request: WriteRequest; readonly text: string | undefined; readonly bytes: Buffer | undefined };

const CANCELED = -125;
const ALREADY = -114;
const BROKEN_PIPE = -32;

/**
 * A handle that speaks TLS. Unlike the handle of a socket Node's takes one write at a time, and goes on giving the records that it
 * has read after it was told to stop; here writes wait in line and such records, at most one read's worth, are kept.
 *
 *   handshake ──done, judged──▶ open ──close()──▶ closed
 *       └──error, refused, FIN──────────────────────▲
 */
export class TlsHandle implements StreamHandle, HandleOwner, QueuedRequests {
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
  #inFlight: WriteRequest | null = null;
  #waiting: Waiting[] = [];
  #waitingShutdown: ShutdownRequestBase | null = null;
  #isShutDown = false;
  #isSending = false;
  /** What writes are answered with from now on: OpenSSL takes more after the system has refused some, and sends nothing. */
  #refusal = 0;
  #bytesWritten = 0;
  #unsentBytes = 0;
  readonly #sizes: number[] = [];

  /** `raw` is connected and nobody's; `received` was read from it. */
  constructor(raw: StreamHandle, handshake: TlsHandshake, received: Buffer, owner: TlsHandleOwner) {
    this.#raw = raw;
    this.#handshake = handshake;
    this.#owner = owner;
    this.#wrapped = new WrappedHandle(raw, handshake);
    this.#wrap = this.#wrapped.wrap;
    this.#own();
    if (handshake.side === 'client') this.#startClient();
    if (received.length > 0) this.#wrap.receive(received);
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get writeQueueSize(): number {
    return this.#unsentBytes;
  }

  #own(): void {
    const wrap = this.#wrap;
    (wrap as unknown as Record<symbol, unknown>)[ownerKeyOf()] = this;
    // Lets go of whoever had it.
    (this.#raw as unknown as Record<symbol, unknown>)[ownerKeyOf()] = this;
    wrap.onread = readCallback();
    wrap.useUserBuffer(smallReadBuffer);
    wrap.onhandshakestart = ignore;
    wrap.onhandshakedone = () => this.#onHandshakeDone();
    wrap.onerror = (error) => this.#fail(tlsError(error));
    wrap.onnewsession = (_id, session) => this.#handshake.onSession(session);
    wrap.readStart();
  }

  #startClient(): void {
    const { serverName } = this.#handshake;
    this.#wrap.enableSessionCallbacks();
    if (serverName !== '') this.#wrap.setServername(serverName);
    this.#wrap.start();
  }

  #onHandshakeDone(): void {
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
    this.#refusal = BROKEN_PIPE;
  }

  #onRawClosed(): void {
    this.#wrapped.destroy();
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

  onWriteCompleted(): void {}

  onShutdownCompleted(): void {}

  onHandleClosed(): void {}

  // StreamHandle: writing

  writeLatin1String(request: WriteRequest, text: string): number {
    return this.#write(request, text, undefined, text.length);
  }

  writeBuffer(request: WriteRequest, bytes: Buffer): number {
    return this.#write(request, undefined, bytes, bytes.length);
  }

  /** One text and one buffer: encrypting copies them anyway. */
  writev(request: WriteRequest, chunks: (string | Buffer)[]): number {
    const bytes = Buffer.concat(chunks.filter((_, index) => index % 2 === 0).map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)));
    return this.writeBuffer(request, bytes);
  }

  #write(request: WriteRequest, text: string | undefined, bytes: Buffer | undefined, length: number): number {
    request.queue = this;
    this.#bytesWritten += length;
    this.#unsentBytes += length;
    this.#sizes.push(length);
    if (this.#inFlight === null) {
      const status = this.#send(request, text, bytes);
      // It is nobody's then, and serves another connection.
      if (status !== 0) request.queue = null;
      return status;
    }
    request.isQueued = true;
    this.#waiting.push({ request, text, bytes });
    return 0;
  }

  #send(request: WriteRequest, text: string | undefined, bytes: Buffer | undefined): number {
    if (this.#refusal !== 0) return this.#refusal;
    this.#inFlight = request;
    this.#isSending = true;
    const status = bytes === undefined ? this.#wrap.writeLatin1String(request, text!) : this.#wrap.writeBuffer(request, bytes);
    this.#isSending = false;
    if (this.#refusal === 0) this.#refusal = status;
    if (this.#refusal !== 0) this.#inFlight = null;
    return this.#refusal;
  }

  /** Called when the kernel has the records of the one in flight, or refuses them. */
  onRequestCompleted(status: number): boolean {
    if (this.#isSending) {
      this.#refusal = status;
      return false;
    }
    this.#inFlight = null;
    this.#unsentBytes -= this.#sizes.shift()!;
    // What waits behind a failure waits for the end.
    if (status === 0) this.#sendNext();
    return true;
  }

  #sendNext(): void {
    if (this.#state !== 'open') return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.request.isQueued = false;
      const status = this.#send(next.request, next.text, next.bytes);
      if (status !== 0) next.request.oncomplete(status);
    } else if (this.#waitingShutdown !== null) {
      const request = this.#waitingShutdown;
      this.#waitingShutdown = null;
      this.#shutDown(request);
    }
  }

  /** Says `close_notify` and FIN after what waits. */
  shutdown(request: ShutdownRequestBase): number {
    if (this.#refusal !== 0) return this.#refusal;
    if (this.#inFlight === null) return this.#shutDown(request);
    this.#waitingShutdown = request;
    return 0;
  }

  #shutDown(request: ShutdownRequestBase): number {
    this.#isShutDown = true;
    return this.#wrap.shutdown(request);
  }

  // StreamHandle: closing

  /** With `close_notify`, unless that would make what is lost look whole. */
  close(onClosed: (this: StreamHandle) => void): void {
    if (this.#state === 'open' && !this.#isShutDown && this.#inFlight === null && this.#refusal === 0) this.#shutDown(new ShutdownRequest(this));
    this.#state = 'closed';
    this.#onClosed = onClosed;
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
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { request } of waiting) request.oncomplete(CANCELED);
    onClosed.call(this);
  }

  setNoDelay(on: boolean): number {
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

function ignore(): void {}
