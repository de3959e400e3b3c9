import { fields, ignored, only, onlyEmpty, refused, supported, type SupportTable } from '../config/support.ts';
import { http2Support } from '../http/codec/h2/support.ts';

const NO_HASH = 'requests are not spread by their hash';
const NO_HEALTH_CHECKS = 'hosts are not checked actively';
const KNOWN_ENDPOINTS = 'endpoints come from the configuration or from DNS';
const NO_QUIC = 'stock Node has no QUIC';
const NO_LOCAL_CLUSTER = 'Envoy reads it only where a local cluster is named and hosts are in several localities, which is refused';
const NO_SLOW_START = 'a new host gets its full share at once';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LB = 'envoy.extensions.load_balancing_policies';
const UPSTREAM_HTTP = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const cluster: SupportTable = {
  [CLUSTER]: {
    ...fields('name alt_stat_name cluster_type connect_timeout per_connection_buffer_limit_bytes load_assignment'),
    ...fields('max_requests_per_connection circuit_breakers common_http_protocol_options http_protocol_options'),
    ...fields('typed_extension_protocol_options typed_dns_resolver_config dns_resolution_config dns_resolvers'),
    ...fields('wait_for_warm_on_init common_lb_config transport_socket metadata upstream_connection_options'),
    ...fields('load_balancing_policy upstream_bind_config least_request_lb_config round_robin_lb_config track_cluster_stats'),
    type: only(['STATIC', 'STRICT_DNS', 'LOGICAL_DNS'], KNOWN_ENDPOINTS),
    lb_policy: only(['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'CLUSTER_PROVIDED', 'LOAD_BALANCING_POLICY_CONFIG'], NO_HASH),
    dns_refresh_rate: supported({ test: 'a name is resolved again after the refresh rate' }),
    dns_jitter: supported({ test: 'jitter puts a refresh off by less than its bound' }),
    dns_failure_refresh_rate: supported({ test: 'failures are retried after random delays whose bound doubles' }),
    respect_dns_ttl: supported({ test: 'the smallest TTL replaces the refresh rate when it is respected' }),
    dns_lookup_family: supported({ test: 'the lookup family decides what is asked and which answer counts' }),
    use_tcp_for_dns_lookups: only([false], 'Node.js asks name servers over UDP first'),
    ...fields('protocol_selection http2_protocol_options transport_socket_matches upstream_http_protocol_options'),
    transport_socket_matcher: refused('endpoints are matched by transport_socket_matches'),
    cleanup_interval: ignored('it concerns ORIGINAL_DST clusters'),
    eds_cluster_config: refused(KNOWN_ENDPOINTS),
    health_checks: refused(NO_HEALTH_CHECKS),
    outlier_detection: refused('hosts are not ejected for their answers'),
    lb_subset_config: refused('a cluster is not divided by endpoint metadata'),
    ring_hash_lb_config: refused(NO_HASH),
    maglev_lb_config: refused(NO_HASH),
    original_dst_lb_config: refused(KNOWN_ENDPOINTS),
    close_connections_on_host_health_failure: only([false], NO_HEALTH_CHECKS),
    ignore_health_on_host_removal: ignored('without active health checks a host goes when discovery drops it'),
    track_timeout_budgets: only([false]),
    connection_pool_per_downstream_connection: only([false]),
    lrs_report_endpoint_metrics: ignored('Envoy uses it with lrs_server only'),
    preconnect_policy: onlyEmpty('connections are opened when a request needs one'),
  },
  'envoy.config.cluster.v3.TrackClusterStats': { per_endpoint_stats: supported({ test: 'an endpoint of a cluster that asks for it has statistics of its own' }), timeout_budgets: only([false]), request_response_sizes: only([false]) },
  [`${CLUSTER}.TransportSocketMatch`]: fields('name match transport_socket'),
  'envoy.config.core.v3.UpstreamHttpProtocolOptions': fields('auto_sni auto_san_validation override_auto_sni_header'),
  [`${CLUSTER}.CustomClusterType`]: fields('name typed_config'),
  [`${CLUSTER}.RefreshRate`]: fields('base_interval max_interval'),
  [`${CLUSTER}.CommonLbConfig`]: {
    ...fields('healthy_panic_threshold zone_aware_lb_config locality_weighted_lb_config close_connections_on_host_set_change'),
    update_merge_window: ignored('it gathers updates from a control plane'),
    ignore_new_hosts_until_first_hc: ignored('it concerns hosts that are checked actively'),
    consistent_hashing_lb_config: ignored('Envoy reads it with RING_HASH and MAGLEV only'),
  },
  [`${CLUSTER}.CommonLbConfig.ZoneAwareLbConfig`]: {
    ...fields('fail_traffic_on_panic'),
    routing_enabled: ignored(NO_LOCAL_CLUSTER),
    min_cluster_size: ignored(NO_LOCAL_CLUSTER),
  },
  [`${CLUSTER}.LeastRequestLbConfig`]: { ...fields('choice_count active_request_bias'), slow_start_config: refused(NO_SLOW_START) },
  [`${CLUSTER}.RoundRobinLbConfig`]: { slow_start_config: refused(NO_SLOW_START) },
  'envoy.config.cluster.v3.CircuitBreakers': {
    ...fields('thresholds'),
    per_host_thresholds: refused('connections are counted for the cluster as a whole'),
  },
  'envoy.config.cluster.v3.CircuitBreakers.Thresholds': {
    ...fields('priority max_connections max_pending_requests max_requests max_retries track_remaining max_connection_pools'),
    retry_budget: refused('retries are limited by max_retries'),
  },
  'envoy.config.cluster.v3.UpstreamConnectionOptions': {
    ...fields('tcp_keepalive'),
    set_local_interface_name_on_upstream_connections: only([false]),
    happy_eyeballs_config: refused('a host has one address'),
  },
  'envoy.config.core.v3.TcpKeepalive': {
    ...fields('keepalive_time'),
    keepalive_probes: supported({ note: 'taken with a warning: Node.js sends 10 probes' }),
    keepalive_interval: supported({ note: 'taken with a warning: Node.js sends a probe a second' }),
  },
  'envoy.config.core.v3.BindConfig': fields('source_address'),
};

const endpoints: SupportTable = {
  'envoy.config.endpoint.v3.ClusterLoadAssignment': { ...fields('cluster_name endpoints policy') },
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy': {
    ...fields('overprovisioning_factor weighted_priority_health'),
    drop_overloads: refused('no share of requests is dropped by category'),
  },
  'envoy.config.endpoint.v3.LocalityLbEndpoints': {
    ...fields('locality lb_endpoints load_balancing_weight priority metadata'),
    proximity: ignored('Envoy does not read it'),
  },
  'envoy.config.endpoint.v3.LbEndpoint': fields('endpoint health_status metadata load_balancing_weight'),
  'envoy.config.endpoint.v3.Endpoint': {
    ...fields('address hostname'),
    health_check_config: ignored('it concerns hosts that are checked actively'),
    additional_addresses: refused('a host has one address'),
  },
  'envoy.config.core.v3.Address': fields('socket_address pipe'),
  'envoy.config.core.v3.SocketAddress': fields('address port_value named_port'),
  'envoy.config.core.v3.Pipe': fields('path'),
  'envoy.config.core.v3.Locality': fields('region zone sub_zone'),
  'envoy.config.core.v3.Metadata': fields('filter_metadata'),
};

const protocolOptions: SupportTable = {
  [UPSTREAM_HTTP]: {
    ...fields('common_http_protocol_options explicit_http_config use_downstream_protocol_config'),
    ...fields('upstream_http_protocol_options auto_config http_filters'),
  },
  [`${UPSTREAM_HTTP}.ExplicitHttpConfig`]: {
    ...fields('http_protocol_options http2_protocol_options'),
    http3_protocol_options: refused(NO_QUIC),
  },
  [`${UPSTREAM_HTTP}.UseDownstreamHttpConfig`]: {
    ...fields('http_protocol_options http2_protocol_options'),
    http3_protocol_options: refused(NO_QUIC),
  },
  [`${UPSTREAM_HTTP}.AutoHttpConfig`]: {
    ...fields('http_protocol_options http2_protocol_options'),
    http3_protocol_options: refused(NO_QUIC),
    alternate_protocols_cache_options: refused(NO_QUIC),
  },
  'envoy.config.core.v3.HttpProtocolOptions': {
    ...fields('idle_timeout max_connection_duration max_connection_duration_jitter max_headers_count max_response_headers_kb max_requests_per_connection'),
    headers_with_underscores_action: supported({ note: 'of a connection manager; Envoy does not look at headers of a cluster' }),
  },
  'envoy.type.v3.Percent': fields('value'),
  ...http2Support,
  'envoy.config.core.v3.Http1ProtocolOptions': fields('enable_trailers allow_chunked_length header_key_format send_fully_qualified_url'),
  'envoy.config.core.v3.TransportSocket': fields('name typed_config'),
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer': {},
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': {
    ...fields('config transport_socket'),
    tlv_as_pool_key: only([false], 'clients of one address share connections'),
    allow_unspecified_address: only([false], 'a connection whose client has no address of its own is told as the proxy\'s own'),
  },
  'envoy.config.core.v3.ProxyProtocolConfig': fields('version pass_through_tlvs added_tlvs'),
  'envoy.config.core.v3.TlvEntry': fields('type value format_string'),
};

