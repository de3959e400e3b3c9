import { fields, type SupportTable } from '../../../config/support.ts';

export const corsSupport: SupportTable = {
  'envoy.extensions.filters.http.cors.v3.Cors': {},
  'envoy.extensions.filters.http.cors.v3.CorsPolicy': fields(`allow_origin_string_match allow_methods allow_headers expose_headers max_age
    allow_credentials filter_enabled shadow_enabled allow_private_network_access forward_not_matching_preflights`),
};
