import type { Connection, ConnectionOwner } from './transport.ts';

/** A connection whose socket is open and which does not read yet. */
export interface AcceptedConnection extends Connection {
  /** Starts to read. */
  begin(): void;
}

/** Holds the place until `accept` has named the owner. */
export const unowned: ConnectionOwner = {
  onBytes() {},
  onEnd() {},
  onClosed() {},
  onDrained() {},
};

/** Asks who owns a new connection. One that nobody took because `accept` threw is closed. */
export function handOver(connection: AcceptedConnection, accept: (connection: Connection) => ConnectionOwner): void {
  try {
    connection.owner = accept(connection);
  } finally {
    if (connection.owner === unowned) connection.destroy();
    connection.begin();
  }
}
