import type { Config } from '../../../api/generated/envoy/extensions/filters/http/set_filter_state/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { compileFilterState, SetFilterState } from './set-filter-state.ts';

const TYPE = 'envoy.extensions.filters.http.set_filter_state.v3.Config';

export const setFilterStateExtension: Extension<Config, HttpFilter> = {
  name: 'envoy.filters.http.set_filter_state',
  category: 'envoy.filters.http',
  configType: TYPE,
  routeConfigType: TYPE,
  compile: (config, at, context) => new SetFilterState(compileFilterState(config, at, context)),
  compileRoute: (config: Config, at, context) => compileFilterState(config, at, context),
};
