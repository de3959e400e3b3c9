/** A resource alone is no configuration: this puts the smallest bootstrap around it in which a program looks at it. */

import type { JsonMap, ResourceKind } from './resource.ts';
import { fieldOf, isMap } from './resource.ts';

const ROUTER = { name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } };

/** A cluster that exists, so that what names it can be judged for what else it says. */
const stubCluster = (name: string): JsonMap => ({ name, type: 'STATIC', connect_timeout: '1s', load_assignment: { cluster_name: name } });

const XDS_STUB = 'conformance-xds-stub';

/** Where `ads: {}` leads; the configuration would not be taken without one. */
const ADS = {
  ads_config: { api_type: 'DELTA_GRPC', transport_api_version: 'V3', grpc_services: [{ envoy_grpc: { cluster_name: XDS_STUB } }] },
};

const CLUSTER_NAME_FIELDS = ['cluster', 'cluster_name', 'clusterName'];

/** The names of clusters that a resource mentions, and whether it asks for the aggregated stream. */
class Mentions {
  readonly clusters = new Set<string>();
  hasAds = false;

  read(value: unknown, key = ''): void {
    if (typeof value === 'string') {
      if (CLUSTER_NAME_FIELDS.includes(key) && value !== '') this.clusters.add(value);
    } else if (Array.isArray(value)) {
      for (const item of value) this.read(item, key);
    } else if (isMap(value)) {
      this.#readMap(value, key);
    }
  }

  #readMap(map: JsonMap, key: string): void {
    if (isMap(map['ads'])) this.hasAds = true;
    if (key === 'clusters' && typeof map['name'] === 'string') this.clusters.add(map['name']);
    for (const [name, value] of Object.entries(map)) this.read(value, name);
  }
}

const bootstrapWith = (resources: { listeners?: unknown[]; clusters?: unknown[]; secrets?: unknown[] }): JsonMap => {
  const mentions = new Mentions();
  mentions.read({ ...resources, clusters: undefined });
  mentions.read(resources.clusters, 'resources');
  if (mentions.hasAds) mentions.clusters.add(XDS_STUB);
  const own = (resources.clusters ?? []).map((cluster) => (cluster as JsonMap)['name']);
  const stubs = [...mentions.clusters].filter((name) => !own.includes(name)).map(stubCluster);
  const clusters = [...(resources.clusters ?? []), ...stubs];
  return { static_resources: { ...resources, clusters }, ...(mentions.hasAds ? { dynamic_resources: ADS } : {}) };
};

const listenerFor = (routeConfig: JsonMap): JsonMap => ({
  name: 'conformance',
  address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  filter_chains: [
    {
      filters: [
        {
          name: 'http',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'conformance',
            route_config: routeConfig,
            http_filters: [ROUTER],
          },
        },
      ],
    },
  ],
});

const withoutType = ({ '@type': _, ...rest }: JsonMap): JsonMap => rest;

export const wrap = (kind: ResourceKind, resource: JsonMap): JsonMap => {
  const plain = withoutType(resource);
  switch (kind) {
    case 'bootstrap':
      return plain;
    case 'listener':
      return bootstrapWith({ listeners: [plain] });
    case 'cluster':
      return bootstrapWith({ clusters: [plain] });
    case 'route configuration':
      return bootstrapWith({ listeners: [listenerFor(plain)] });
    case 'virtual host':
      return bootstrapWith({ listeners: [listenerFor({ name: 'conformance', virtual_hosts: [plain] })] });
    case 'load assignment':
      return bootstrapWith({ clusters: [{ ...stubCluster(String(fieldOf(plain, 'cluster_name'))), load_assignment: plain }] });
    case 'secret':
      return bootstrapWith({ secrets: [plain] });
  }
};
