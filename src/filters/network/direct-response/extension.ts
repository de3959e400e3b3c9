import type { Config } from '../../../api/generated/envoy/extensions/filters/network/direct_response/v3.ts';
import type { Clock } from '../../../core/clock.ts';
import type { Extension } from '../../../core/extension.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import { compileDataSource } from '../../../http/data-source.ts';
import type { ConnectionInfo } from '../../../http/stream-info.ts';
import type { ConnectionHandler, TerminalNetworkFilter } from '../../../listener/network-filter.ts';
import type { Connection } from '../../../transport/transport.ts';

/** Sends each connection the same bytes and closes it. */
export const directResponseNetworkExtension: Extension<Config, TerminalNetworkFilter> = {
  name: 'envoy.filters.network.direct_response',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.direct_response.v3.Config',
  terminal: true,
  compile(message, at, context) {
    const text = message.response === undefined ? '' : (compileDataSource(message.response, { limitBytes: 0, what: 'response' }, at.field('response'), context) ?? '');
    return new DirectResponse(text, context.clock);
  },
};

class DirectResponse implements TerminalNetworkFilter {
  readonly #response: string;
  readonly #clock: Clock;

  constructor(response: string, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
  }

  onNewConnection(connection: Connection, info: ConnectionInfo): ConnectionHandler {
    const stream = streamOf(info, this.#clock);
    stream.responseCodeDetails = 'direct_response';
    stream.bytesSent = this.#response.length;
    return new AnsweredConnection(connection, this.#response);
  }

  adopt(next: TerminalNetworkFilter): boolean {
    return next instanceof DirectResponse && next.#response === this.#response;
  }
}

class AnsweredConnection implements ConnectionHandler {
  readonly active = false;
  readonly #connection: Connection;
  readonly #response: string;

  constructor(connection: Connection, response: string) {
    this.#connection = connection;
    this.#response = response;
  }

  onNewConnection(): void {
    this.#connection.writeText(this.#response);
    this.#connection.closeAfterFlush(0);
  }

  startDrain(): void {}
  onBytes(): void {}
  onEnd(): void {}
  onDrained(): void {}
  onClosed(): void {}
}
