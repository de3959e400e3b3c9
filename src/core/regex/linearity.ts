import { CharSet } from './char-set.ts';
import type { RegexNode, RepeatNode } from './syntax.ts';

/**
 * Proves that a backtracking engine decides a pattern in time proportional to the text, so that it may replace RE2.
 *
 * Backtracking costs when the same part of the text can be matched in several ways. The proof walks the pattern from its end to its
 * start and bounds the work from each point on: a constant, or a constant for each character (`linear`). A loop whose body can match
 * in one way only, and whose first characters differ from those of what follows, is left at one place and adds a pass over the text. A
 * loop that may be left anywhere (`.*` in `.*\.png`) tries what follows at each place, which must therefore cost a constant.
 * Everything else is not proven, and RE2's own algorithm runs it.
 */
export interface Linearity {
  /** Of a match anchored at both ends. */
  readonly fullMatch: boolean;
  /** Of a search that starts anywhere, which moreover finds the same part as RE2. */
  readonly search: boolean;
}

export function proveLinearity(root: RegexNode): Linearity {
  const cost = costOf(root, AT_END);
  if (cost === undefined || cost.steps > MAX_STEPS) return { fullMatch: false, search: false };
  return { fullMatch: true, search: (!cost.linear || startsAtTextStart(root)) && !mayTakeEmptyRound(root) };
}

/** Steps for each character, or in all, that a proven pattern may take. */
const MAX_STEPS = 100;

/** What matching from one point of the pattern to its end takes. */
interface Cost {
  /** Characters it can begin with. */
  readonly first: CharSet;
  /** `steps` count for each character of the text, not once. */
  readonly linear: boolean;
  readonly steps: number;
}

const AT_END: Cost = { first: CharSet.empty, linear: false, steps: 1 };

/** The cost of `node` and then `rest`; undefined = no bound is proven. */
function costOf(node: RegexNode, rest: Cost): Cost | undefined {
  switch (node.kind) {
    case 'set':
      return { first: node.set, linear: rest.linear, steps: rest.steps + 1 };
    case 'assertion':
      return { ...rest, steps: rest.steps + 1 };
    case 'group':
      return costOf(node.body, rest);
    case 'sequence':
      return node.items.reduceRight<Cost | undefined>((after, item) => after && costOf(item, after), rest);
    case 'choice':
      return costOfChoice(node.options.map((option) => costOf(option, rest)));
    case 'repeat':
      return node.max <= 1 ? costOfOptional(node, rest) : costOfLoop(node, rest);
  }
}

/** Alternatives that begin with different characters exclude each other; others may all be tried. */
function costOfChoice(options: readonly (Cost | undefined)[]): Cost | undefined {
  let first = CharSet.empty;
  let exclusive = true;
  let linear = false;
  let sum = 0;
  let most = 0;
  for (const option of options) {
    if (option === undefined) return undefined;
    if (option.first.overlaps(first)) exclusive = false;
    first = first.union(option.first);
    linear ||= option.linear;
    sum += option.steps;
    most = Math.max(most, option.steps);
  }
  const steps = exclusive ? most + options.length : sum;
  return steps > MAX_STEPS ? undefined : { first, linear, steps };
}

function costOfOptional(node: RepeatNode, rest: Cost): Cost | undefined {
  if (node.max === 0) return rest;
  const taken = costOf(node.body, rest);
  return node.min === 1 ? taken : costOfChoice([taken, rest]);
}

