import net from 'node:net';
import type { Timers } from '../core/timers.ts';
import { AcceptGate } from './accept-gate.ts';
import { isWildcard, pipeAddress } from './address.ts';
import { connectOptions } from './connect-options.ts';
import type { DirectContext } from './direct-connection.ts';
import { DirectConnection, directIsPossible } from './direct-connection.ts';
import { startListening } from './listening-socket.ts';
import type { StreamHandle } from './socket-internals.ts';
import { transportError } from './transport-error.ts';
import type { Address, ConnectingOwner, Connection, ConnectionOwner, ConnectOptions, ListenerSocket, ListenOptions, Transport } from './transport.ts';
import { enterCallback, leaveCallback } from './write-batch.ts';

/**
 * The fast transport: `net` binds, listens and connects; from then on a connection drives the socket's handle itself
 * (`direct-connection.ts`) and the `net.Socket` is dropped. Accepted handles never become a `net.Socket`.
 */
export interface DirectOptions {
  readonly timers: Timers;
  /** Overwrites lent bytes after each `onBytes`, so that owners that keep them are found. */
  readonly poison?: boolean;
}

/** Undefined where this Node's sockets are built differently. */
export function createDirectTransport(options: DirectOptions): Transport | undefined {
  if (!directIsPossible) return undefined;
  return new DirectTransport({ timers: options.timers, poison: options.poison ?? false });
}

/** What is reached on a `net.Server` and a `net.Socket`. */
interface ServerWithHandle {
  _handle: { onconnection: (status: number, handle: StreamHandle) => void };
}
interface SocketWithHandle {
  _handle: StreamHandle | null;
}

class DirectTransport implements Transport {
  readonly name = 'direct';
  readonly #context: DirectContext;

  constructor(context: DirectContext) {
    this.#context = context;
  }

  async listen(address: Address, options: ListenOptions, accept: (connection: Connection) => ConnectionOwner): Promise<ListenerSocket> {
    const server = net.createServer();
    const local = await startListening(server, address, options);
    return new DirectListenerSocket({ server, local, accept, backlog: options.backlog, context: this.#context });
  }

  connect(address: Address, options: ConnectOptions, owner: ConnectingOwner): Connection {
    const local = address.kind === 'pipe' ? pipeAddress('') : null;
    const connection = new DirectConnection(this.#context, owner, local, address);
    const socket = net.connect(connectOptions(address, options)).pause();
    connection.opening(() => socket.destroy());
    socket.on('connect', () => {
      const handle = takeHandle(socket);
      socket.removeAllListeners();
      connection.attach(handle);
      enterCallback();
      try {
        owner.onConnected();
      } finally {
        connection.begin();
        leaveCallback();
      }
    });
    socket.on('error', (error) => connection.failOpening(transportError(error)));
    socket.on('close', () => connection.reportClosed());
    return connection;
  }
}

interface ListenerParts {
  readonly server: net.Server;
  readonly local: Address;
  readonly backlog: number;
  readonly context: DirectContext;
  readonly accept: (connection: Connection) => ConnectionOwner;
}

class DirectListenerSocket implements ListenerSocket {
  readonly local: Address;
  readonly #parts: ListenerParts;
  readonly #gate: AcceptGate<StreamHandle>;
  #closing: Promise<void> | undefined;

  constructor(parts: ListenerParts) {
    this.local = parts.local;
    this.#parts = parts;
    this.#gate = new AcceptGate(this, parts.backlog);
    const { _handle } = parts.server as unknown as ServerWithHandle;
    _handle.onconnection = (status, handle) => {
      if (status === 0) this.#gate.offer(handle);
    };
  }

  admit(handle: StreamHandle): void {
    const { local } = this;
    const isPipe = local.kind === 'pipe';
    const connection = new DirectConnection(this.#parts.context, unowned, isWildcard(local) ? null : local, isPipe ? local : null);
    connection.attach(handle);
    try {
      connection.owner = this.#parts.accept(connection);
    } finally {
      if (connection.owner === unowned) connection.destroy();
      connection.begin();
    }
  }

  refuse(handle: StreamHandle): void {
    handle.close(() => {});
  }

  pauseAccepts(): void {
    this.#gate.pause();
  }

  resumeAccepts(): void {
    this.#gate.resume();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#gate.quiet(this.#parts.backlog);
    this.#parts.server.close();
  }
}

/** Holds the place until `accept` has named the owner. */
const unowned: ConnectionOwner = {
  onBytes() {},
  onEnd() {},
  onClosed() {},
  onDrained() {},
};

/** Leaves a socket without resources. */
function takeHandle(socket: net.Socket): StreamHandle {
  const emptied = socket as unknown as SocketWithHandle;
  const handle = emptied._handle!;
  emptied._handle = null;
  return handle;
}
