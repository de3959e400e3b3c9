import tls from 'node:tls';
import type { StreamHandle } from './socket-internals.ts';
import type { TlsHandshake, TlsSocketHandle } from './tls.ts';
import { socketOptions } from './tls-options.ts';

/** The object behind a `TLSSocket`: a handle that encrypts what goes through another one. */
export interface TlsWrap extends StreamHandle, TlsSocketHandle {
  /** Keeps the handle that it encrypts for. */
  _parent: StreamHandle | null;
  /** Undefined: nobody is told. */
  onhandshakestart: (() => void) | undefined;
  onhandshakedone: (this: TlsWrap) => void;
  onerror: (this: TlsWrap, error: NodeJS.ErrnoException) => void;
  onnewsession: (this: TlsWrap, id: Buffer, session: Buffer) => void;
  onkeylog: (line: Buffer) => void;
  start(): void;
  receive(bytes: Buffer): void;
  setServername(name: string): void;
  enableSessionCallbacks(): void;
  enableKeylogCallback(): void;
  destroySSL(): void;
}

/** What is called of a `TLSSocket` beyond the documented API. */
interface Wrapping {
  _wrapHandle(socket: null, handle: StreamHandle, hasWrites: boolean): TlsWrap;
  _init(socket: null, wrap: null): void;
}

const wrapping = tls.TLSSocket.prototype as unknown as Wrapping;
/** Where this Node builds its sockets differently nothing else of this file may be used. */
export const wrappingIsPossible: boolean = typeof wrapping._wrapHandle === 'function' && typeof wrapping._init === 'function';

/**
 * A `TLSSocket` that is no stream, over a handle that is no socket's: it makes the handle that encrypts, with the options that
 * Node makes it with, and answers about the handshake. To make the two sockets and their four streams instead costs as much as
 * all else that is done in JavaScript for a handshake.
 */
export class WrappedHandle {
  readonly _tlsOptions: tls.TLSSocketOptions;
  _handle: TlsWrap | null = null;

  /** Nobody writes to `raw` any more. The handle that encrypts lives as long as `raw` does. */
  constructor(raw: StreamHandle, handshake: TlsHandshake) {
    this._tlsOptions = socketOptions(handshake);
    this._handle = wrapping._wrapHandle.call(this, null, raw, false);
    wrapping._init.call(this, null, null);
  }

  get wrap(): TlsWrap {
    return this._handle!;
  }

  /** What is asked from now on is not known. */
  destroy(): void {
    const wrap = this._handle;
    if (wrap === null) return;
    wrap.destroySSL();
    wrap._parent = null;
    this._handle = null;
  }

  // What Node asks of an emitter while it makes the handle. It listens to nothing that it would hear.

  listenerCount(): number {
    return 1;
  }

  /** Only `--tls-keylog` wants to hear something. */
  on(event: string, listener: (line: Buffer) => void): void {
    if (event !== 'keylog') return;
    this.wrap.onkeylog = listener;
    this.wrap.enableKeylogCallback();
  }
}

Object.setPrototypeOf(WrappedHandle.prototype, tls.TLSSocket.prototype);
