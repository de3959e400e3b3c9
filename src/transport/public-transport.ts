import net from 'node:net';
import type { Timers } from '../core/timers.ts';
import type { Admission } from './accept-gate.ts';
import { handOver, unowned } from './accepting.ts';
import { isWildcard, pipeAddress } from './address.ts';
import { connectOptions, preambleBytes } from './connect-options.ts';
import { ListeningSocket, startListening } from './listening-socket.ts';
import { PublicConnection } from './public-connection.ts';
import { secure } from './public-upgrade.ts';
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
    const admission = new PublicAdmission(this.#timers, local, accept);
    const listening = new ListeningSocket(server, { local, backlog: options.backlog, admission });
    server.on('connection', (socket) => listening.offer(socket));
    return listening;
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
    const { preamble, tls } = options;
    const socket = net.connect(tls === undefined ? { ...connectOptions(address, options), onread } : connectOptions(address, options));
    socket.pause();
    const connection = new PublicConnection(socket, { timers: this.#timers, owner, local, remote: address });
    socket.on('connect', () => {
      if (preamble !== undefined) socket.write(preambleBytes(preamble, socket));
      if (tls !== undefined) {
        secure(connection, connection.stepDown(), tls);
        return;
      }
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

class PublicAdmission implements Admission<net.Socket> {
  readonly #timers: Timers;
  readonly #accept: (connection: Connection) => ConnectionOwner;
  /** Of every connection, where that is known in advance. */
  readonly #local: Address | null;
  readonly #remote: Address | null;

  constructor(timers: Timers, bound: Address, accept: (connection: Connection) => ConnectionOwner) {
    this.#timers = timers;
    this.#accept = accept;
    this.#local = isWildcard(bound) ? null : bound;
    this.#remote = bound.kind === 'pipe' ? bound : null;
  }

  admit(socket: net.Socket): void {
    const connection = new PublicConnection(socket, { timers: this.#timers, owner: unowned, local: this.#local, remote: this.#remote });
    connection.attach();
    socket.on('data', (chunk: Buffer) => connection.onRead(chunk, chunk.length));
    handOver(connection, this.#accept);
  }

  refuse(socket: net.Socket): void {
    socket.destroy();
  }
}
