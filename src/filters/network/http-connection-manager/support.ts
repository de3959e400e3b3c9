import { fields, ignored, only, refused, type SupportTable } from '../../../config/support.ts';
import { http2Support } from '../../../http/codec/h2/support.ts';

export const httpConnectionManagerSupport: SupportTable = {
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': {
    ...fields(`stat_prefix route_config http_filters common_http_protocol_options http_protocol_options http2_protocol_options server_name server_header_transformation
      local_reply_config max_request_headers_kb stream_idle_timeout stream_flush_timeout request_timeout request_headers_timeout drain_timeout delayed_close_timeout access_log
      access_log_options access_log_flush_interval flush_access_log_on_new_request
      use_remote_address xff_num_trusted_hops skip_xff_append via generate_request_id preserve_external_request_id
      always_set_request_id_in_response proxy_100_continue internal_address_config add_user_agent strip_any_host_port
      strip_matching_host_port strip_trailing_host_dot append_x_forwarded_port scheme_header_transformation upgrade_configs stream_error_on_invalid_http_message normalize_path merge_slashes
      path_with_escaped_slashes_action original_ip_detection_extensions early_header_mutation_extensions request_id_extension
      forward_client_cert_details set_current_client_cert_details forward_client_cert_matcher proxy_status_config append_local_overload forward_proto_config http1_safe_max_connection_duration
      drain_timeout_jitter add_proxy_protocol_connection_state record_route_resolution_stats`),
    represent_ipv4_remote_address_as_ipv4_mapped_ipv6: ignored('Envoy reads it and maps no address'),
    codec_type: only(['AUTO', 'HTTP1', 'HTTP2'], 'stock Node has no QUIC'),
    path_normalization_options: ignored('Envoy does not read it: use normalize_path and merge_slashes'),
    typed_header_validation_config: refused('heads are validated by the codecs'),
    rds: refused('routes come from route_config'),
    scoped_routes: refused('routes come from route_config'),
    tracing: refused('tracing is not supported'),
    http3_protocol_options: refused('stock Node has no QUIC'),
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.HcmAccessLogOptions': fields(
    'access_log_flush_interval flush_access_log_on_new_request flush_log_on_tunnel_successfully_established',
  ),
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig': fields('unix_sockets cidr_ranges'),
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': {
    ...fields('name typed_config is_optional disabled'),
    config_discovery: refused('filters come from typed_config'),
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig': fields('upgrade_type filters enabled'),
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails': fields('subject cert chain dns uri issuer format'),
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ForwardClientCertConfig': fields(
    'forward_client_cert_details set_current_client_cert_details',
  ),
  'envoy.config.core.v3.SchemeHeaderTransformation': fields('scheme_to_overwrite match_upstream'),
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ProxyStatusConfig': fields(
    'remove_details remove_connection_termination_details remove_response_flags set_recommended_response_code use_node_id literal_proxy_name',
  ),
  'envoy.extensions.filters.network.http_connection_manager.v3.ForwardProtoConfig': fields('https_destination_ports http_destination_ports'),
  'envoy.type.v3.Percent': fields('value'),
  'envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig': fields('mappers body_format'),
  'envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper': fields('filter status_code body body_format_override headers_to_add'),
  'envoy.extensions.http.original_ip_detection.xff.v3.XffConfig': fields('xff_num_trusted_hops xff_trusted_cidrs skip_xff_append'),
  'envoy.extensions.http.original_ip_detection.xff.v3.XffTrustedCidrs': fields('cidrs'),
  'envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig': fields(
    'header_name allow_extension_to_set_address_as_trusted reject_with_status',
  ),
  'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation': fields('mutations'),
  'envoy.config.common.mutation_rules.v3.HeaderMutation': fields('remove append remove_on_match'),
  'envoy.config.common.mutation_rules.v3.HeaderMutation.RemoveOnMatch': fields('key_matcher'),
  'envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension': fields('typed_config'),
  'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig': {
    ...fields('pack_trace_reason'),
    use_request_id_for_trace_sampling: ignored('Envoy reads it only while tracing, which connection managers do not do here'),
  },
  'envoy.type.v3.HttpStatus': fields('code'),
  'envoy.config.core.v3.CidrRange': fields('address_prefix prefix_len'),
  'envoy.config.core.v3.HttpProtocolOptions': {
    ...fields('idle_timeout max_connection_duration max_connection_duration_jitter max_headers_count max_stream_duration max_requests_per_connection headers_with_underscores_action'),
  },
  ...http2Support,
  'envoy.config.core.v3.Http1ProtocolOptions': {
    ...fields(`accept_http_10 default_host_for_http_10 enable_trailers allow_chunked_length allow_absolute_url allow_custom_methods header_key_format
      override_stream_error_on_invalid_http_message ignore_http_11_upgrade`),
    use_balsa_parser: only([true], 'there is one parser'),
  },
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat': fields('proper_case_words stateful_formatter'),
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords': {},
  'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig': {
    ...fields('formatter_type_on_envoy_headers'),
    forward_reason_phrase: refused('reason phrases are those of the status'),
  },
};
