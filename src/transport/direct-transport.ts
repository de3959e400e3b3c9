import net from 'node:net';
import type { Timers } from '../core/timers.ts';
import type { Admission } from './accept-gate.ts';
import { handOver, unowned } from './accepting.ts';
import { isWildcard, pipeAddress } from './address.ts';
import { connectOptions, preambleBytes } from './connect-options.ts';
import type { DirectContext } from './direct-connection.ts';
import { DirectConnection } from './direct-connection.ts';
import { directIsPossible } from './direct-handle.ts';
import { secure } from './direct-upgrade.ts';
import { ListeningSocket, startListening } from './listening-socket.ts';
import type { StreamHandle } from './socket-internals.ts';
import { transportError } from './transport-error.ts';
import type { Address, ConnectingOwner, Connection, ConnectionOwner, ConnectOptions, ListenerSocket, ListenOptions, Transport } from './transport.ts';
import { enterCallback, leaveCallback } from './write-batch.ts';

/**
 * The fast transport: `net` binds, listens and connects; from then on a connection drives the socket's handle itself
 * (`direct-connection.ts`) and the `net.Socket` is dropped.
 *
 * Accepted handles never become a `net.Socket`: the server's handle calls us instead of `net.Server`. For connections that
 * carry one request that costs 35 to 39 µs each, as much as to take the handle out of the socket of a 'connection' event
 * (36 to 38), but the process stays at 98 MB where the other grows to 127. To keep a `net.Socket` with `onread` around
 * the handle costs 43 to 47 µs, 135 MB, and 2.7 KB for an idle connection instead of 0.6 (public transport: 43 to 44,
 * 170, 3.2). Medians of two runs of 5 and 7 interleaved rounds of `wrk -c64` with `Connection: close` against a server
 * that answers every read, Node 24.21, pinned to one of 2 cores; RSS at the end; 8,000 idle connections.
 */
export interface DirectOptions {
  readonly timers: Timers;
  /** For tests: overwrites lent bytes after each `onBytes`, and throws at text that is not latin1. */
  readonly poison?: boolean;
}

/** Undefined where this Node's sockets are built differently. */
export function createDirectTransport(options: DirectOptions): Transport | undefined {
  if (!directIsPossible) return undefined;
  return new DirectTransport({ timers: options.timers, poison: options.poison ?? false });
}

const NO_BYTES = Buffer.alloc(0);

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
    const admission = new DirectAdmission(this.#context, local, accept);
    const listening = new ListeningSocket(server, { local, backlog: options.backlog, admission });
    (server as unknown as ServerWithHandle)._handle.onconnection = (status, handle) => {
      if (status === 0) listening.offer(handle);
    };
    return listening;
  }

  connect(address: Address, options: ConnectOptions, owner: ConnectingOwner): Connection {
    const local = address.kind === 'pipe' ? pipeAddress('') : null;
    const connection = new DirectConnection(this.#context, { owner, local, remote: address });
    const socket = net.connect(connectOptions(address, options)).pause();
    connection.opening(() => socket.destroy());
    socket.on('connect', () => {
      const { preamble, tls } = options;
      if (tls !== undefined && preamble !== undefined) {
        // OpenSSL takes the end of another's write for that of its own.
        socket.write(preambleBytes(preamble, socket), (error) => {
          if (!error && !socket.destroyed) secure(connection, takeHandle(socket), tls, NO_BYTES);
        });
        return;
      }
      if (tls !== undefined) {
        secure(connection, takeHandle(socket), tls, NO_BYTES);
        return;
      }
      if (preamble !== undefined) socket.write(preambleBytes(preamble, socket));
      connection.attach(takeHandle(socket));
      enterCallback();
      try {
        owner.onConnected();
      } finally {
        connection.begin();
        leaveCallback();
      }
    });
    socket.on('error', (error) => connection.failOpening(transportError(error)));
    socket.on('close', () => connection.onHandleClosed());
    return connection;
  }
}

class DirectAdmission implements Admission<StreamHandle> {
  readonly #context: DirectContext;
  readonly #accept: (connection: Connection) => ConnectionOwner;
  /** Of every connection, where that is known in advance. */
  readonly #local: Address | null;
  readonly #remote: Address | null;

  constructor(context: DirectContext, bound: Address, accept: (connection: Connection) => ConnectionOwner) {
    this.#context = context;
    this.#accept = accept;
    this.#local = isWildcard(bound) ? null : bound;
    this.#remote = bound.kind === 'pipe' ? bound : null;
  }

  admit(handle: StreamHandle): void {
    const connection = new DirectConnection(this.#context, { owner: unowned, local: this.#local, remote: this.#remote });
    connection.attach(handle);
    handOver(connection, this.#accept);
  }

  refuse(handle: StreamHandle): void {
    handle.close(() => {});
  }
}

/** Leaves a socket without resources and without anybody who listens to it. */
function takeHandle(socket: net.Socket): StreamHandle {
  const emptied = socket as unknown as SocketWithHandle;
  const handle = emptied._handle!;
  emptied._handle = null;
  socket.removeAllListeners();
  // What it has written may still fail: the handle's owner learns of it.
  socket.on('error', () => {});
  return handle;
}
