import type { HeaderMutation as MutationMessage } from '../../../api/generated/envoy/config/common/mutation_rules/v3.ts';
import type { Mutations as MutationsMessage } from '../../../api/generated/envoy/extensions/filters/http/header_mutation/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { withFormatters } from '../../../http/format/formatters.ts';
import { compileSingleMutation } from '../../../http/header-mutation.ts';
import type { HeaderMutation } from '../../../http/route/route.ts';
import { compileQueryMutations, type QueryMutations } from './query-mutations.ts';

/** envoy.extensions.filters.http.header_mutation.v3.Mutations, compiled. Each is applied to what those before it left. */
export interface Mutations {
  readonly request: readonly HeaderMutation[];
  readonly requestTrailers: readonly HeaderMutation[];
  readonly response: readonly HeaderMutation[];
  readonly responseTrailers: readonly HeaderMutation[];
  readonly query: QueryMutations | undefined;
}

export function compileMutations(message: MutationsMessage | undefined, at: ConfigPath, outside: CompileContext): Mutations {
  const context = withFormatters(message?.formatters ?? [], at.field('formatters'), outside);
  const list = (messages: readonly MutationMessage[] = [], field: string): HeaderMutation[] =>
    messages.map((one, index) => compileSingleMutation(one, at.field(field).index(index), context)).filter((one) => one !== undefined);
  return {
    request: list(message?.requestMutations, 'request_mutations'),
    requestTrailers: list(message?.requestTrailersMutations, 'request_trailers_mutations'),
    response: list(message?.responseMutations, 'response_mutations'),
    responseTrailers: list(message?.responseTrailersMutations, 'response_trailers_mutations'),
    query: compileQueryMutations(message?.queryParameterMutations ?? [], at.field('query_parameter_mutations'), context),
  };
}
