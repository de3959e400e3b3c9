import { fields, ignored, only, refused, supported, type SupportTable } from '../../config/support.ts';

const NO_RETRIES = 'retries are not supported';
const NO_MIRRORING = 'requests are not mirrored';
const NO_TRACING = 'Envoy reads it only while tracing, which connection managers do not do here';
const NO_SPECIFIERS = 'the cluster stands in the route, in weighted_clusters or in a header';
const NO_SUBSETS = 'a cluster is not divided by endpoint metadata';
const NO_INTERNAL_REDIRECTS = 'redirects of upstreams are passed on';
const NO_SPECIFIERS_OF_ROUTES = 'routes are matched by their list';

const ROUTE = 'envoy.config.route.v3';

/** What all levels of a route configuration may carry. */
const LEVEL = fields(`request_headers_to_add request_headers_to_remove response_headers_to_add response_headers_to_remove
  typed_per_filter_config`);

const configuration: SupportTable = {
  [`${ROUTE}.RouteConfiguration`]: {
    ...fields(`name virtual_hosts internal_only_headers most_specific_header_mutations_wins validate_clusters
      max_direct_response_body_size_bytes ignore_port_in_host_matching vhost_header ignore_path_parameters_in_path_matching`),
    ...LEVEL,
    vhds: refused('virtual hosts stand in the route configuration'),
    cluster_specifier_plugins: refused(NO_SPECIFIERS),
    request_mirror_policies: refused(NO_MIRRORING),
    metadata: ignored('no filter of Envoy reads it'),
    route_specifiers: refused(NO_SPECIFIERS_OF_ROUTES),
  },
  [`${ROUTE}.RouteList`]: fields('routes'),
  [`${ROUTE}.VirtualHost`]: {
    ...fields(`name domains routes require_tls cors include_request_attempt_count include_attempt_count_in_response metadata virtual_clusters
      request_body_buffer_limit per_request_buffer_limit_bytes rate_limits matcher`),
    ...LEVEL,
    retry_policy: refused(NO_RETRIES),
    retry_policy_typed_config: refused(NO_RETRIES),
    hedge_policy: refused(NO_RETRIES),
    include_is_timeout_retry_header: only([false], NO_RETRIES),
    request_mirror_policies: refused(NO_MIRRORING),
    route_specifiers: refused(NO_SPECIFIERS_OF_ROUTES),
  },
  [`${ROUTE}.Route`]: {
    ...fields('name match route redirect direct_response metadata stat_prefix request_body_buffer_limit per_request_buffer_limit_bytes'),
    ...LEVEL,
    filter_action: refused('what a request meets is its route\'s action'),
    non_forwarding_action: refused('it is for gRPC servers'),
    decorator: ignored(NO_TRACING),
    tracing: ignored(NO_TRACING),
    route_specifiers: refused(NO_SPECIFIERS_OF_ROUTES),
  },
  [`${ROUTE}.CorsPolicy`]: fields(`allow_origin_string_match allow_methods allow_headers expose_headers max_age allow_credentials filter_enabled
    shadow_enabled allow_private_network_access forward_not_matching_preflights`),
  [`${ROUTE}.VirtualCluster`]: fields('name headers'),
  [`${ROUTE}.FilterConfig`]: fields('config is_optional disabled'),
};

const match: SupportTable = {
  [`${ROUTE}.RouteMatch`]: {
    ...fields(`prefix path safe_regex path_separated_prefix connect_matcher case_sensitive runtime_fraction headers query_parameters
      cookies grpc tls_context dynamic_metadata filter_state`),
    path_match_policy: refused('path templates are not supported'),
  },
  [`${ROUTE}.RouteMatch.TlsContextMatchOptions`]: fields('presented validated'),
  [`${ROUTE}.RouteMatch.GrpcRouteMatchOptions`]: {},
  [`${ROUTE}.RouteMatch.ConnectMatcher`]: {},
  [`${ROUTE}.HeaderMatcher`]: fields(`name exact_match safe_regex_match range_match present_match prefix_match suffix_match
    contains_match string_match invert_match treat_missing_header_as_empty`),
  [`${ROUTE}.QueryParameterMatcher`]: fields('name string_match present_match'),
  [`${ROUTE}.CookieMatcher`]: fields('name string_match invert_match'),
  'envoy.type.v3.Int64Range': fields('start end'),
  'envoy.type.v3.FractionalPercent': fields('numerator denominator'),
  'envoy.type.matcher.v3.StringMatcher': {
    ...fields('exact prefix suffix safe_regex contains ignore_case'),
    custom: refused('custom string matchers are not supported'),
  },
  'envoy.type.matcher.v3.RegexMatcher': fields('google_re2 regex'),
  'envoy.type.matcher.v3.RegexMatcher.GoogleRE2': fields('max_program_size'),
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': fields('pattern substitution'),
  'envoy.config.core.v3.RuntimeFractionalPercent': fields('default_value runtime_key'),
};