function costOfLoop(node: RepeatNode, rest: Cost): Cost | undefined {
  const body = firstsOf(node.body);
  // RE2 and backtracking engines differ about empty rounds.
  if (body.nullable || !isUnambiguous(node.body, body.first.union(rest.first))) return undefined;
  const round = costOf(node.body, AT_END);
  if (round === undefined) return undefined;
  const leftAnywhere = body.first.overlaps(rest.first);
  const first = node.min === 0 ? body.first.union(rest.first) : body.first;
  if (node.max === Infinity) {
    if (leftAnywhere && rest.linear) return undefined;
    return { first, linear: true, steps: round.steps + rest.steps };
  }
  const exits = leftAnywhere ? node.max - node.min + 1 : 1;
  const steps = round.steps * node.max + rest.steps * exits;
  return steps > MAX_STEPS ? undefined : { first, linear: round.linear || rest.linear, steps };
}

interface Firsts {
  readonly first: CharSet;
  readonly nullable: boolean;
}

function firstsOf(node: RegexNode): Firsts {
  switch (node.kind) {
    case 'set':
      return { first: node.set, nullable: false };
    case 'assertion':
      return { first: CharSet.empty, nullable: true };
    case 'group':
      return firstsOf(node.body);
    case 'repeat': {
      const body = firstsOf(node.body);
      return { first: body.first, nullable: body.nullable || node.min === 0 };
    }
    case 'choice': {
      const options = node.options.map(firstsOf);
      return { first: unionOf(options), nullable: options.some((option) => option.nullable) };
    }
    case 'sequence': {
      const items = node.items.map(firstsOf);
      const solid = items.findIndex((item) => !item.nullable);
      return { first: unionOf(solid < 0 ? items : items.slice(0, solid + 1)), nullable: solid < 0 };
    }
  }
}

function unionOf(firsts: readonly Firsts[]): CharSet {
  return firsts.reduce((all, { first }) => all.union(first), CharSet.empty);
}

/** True if each text matches the node in one way, and the next character tells which, `follow` being what can come after it. */
function isUnambiguous(node: RegexNode, follow: CharSet): boolean {
  switch (node.kind) {
    case 'set':
      return true;
    case 'assertion':
      return false;
    case 'group':
      return isUnambiguous(node.body, follow);
    case 'choice':
      return isUnambiguousChoice(node.options, follow);
    case 'repeat': {
      const body = firstsOf(node.body);
      if (body.nullable || body.first.overlaps(follow)) return false;
      return isUnambiguous(node.body, body.first.union(follow));
    }
    case 'sequence': {
      let after = follow;
      for (const item of node.items.toReversed()) {
        if (!isUnambiguous(item, after)) return false;
        const { first, nullable } = firstsOf(item);
        after = nullable ? first.union(after) : first;
      }
      return true;
    }
  }
}

function isUnambiguousChoice(options: readonly RegexNode[], follow: CharSet): boolean {
  let seen = CharSet.empty;
  let anyNullable = false;
  for (const option of options) {
    const { first, nullable } = firstsOf(option);
    const starts = nullable ? first.union(follow) : first;
    if ((nullable && anyNullable) || starts.overlaps(seen) || !isUnambiguous(option, follow)) return false;
    anyNullable ||= nullable;
    seen = seen.union(starts);
  }
  return true;
}

/** JavaScript does not let an optional part match nothing, and looks for another way; RE2 lets it. Only a search can tell. */
function mayTakeEmptyRound(node: RegexNode): boolean {
  switch (node.kind) {
    case 'group':
      return mayTakeEmptyRound(node.body);
    case 'repeat':
      return firstsOf(node.body).nullable || mayTakeEmptyRound(node.body);
    case 'sequence':
      return node.items.some(mayTakeEmptyRound);
    case 'choice':
      return node.options.some(mayTakeEmptyRound);
    default:
      return false;
  }
}

/** Every match begins at the start of the text. */
function startsAtTextStart(node: RegexNode): boolean {
  switch (node.kind) {
    case 'assertion':
      return node.where === 'text-start';
    case 'group':
      return startsAtTextStart(node.body);
    case 'choice':
      return node.options.every(startsAtTextStart);
    case 'sequence':
      return node.items.length > 0 && startsAtTextStart(node.items[0]);
    default:
      return false;
  }
}
