import { fields, type SupportTable } from '../../../config/support.ts';

export const healthCheckSupport: SupportTable = {
  'envoy.extensions.filters.http.health_check.v3.HealthCheck': fields('pass_through_mode cache_time cluster_min_healthy_percentages headers'),
  'envoy.type.v3.Percent': fields('value'),
};