const action: SupportTable = {
  [`${ROUTE}.RouteAction`]: {
    ...fields(`cluster cluster_header weighted_clusters cluster_not_found_response_code prefix_rewrite regex_rewrite path_rewrite
      host_rewrite_literal auto_host_rewrite host_rewrite_header host_rewrite_path_regex host_rewrite append_x_forwarded_host timeout
      idle_timeout priority max_grpc_timeout grpc_timeout_offset rate_limits include_vh_rate_limits flush_timeout cors`),
    cluster_specifier_plugin: refused(NO_SPECIFIERS),
    inline_cluster_specifier_plugin: refused(NO_SPECIFIERS),
    metadata_match: refused(NO_SUBSETS),
    path_rewrite_policy: refused('path templates are not supported'),
    early_data_policy: refused('connections carry no early data'),
    retry_policy: refused(NO_RETRIES),
    retry_policy_typed_config: refused(NO_RETRIES),
    hedge_policy: refused(NO_RETRIES),
    request_mirror_policies: refused(NO_MIRRORING),
    hash_policy: refused('requests are not spread by their hash'),
    upgrade_configs: supported(),
    internal_redirect_policy: refused(NO_INTERNAL_REDIRECTS),
    internal_redirect_action: only(['PASS_THROUGH_INTERNAL_REDIRECT'], NO_INTERNAL_REDIRECTS),
    max_internal_redirects: refused(NO_INTERNAL_REDIRECTS),
    max_stream_duration: supported(),
  },
  [`${ROUTE}.RouteAction.UpgradeConfig`]: fields('upgrade_type enabled connect_config'),
  [`${ROUTE}.RouteAction.UpgradeConfig.ConnectConfig`]: fields('proxy_protocol_config allow_post'),
  [`${ROUTE}.RouteAction.MaxStreamDuration`]: {
    ...fields('max_stream_duration grpc_timeout_header_max grpc_timeout_header_offset'),
  },
  [`${ROUTE}.WeightedCluster`]: {
    ...fields('clusters header_name runtime_key_prefix'),
    total_weight: ignored('the weights are relative to their sum'),
    use_hash_policy: only([false], 'requests are not spread by their hash'),
  },
  [`${ROUTE}.WeightedCluster.ClusterWeight`]: {
    ...fields('name cluster_header weight host_rewrite_literal'),
    ...LEVEL,
    metadata_match: refused(NO_SUBSETS),
  },
  [`${ROUTE}.RedirectAction`]: {
    ...fields(`https_redirect scheme_redirect host_redirect port_redirect path_redirect prefix_rewrite regex_rewrite response_code
      strip_query`),
    path_rewrite: refused('a redirect has path_redirect, prefix_rewrite or regex_rewrite'),
  },
  [`${ROUTE}.DirectResponseAction`]: {
    ...fields('status body body_format'),
  },
};

const values: SupportTable = {
  'envoy.config.core.v3.DataSource': {
    ...fields('filename inline_bytes inline_string environment_variable'),
    watched_directory: refused('a file is read when the configuration is'),
  },
  'envoy.config.core.v3.HeaderValueOption': fields('header append append_action keep_empty_value'),
  'envoy.config.core.v3.HeaderValue': fields('key value raw_value'),
  'envoy.config.core.v3.Metadata': fields('filter_metadata'),
};

/** What routes do with each field. */
export const routeSupport: SupportTable = { ...configuration, ...match, ...action, ...values };
