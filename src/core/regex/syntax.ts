import type { CharSet } from './char-set.ts';

/** A regular expression, parsed. Flags are worked in: case into sets, greediness into repeats, line modes into assertions. */
export type RegexNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | RepeatNode
  | { readonly kind: 'group'; readonly index: number; readonly body: RegexNode }
  | { readonly kind: 'assertion'; readonly where: Assertion };

export interface RepeatNode {
  readonly kind: 'repeat';
  readonly body: RegexNode;
  readonly min: number;
  /** Infinity = no limit. */
  readonly max: number;
  readonly greedy: boolean;
}

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-boundary' | 'no-word-boundary';

export interface ParsedRegex {
  readonly root: RegexNode;
  /** Capturing groups, the whole match not counted. */
  readonly groups: number;
}

/** What is wrong with a pattern, in RE2's words. */
export interface RegexSyntaxError {
  readonly error: string;
}
