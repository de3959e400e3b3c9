/** A listener `tls` that ends TLS and answers 200 to everything, and an admin interface. */

import { connectionManager } from '../integration/bootstraps.ts';

export const CERTIFICATES = new URL('certificates/', import.meta.url).pathname;

export const pairOf = (name: string, key = name): object => ({
  certificate_chain: { filename: `${CERTIFICATES}${name}.pem` },
  private_key: { filename: `${CERTIFICATES}${key}.key` },
});

/** Fields of `common_tls_context`, of the DownstreamTlsContext around it, of the filter chain. */
export function tlsBootstrap(common: object, rest: object = {}, chain: object = {}): object {
  const context = { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', common_tls_context: common, ...rest };
  const manager = { ...connectionManager('in', [{ match: { prefix: '/' }, direct_response: { status: 200 } }]), delayed_close_timeout: '0.05s' };
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }];
  const loopback = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  return {
    admin: { address: loopback },
    static_resources: {
      listeners: [
        {
          name: 'tls',
          stat_prefix: 'tls',
          address: loopback,
          filter_chains: [{ ...chain, transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: context }, filters }],
        },
      ],
    },
  };
}
