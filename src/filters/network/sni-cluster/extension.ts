import type { Extension } from '../../../core/extension.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import { FilterState } from '../../../http/filter-state.ts';
import { CONTINUE, type NetworkFilter } from '../../../listener/network-filter.ts';

/** The filter state in which the TCP proxy looks for its cluster. */
const CLUSTER_STATE = 'envoy.tcp_proxy.cluster';

/** The TCP proxy's cluster is named by the server name that the client asked for. */
export const sniClusterExtension: Extension<unknown, NetworkFilter> = {
  name: 'envoy.filters.network.sni_cluster',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.sni_cluster.v3.SniCluster',
  compile(_message, _at, { clock }) {
    return {
      open: ({ info }) => ({
        onNewConnection() {
          const stream = streamOf(info, clock);
          if (info.requestedServerName !== '') (stream.filterState ??= new FilterState()).set(CLUSTER_STATE, info.requestedServerName);
          return CONTINUE;
        },
        onData: () => CONTINUE,
        onClosed() {},
      }),
    };
  },
};
