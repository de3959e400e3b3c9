import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { HeaderMutation as EarlyMutationMessage } from '../../../api/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { compileSingleMutation, mutateInOrder } from '../../../http/header-mutation.ts';
import type { HeaderMutation } from '../../../http/route/route.ts';

/** envoy.http.early_header_mutation.header_mutation: changes a request's headers before anything is decided by them. */
export const earlyHeaderMutationExtension: Extension<EarlyMutationMessage, HeaderMutation | undefined> = {
  name: 'envoy.http.early_header_mutation.header_mutation',
  category: 'envoy.http.early_header_mutation',
  configType: 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
  compile(message, at, context) {
    return mutateInOrder(message.mutations.map((mutation, index) => compileSingleMutation(mutation, at.field('mutations').index(index), context)));
  },
};

/** Undefined when the configuration has none. */
export function compileEarlyMutation(message: ManagerMessage, at: ConfigPath, context: CompileContext): HeaderMutation | undefined {
  return mutateInOrder(
    message.earlyHeaderMutationExtensions.map(({ name, typedConfig }, index) => {
      const entryAt = at.field('early_header_mutation_extensions').index(index);
      const resolved = context.resolve('envoy.http.early_header_mutation', name, typedConfig, entryAt, false);
      return resolved?.extension.compile(resolved.config, entryAt.field('typed_config'), context) as HeaderMutation | undefined;
    }),
  );
}