const localities = {
  locality_lb_config: supported({ test: 'localities share by weight and availability' }),
};

const policies: SupportTable = {
  'envoy.config.cluster.v3.LoadBalancingPolicy': fields('policies'),
  'envoy.config.cluster.v3.LoadBalancingPolicy.Policy': fields('typed_extension_config'),
  'envoy.config.core.v3.TypedExtensionConfig': fields('name typed_config'),
  'envoy.config.core.v3.RuntimeDouble': { ...fields('default_value'), runtime_key: supported({ note: 'read when the configuration is loaded' }) },
  'envoy.type.v3.Percent': fields('value'),
  [`${LB}.round_robin.v3.RoundRobin`]: { ...localities, slow_start_config: refused(NO_SLOW_START) },
  [`${LB}.random.v3.Random`]: localities,
  [`${LB}.least_request.v3.LeastRequest`]: {
    ...fields('choice_count active_request_bias enable_full_scan selection_method'),
    ...localities,
    slow_start_config: refused(NO_SLOW_START),
  },
  [`${LB}.common.v3.LocalityLbConfig`]: fields('zone_aware_lb_config locality_weighted_lb_config'),
  [`${LB}.common.v3.LocalityLbConfig.ZoneAwareLbConfig`]: {
    ...fields('fail_traffic_on_panic'),
    routing_enabled: ignored(NO_LOCAL_CLUSTER),
    min_cluster_size: ignored(NO_LOCAL_CLUSTER),
    force_locality_direct_routing: ignored(NO_LOCAL_CLUSTER),
    force_local_zone: ignored(NO_LOCAL_CLUSTER),
    locality_basis: ignored(NO_LOCAL_CLUSTER),
  },
};

