import { fields, type SupportTable } from '../../../config/support.ts';

export const grpcStatsSupport: SupportTable = {
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig': fields(`emit_filter_state individual_method_stats_allowlist stats_for_all_methods
    enable_upstream_stats replace_dots_in_grpc_service_name`),
  'envoy.config.core.v3.GrpcMethodList': fields('services'),
  'envoy.config.core.v3.GrpcMethodList.Service': fields('name method_names'),
};
