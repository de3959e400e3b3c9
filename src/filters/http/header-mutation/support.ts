import { fields, type SupportTable } from '../../../config/support.ts';

const PACKAGE = 'envoy.extensions.filters.http.header_mutation.v3';

export const headerMutationSupport: SupportTable = {
  [`${PACKAGE}.HeaderMutation`]: fields('mutations most_specific_header_mutations_wins'),
  [`${PACKAGE}.HeaderMutationPerRoute`]: fields('mutations'),
  [`${PACKAGE}.Mutations`]: fields(`request_mutations query_parameter_mutations response_mutations response_trailers_mutations request_trailers_mutations
    formatters`),
  'envoy.config.common.mutation_rules.v3.HeaderMutation': fields('remove append remove_on_match'),
  'envoy.config.common.mutation_rules.v3.HeaderMutation.RemoveOnMatch': fields('key_matcher'),
  'envoy.config.core.v3.KeyValueMutation': fields('append remove'),
  'envoy.config.core.v3.KeyValueAppend': fields('record entry action'),
  'envoy.config.core.v3.KeyValuePair': fields('key value'),
  'envoy.config.core.v3.KeyValue': fields('key value'),
};
