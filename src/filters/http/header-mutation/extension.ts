import type { HeaderMutation as FilterMessage, HeaderMutationPerRoute } from '../../../api/generated/envoy/extensions/filters/http/header_mutation/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { HeaderMutationFilter } from './header-mutation.ts';
import { compileMutations } from './mutations.ts';

export const headerMutationExtension: Extension<FilterMessage, HttpFilter> = {
  name: 'envoy.filters.http.header_mutation',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  routeConfigType: 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute',
  compile: (config, at, context) =>
    new HeaderMutationFilter(compileMutations(config.mutations, at.field('mutations'), context), config.mostSpecificHeaderMutationsWins),
  compileRoute: (config: HeaderMutationPerRoute, at, context) => compileMutations(config.mutations, at.field('mutations'), context),
};
