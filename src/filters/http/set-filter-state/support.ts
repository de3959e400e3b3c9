import { fields, ignored, type SupportTable } from '../../../config/support.ts';

export const setFilterStateSupport: SupportTable = {
  'envoy.extensions.filters.http.set_filter_state.v3.Config': fields('on_request_headers clear_route_cache'),
  'envoy.extensions.filters.common.set_filter_state.v3.FilterStateValue': {
    ...fields('object_key factory_key format_string skip_if_empty shared_with_upstream'),
    read_only: ignored('a later value wins'),
  },
};