const dns: SupportTable = {
  'envoy.extensions.clusters.dns.v3.DnsCluster': fields(
    'dns_refresh_rate dns_failure_refresh_rate respect_dns_ttl dns_jitter typed_dns_resolver_config dns_lookup_family all_addresses_in_single_endpoint',
  ),
  'envoy.extensions.clusters.dns.v3.DnsCluster.RefreshRate': fields('base_interval max_interval'),
  'envoy.config.core.v3.DnsResolutionConfig': fields('resolvers dns_resolver_options'),
  'envoy.config.core.v3.DnsResolverOptions': {
    ...fields('no_default_search_domain'),
    use_tcp_for_dns_lookups: only([false], 'Node.js asks name servers over UDP first'),
  },
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig': {
    ...fields('resolvers dns_resolver_options query_timeout_seconds query_tries'),
    udp_max_queries: ignored('it tells after how many queries a socket is replaced, which nobody sees'),
    filter_unroutable_families: only([false]),
    use_resolvers_as_fallback: only([false]),
    rotate_nameservers: only([false]),
  },
  'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig': {
    num_retries: ignored('a failed look-up is repeated after the refresh rate'),
    num_resolver_threads: ignored('Node.js has one pool of threads'),
  },
};

/** What clusters take of Envoy's API. */
export const clusterSupport: SupportTable = { ...cluster, ...endpoints, ...protocolOptions, ...policies, ...dns };
