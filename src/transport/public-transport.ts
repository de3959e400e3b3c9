import net from 'node:net';
import type { Timers } from '../core/timers.ts';
import { AcceptGate } from './accept-gate.ts';
import { isWildcard, pipeAddress } from './address.ts';
import { connectOptions } from './connect-options.ts';
import { startListening } from './listening-socket.ts';
import { PublicConnection } from './public-connection.ts';
import { smallReadBuffer } from './read-buffers.ts';
import type { Address, ConnectingOwner, Connection, ConnectionOwner, ConnectOptions, ListenerSocket, ListenOptions, Transport } from './transport.ts';
import { enterCallback, leaveCallback } from './write-batch.ts';

/**
 * The reference and the fallback: documented `net` API only. Opened connections read into the thread's shared buffer
 * (`onread`); accepted ones cannot be told to, and take the chunks of the stream.
 */
export function createPublicTransport(options: { readonly timers: Timers }): Transport {
  return new PublicTransport(options.timers);
}

class PublicTransport implements Transport {
  readonly name = 'public';
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  async listen(address: Address, options: ListenOptions, accept: (connection: Connection) => ConnectionOwner): Promise<ListenerSocket> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    const local = await startListening(server, address, options);
    return new PublicListenerSocket({ server, local, accept, backlog: options.backlog, timers: this.#timers });
  }

  connect(address: Address, options: ConnectOptions, owner: ConnectingOwner): Connection {
    const local = address.kind === 'pipe' ? pipeAddress('') : null;
    const onread = {
      buffer: smallReadBuffer,
      callback: (length: number): boolean => {
        connection.onRead(smallReadBuffer, length);
        return true;
      },
    };
    const socket = net.connect({ ...connectOptions(address, options), onread });
    socket.pause();
    const connection = new PublicConnection(socket, { timers: this.#timers, owner, local, remote: address });
    socket.on('connect', () => {
      connection.attach();
      enterCallback();
      try {
        owner.onConnected();
      } finally {
        connection.begin();
        leaveCallback();
      }
    });
    return connection;
  }
}

interface ListenerParts {
  readonly server: net.Server;
  readonly local: Address;
  readonly backlog: number;
  readonly timers: Timers;
  readonly accept: (connection: Connection) => ConnectionOwner;
}

class PublicListenerSocket implements ListenerSocket {
  readonly local: Address;
  readonly #parts: ListenerParts;
  readonly #gate: AcceptGate<net.Socket>;
  #closing: Promise<void> | undefined;

  constructor(parts: ListenerParts) {
    this.local = parts.local;
    this.#parts = parts;
    this.#gate = new AcceptGate(this, parts.backlog);
    parts.server.on('connection', (socket) => this.#gate.offer(socket));
  }

  admit(socket: net.Socket): void {
    const { local } = this;
    const connection = new PublicConnection(socket, {
      timers: this.#parts.timers,
      owner: unowned,
      local: isWildcard(local) ? null : local,
      remote: local.kind === 'pipe' ? local : null,
    });
    connection.attach();
    socket.on('data', (chunk: Buffer) => connection.onRead(chunk, chunk.length));
    try {
      connection.owner = this.#parts.accept(connection);
    } finally {
      if (connection.owner === unowned) connection.destroy();
      connection.begin();
    }
  }

  refuse(socket: net.Socket): void {
    socket.destroy();
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
