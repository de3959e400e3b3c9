import type { Config } from '../../../api/generated/envoy/extensions/filters/network/set_filter_state/v3.ts';
import type { Clock } from '../../../core/clock.ts';
import type { Extension } from '../../../core/extension.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import { compileFilterStateValues, type FilterStateValues } from '../../../http/filter-state-values.ts';
import { CONTINUE, type FilteredConnection, type NetworkFilter, type NetworkFilterStatus, type NetworkReadFilter } from '../../../listener/network-filter.ts';

/** Texts that later filters and access logs can name: of a new connection, of its handshake, of its first bytes. */
export const networkSetFilterStateExtension: Extension<Config, NetworkFilter> = {
  name: 'envoy.filters.network.set_filter_state',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.set_filter_state.v3.Config',
  compile({ onNewConnection, onDownstreamTlsHandshake, onDownstreamData }, at, context) {
    const values: Values = {
      clock: context.clock,
      onNewConnection: compileFilterStateValues(onNewConnection, at.field('on_new_connection'), context),
      onHandshake: compileFilterStateValues(onDownstreamTlsHandshake, at.field('on_downstream_tls_handshake'), context),
      onData: compileFilterStateValues(onDownstreamData, at.field('on_downstream_data'), context),
    };
    return { open: (connection) => new StateSetter(values, connection) };
  },
};

interface Values {
  readonly clock: Clock;
  readonly onNewConnection: FilterStateValues;
  readonly onHandshake: FilterStateValues;
  readonly onData: FilterStateValues;
}

class StateSetter implements NetworkReadFilter {
  readonly #values: Values;
  readonly #connection: FilteredConnection;
  #hasSeenData = false;

  constructor(values: Values, connection: FilteredConnection) {
    this.#values = values;
    this.#connection = connection;
  }

  onNewConnection(): NetworkFilterStatus {
    this.#apply(this.#values.onNewConnection);
    // As Envoy: without TLS the handshake is done from the start.
    if (!this.#connection.info.secure) this.#apply(this.#values.onHandshake);
    return CONTINUE;
  }

  onHandshakeDone(): void {
    this.#apply(this.#values.onHandshake);
  }

  onData(): NetworkFilterStatus {
    if (!this.#hasSeenData) this.#apply(this.#values.onData);
    this.#hasSeenData = true;
    return CONTINUE;
  }

  onClosed(): void {}

  #apply(values: FilterStateValues): void {
    if (!values.isEmpty) values.applyTo({ info: streamOf(this.#connection.info, this.#values.clock), requestHeaders: undefined, responseHeaders: undefined });
  }
}
