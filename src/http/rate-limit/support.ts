import { fields, ignored, only, refused, type SupportTable } from '../../config/support.ts';

const RATE_LIMIT = 'envoy.config.route.v3.RateLimit';
const LITERAL = ignored('Envoy too takes descriptor_value as it is written, so that it is never absent');

/** `rate_limits` of virtual hosts, routes and filters. */
export const rateLimitSupport: SupportTable = {
  [RATE_LIMIT]: {
    ...fields('stage disable_key actions hits_addend apply_on_stream_done x_ratelimit_option'),
    limit: ignored('it is for rate limit services: a local limit has its own buckets'),
  },
  [`${RATE_LIMIT}.HitsAddend`]: fields('number format is_negative_hits'),
  [`${RATE_LIMIT}.Action`]: {
    ...fields(`source_cluster destination_cluster request_headers query_parameters remote_address generic_key header_value_match metadata
      masked_remote_address query_parameter_value_match remote_address_match extension`),
    dynamic_metadata: refused('it is deprecated: use metadata'),
  },
  [`${RATE_LIMIT}.Action.SourceCluster`]: {},
  [`${RATE_LIMIT}.Action.DestinationCluster`]: {},
  [`${RATE_LIMIT}.Action.RequestHeaders`]: fields('header_name descriptor_key skip_if_absent'),
  [`${RATE_LIMIT}.Action.QueryParameters`]: fields('query_parameter_name descriptor_key skip_if_absent'),
  [`${RATE_LIMIT}.Action.RemoteAddress`]: {},
  [`${RATE_LIMIT}.Action.MaskedRemoteAddress`]: fields('v4_prefix_mask_len v6_prefix_mask_len'),
  [`${RATE_LIMIT}.Action.GenericKey`]: { ...fields('descriptor_value descriptor_key'), default_value: LITERAL },
  [`${RATE_LIMIT}.Action.HeaderValueMatch`]: { ...fields('descriptor_value descriptor_key expect_match headers'), default_value: LITERAL },
  [`${RATE_LIMIT}.Action.QueryParameterValueMatch`]: { ...fields('descriptor_value descriptor_key expect_match query_parameters'), default_value: LITERAL },
  [`${RATE_LIMIT}.Action.RemoteAddressMatch`]: fields('descriptor_value descriptor_key default_value address_matcher'),
  [`${RATE_LIMIT}.Action.MetaData`]: {
    ...fields('descriptor_key metadata_key default_value skip_if_absent'),
    source: only(['DYNAMIC', 'ROUTE_ENTRY'], 'descriptors are made before a host is chosen'),
  },
  'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor': fields('descriptor_key skip_if_error text parsed'),
  'envoy.type.metadata.v3.MetadataKey': fields('key path'),
  'envoy.type.metadata.v3.MetadataKey.PathSegment': fields('key index'),
  'envoy.type.matcher.v3.AddressMatcher': fields('ranges invert_match'),
  'xds.core.v3.CidrRange': fields('address_prefix prefix_len'),
};
