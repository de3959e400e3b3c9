/** Bootstraps of the integration tests, as objects. */

export interface Route {
  readonly path?: string;
  readonly prefix?: string;
  /** Answered by the route itself. */
  readonly body?: string;
  readonly cluster?: string;
  readonly responseHeader?: readonly [name: string, value: string];
}

export interface ListenerConfig {
  readonly name: string;
  readonly port?: number;
  readonly routes: readonly Route[];
  /** What stands before the router. */
  readonly filters?: readonly object[];
}

export function listener({ name, port = 0, routes, filters }: ListenerConfig): object {
  return plainListener(name, port, connectionManager(name, routes.map(route), filters));
}

/** `routes` are those of the API. */
export function connectionManager(name: string, routes: readonly object[], filters: readonly object[] = []): object {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: name,
    route_config: { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [...filters, { name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
  };
}

export function plainListener(name: string, port: number, manager: object): object {
  return { name, address: loopback(port), filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }] };
}

function route({ path, prefix, body, cluster, responseHeader }: Route): object {
  const action = cluster === undefined ? { direct_response: { status: 200, body: { inline_string: body ?? '' } } } : { route: { cluster } };
  const headers = responseHeader === undefined ? {} : { response_headers_to_add: [{ header: { key: responseHeader[0], value: responseHeader[1] } }] };
  return { match: path === undefined ? { prefix: prefix ?? '/' } : { path }, ...action, ...headers };
}

export function cluster(name: string, port: number): object {
  const endpoint = { endpoint: { address: loopback(port) } };
  return { name, type: 'STATIC', connect_timeout: '5s', load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] } };
}

export function bootstrap(listeners: readonly object[], clusters: readonly object[] = [], rest: object = {}): object {
  return { ...rest, static_resources: { listeners, clusters } };
}

export function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
