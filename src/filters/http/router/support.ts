import { fields, type SupportTable } from '../../../config/support.ts';

export const routerSupport: SupportTable = {
  'envoy.extensions.filters.http.router.v3.Router': {
    ...fields(`suppress_envoy_headers respect_expected_rq_timeout dynamic_stats strict_check_headers suppress_grpc_request_failure_code_stats
      reject_connect_request_early_data`),
  },
};
