import { fields, only, refused, type SupportTable } from '../../../config/support.ts';

export const httpConnectionManagerSupport: SupportTable = {
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': {
    ...fields(`stat_prefix route_config http_filters common_http_protocol_options http_protocol_options http2_protocol_options server_name server_header_transformation
      local_reply_config max_request_headers_kb stream_idle_timeout request_timeout request_headers_timeout drain_timeout delayed_close_timeout access_log
      use_remote_address xff_num_trusted_hops skip_xff_append via generate_request_id preserve_external_request_id
      always_set_request_id_in_response proxy_100_continue internal_address_config add_user_agent strip_any_host_port
      strip_matching_host_port strip_trailing_host_dot append_x_forwarded_port scheme_header_transformation upgrade_configs normalize_path merge_slashes
      path_with_escaped_slashes_action`),
    codec_type: only(['AUTO', 'HTTP1', 'HTTP2'], 'stock Node has no QUIC'),
    rds: refused('routes come from route_config'),
    scoped_routes: refused('routes come from route_config'),
    tracing: refused('tracing is not supported'),
    http3_protocol_options: refused('stock Node has no QUIC'),
    stream_error_on_invalid_http_message: only([false], 'HTTP/1 has one stream at a time; http2_protocol_options.override_stream_error_on_invalid_http_message is honoured'),
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig': fields('unix_sockets cidr_ranges'),
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': {
    ...fields('name typed_config is_optional disabled'),
    config_discovery: refused('filters come from typed_config'),
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig': fields('upgrade_type filters enabled'),
  'envoy.config.core.v3.SchemeHeaderTransformation': fields('scheme_to_overwrite'),
  'envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig': fields('mappers body_format'),
  'envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper': fields('filter status_code body body_format_override headers_to_add'),
  'envoy.config.core.v3.CidrRange': fields('address_prefix prefix_len'),
  'envoy.config.core.v3.HttpProtocolOptions': {
    ...fields('idle_timeout max_connection_duration max_headers_count max_stream_duration max_requests_per_connection headers_with_underscores_action'),
  },
  'envoy.config.core.v3.Http2ProtocolOptions': {
    ...fields(`hpack_table_size max_concurrent_streams initial_stream_window_size initial_connection_window_size allow_connect max_outbound_frames
      max_outbound_control_frames max_consecutive_inbound_frames_with_empty_payload max_inbound_priority_frames_per_stream
      max_inbound_window_update_frames_per_data_frame_sent override_stream_error_on_invalid_http_message connection_keepalive`),
    allow_metadata: only([false], 'METADATA frames are Envoy\'s own'),
  },
  'envoy.config.core.v3.KeepaliveSettings': fields('interval timeout interval_jitter connection_idle_interval'),
  'envoy.config.core.v3.Http1ProtocolOptions': {
    ...fields('accept_http_10 default_host_for_http_10 enable_trailers allow_chunked_length allow_absolute_url allow_custom_methods'),
  },
};
