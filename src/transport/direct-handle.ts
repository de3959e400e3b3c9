import { ipAddress, unknownAddress } from './address.ts';
import { returnBuffer } from './read-buffers.ts';
import type { SocketInternals, SocketName, StreamHandle, WriteRequestBase } from './socket-internals.ts';
import { learnSocketInternals } from './socket-internals.ts';
import { wrappingIsPossible } from './tls-wrap.ts';
import type { TlsWrites } from './tls-writes.ts';
import type { Address } from './transport.ts';

/**
 * What the direct transport puts between a handle and a connection: the keys under which Node's read callback looks at
 * the owner of a handle, and the requests of writes and FINs.
 */

const learned: SocketInternals | undefined = learnSocketInternals();
/** Whether this Node's sockets can be driven this way; nothing else of this file may be used where they cannot. */
export const directIsPossible: boolean = learned !== undefined && wrappingIsPossible;

/** Stands in where nothing was learned, so that classes exist. */
class NoRequest implements WriteRequestBase {
  getAsyncId(): number {
    return -1;
  }
}
const WriteRequestClass = learned?.WriteRequest ?? NoRequest;
const ShutdownRequestClass = learned?.ShutdownRequest ?? NoRequest;
const ownerKey: unique symbol = (learned?.ownerKey ?? Symbol('owner')) as never;
export const touchKey: unique symbol = (learned?.touchKey ?? Symbol('touch')) as never;
export const bufferKey: unique symbol = (learned?.bufferKey ?? Symbol('buffer')) as never;
export const bufferSourceKey: unique symbol = (learned?.bufferSourceKey ?? Symbol('bufferSource')) as never;
export const bufferCallbackKey: unique symbol = (learned?.bufferCallbackKey ?? Symbol('bufferCallback')) as never;

/** Whom a handle calls. The first eight are what Node's read callback expects. */
export interface HandleOwner {
  [touchKey](): void;
  [bufferKey]: Buffer;
  /** Where there is one, it is asked for another buffer after each read. */
  [bufferSourceKey]: (() => Buffer) | null;
  [bufferCallbackKey](length: number, buffer: Buffer): void;
  readonly _readableState: { readonly endEmitted: boolean };
  /** The peer's FIN. */
  push(nothing: null): void;
  read(length: number): void;
  /** A read failed. */
  destroy(error: NodeJS.ErrnoException): void;

  onWriteCompleted(status: number): void;
  /** Also when it failed. */
  onShutdownCompleted(): void;
  onHandleClosed(): void;
}

/** Constant: a connection tells its end itself. */
export const readableState = { endEmitted: false };

type OwnedHandle = StreamHandle & { [ownerKey]: HandleOwner };

/** Where Node's read callback, `readCallback()`, finds the owner of a handle. */
export function ownerKeyOf(): symbol {
  return ownerKey;
}

export function readCallback(): unknown {
  return learned!.onStreamRead;
}

/** From now on `handle` calls `owner` when it has read into the owner's buffer. */
export function ownHandle(handle: StreamHandle, owner: HandleOwner): void {
  (handle as OwnedHandle)[ownerKey] = owner;
  if (handle.ownedBy !== undefined) {
    handle.ownedBy(owner);
    return;
  }
  handle.onread = learned!.onStreamRead;
  handle.useUserBuffer(owner[bufferKey]);
}

export function closeHandle(handle: StreamHandle): void {
  handle.close(onHandleClosed);
}

/** Closes with RST. Must not be asked for while a FIN waits behind unsent bytes: such a handle never closes afterwards. */
export function resetHandle(handle: StreamHandle): void {
  handle.reset!(onHandleClosed);
}

function onHandleClosed(this: StreamHandle): void {
  (this as OwnedHandle)[ownerKey].onHandleClosed();
}

/** Kept by the handle while its write waits. `oncomplete` is an own property because Node's constructors set it to null. */
export class WriteRequest extends WriteRequestClass {
  oncomplete = onWriteCompleted;
  owner: HandleOwner | null = null;
  /** What the kernel still reads from. */
  memory: Buffer | (string | Buffer)[] | null = null;
  /** Goes back to its pool. */
  pooled: Buffer | null = null;
  /** Kept by a handle that is not Node's. */
  isQueued = false;

  /** Whether the write that this was used for waits. The handle has then kept it, and nobody else may use it. */
  get isKept(): boolean {
    return this.isQueued || this.getAsyncId() !== -1;
  }
}

function onWriteCompleted(this: WriteRequest, status: number): void {
  if (this.pooled !== null) returnBuffer(this.pooled);
  this.owner!.onWriteCompleted(status);
}

/** With which TLS records are written. Where `oncomplete` is null Node calls nobody. */
export class RecordsRequest extends WriteRequestClass {
  oncomplete: ((this: RecordsRequest, status: number) => void) | null = null;
  readonly writes: TlsWrites;

  constructor(writes: TlsWrites) {
    super();
    this.writes = writes;
  }
}

export class ShutdownRequest extends ShutdownRequestClass {
  oncomplete = onShutdownCompleted;
  readonly owner: HandleOwner;

  constructor(owner: HandleOwner) {
    super();
    this.owner = owner;
  }
}

function onShutdownCompleted(this: ShutdownRequest): void {
  this.owner.onShutdownCompleted();
}

export function handleAddress(handle: StreamHandle | null, question: 'getsockname' | 'getpeername'): Address {
  const answer: SocketName = {};
  if (handle?.[question] === undefined || handle[question](answer) !== 0) return unknownAddress;
  return ipAddress(answer.address!, answer.port!);
}
