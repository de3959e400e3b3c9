import { fields, type SupportTable } from '../../../config/support.ts';

const FAULT = 'envoy.extensions.filters.http.fault.v3';
const COMMON = 'envoy.extensions.filters.common.fault.v3';

export const faultSupport: SupportTable = {
  [`${FAULT}.HTTPFault`]: fields(`delay abort upstream_cluster headers downstream_nodes max_active_faults response_rate_limit delay_percent_runtime
    abort_percent_runtime delay_duration_runtime abort_http_status_runtime max_active_faults_runtime response_rate_limit_percent_runtime
    abort_grpc_status_runtime disable_downstream_cluster_stats filter_metadata`),
  [`${FAULT}.FaultAbort`]: fields('http_status grpc_status header_abort percentage response_body'),
  [`${FAULT}.FaultAbort.HeaderAbort`]: {},
  [`${COMMON}.FaultDelay`]: fields('fixed_delay header_delay percentage'),
  [`${COMMON}.FaultDelay.HeaderDelay`]: {},
  [`${COMMON}.FaultRateLimit`]: fields('fixed_limit header_limit percentage'),
  [`${COMMON}.FaultRateLimit.FixedLimit`]: fields('limit_kbps'),
  [`${COMMON}.FaultRateLimit.HeaderLimit`]: {},
};
