/**
 * Envoy's generic matcher (`xds.type.matcher.v3.Matcher`), compiled. `Data` is what inputs read, `Action` what a consumer's actions compile to.
 * Stateless: one tree serves all requests or connections of a thread.
 */

/** What an input reads is not there yet, so that nothing can be said. */
export const UNDECIDED = Symbol('undecided');

/** A tree, a branch of one, or the action at its end. */
export interface MatchTree<Data, Action> {
  /** Undefined: nothing matches. */
  match(data: Data): Action | undefined | typeof UNDECIDED;
}

/** A condition of a list. */
export interface Predicate<Data> {
  /** Undefined: it cannot be told yet. */
  test(data: Data): boolean | undefined;
}

/**
 * What an input gives. `text`: wire text, which nearly all matchers take. Others are named as the matcher that takes them expects; a text matcher
 * finds nothing in `metadata`.
 */
export type InputKind = 'text' | 'metadata' | 'attributes';

/** Reads one value. */
export interface MatchInput<Data> {
  readonly kind: InputKind;
  /** Undefined: there is none. UNDECIDED: not yet. */
  get(data: Data): unknown;
}

/** An input of the kind `text`. */
export interface TextInput<Data> extends MatchInput<Data> {
  readonly kind: 'text';
  get(data: Data): string | undefined | typeof UNDECIDED;
}

/** Judges a value that an input of the same kind gave; undefined when there is none. */
export interface InputMatcher {
  readonly kind: InputKind;
  /** Undefined: it cannot be told yet. */
  matches(value: unknown): boolean | undefined;
}

/** Nothing matches where there is no text. */
export function textInputMatcher(matches: (text: string) => boolean): InputMatcher {
  return { kind: 'text', matches: (value) => value !== undefined && matches(value as string) };
}

export class ActionLeaf<Data, Action> implements MatchTree<Data, Action> {
  readonly #action: Action;

  constructor(action: Action) {
    this.#action = action;
  }

  match(): Action {
    return this.#action;
  }
}

/** `keep_matching`: what matches below counts as if it did not. */
export class SkippedMatch<Data, Action> implements MatchTree<Data, Action> {
  readonly #inner: MatchTree<Data, Action>;

  constructor(inner: MatchTree<Data, Action>) {
    this.#inner = inner;
  }

  match(data: Data): undefined | typeof UNDECIDED {
    return this.#inner.match(data) === UNDECIDED ? UNDECIDED : undefined;
  }
}

/** A branch of a list. */
export interface ListBranch<Data, Action> {
  readonly predicate: Predicate<Data>;
  readonly onMatch: MatchTree<Data, Action>;
}

/** The first branch whose predicate holds and below which something matches. */
export class ListTree<Data, Action> implements MatchTree<Data, Action> {
  readonly #branches: readonly ListBranch<Data, Action>[];
  readonly #onNoMatch: MatchTree<Data, Action> | undefined;

  constructor(branches: readonly ListBranch<Data, Action>[], onNoMatch: MatchTree<Data, Action> | undefined) {
    this.#branches = branches;
    this.#onNoMatch = onNoMatch;
  }

  match(data: Data): Action | undefined | typeof UNDECIDED {
    for (const { predicate, onMatch } of this.#branches) {
      const holds = predicate.test(data);
      if (holds === undefined) return UNDECIDED;
      if (!holds) continue;
      const found = onMatch.match(data);
      if (found !== undefined) return found;
    }
    return this.#onNoMatch?.match(data);
  }
}

/** Which branches a value asks for, the best first. */
export interface BranchIndex<Data, Action> {
  /** What the first of them that has a match has found. */
  match(value: string, data: Data): Action | undefined | typeof UNDECIDED;
}

/** A tree over the text of one input. */
export class IndexTree<Data, Action> implements MatchTree<Data, Action> {
  readonly #input: MatchInput<Data>;
  readonly #branches: BranchIndex<Data, Action>;
  readonly #onNoMatch: MatchTree<Data, Action> | undefined;

  constructor(input: MatchInput<Data>, branches: BranchIndex<Data, Action>, onNoMatch: MatchTree<Data, Action> | undefined) {
    this.#input = input;
    this.#branches = branches;
    this.#onNoMatch = onNoMatch;
  }

  match(data: Data): Action | undefined | typeof UNDECIDED {
    const value = this.#input.get(data);
    if (value === UNDECIDED) return UNDECIDED;
    const found = this.#input.kind === 'text' && value !== undefined ? this.#branches.match(value as string, data) : undefined;
    return found === undefined ? this.#onNoMatch?.match(data) : found;
  }
}

export class ExactIndex<Data, Action> implements BranchIndex<Data, Action> {
  readonly #branches: ReadonlyMap<string, MatchTree<Data, Action>>;

  constructor(branches: ReadonlyMap<string, MatchTree<Data, Action>>) {
    this.#branches = branches;
  }

  match(value: string, data: Data): Action | undefined | typeof UNDECIDED {
    return this.#branches.get(value)?.match(data);
  }
}

/** The longest prefix first; a shorter one where nothing matches below it. */
export class PrefixIndex<Data, Action> implements BranchIndex<Data, Action> {
  readonly #branches: ReadonlyMap<string, MatchTree<Data, Action>>;
  /** Longest first. */
  readonly #lengths: readonly number[];

  constructor(branches: ReadonlyMap<string, MatchTree<Data, Action>>) {
    this.#branches = branches;
    this.#lengths = [...new Set([...branches.keys()].map((prefix) => prefix.length))].sort((a, b) => b - a);
  }

  match(value: string, data: Data): Action | undefined | typeof UNDECIDED {
    for (const length of this.#lengths) {
      if (length > value.length) continue;
      const found = this.#branches.get(value.substring(0, length))?.match(data);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
