import { CharSet } from './char-set.ts';
import type { Assertion, RegexNode } from './syntax.ts';

/**
 * A pattern as RE2 holds it between parsing and compiling, kept only to measure it: adjacent literals are strings, alternatives with a
 * common beginning are factored, counted repeats written out. The transformations follow RE2's parser and simplifier
 * (`re2/parse.cc`, `re2/simplify.cc`), because each changes the size of the program.
 */
export type Re2Node = (
  | { readonly op: 'empty' }
  /** Matches nothing. */
  | { readonly op: 'none' }
  | { readonly op: 'literal'; readonly text: string; readonly foldCase: boolean }
  | { readonly op: 'class'; readonly set: CharSet }
  | { readonly op: 'assertion'; readonly where: Assertion }
  | { readonly op: 'concat' | 'alternate'; readonly subs: readonly Re2Node[] }
  | { readonly op: 'star' | 'plus' | 'quest'; readonly sub: Re2Node; readonly greedy: boolean }
  | { readonly op: 'repeat'; readonly sub: Re2Node; readonly min: number; readonly max: number; readonly greedy: boolean }
  | { readonly op: 'capture'; readonly sub: Re2Node }
) & {
  /** Equal for equal nodes. */
  readonly key: string;
};

type LoopNode = Extract<Re2Node, { readonly op: 'star' | 'plus' | 'quest' | 'repeat' }>;

export const EMPTY_MATCH: Re2Node = { op: 'empty', key: '' };

export function re2Tree(node: RegexNode): Re2Node {
  switch (node.kind) {
    case 'set':
      return ofSet(node.set);
    case 'assertion':
      return { op: 'assertion', where: node.where, key: `<${node.where}>` };
    case 'group': {
      const sub = re2Tree(node.body);
      return { op: 'capture', sub, key: `(${node.index}:${sub.key})` };
    }
    case 'sequence':
      return concat(mergeLiterals(flatten('concat', node.items.map(re2Tree))));
    case 'choice':
      return alternate(factor(flatten('alternate', node.options.map(re2Tree))));
    case 'repeat':
      return loop(re2Tree(node.body), node.min, node.max, node.greedy);
  }
}

function flatten(op: 'concat' | 'alternate', nodes: readonly Re2Node[]): Re2Node[] {
  return nodes.flatMap((node) => (node.op === op ? node.subs : [node]));
}

/** One letter in both cases counts as a literal. */
function ofSet(set: CharSet): Re2Node {
  const { single } = set;
  if (single >= 0) return literal(String.fromCharCode(single), false);
  const ranges = set.ranges();
  if (ranges.length === 0) return { op: 'none', key: '!' };
  if (ranges.length === 2) {
    const [[upper, upperEnd], [lower, lowerEnd]] = ranges;
    if (upper === upperEnd && lower === lowerEnd && lower === upper + 32 && upper >= 0x41 && upper <= 0x5a) {
      return literal(String.fromCharCode(lower), true);
    }
  }
  return { op: 'class', set, key: `[${ranges.join(' ')}]` };
}

function literal(text: string, foldCase: boolean): Re2Node {
  return text === '' ? EMPTY_MATCH : { op: 'literal', text, foldCase, key: `${foldCase ? 'i' : 'l'}${JSON.stringify(text)}` };
}

function setOf(node: Re2Node): CharSet | undefined {
  if (node.op === 'class') return node.set;
  if (node.op !== 'literal' || node.text.length !== 1) return undefined;
  const set = CharSet.of(node.text.charCodeAt(0));
  return node.foldCase ? set.withBothCases() : set;
}

function isCharacter(node: Re2Node): boolean {
  return node.op === 'class' || (node.op === 'literal' && node.text.length === 1);
}

function concat(subs: readonly Re2Node[]): Re2Node {
  if (subs.length <= 1) return subs[0] ?? EMPTY_MATCH;
  return { op: 'concat', subs, key: `{${subs.map((sub) => sub.key).join(',')}}` };
}

function alternate(subs: readonly Re2Node[]): Re2Node {
  return subs.length === 1 ? subs[0] : { op: 'alternate', subs, key: `|${subs.map((sub) => sub.key).join('|')}|` };
}

function mergeLiterals(nodes: readonly Re2Node[]): Re2Node[] {
  const merged: Re2Node[] = [];
  for (const node of nodes) {
    const last = merged.at(-1);
    if (node.op === 'literal' && last?.op === 'literal' && foldsLike(node, last)) {
      merged[merged.length - 1] = literal(last.text + node.text, last.foldCase || node.foldCase);
    } else merged.push(node);
  }
  return merged;
}

/** Text without letters says nothing about case and joins either kind. */
function foldsLike(a: SharedString, b: SharedString): boolean {
  return a.foldCase === b.foldCase || !/[A-Za-z]/.test(a.text) || !/[A-Za-z]/.test(b.text);
}

