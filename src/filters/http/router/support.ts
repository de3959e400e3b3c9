import { fields, only, type SupportTable } from '../../../config/support.ts';

export const routerSupport: SupportTable = {
  'envoy.extensions.filters.http.router.v3.Router': {
    ...fields('suppress_envoy_headers respect_expected_rq_timeout'),
    dynamic_stats: only([true]),
  },
};
