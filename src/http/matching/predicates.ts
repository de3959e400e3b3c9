import { type InputMatcher, type MatchInput, type Predicate, UNDECIDED } from './match-tree.ts';

/** One value of one input. */
export class SinglePredicate<Data> implements Predicate<Data> {
  readonly #input: MatchInput<Data>;
  readonly #matcher: InputMatcher;
  readonly #suits: boolean;

  constructor(input: MatchInput<Data>, matcher: InputMatcher) {
    this.#input = input;
    this.#matcher = matcher;
    this.#suits = input.kind === matcher.kind;
  }

  test(data: Data): boolean | undefined {
    const value = this.#input.get(data);
    if (value === UNDECIDED) return undefined;
    return this.#suits && this.#matcher.matches(value);
  }
}

/** One that holds decides before others that cannot be told yet. */
export class OrPredicate<Data> implements Predicate<Data> {
  readonly #predicates: readonly Predicate<Data>[];

  constructor(predicates: readonly Predicate<Data>[]) {
    this.#predicates = predicates;
  }

  test(data: Data): boolean | undefined {
    let otherwise: boolean | undefined = false;
    for (const predicate of this.#predicates) {
      const holds = predicate.test(data);
      if (holds === true) return true;
      if (holds === undefined) otherwise = undefined;
    }
    return otherwise;
  }
}

/** In order: one that cannot be told yet decides before a later one that does not hold. */
export class AndPredicate<Data> implements Predicate<Data> {
  readonly #predicates: readonly Predicate<Data>[];

  constructor(predicates: readonly Predicate<Data>[]) {
    this.#predicates = predicates;
  }

  test(data: Data): boolean | undefined {
    for (const predicate of this.#predicates) {
      const holds = predicate.test(data);
      if (holds !== true) return holds;
    }
    return true;
  }
}

export class NotPredicate<Data> implements Predicate<Data> {
  readonly #predicate: Predicate<Data>;

  constructor(predicate: Predicate<Data>) {
    this.#predicate = predicate;
  }

  test(data: Data): boolean | undefined {
    const holds = this.#predicate.test(data);
    return holds === undefined ? undefined : !holds;
  }
}
