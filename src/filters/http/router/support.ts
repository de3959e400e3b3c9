import { fields, refused, type SupportTable } from '../../../config/support.ts';

export const routerSupport: SupportTable = {
  'envoy.extensions.filters.http.router.v3.Router': {
    ...fields(`suppress_envoy_headers respect_expected_rq_timeout dynamic_stats strict_check_headers suppress_grpc_request_failure_code_stats
      reject_connect_request_early_data upstream_http_filters`),
    start_child_span: refused('requests are not traced'),
    upstream_log: refused('requests are logged by access_log of the connection manager'),
    upstream_log_options: refused('requests are logged by access_log of the connection manager'),
  },
  'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec': {},
};
