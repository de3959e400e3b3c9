import net from 'node:net';

/**
 * What the direct transport knows of Node's sockets beyond the documented API: how a handle (the object behind a
 * `net.Socket`) is called and whom it calls back. No other file names these.
 *
 * Nothing is imported from inside Node. A socket over a stand-in handle is written to and ended once, and shows the
 * request constructors, the read callback and the keys under which that callback looks up the owner of a handle. Where
 * one of them is missing there is no direct transport.
 */

/** The part of a TCP or pipe handle that is used. Calls return 0 or a negative error number. */
export interface StreamHandle {
  onread: unknown;
  readonly bytesRead: number;
  /** Includes bytes that still wait. */
  readonly bytesWritten: number;
  /** Bytes that wait for the kernel. */
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  /** The memory reads go to. Must live as long as the handle. */
  useUserBuffer(buffer: Buffer): void;
  /** Memory of `bytes` must stay as it is until the request completes, if it went asynchronous. */
  writeBuffer(request: WriteRequestBase, bytes: Buffer): number;
  writeLatin1String(request: WriteRequestBase, text: string): number;
  writev(request: WriteRequestBase, chunks: (string | Buffer)[], allBuffers: boolean): number;
  shutdown(request: ShutdownRequestBase): number;
  close(onClosed: (this: StreamHandle) => void): void;
  /** TCP only. */
  reset?(onClosed: (this: StreamHandle) => void): number;
  setNoDelay?(on: boolean): number;
  setKeepAlive?(on: boolean, initialDelaySeconds: number, intervalSeconds: number | undefined, count: number | undefined): number;
  getpeername?(out: SocketName): number;
  getsockname?(out: SocketName): number;
  /** Of handles that are no socket's: takes the place of `onread` and `useUserBuffer`. */
  ownedBy?(owner: unknown): void;
}

export interface SocketName {
  address?: string;
  port?: number;
}

export interface WriteRequestBase {
  /** -1 until a handle has kept the request, that is until a write went asynchronous, and again after its completion. */
  getAsyncId(): number;
}

export interface ShutdownRequestBase {
  getAsyncId(): number;
}

export interface SocketInternals {
  readonly WriteRequest: new () => WriteRequestBase;
  readonly ShutdownRequest: new () => ShutdownRequestBase;
  /** Node's read callback. Assigned to `handle.onread`; finds its owner at `handle[ownerKey]`. */
  readonly onStreamRead: unknown;
  readonly ownerKey: symbol;
  /** Keys of the owner: a method called for each read, the buffer, a source of the next buffer or null, the read callback. */
  readonly touchKey: symbol;
  readonly bufferKey: symbol;
  readonly bufferSourceKey: symbol;
  readonly bufferCallbackKey: symbol;
}

type Constructed<T> = { constructor: new () => T };

/** Notes what a socket does to its handle. */
class StandInHandle {
  reading = false;
  onread: unknown;
  WriteRequest: (new () => WriteRequestBase) | undefined;
  ShutdownRequest: (new () => ShutdownRequestBase) | undefined;

  readStart(): number {
    return 0;
  }
  readStop(): number {
    return 0;
  }
  useUserBuffer(): void {}
  getAsyncId(): number {
    return 0;
  }
  writeLatin1String(request: Constructed<WriteRequestBase>): number {
    this.WriteRequest = request.constructor;
    return 0;
  }
  shutdown(request: Constructed<ShutdownRequestBase>): number {
    this.ShutdownRequest = request.constructor;
    return 0;
  }
  close(onClosed: () => void): void {
    onClosed();
  }
}

/** Undefined where this Node's sockets are built differently. */
export function learnSocketInternals(): SocketInternals | undefined {
  const handle = new StandInHandle();
  let socket: net.Socket;
  let onStreamRead: unknown;
  try {
    const options = { handle, onread: { buffer: Buffer.alloc(1), callback: () => true } };
    socket = new net.Socket(options as unknown as net.SocketConstructorOpts);
    onStreamRead = handle.onread;
    socket._write('?', 'latin1', ignore);
    socket._final(ignore);
    socket.destroy();
  } catch {
    return undefined;
  }
  return complete({
    WriteRequest: handle.WriteRequest,
    ShutdownRequest: handle.ShutdownRequest,
    onStreamRead,
    ownerKey: keyOf(handle, 'owner_symbol'),
    touchKey: keyOf(net.Socket.prototype, 'kUpdateTimer'),
    bufferKey: keyOf(socket, 'kBuffer'),
    bufferSourceKey: keyOf(socket, 'kBufferGen'),
    bufferCallbackKey: keyOf(socket, 'kBufferCb'),
  });
}

function ignore(): void {}

function keyOf(object: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find((key) => key.description === description);
}

function complete(found: { [K in keyof SocketInternals]: SocketInternals[K] | undefined }): SocketInternals | undefined {
  return Object.values(found).includes(undefined) ? undefined : (found as SocketInternals);
}
