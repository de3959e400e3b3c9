import type net from 'node:net';
import tls from 'node:tls';
import type { PublicConnection } from './public-connection.ts';
import { readRound } from './read-round.ts';
import { socketOptions } from './tls-options.ts';
import { type TlsHandshake, TlsSession, type TlsSocketHandle, type TlsUpgrade } from './tls.ts';
import type { ConnectingOwner, TransportError } from './transport.ts';
import { enterCallback, leaveCallback } from './write-batch.ts';

/** From one connection to another over the same socket. */
export class PublicUpgrade implements TlsUpgrade {
  readonly connection: PublicConnection;
  readonly #lower: PublicConnection;

  constructor(lower: PublicConnection, upper: PublicConnection) {
    this.#lower = lower;
    this.connection = upper;
  }

  start(handshake: TlsHandshake, received: Buffer): void {
    // Its end is on the way; Node would abort over a handle that is closing.
    if (this.#lower.closed) return;
    const bytes = Buffer.concat([received, readRound.take(this.#lower)]);
    const raw = this.#lower.release();
    if (bytes.length > 0) raw.unshift(bytes);
    secure(this.connection, raw, handshake);
  }

  abort(error: TransportError | undefined): void {
    if (error !== undefined) this.connection.fail(error);
    this.connection.onSocketClosed();
  }
}

/** Runs a handshake for a connection that is being opened. `raw` is connected and nobody listens to it. */
export function secure(connection: PublicConnection, raw: net.Socket, handshake: TlsHandshake): void {
  handshake.onStart?.();
  const socket = handshake.side === 'client' ? connect(raw, handshake) : new tls.TLSSocket(raw, socketOptions(handshake));
  // Until then it keeps errors to itself.
  (socket as unknown as { _releaseControl(): void })._releaseControl();
  connection.stepUp(socket, raw, handshake);
  socket.on('session', (session: Buffer) => handshake.onSession(session));
  socket.once(handshake.side === 'client' ? 'secureConnect' : 'secure', () => {
    socket.pause();
    const handle = (socket as unknown as { ssl: TlsSocketHandle }).ssl;
    const refusal = handshake.judge(new TlsSession(socket, handle));
    if (refusal !== undefined) {
      connection.fail(refusal);
      return;
    }
    connection.attach();
    enterCallback();
    try {
      (connection.owner as ConnectingOwner).onConnected();
    } finally {
      connection.begin();
      leaveCallback();
    }
  });
  // The handshake is driven by reading.
  socket.resume();
}

function connect(raw: net.Socket, handshake: TlsHandshake): tls.TLSSocket {
  const servername = handshake.serverName;
  return tls.connect({ ...socketOptions(handshake), socket: raw, servername, checkServerIdentity: () => undefined });
}