function loop(sub: Re2Node, min: number, max: number, greedy: boolean): Re2Node {
  if (max === Infinity && min <= 1) return simpleLoop(min === 0 ? 'star' : 'plus', sub, greedy);
  if (min === 0 && max === 1) return simpleLoop('quest', sub, greedy);
  return { op: 'repeat', sub, min, max, greedy, key: `{${min}-${max}${greedy ? '' : '?'}:${sub.key}}` };
}

/** `**` is `*`, and any two different ones are `*`. */
function simpleLoop(op: 'star' | 'plus' | 'quest', sub: Re2Node, greedy: boolean): Re2Node {
  if ((sub.op === 'star' || sub.op === 'plus' || sub.op === 'quest') && sub.greedy === greedy) {
    return sub.op === op ? sub : simpleLoop('star', sub.sub, greedy);
  }
  return { op, sub, greedy, key: `${op}${greedy ? '' : '?'}(${sub.key})` };
}

// Factoring of alternatives: common strings, then common simple pieces, then single characters into one class.

function factor(subs: readonly Re2Node[]): Re2Node[] {
  const byString = factorRuns(subs, sharedString, (run, shared) => {
    const prefix = literal(shared.text, shared.foldCase);
    return concat([prefix, alternate(factor(run.map((sub) => withoutString(sub, shared.text.length))))]);
  });
  const byPiece = factorRuns(byString, sharedPiece, (run, piece) =>
    concat([piece, alternate(factor(run.map(withoutPiece)))]),
  );
  return factorRuns(byPiece, sharedCharacter, (run) =>
    ofClass(run.reduce((set, sub) => set.union(setOf(sub)!), CharSet.empty)),
  );
}

function ofClass(set: CharSet): Re2Node {
  return { op: 'class', set, key: `[${set.ranges().join(' ')}]` };
}

/** Replaces each run of two or more that share something. `share` gives what the run so far and its next member share. */
function factorRuns<Shared>(
  subs: readonly Re2Node[],
  share: (next: Re2Node, soFar: Shared | undefined) => { readonly joins: boolean; readonly shared: Shared | undefined },
  join: (run: readonly Re2Node[], shared: Shared) => Re2Node,
): Re2Node[] {
  const out: Re2Node[] = [];
  let run: Re2Node[] = [];
  let shared: Shared | undefined;
  const finish = (): void => {
    if (run.length > 1) out.push(join(run, shared!));
    else out.push(...run);
  };
  for (const sub of subs) {
    const next = share(sub, shared);
    if (next.joins) run.push(sub);
    else {
      finish();
      run = [sub];
    }
    shared = next.shared;
  }
  finish();
  return out;
}

interface SharedString {
  readonly text: string;
  readonly foldCase: boolean;
}

function sharedString(next: Re2Node, soFar: SharedString | undefined): { joins: boolean; shared: SharedString | undefined } {
  const own = leadingString(next);
  if (own !== undefined && soFar !== undefined && own.foldCase === soFar.foldCase) {
    let same = 0;
    while (same < own.text.length && own.text[same] === soFar.text[same]) same++;
    if (same > 0) return { joins: true, shared: { text: own.text.slice(0, same), foldCase: own.foldCase } };
  }
  return { joins: false, shared: own };
}

function leadingString(node: Re2Node): SharedString | undefined {
  if (node.op === 'concat') return leadingString(node.subs[0]);
  return node.op === 'literal' ? node : undefined;
}

function withoutString(node: Re2Node, length: number): Re2Node {
  if (node.op === 'literal') return literal(node.text.slice(length), node.foldCase);
  if (node.op !== 'concat') return node;
  const first = withoutString(node.subs[0], length);
  return concat(first.op === 'empty' ? node.subs.slice(1) : [first, ...node.subs.slice(1)]);
}

function sharedPiece(next: Re2Node, soFar: Re2Node | undefined): { joins: boolean; shared: Re2Node | undefined } {
  const own = leadingPiece(next);
  if (soFar !== undefined && own !== undefined && isSimple(soFar) && own.key === soFar.key) return { joins: true, shared: soFar };
  return { joins: false, shared: own };
}

function leadingPiece(node: Re2Node): Re2Node | undefined {
  const first = node.op === 'concat' ? node.subs[0] : node;
  return first.op === 'empty' ? undefined : first;
}

function isSimple(node: Re2Node): boolean {
  if (node.op === 'repeat') return node.min === node.max && isCharacter(node.sub);
  return node.op === 'assertion' || node.op === 'class';
}

function withoutPiece(node: Re2Node): Re2Node {
  return node.op === 'concat' ? concat(node.subs.slice(1)) : EMPTY_MATCH;
}

function sharedCharacter(next: Re2Node, soFar: true | undefined): { joins: boolean; shared: true | undefined } {
  const isOne = isCharacter(next) || undefined;
  return { joins: isOne !== undefined && soFar === true, shared: isOne };
}

