import { fields, only, refused, type SupportTable } from '../config/support.ts';

export const listenerSupport: SupportTable = {
  'envoy.config.listener.v3.Listener': {
    ...fields('name address stat_prefix filter_chains default_filter_chain per_connection_buffer_limit_bytes enable_reuse_port tcp_backlog_size'),
    traffic_direction: only(['UNSPECIFIED', 'INBOUND', 'OUTBOUND']),
    bind_to_port: only([true]),
    listener_filters: refused('listener filters are not supported'),
  },
  'envoy.config.listener.v3.FilterChain': {
    ...fields('name filters'),
    transport_socket: refused('TLS is not supported'),
  },
  'envoy.config.listener.v3.Filter': fields('name typed_config'),
  'envoy.config.core.v3.Address': fields('socket_address pipe'),
  'envoy.config.core.v3.Pipe': fields('path mode'),
  'envoy.config.core.v3.SocketAddress': {
    ...fields('address port_value ipv4_compat'),
    protocol: only(['TCP'], 'only TCP'),
  },
};
