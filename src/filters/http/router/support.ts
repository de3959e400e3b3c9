import { fields, refused, type SupportTable } from '../../../config/support.ts';

export const routerSupport: SupportTable = {
  'envoy.extensions.filters.http.router.v3.Router': {
    ...fields(`suppress_envoy_headers respect_expected_rq_timeout dynamic_stats strict_check_headers suppress_grpc_request_failure_code_stats
      reject_connect_request_early_data upstream_http_filters upstream_log upstream_log_options`),
    start_child_span: refused('requests are not traced'),
  },
  'envoy.extensions.filters.http.router.v3.Router.UpstreamAccessLogOptions': fields('flush_upstream_log_on_upstream_stream upstream_log_flush_interval'),
  'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec': {},
};
