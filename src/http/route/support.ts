import { fields, onlyEmpty, refused, type SupportTable } from '../../config/support.ts';

export const routeSupport: SupportTable = {
  'envoy.config.route.v3.RouteConfiguration': fields(`name virtual_hosts internal_only_headers response_headers_to_add response_headers_to_remove
    request_headers_to_add request_headers_to_remove most_specific_header_mutations_wins validate_clusters max_direct_response_body_size_bytes
    typed_per_filter_config ignore_port_in_host_matching`),
  'envoy.config.route.v3.VirtualHost': {
    ...fields(`name domains routes require_tls request_headers_to_add request_headers_to_remove response_headers_to_add response_headers_to_remove
      typed_per_filter_config include_request_attempt_count include_attempt_count_in_response`),
    retry_policy: refused('retries are not supported'),
  },
  'envoy.config.route.v3.Route': fields(`name match route redirect direct_response metadata typed_per_filter_config request_headers_to_add
    request_headers_to_remove response_headers_to_add response_headers_to_remove`),
  'envoy.config.route.v3.RouteMatch': fields('prefix path safe_regex path_separated_prefix connect_matcher case_sensitive runtime_fraction headers query_parameters grpc cookies'),
  'envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions': {},
  'envoy.config.route.v3.RouteMatch.ConnectMatcher': {},
  'envoy.config.route.v3.HeaderMatcher': fields(`name exact_match safe_regex_match range_match present_match prefix_match suffix_match contains_match
    string_match invert_match treat_missing_header_as_empty`),
  'envoy.config.route.v3.QueryParameterMatcher': fields('name string_match present_match'),
  'envoy.config.route.v3.RouteMatch.CookieMatcher': fields('name string_match invert_match'),
  'envoy.type.v3.Int64Range': fields('start end'),
  'envoy.type.matcher.v3.StringMatcher': { ...fields('exact prefix suffix safe_regex contains ignore_case'), custom: refused('custom string matchers are not supported') },
  'envoy.type.matcher.v3.RegexMatcher': { ...fields('regex'), google_re2: onlyEmpty() },
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': fields('pattern substitution'),
  'envoy.config.core.v3.RuntimeFractionalPercent': fields('default_value runtime_key'),
  'envoy.type.v3.FractionalPercent': fields('numerator denominator'),
  'envoy.config.route.v3.RouteAction': {
    ...fields(`cluster cluster_header weighted_clusters cluster_not_found_response_code prefix_rewrite regex_rewrite host_rewrite_literal
      auto_host_rewrite host_rewrite_header host_rewrite_path_regex append_x_forwarded_host timeout idle_timeout priority max_stream_duration`),
    retry_policy: refused('retries are not supported'),
  },
  'envoy.config.route.v3.RouteAction.MaxStreamDuration': fields('max_stream_duration'),
  'envoy.config.route.v3.WeightedCluster': fields('clusters header_name runtime_key_prefix total_weight'),
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': fields(`name cluster_header weight request_headers_to_add request_headers_to_remove
    response_headers_to_add response_headers_to_remove typed_per_filter_config host_rewrite_literal`),
  'envoy.config.route.v3.RedirectAction': fields(`https_redirect scheme_redirect host_redirect port_redirect path_redirect prefix_rewrite
    regex_rewrite response_code strip_query`),
  'envoy.config.route.v3.DirectResponseAction': fields('status body'),
  'envoy.config.route.v3.FilterConfig': fields('config is_optional disabled'),
  'envoy.config.core.v3.DataSource': fields('filename inline_bytes inline_string environment_variable'),
  'envoy.config.core.v3.HeaderValueOption': fields('header append append_action keep_empty_value'),
  'envoy.config.core.v3.HeaderValue': fields('key value raw_value'),
  'envoy.config.core.v3.Metadata': fields('filter_metadata'),
};
