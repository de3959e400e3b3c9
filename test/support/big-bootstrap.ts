/**
 * A bootstrap of the size that meshes send: used to measure decoding, never as a fixture of behaviour. The same counts give
 * the same text on every machine.
 */

export interface BigBootstrapSize {
  readonly clusters: number;
  readonly endpointsPerCluster: number;
  readonly virtualHosts: number;
  readonly routesPerVirtualHost: number;
}

export function bigBootstrap(size: BigBootstrapSize): object {
  return {
    node: { id: 'node-1', cluster: 'mesh' },
    static_resources: {
      listeners: [listener(size)],
      clusters: Array.from({ length: size.clusters }, (_, index) => cluster(index, size.endpointsPerCluster)),
    },
  };
}

function listener(size: BigBootstrapSize): object {
  const virtualHosts = Array.from({ length: size.virtualHosts }, (_, host) => ({
    name: `vhost-${host}`,
    domains: [`host-${host}.example.com`, `host-${host}.example.com:*`],
    routes: Array.from({ length: size.routesPerVirtualHost }, (_, route) => ({
      match: { prefix: `/api/v${route}/resource-${host}/`, headers: [{ name: 'x-env', string_match: { exact: 'prod' } }] },
      route: { cluster: `cluster-${(host * size.routesPerVirtualHost + route) % size.clusters}`, timeout: '3s' },
    })),
  }));
  return {
    name: 'ingress',
    address: { socket_address: { address: '127.0.0.1', port_value: 10_000 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: 'ingress',
              route_config: { name: 'local', virtual_hosts: virtualHosts },
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function cluster(index: number, endpoints: number): object {
  const name = `cluster-${index}`;
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    lb_policy: 'ROUND_ROBIN',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: Array.from({ length: endpoints }, (_, host) => ({
            endpoint: {
              address: {
                socket_address: { address: `10.${(index >> 8) & 255}.${index & 255}.${host + 1}`, port_value: 8_000 + host },
              },
            },
          })),
        },
      ],
    },
  };
}

/** Block style, two spaces a level: how people and Helm write it. */
export function toYaml(value: unknown, indent = ''): string {
  const lines: string[] = [];
  writeYaml(value, indent, lines);
  lines.push('');
  return lines.join('\n');
}

function writeYaml(value: unknown, indent: string, lines: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) writeEntry(`${indent}-`, item, `${indent}  `, lines);
    return;
  }
  for (const [key, item] of Object.entries(value as object)) writeEntry(`${indent}${quoteKey(key)}:`, item, `${indent}  `, lines);
}

function writeEntry(head: string, item: unknown, indent: string, lines: string[]): void {
  const isCollection = typeof item === 'object' && item !== null;
  if (!isCollection) {
    lines.push(`${head} ${typeof item === 'string' ? JSON.stringify(item) : String(item)}`);
    return;
  }
  if (Object.keys(item).length === 0) {
    lines.push(`${head} ${Array.isArray(item) ? '[]' : '{}'}`);
    return;
  }
  if (!head.endsWith('-')) {
    lines.push(head);
    writeYaml(item, indent, lines);
    return;
  }
  const first = lines.length;
  writeYaml(item, indent, lines);
  lines[first] = `${head} ${lines[first]!.trimStart()}`;
}

function quoteKey(key: string): string {
  return key.startsWith('@') ? JSON.stringify(key) : key;
}
