import type { FilterPlan, Json } from '../plan.ts';

const FILTERS = 'type.googleapis.com/envoy.extensions.filters.http';
const GZIP = 'type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip';

/** Eight filters that have nothing to do for the benchmark's request. */
export const IDLE_FILTERS: readonly FilterPlan[] = [
  filter('health_check', 'HealthCheck', { pass_through_mode: false, headers: [{ name: ':path', string_match: { exact: '/healthz' } }] }),
  filter('fault', 'HTTPFault', {}),
  filter('cors', 'Cors', {}),
  filter('header_mutation', 'HeaderMutation', {}),
  filter('rbac', 'RBAC', {}),
  filter('buffer', 'Buffer', { max_request_bytes: 65_536 }),
  filter('grpc_web', 'GrpcWeb', {}),
  filter('compressor', 'Compressor', { compressor_library: { name: 'gzip', typed_config: { '@type': GZIP } }, runtime_enabled: { default_value: false, runtime_key: 'off' } }),
];

/** gzip with Envoy's defaults. */
export const GZIP_FILTER: readonly FilterPlan[] = [
  filter('compressor', 'Compressor', { compressor_library: { name: 'gzip', typed_config: { '@type': GZIP } } }),
];

function filter(name: string, message: string, fields: { readonly [field: string]: Json }): FilterPlan {
  return { name: `envoy.filters.http.${name}`, typed_config: { '@type': `${FILTERS}.${name}.v3.${message}`, ...fields } };
}
