import type { Json, ProxyPlan } from '../plan.ts';
import { CERTIFICATE, LIMITS, VIA } from '../plan.ts';

const TYPES = 'type.googleapis.com/envoy.extensions';
export const HCM_TYPE = `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`;

/** The bootstrap that Envoy and nuncio both run. */
export function bootstrap(plan: ProxyPlan, accessLogPath: string): Json {
  return {
    admin: { address: socketAddress(plan.adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'ingress',
          address: socketAddress(plan.listenPort),
          tcp_backlog_size: 4096,
          filter_chains: [{ ...(plan.tls && { transport_socket: tlsSocket() }), filters: [plan.tcp ? tcpProxy() : connectionManager(plan, accessLogPath)] }],
        },
      ],
      clusters: [{ ...(cluster('origin', [plan.originPort]) as object), ...(plan.http2Origin && http2Options()) }],
    },
  };
}

export function socketAddress(port: number, address = '127.0.0.1'): Json {
  return { socket_address: { address, port_value: port } };
}

export function cluster(name: string, ports: readonly number[]): Json {
  return {
    name,
    type: 'STATIC',
    connect_timeout: seconds(LIMITS.connectTimeoutMs),
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: socketAddress(port) } })) }],
    },
  };
}

function http2Options(): { readonly [key: string]: Json } {
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const options = { '@type': `type.googleapis.com/${type}`, explicit_http_config: { http2_protocol_options: {} } };
  return { typed_extension_protocol_options: { [type]: options } };
}

function tlsSocket(): Json {
  const type = `${TYPES}.transport_sockets.tls.v3.DownstreamTlsContext`;
  const certificate = { certificate_chain: { filename: CERTIFICATE.chain }, private_key: { filename: CERTIFICATE.key } };
  return { name: 'envoy.transport_sockets.tls', typed_config: { '@type': type, common_tls_context: { tls_certificates: [certificate] } } };
}

function tcpProxy(): Json {
  const type = `${TYPES}.filters.network.tcp_proxy.v3.TcpProxy`;
  return { name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': type, stat_prefix: 'ingress', cluster: 'origin' } };
}

function connectionManager(plan: ProxyPlan, accessLogPath: string): Json {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': HCM_TYPE,
      stat_prefix: 'ingress',
      ...(plan.full ? fullFields(accessLogPath) : { generate_request_id: false }),
      route_config: { name: 'local', virtual_hosts: virtualHosts(plan) },
      http_filters: [...plan.filters, routerFilter()],
    },
  };
}

export function routerFilter(): Json {
  return { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` } };
}

function fullFields(accessLogPath: string): { readonly [key: string]: Json } {
  return {
    use_remote_address: true,
    via: VIA,
    request_timeout: seconds(LIMITS.requestTimeoutMs),
    request_headers_timeout: seconds(LIMITS.requestTimeoutMs),
    stream_idle_timeout: seconds(LIMITS.streamIdleTimeoutMs),
    common_http_protocol_options: { idle_timeout: seconds(LIMITS.keepAliveTimeoutMs) },
    access_log: [
      {
        name: 'envoy.access_loggers.file',
        typed_config: { '@type': `${TYPES}.access_loggers.file.v3.FileAccessLog`, path: accessLogPath },
      },
    ],
  };
}

function virtualHosts(plan: ProxyPlan): Json {
  const to = { cluster: 'origin', timeout: seconds(LIMITS.routeTimeoutMs) };
  const routes = [...plan.prefixes, '/'].map((prefix) => ({ match: { prefix }, route: to }));
  if (plan.hosts.length === 0) return [{ name: 'all', domains: ['*'], routes }];
  return plan.hosts.map((host) => ({ name: host, domains: [host], routes }));
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
