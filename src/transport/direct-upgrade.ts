import type { DirectConnection } from './direct-connection.ts';
import { readRound } from './read-round.ts';
import type { StreamHandle } from './socket-internals.ts';
import { TlsHandle, type TlsHandleOwner } from './tls-handle.ts';
import type { TlsHandshake, TlsSession, TlsUpgrade } from './tls.ts';
import type { ConnectingOwner, TransportError } from './transport.ts';
import { enterCallback, leaveCallback } from './write-batch.ts';

/** From one direct connection to another over the same socket. */
export class DirectUpgrade implements TlsUpgrade {
  readonly connection: DirectConnection;
  readonly #lower: DirectConnection;

  constructor(lower: DirectConnection, upper: DirectConnection) {
    this.#lower = lower;
    this.connection = upper;
    upper.opening(() => lower.destroy());
  }

  start(handshake: TlsHandshake, received: Buffer): void {
    // Its end is on the way; Node would abort over a handle that is closing.
    if (this.#lower.closed) return;
    const late = readRound.take(this.#lower);
    secure(this.connection, this.#lower.release(), handshake, late.length === 0 ? received : Buffer.concat([received, late]));
  }

  abort(error: TransportError | undefined): void {
    if (error !== undefined) this.connection.failOpening(error);
    this.connection.onHandleClosed();
  }
}

/** Runs a handshake for a connection that is being opened. `raw` is connected and nobody listens to it. */
export function secure(connection: DirectConnection, raw: StreamHandle, handshake: TlsHandshake, received: Buffer): void {
  handshake.onStart?.();
  const handle = new TlsHandle(raw, handshake, received, new Securing(connection));
  connection.opening(() => handle.abandon());
}

class Securing implements TlsHandleOwner {
  readonly #connection: DirectConnection;

  constructor(connection: DirectConnection) {
    this.#connection = connection;
  }

  onSecure(handle: TlsHandle, _session: TlsSession): void {
    const connection = this.#connection;
    connection.attach(handle);
    enterCallback();
    try {
      (connection.owner as ConnectingOwner).onConnected();
    } finally {
      connection.begin();
      leaveCallback();
    }
  }

  onFailed(error: TransportError): void {
    this.#connection.failOpening(error);
    this.#connection.onHandleClosed();
  }

  onAbandoned(): void {
    this.#connection.onHandleClosed();
  }
}
