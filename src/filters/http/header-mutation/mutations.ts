import { HeaderValueOption_HeaderAppendAction as AppendAction, type HeaderValueOption } from '../../../api/generated/envoy/config/core/v3.ts';
import type { HeaderMutation as MutationMessage } from '../../../api/generated/envoy/config/common/mutation_rules/v3.ts';
import type { Mutations as MutationsMessage } from '../../../api/generated/envoy/extensions/filters/http/header_mutation/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { compileFormat, type Format } from '../../../http/format/format.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from '../../../http/inline-headers.ts';
import { headerName, type HeaderName } from '../../../http/header-name.ts';
import { compileStringMatcher, type StringMatcher } from '../../../http/matcher/string-matcher.ts';
import type { HeaderMutation, HeaderMutationContext } from '../../../http/route/route.ts';
import { compileQueryMutations, type QueryMutations } from './query-mutations.ts';

/** envoy.extensions.filters.http.header_mutation.v3.Mutations, compiled. Each is applied to what those before it left. */
export interface Mutations {
  readonly request: readonly HeaderMutation[];
  readonly requestTrailers: readonly HeaderMutation[];
  readonly response: readonly HeaderMutation[];
  readonly responseTrailers: readonly HeaderMutation[];
  readonly query: QueryMutations | undefined;
}

export function compileMutations(message: MutationsMessage | undefined, at: ConfigPath, context: CompileContext): Mutations {
  const list = (messages: readonly MutationMessage[] = [], field: string): HeaderMutation[] =>
    messages.map((one, index) => compileMutation(one, at.field(field).index(index), context)).filter((one) => one !== undefined);
  return {
    request: list(message?.requestMutations, 'request_mutations'),
    requestTrailers: list(message?.requestTrailersMutations, 'request_trailers_mutations'),
    response: list(message?.responseMutations, 'response_mutations'),
    responseTrailers: list(message?.responseTrailersMutations, 'response_trailers_mutations'),
    query: compileQueryMutations(message?.queryParameterMutations ?? [], at.field('query_parameter_mutations'), context),
  };
}

function compileMutation({ action }: MutationMessage, at: ConfigPath, context: CompileContext): HeaderMutation | undefined {
  switch (action.case) {
    case 'remove':
      if (!isHostOrPseudo(action.value)) return new Removal(headerName(action.value));
      context.error(at.field('remove'), ':-prefixed or host headers may not be removed');
      return undefined;
    case 'append':
      return compileAppend(action.value, at.field('append'), context);
    case 'removeOnMatch': {
      const { keyMatcher } = action.value;
      const matcher = keyMatcher && compileStringMatcher(keyMatcher, at.field('remove_on_match').field('key_matcher'), context);
      return matcher && new MatchRemoval(matcher);
    }
    default:
      return undefined;
  }
}

function compileAppend(option: HeaderValueOption, at: ConfigPath, context: CompileContext): HeaderMutation | undefined {
  const { header } = option;
  if (header === undefined) return undefined;
  if (isHostOrPseudo(header.key)) {
    context.error(at.field('header').field('key'), ':-prefixed or host headers may not be modified');
    return undefined;
  }
  const value = compileFormat(header.value, at.field('header').field('value'), context);
  if (value === undefined) return undefined;
  let action = option.appendAction;
  if (option.append !== undefined) {
    if (action !== AppendAction.APPEND_IF_EXISTS_OR_ADD) context.error(at.field('append'), "Both append and append_action are set and it's not allowed");
    action = option.append ? AppendAction.APPEND_IF_EXISTS_OR_ADD : AppendAction.OVERWRITE_IF_EXISTS_OR_ADD;
  }
  return new Addition({ name: headerName(header.key), value, action, keepEmptyValue: option.keepEmptyValue });
}

function setLast(headers: HeaderMap, name: HeaderName, value: string): void {
  headers.remove(name);
  headers.add(name, value);
}

function append(headers: HeaderMap, name: HeaderName, value: string): void {
  const inline = headers.status === 0 ? INLINE_REQUEST_HEADERS : INLINE_RESPONSE_HEADERS;
  const present = inline.has(name) ? headers.get(name) : undefined;
  if (present === undefined) headers.add(name, value);
  else headers.set(name, `${present},${value}`);
}

function isHostOrPseudo(name: string): boolean {
  return name.startsWith(':') || name.toLowerCase() === 'host';
}

class Removal implements HeaderMutation {
  readonly #name: HeaderName;

  constructor(name: HeaderName) {
    this.#name = name;
  }

  apply(headers: HeaderMap): void {
    headers.remove(this.#name);
  }
}

class MatchRemoval implements HeaderMutation {
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

interface AdditionOptions {
  readonly name: HeaderName;
  readonly value: Format;
  readonly action: AppendAction;
  readonly keepEmptyValue: boolean;
}

class Addition implements HeaderMutation {
  readonly #options: AdditionOptions;

  constructor(options: AdditionOptions) {
    this.#options = options;
  }

  apply(headers: HeaderMap, context: HeaderMutationContext): void {
    const { name, action, keepEmptyValue } = this.#options;
    const value = this.#options.value.format(context);
    if (value === '' && !keepEmptyValue) return;
    const present = action === AppendAction.APPEND_IF_EXISTS_OR_ADD || headers.has(name);
    switch (action) {
      case AppendAction.APPEND_IF_EXISTS_OR_ADD:
        append(headers, name, value);
        break;
      case AppendAction.ADD_IF_ABSENT:
        if (!present) append(headers, name, value);
        break;
      case AppendAction.OVERWRITE_IF_EXISTS:
        if (present) setLast(headers, name, value);
        break;
      default:
        setLast(headers, name, value);
    }
  }
}
