import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
} from '../api/generated/envoy/config/core/v3.ts';
import type { HeaderMutation as MutationMessage } from '../api/generated/envoy/config/common/mutation_rules/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { compileFormat, type Format } from './format/format.ts';
import type { HeaderMap } from './header-map.ts';
import { headerName, type HeaderName } from './header-name.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from './inline-headers.ts';
import { compileStringMatcher, type StringMatcher } from './matcher/string-matcher.ts';
import type { HeaderMutation, HeaderMutationContext } from './route/route.ts';

/** `headers_to_add` and `headers_to_remove` of one level, and where they stand. */
export interface HeaderMutationFields {
  readonly add: readonly HeaderValueOption[];
  readonly addAt: ConfigPath;
  readonly remove: readonly string[];
  readonly removeAt: ConfigPath;
}

/** Undefined when there is nothing to do, or nothing valid. */
export function compileHeaderMutation(fields: HeaderMutationFields, context: CompileContext): HeaderMutation | undefined {
  const removals: HeaderName[] = [];
  fields.remove.forEach((text, index) => {
    const name = compileRemoval(text, fields.removeAt.index(index), context);
    if (name !== undefined) removals.push(name);
  });
  const additions: Addition[] = [];
  fields.add.forEach((option, index) => {
    const addition = compileAddition(option, fields.addAt.index(index), context);
    if (addition !== undefined) additions.push(addition);
  });
  return removals.length === 0 && additions.length === 0 ? undefined : new LevelMutation(removals, additions);
}

/** Undefined when it is nothing valid. */
export function compileSingleMutation({ action }: MutationMessage, at: ConfigPath, context: CompileContext): HeaderMutation | undefined {
  switch (action.case) {
    case 'append': {
      const addition = compileAddition(action.value, at.field('append'), context);
      return addition && new LevelMutation([], [addition]);
    }
    case 'remove': {
      const name = compileRemoval(action.value, at.field('remove'), context);
      return name && new LevelMutation([name], []);
    }
    case 'removeOnMatch': {
      const { keyMatcher } = action.value;
      const matcher = keyMatcher && compileStringMatcher(keyMatcher, at.field('remove_on_match').field('key_matcher'), context);
      return matcher && new RemovalByName(matcher);
    }
    default:
      return undefined;
  }
}

/** One mutation after the other; what a later one sets wins. */
export function mutateInOrder(mutations: readonly (HeaderMutation | undefined)[]): HeaderMutation | undefined {
  const present = mutations.filter((mutation) => mutation !== undefined);
  return present.length <= 1 ? present[0] : new MutationSequence(present);
}

interface Addition {
  readonly name: HeaderName;
  readonly value: Format;
  readonly action: AppendAction;
  readonly keepEmptyValue: boolean;
}

function compileRemoval(name: string, at: ConfigPath, context: CompileContext): HeaderName | undefined {
  if (!isHostOrPseudo(name)) return headerName(name);
  context.error(at, ':-prefixed or host headers may not be removed');
  return undefined;
}

function compileAddition(option: HeaderValueOption, at: ConfigPath, context: CompileContext): Addition | undefined {
  const { header } = option;
  if (header === undefined) return undefined;
  if (isHostOrPseudo(header.key)) {
    context.error(at.field('header').field('key'), ':-prefixed or host headers may not be modified');
    return undefined;
  }
  if (header.rawValue.length > 0) context.warning(at.field('header').field('raw_value'), 'raw_value is not read here, only value is');
  const value = compileFormat(header.value, at.field('header').field('value'), context);
  if (value === undefined) return undefined;
  return { name: headerName(header.key), value, action: appendAction(option, at, context), keepEmptyValue: option.keepEmptyValue };
}

function appendAction(option: HeaderValueOption, at: ConfigPath, context: CompileContext): AppendAction {
  if (option.append === undefined) return option.appendAction;
  if (option.appendAction !== AppendAction.APPEND_IF_EXISTS_OR_ADD) {
    context.error(at.field('append'), "Both append and append_action are set and it's not allowed");
  }
  return option.append ? AppendAction.APPEND_IF_EXISTS_OR_ADD : AppendAction.OVERWRITE_IF_EXISTS_OR_ADD;
}

/** Pseudo-headers and the host are changed by rewrites only. */
function isHostOrPseudo(name: string): boolean {
  return name.startsWith(':') || name.toLowerCase() === 'host';
}

/**
 * What one level does: removals first; then all values are made from the headers as they are; then overwrites, then additions
 * (Envoy's `HeaderParser`).
 */
class LevelMutation implements HeaderMutation {
  readonly #removals: readonly HeaderName[];
  readonly #additions: readonly Addition[];
  /** The values of one call; calls do not nest. */
  readonly #values: (string | undefined)[];

  constructor(removals: readonly HeaderName[], additions: readonly Addition[]) {
    this.#removals = removals;
    this.#additions = additions;
    this.#values = additions.map(() => undefined);
  }

  apply(headers: HeaderMap, context: HeaderMutationContext): void {
    for (const name of this.#removals) headers.remove(name);
    const additions = this.#additions;
    const values = this.#values;
    for (let at = 0; at < additions.length; at++) values[at] = valueToAdd(additions[at], headers, context);
    for (let at = 0; at < additions.length; at++) {
      const value = values[at];
      if (value !== undefined && overwrites(additions[at])) replace(headers, additions[at].name, value);
    }
    for (let at = 0; at < additions.length; at++) {
      const value = values[at];
      if (value !== undefined && !overwrites(additions[at])) append(headers, additions[at].name, value);
      values[at] = undefined;
    }
  }
}

function valueToAdd(addition: Addition, headers: HeaderMap, context: HeaderMutationContext): string | undefined {
  if (addition.action === AppendAction.ADD_IF_ABSENT && headers.has(addition.name)) return undefined;
  if (addition.action === AppendAction.OVERWRITE_IF_EXISTS && !headers.has(addition.name)) return undefined;
  const value = addition.value.format(context);
  return value === '' && !addition.keepEmptyValue ? undefined : value;
}

function overwrites(addition: Addition): boolean {
  return addition.action === AppendAction.OVERWRITE_IF_EXISTS_OR_ADD || addition.action === AppendAction.OVERWRITE_IF_EXISTS;
}

/** The new line stands last, where Envoy puts it. */
function replace(headers: HeaderMap, name: HeaderName, value: string): void {
  headers.remove(name);
  headers.add(name, value);
}

function append(headers: HeaderMap, name: HeaderName, value: string): void {
  const inline = headers.status === 0 ? INLINE_REQUEST_HEADERS : INLINE_RESPONSE_HEADERS;
  const present = inline.has(name) ? headers.get(name) : undefined;
  if (present === undefined) headers.add(name, value);
  else if (value !== '') headers.set(name, present === '' ? value : `${present},${value}`);
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

class MutationSequence implements HeaderMutation {
  readonly #mutations: readonly HeaderMutation[];

  constructor(mutations: readonly HeaderMutation[]) {
    this.#mutations = mutations;
  }

  apply(headers: HeaderMap, context: HeaderMutationContext): void {
    for (const mutation of this.#mutations) mutation.apply(headers, context);
  }
}
