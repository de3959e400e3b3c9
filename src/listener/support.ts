import { fields, ignored, only, refused, supported, type SupportTable } from '../config/support.ts';

const NO_SOCKET_OPTIONS = 'Node sets no such socket option; use sysctl, or a proxy of the platform in front';
const INTERNAL = 'bytes pass between listeners of one process over a Unix socket: give the listener and the endpoint one address (pipe, path "@name")';
const NO_SUBSETS = 'it chooses among the subsets of a cluster: Envoy too ignores it where a cluster has no lb_subset_config, which is refused';

export const listenerSupport: SupportTable = {
  'envoy.config.listener.v3.Listener': {
    ...fields('name address additional_addresses stat_prefix filter_chains default_filter_chain per_connection_buffer_limit_bytes enable_reuse_port'),
    tcp_backlog_size: supported({ note: 'a listener that keeps its address over a reload keeps its socket, and this with it, as in Envoy' }),
    ...fields('bind_to_port use_original_dst listener_filters listener_filters_timeout continue_on_listener_filters_timeout access_log deprecated_v1 tcp_keepalive metadata ignore_global_conn_limit bypass_overload_manager'),
    traffic_direction: only(['UNSPECIFIED', 'INBOUND', 'OUTBOUND']),
    drain_type: only(['DEFAULT', 'MODIFY_ONLY']),
    socket_options: supported({ note: 'SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT and TCP_NODELAY; others are refused' }),
    freebind: only([false], NO_SOCKET_OPTIONS),
    transparent: only([false], NO_SOCKET_OPTIONS),
    tcp_fast_open_queue_length: only([0], NO_SOCKET_OPTIONS),
    enable_mptcp: only([false], NO_SOCKET_OPTIONS),
    connection_balance_config: refused('Node cannot hand a connection from one worker to another: leave it out, and the kernel spreads connections over the workers (enable_reuse_port)'),
    max_connections_to_accept_per_socket_event: ignored('Node accepts what has arrived'),
    filter_chain_matcher: supported(),
    udp_listener_config: refused('only TCP'),
    api_listener: refused('only what comes over a socket is served: give the listener an address, of 127.0.0.1 or a Unix socket (pipe)'),
    internal_listener: refused(INTERNAL),
    reuse_port: refused('use enable_reuse_port'),
    stats_matcher: refused("use stats_matcher of the bootstrap's stats_config"),
    fcds_config: refused('filter chains come from the bootstrap file'),
    per_connection_buffer_high_watermark_timeout: refused('what waits for a slow peer is bounded by per_connection_buffer_limit_bytes, and who takes nothing is ended by idle timeouts'),
  },
  'envoy.config.listener.v3.Listener.DeprecatedV1': fields('bind_to_port'),
  'envoy.config.listener.v3.AdditionalAddress': {
    ...fields('address tcp_keepalive'),
    socket_options: supported({ note: 'in place of those of the listener, and of the same kinds' }),
  },
  'envoy.config.core.v3.SocketOptionsOverride': fields('socket_options'),
  'envoy.config.listener.v3.FilterChain': {
    ...fields('name metadata filters filter_chain_match transport_socket transport_socket_connect_timeout'),
    use_proxy_proto: only([false], 'use envoy.filters.listener.proxy_protocol'),
  },
  'envoy.config.listener.v3.FilterChainMatch': {
    ...fields('destination_port prefix_ranges direct_source_prefix_ranges source_type source_prefix_ranges source_ports server_names transport_protocol application_protocols'),
    address_suffix: refused('Envoy does not implement it'),
    suffix_len: refused('Envoy does not implement it'),
  },
  'envoy.config.core.v3.SocketOption': fields('description level name int_value buf_value state type ip_version'),
  'envoy.config.core.v3.CidrRange': fields('address_prefix prefix_len'),
  'envoy.config.core.v3.TransportSocket': fields('name typed_config'),
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': {},
  'envoy.config.listener.v3.ListenerFilter': {
    ...fields('name typed_config filter_disabled'),
  },
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate': fields('or_match and_match not_match any_match destination_port_range'),
  'envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet': fields('rules'),
  'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit': fields('stat_prefix token_bucket runtime_enabled'),
  'envoy.config.listener.v3.Filter': fields('name typed_config'),
  'envoy.config.core.v3.Address': { ...fields('socket_address pipe'), envoy_internal_address: refused(INTERNAL) },
  'envoy.config.core.v3.Pipe': fields('path mode'),
  'envoy.config.core.v3.SocketAddress': {
    ...fields('address port_value ipv4_compat'),
    protocol: only(['TCP'], 'only TCP'),
  },
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': {
    ...fields('close_connection_on_client_hello_parsing_errors max_client_hello_size enable_ja3_fingerprinting enable_ja4_fingerprinting'),
    initial_read_buffer_size: ignored('how much is read at once does not show'),
  },
  'envoy.extensions.filters.listener.set_filter_state.v3.Config': fields('on_accept'),
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': {},
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': {},
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol': {
    ...fields('rules allow_requests_without_proxy_protocol pass_through_tlvs disallowed_versions stat_prefix tlv_location'),
  },
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol.Rule': fields('tlv_type on_tlv_present'),
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol.KeyValuePair': fields('metadata_namespace key value_string_encoding'),
  'envoy.config.core.v3.ProxyProtocolPassThroughTLVs': fields('match_type tlv_type'),
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': {
    ...fields('stat_prefix cluster weighted_clusters idle_timeout access_log max_connect_attempts max_downstream_connection_duration access_log_options'),
    ...fields('access_log_flush_interval flush_access_log_on_connected upstream_connect_mode max_early_data_bytes check_drain_close tunneling_config'),
    ...fields('max_downstream_connection_duration_jitter_percentage backoff_options proxy_protocol_tlvs proxy_protocol_tlv_merge_policy'),
    downstream_idle_timeout: ignored('Envoy does nothing with it either'),
    upstream_idle_timeout: ignored('Envoy does nothing with it either'),
    metadata_match: ignored(NO_SUBSETS),
    hash_policy: ignored('it is asked by lb_policy RING_HASH and MAGLEV alone, which are refused'),
    on_demand: refused('clusters come from the bootstrap file'),
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig': fields(
    'hostname use_post headers_to_add post_path formatters propagate_response_headers propagate_response_trailers request_id_extension request_id_header request_id_metadata_key',
  ),
  'envoy.config.core.v3.BackoffStrategy': fields('base_interval max_interval'),
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster': fields('clusters'),
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': {
    ...fields('name weight'),
    metadata_match: ignored(NO_SUBSETS),
  },
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TcpAccessLogOptions': {
    ...fields('access_log_flush_interval flush_access_log_on_connected flush_access_log_on_start'),
  },
  'envoy.extensions.filters.network.sni_cluster.v3.SniCluster': {},
  'envoy.extensions.filters.network.echo.v3.Echo': {},
  'envoy.extensions.filters.network.set_filter_state.v3.Config': fields('on_new_connection on_downstream_tls_handshake on_downstream_data'),
  'envoy.extensions.filters.network.direct_response.v3.Config': fields('response'),
  'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit': fields('stat_prefix max_connections delay runtime_enabled'),
  'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit': {
    ...fields('stat_prefix token_bucket runtime_enabled share_key'),
  },
  'envoy.extensions.filters.network.rbac.v3.RBAC': fields('rules matcher shadow_rules shadow_matcher shadow_rules_stat_prefix stat_prefix enforcement_type delay_deny'),
  'envoy.type.v3.TokenBucket': fields('max_tokens tokens_per_fill fill_interval'),
  'envoy.config.core.v3.RuntimeFeatureFlag': fields('default_value runtime_key'),
};
