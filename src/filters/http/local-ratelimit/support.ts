import { fields, type SupportTable } from '../../../config/support.ts';

const COMMON = 'envoy.extensions.common.ratelimit.v3';

export const localRateLimitSupport: SupportTable = {
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': {
    ...fields(`stat_prefix status token_bucket filter_enabled filter_enforced request_headers_to_add_when_not_enforced response_headers_to_add
      descriptors stage local_rate_limit_per_downstream_connection enable_x_ratelimit_headers vh_rate_limits always_consume_default_token_bucket
      rate_limited_as_resource_exhausted rate_limits max_dynamic_descriptors enable_retry_after_header local_cluster_rate_limit`),
  },
  [`${COMMON}.LocalRateLimitDescriptor`]: fields('entries token_bucket shadow_mode'),
  [`${COMMON}.LocalClusterRateLimit`]: {},
  [`${COMMON}.RateLimitDescriptor.Entry`]: fields('key value'),
  'envoy.type.v3.HttpStatus': fields('code'),
  'envoy.type.v3.TokenBucket': fields('max_tokens tokens_per_fill fill_interval'),
};