// Simplification: adjacent loops over one character become one, counted repeats are written out.

export function simplify(node: Re2Node): Re2Node {
  return expand(coalesce(node));
}

function coalesce(node: Re2Node): Re2Node {
  switch (node.op) {
    case 'concat': {
      const subs = node.subs.map(coalesce);
      if (!subs.some((sub, at) => at + 1 < subs.length && canCoalesce(sub, subs[at + 1]))) return concat(subs);
      for (let at = 0; at + 1 < subs.length; at++) {
        if (canCoalesce(subs[at], subs[at + 1])) [subs[at], subs[at + 1]] = coalescePair(subs[at] as LoopNode, subs[at + 1]);
      }
      return concat(subs.filter((sub) => sub.op !== 'empty'));
    }
    case 'alternate':
      return alternate(node.subs.map(coalesce));
    case 'capture':
      return { ...node, sub: coalesce(node.sub) };
    case 'star':
    case 'plus':
    case 'quest':
    case 'repeat':
      return { ...node, sub: coalesce(node.sub) };
    default:
      return node;
  }
}

function isLoop(node: Re2Node): node is LoopNode {
  return node.op === 'star' || node.op === 'plus' || node.op === 'quest' || node.op === 'repeat';
}

function canCoalesce(first: Re2Node, second: Re2Node): boolean {
  if (!isLoop(first) || !isCharacter(first.sub)) return false;
  const { sub } = first;
  if (isLoop(second)) return second.sub.key === sub.key && second.greedy === first.greedy;
  if (second.key === sub.key) return true;
  return sub.op === 'literal' && second.op === 'literal' && second.text[0] === sub.text && second.foldCase === sub.foldCase;
}

function coalescePair(first: LoopNode, second: Re2Node): [Re2Node, Re2Node] {
  const [min, max] = bounds(first);
  const joined = (moreMin: number, moreMax: number): Re2Node => ({
    op: 'repeat',
    sub: first.sub,
    min: min + moreMin,
    max: max + moreMax,
    greedy: first.greedy,
    key: '',
  });
  if (isLoop(second)) return [EMPTY_MATCH, joined(...bounds(second))];
  if (second.op !== 'literal' || second.text.length === 1) return [EMPTY_MATCH, joined(1, 1)];
  let same = 1;
  while (second.text[same] === second.text[0]) same++;
  if (same === second.text.length) return [EMPTY_MATCH, joined(same, same)];
  return [joined(same, same), literal(second.text.slice(same), second.foldCase)];
}

function bounds(node: LoopNode): [min: number, max: number] {
  if (node.op === 'repeat') return [node.min, node.max];
  return [node.op === 'plus' ? 1 : 0, node.op === 'quest' ? 1 : Infinity];
}

function expand(node: Re2Node): Re2Node {
  switch (node.op) {
    case 'concat':
      return concat(node.subs.map(expand));
    case 'alternate':
      return alternate(node.subs.map(expand));
    case 'capture':
      return { ...node, sub: expand(node.sub) };
    case 'star':
    case 'plus':
    case 'quest': {
      const sub = expand(node.sub);
      if (sub.op === 'empty' || (sub.op === node.op && sub.greedy === node.greedy)) return sub;
      return { ...node, sub };
    }
    case 'repeat': {
      const sub = expand(node.sub);
      return sub.op === 'empty' ? sub : expandRepeat(sub, node);
    }
    default:
      return node;
  }
}

function expandRepeat(sub: Re2Node, repeat: { readonly min: number; readonly max: number; readonly greedy: boolean }): Re2Node {
  const { greedy } = repeat;
  const isEmptyWidth = matchesOnlyEmpty(sub);
  const min = isEmptyWidth ? Math.min(repeat.min, 1) : repeat.min;
  const max = isEmptyWidth && repeat.max > 1 && repeat.max !== Infinity ? 1 : repeat.max;
  if (max === Infinity) {
    if (min === 0) return simpleLoop('star', sub, greedy);
    const plus = simpleLoop('plus', sub, greedy);
    return min === 1 ? plus : concat([...Array.from({ length: min - 1 }, () => sub), plus]);
  }
  if (max === 0) return EMPTY_MATCH;
  if (min === 1 && max === 1) return sub;
  const copies = Array.from({ length: min }, () => sub);
  if (max === min) return concat(copies);
  let tail: Re2Node = simpleLoop('quest', sub, greedy);
  for (let count = min + 1; count < max; count++) tail = simpleLoop('quest', concat([sub, tail]), greedy);
  return concat([...copies, tail]);
}

function matchesOnlyEmpty(node: Re2Node): boolean {
  if (node.op === 'assertion') return true;
  return (node.op === 'concat' || node.op === 'alternate') && node.subs.every(matchesOnlyEmpty);
}
