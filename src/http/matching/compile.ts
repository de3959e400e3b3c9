import type * as common from '../../api/generated/envoy/config/common/matcher/v3.ts';
import type * as xds from '../../api/generated/xds/type/matcher/v3.ts';
import { type AnyMessage, type Category, type CompileContext, serviceKey } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { compileStringMatcher } from '../matcher/string-matcher.ts';
import { ActionLeaf, type BranchIndex, ExactIndex, IndexTree, type InputMatcher, ListTree, type MatchInput, type MatchTree, PrefixIndex, type Predicate, SkippedMatch, textInputMatcher } from './match-tree.ts';
import { AndPredicate, NotPredicate, OrPredicate, SinglePredicate } from './predicates.ts';

/** A field of Envoy's API that holds a matcher: what may stand in its tree. */
export interface MatchingSite {
  /** Inputs that depend on what is matched; the common inputs may stand everywhere. */
  readonly inputs: Category;
  readonly customMatchers: Category;
  readonly actions: Category;
  /** Full proto names; absent: all of the category. */
  readonly actionTypes?: ReadonlySet<string>;
  /** Why an input may not stand here, by the full name of its configuration. */
  refusedInput?(typeName: string): string | undefined;
  /** `keep_matching` may be set. */
  readonly keepMatching?: boolean;
}

/** Both messages have one shape. */
type Matcher = xds.Matcher | common.Matcher;
type OnMatchMessage = xds.Matcher_OnMatch | common.Matcher_OnMatch;
type PredicateMessage = xds.Matcher_MatcherList_Predicate | common.Matcher_MatcherList_Predicate;
type TreeMessage = xds.Matcher_MatcherTree | common.Matcher_MatcherTree;

interface ExtensionConfig {
  readonly name: string;
  readonly typedConfig?: AnyMessage;
}

/** Undefined after reporting what is wrong. Only trees that `site` allows are compiled, so `Data` and `Action` are what its inputs read and its actions compile to. */
export function compileMatchTree<Data, Action>(message: Matcher, at: ConfigPath, context: CompileContext, site: MatchingSite): MatchTree<Data, Action> | undefined {
  return new TreeCompiler<Data, Action>(site, context).tree(message, at);
}

/** What an extension of the category `envoy.matching.*.custom_matchers` builds its index of. */
export interface CustomIndexParts<Data, Action> {
  /** Undefined after reporting what is wrong. */
  onMatch(message: OnMatchMessage | undefined, at: ConfigPath): MatchTree<Data, Action> | undefined;
}

/** Where such an extension finds them. */
export const CUSTOM_INDEX_PARTS = serviceKey<CustomIndexParts<never, unknown>>('matcher branches');

class TreeCompiler<Data, Action> implements CustomIndexParts<Data, Action> {
  readonly #site: MatchingSite;
  readonly #context: CompileContext;

  constructor(site: MatchingSite, context: CompileContext) {
    this.#site = site;
    this.#context = context;
  }

  tree({ matcherType, onNoMatch }: Matcher, at: ConfigPath): MatchTree<Data, Action> | undefined {
    const otherwise = this.onMatch(onNoMatch, at.field('on_no_match'));
    switch (matcherType.case) {
      case 'matcherList':
        return this.#list(matcherType.value, at.field('matcher_list').field('matchers'), otherwise);
      case 'matcherTree':
        return this.#index(matcherType.value, at.field('matcher_tree'), otherwise);
      default:
        return new ListTree<Data, Action>([], otherwise);
    }
  }

