import { fields, type SupportTable } from '../../config/support.ts';

const PACKAGE = 'envoy.config.accesslog.v3';

export const accessLogFilterSupport: SupportTable = {
  [`${PACKAGE}.AccessLog`]: fields('name filter typed_config'),
  [`${PACKAGE}.AccessLogFilter`]: fields(`status_code_filter duration_filter not_health_check_filter traceable_filter runtime_filter and_filter or_filter
    header_filter response_flag_filter grpc_status_filter metadata_filter log_type_filter extension_filter`),
  [`${PACKAGE}.ExtensionFilter`]: fields('name typed_config'),
  [`${PACKAGE}.ComparisonFilter`]: fields('op value'),
  [`${PACKAGE}.StatusCodeFilter`]: fields('comparison'),
  [`${PACKAGE}.DurationFilter`]: fields('comparison'),
  [`${PACKAGE}.RuntimeFilter`]: fields('runtime_key percent_sampled use_independent_randomness'),
  [`${PACKAGE}.AndFilter`]: fields('filters'),
  [`${PACKAGE}.OrFilter`]: fields('filters'),
  [`${PACKAGE}.HeaderFilter`]: fields('header'),
  [`${PACKAGE}.ResponseFlagFilter`]: fields('flags'),
  [`${PACKAGE}.GrpcStatusFilter`]: fields('statuses exclude'),
  [`${PACKAGE}.MetadataFilter`]: fields('matcher match_if_key_not_found'),
  [`${PACKAGE}.LogTypeFilter`]: fields('types exclude'),
  'envoy.config.core.v3.RuntimeUInt32': fields('default_value runtime_key'),
  'envoy.type.v3.FractionalPercent': fields('numerator denominator'),
  'envoy.type.matcher.v3.MetadataMatcher': fields('filter path value invert'),
  'envoy.type.matcher.v3.MetadataMatcher.PathSegment': fields('key'),
  'envoy.type.matcher.v3.ValueMatcher': fields('null_match double_match string_match bool_match present_match list_match or_match'),
  'envoy.type.matcher.v3.DoubleMatcher': fields('range exact'),
  'envoy.type.matcher.v3.ListMatcher': fields('one_of'),
  'envoy.type.matcher.v3.OrMatcher': fields('value_matchers'),
  'envoy.type.v3.DoubleRange': fields('start end'),
};
