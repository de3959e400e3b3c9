import type { MessageIdentity } from '../../../api/message-identity.ts';
import type { ConnectionInfo } from '../../../http/stream-info.ts';
import type { ConnectionHandler, DrainDecision, TerminalNetworkFilter } from '../../../listener/network-filter.ts';
import type { Connection } from '../../../transport/transport.ts';
import type { ConnectionManagerConfig, RouteTableHolder } from './config.ts';
import { ConnectionManager } from './connection-manager.ts';

/** envoy.filters.network.http_connection_manager: one for each filter chain and thread. */
export class HttpConnectionManager implements TerminalNetworkFilter {
  readonly #config: ConnectionManagerConfig;
  readonly #identity: MessageIdentity;
  /** `add_proxy_protocol_connection_state` */
  readonly #tellsUpstreams: boolean;

  constructor(config: ConnectionManagerConfig, identity: MessageIdentity, tellsUpstreams: boolean) {
    this.#config = config;
    this.#identity = identity;
    this.#tellsUpstreams = tellsUpstreams;
  }

  onNewConnection(connection: Connection, info: ConnectionInfo, drain: DrainDecision): ConnectionHandler {
    if (!this.#tellsUpstreams && info.proxyProtocolTlvs === undefined) info.hiddenFromUpstreams = true;
    return new ConnectionManager(connection, info, drain, this.#config);
  }

  /** Streams keep the routes they began with; the next one finds the new. */
  adopt(next: TerminalNetworkFilter): boolean {
    if (!(next instanceof HttpConnectionManager) || !next.#identity.equals(this.#identity)) return false;
    (this.#config.routes as { -readonly [K in keyof RouteTableHolder]: RouteTableHolder[K] }).current = next.#config.routes.current;
    return true;
  }
}
