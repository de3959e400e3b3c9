import type { HeaderMutation as MutationMessage } from '../../../api/generated/envoy/config/common/mutation_rules/v3.ts';
import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { HeaderMutation as EarlyMutationMessage } from '../../../api/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { compileHeaderMutation, mutateInOrder } from '../../../http/header-mutation.ts';
import { compileStringMatcher, type StringMatcher } from '../../../http/matcher/string-matcher.ts';
import type { HeaderMutation } from '../../../http/route/route.ts';

/** envoy.http.early_header_mutation.header_mutation: changes a request's headers before anything is decided by them. */
export const earlyHeaderMutationExtension: Extension<EarlyMutationMessage, HeaderMutation | undefined> = {
  name: 'envoy.http.early_header_mutation.header_mutation',
  category: 'envoy.http.early_header_mutation',
  configType: 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
  compile(message, at, context) {
    return mutateInOrder(message.mutations.map((mutation, index) => compileMutation(mutation, at.field('mutations').index(index), context)));
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

function compileMutation({ action }: MutationMessage, at: ConfigPath, context: CompileContext): HeaderMutation | undefined {
  switch (action.case) {
    case 'append':
      return compileHeaderMutation({ add: [action.value], addAt: at.field('append'), remove: [], removeAt: at }, context);
    case 'remove':
      return compileHeaderMutation({ add: [], addAt: at, remove: [action.value], removeAt: at.field('remove') }, context);
    case 'removeOnMatch': {
      const { keyMatcher } = action.value;
      const matcher = keyMatcher && compileStringMatcher(keyMatcher, at.field('remove_on_match').field('key_matcher'), context);
      return matcher && new RemovalByName(matcher);
    }
    default:
      return undefined;
  }
}

class RemovalByName implements HeaderMutation {
  readonly #matcher: StringMatcher;

  constructor(matcher: StringMatcher) {
    this.#matcher = matcher;
  }

  apply(headers: HeaderMap): void {
    const names = new Set<string>();
    headers.forEach((name) => {
      if (this.#matcher.matches(name)) names.add(name);
    });
    for (const name of names) headers.removeText(name);
  }
}