  onMatch(message: OnMatchMessage | undefined, at: ConfigPath): MatchTree<Data, Action> | undefined {
    if (message === undefined) return undefined;
    const { onMatch, keepMatching } = message;
    if (keepMatching && this.#site.keepMatching !== true) this.#context.error(at.field('keep_matching'), 'keep_matching is not supported in this context; leave it out');
    let found: MatchTree<Data, Action> | undefined;
    if (onMatch.case === 'matcher') found = this.tree(onMatch.value, at.field('matcher'));
    else if (onMatch.case === 'action') found = this.#action(onMatch.value, at.field('action'));
    return found && keepMatching ? new SkippedMatch(found) : found;
  }

  #action(message: ExtensionConfig, at: ConfigPath): MatchTree<Data, Action> | undefined {
    const { actions, actionTypes } = this.#site;
    const resolved = this.#context.resolve(actions, message.name, message.typedConfig, at, false);
    if (resolved === undefined) return undefined;
    const { configType } = resolved.extension;
    if (actionTypes?.has(configType) === false) {
      this.#context.error(at.field('typed_config'), `Didn't find a registered implementation for '${message.name}' with type URL: '${configType}'`);
      return undefined;
    }
    return new ActionLeaf(resolved.extension.compile(resolved.config, at.field('typed_config'), this.#context) as Action);
  }

  #list({ matchers }: { readonly matchers: (xds.Matcher_MatcherList_FieldMatcher | common.Matcher_MatcherList_FieldMatcher)[] }, at: ConfigPath, otherwise: MatchTree<Data, Action> | undefined): MatchTree<Data, Action> {
    const branches = matchers.map((matcher, index) => {
      const branchAt = at.index(index);
      const predicate = matcher.predicate && this.#predicate(matcher.predicate, branchAt.field('predicate'));
      const onMatch = this.onMatch(matcher.onMatch, branchAt.field('on_match'));
      return predicate && onMatch && { predicate, onMatch };
    });
    return new ListTree(branches.filter((branch) => branch !== undefined), otherwise);
  }

  #predicate({ matchType }: PredicateMessage, at: ConfigPath): Predicate<Data> | undefined {
    switch (matchType.case) {
      case 'singlePredicate':
        return this.#single(matchType.value, at.field('single_predicate'));
      case 'orMatcher':
        return new OrPredicate(this.#predicates(matchType.value.predicate, at.field('or_matcher').field('predicate')));
      case 'andMatcher':
        return new AndPredicate(this.#predicates(matchType.value.predicate, at.field('and_matcher').field('predicate')));
      case 'notMatcher': {
        const predicate = this.#predicate(matchType.value, at.field('not_matcher'));
        return predicate && new NotPredicate(predicate);
      }
      default:
        return undefined;
    }
  }

  #predicates(messages: readonly PredicateMessage[], at: ConfigPath): Predicate<Data>[] {
    return messages.map((message, index) => this.#predicate(message, at.index(index))).filter((predicate) => predicate !== undefined);
  }

  #single({ input: inputMessage, matcher }: xds.Matcher_MatcherList_Predicate_SinglePredicate | common.Matcher_MatcherList_Predicate_SinglePredicate, at: ConfigPath): Predicate<Data> | undefined {
    const input = this.#input(inputMessage, at.field('input'));
    let inputMatcher: InputMatcher | undefined;
    if (matcher.case === 'valueMatch') {
      const text = compileStringMatcher(matcher.value, at.field('value_match'), this.#context);
      inputMatcher = text && textInputMatcher((value) => text.matches(value));
    } else if (matcher.case === 'customMatch') {
      inputMatcher = this.#extension<InputMatcher>('envoy.matching.input_matchers', matcher.value, at.field('custom_match'), this.#context);
    }
    if (input === undefined || inputMatcher === undefined) return undefined;
    if (typeOf(input) !== typeOf(inputMatcher)) this.#context.error(at.field('input'), `Unsupported data input type: ${typeOf(input)}`);
    return new SinglePredicate(input, inputMatcher);
  }

  #input(message: ExtensionConfig | undefined, at: ConfigPath): MatchInput<Data> | undefined {
    if (message === undefined) return undefined;
    const { name, typedConfig } = message;
    const own = this.#context.resolve(this.#site.inputs, name, typedConfig, at, true);
    const resolved = own ?? this.#context.resolve('envoy.matching.common_inputs', name, typedConfig, at, false);
    if (resolved === undefined) return undefined;
    const refusal = own && this.#site.refusedInput?.(own.extension.configType);
    if (refusal !== undefined) this.#context.error(at.field('typed_config'), refusal);
    return resolved.extension.compile(resolved.config, at.field('typed_config'), this.#context) as MatchInput<Data>;
  }

  #index({ input: inputMessage, treeType }: TreeMessage, at: ConfigPath, otherwise: MatchTree<Data, Action> | undefined): MatchTree<Data, Action> | undefined {
    const input = this.#input(inputMessage, at.field('input'));
    let index: BranchIndex<Data, Action> | undefined;
    if (treeType.case === 'exactMatchMap') {
      index = new ExactIndex(this.#branches(treeType.value.map, at.field('exact_match_map').field('map')));
    } else if (treeType.case === 'prefixMatchMap') {
      index = new PrefixIndex(this.#branches(treeType.value.map, at.field('prefix_match_map').field('map')));
    } else if (treeType.case === 'customMatch') {
      const inside = this.#context.with(CUSTOM_INDEX_PARTS, this as CustomIndexParts<never, unknown>);
      index = this.#extension(this.#site.customMatchers, treeType.value, at.field('custom_match'), inside);
    }
    if (input === undefined || index === undefined) return undefined;
    if (typeOf(input) !== STRING) this.#context.error(at.field('input'), `Unsupported data input type: ${typeOf(input)}, currently only string type is supported in map matcher`);
    return new IndexTree(input, index, otherwise);
  }

  #branches(map: Readonly<Record<string, OnMatchMessage>>, at: ConfigPath): ReadonlyMap<string, MatchTree<Data, Action>> {
    const branches = new Map<string, MatchTree<Data, Action>>();
    for (const [key, message] of Object.entries(map)) {
      const branch = this.onMatch(message, at.key(key));
      if (branch !== undefined) branches.set(wireText(key), branch);
    }
    return branches;
  }

  #extension<Compiled>(category: Category, { name, typedConfig }: ExtensionConfig, at: ConfigPath, context: CompileContext): Compiled | undefined {
    const resolved = context.resolve(category, name, typedConfig, at, false);
    return resolved && (resolved.extension.compile(resolved.config, at.field('typed_config'), context) as Compiled | undefined);
  }
}

/** Envoy's names of types: metadata go as strings there, in which string matchers find nothing. */
function typeOf({ kind }: MatchInput<never> | InputMatcher): string {
  return kind === 'attributes' ? 'cel_data_input' : STRING;
}

const STRING = 'string';
