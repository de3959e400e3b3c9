import type { Extension } from '../../../core/extension.ts';
import type { ConnectionHandler, TerminalNetworkFilter } from '../../../listener/network-filter.ts';
import type { Connection } from '../../../transport/transport.ts';

/** Answers each connection with what it sends. */
export const echoExtension: Extension<unknown, TerminalNetworkFilter> = {
  name: 'envoy.filters.network.echo',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.echo.v3.Echo',
  terminal: true,
  compile: () => new Echo(),
};

class Echo implements TerminalNetworkFilter {
  onNewConnection(connection: Connection): ConnectionHandler {
    return new EchoingConnection(connection);
  }

  adopt(next: TerminalNetworkFilter): boolean {
    return next instanceof Echo;
  }
}

/** What waits before reading stops until the client has taken it. */
export const UNSENT_LIMIT_BYTES = 1_048_576;

class EchoingConnection implements ConnectionHandler {
  readonly active = false;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#connection.writeBytes(bytes.subarray(0, length));
    if (this.#connection.unsentBytes > UNSENT_LIMIT_BYTES) this.#connection.pauseReads();
  }

  onEnd(): void {
    this.#connection.endWrites();
  }

  onDrained(): void {
    this.#connection.resumeReads();
  }

  startDrain(): void {}
  onClosed(): void {}
}
