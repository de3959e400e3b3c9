import type { CharSet } from './char-set.ts';
import { EMPTY_MATCH, re2Tree, simplify, type Re2Node } from './re2-tree.ts';
import type { RegexNode } from './syntax.ts';

/**
 * The number of instructions that RE2 compiles a pattern to (`RE2::ProgramSize`). Envoy refuses patterns above a limit, so the number
 * must be RE2's own: the program is built and flattened as RE2 does (`re2/compile.cc`, `re2/prog.cc`), and then only counted.
 */
export function programSize(root: RegexNode): number {
  const program = new Program();
  return program.size(simplify(withoutRequiredPrefix(re2Tree(root))));
}

/** RE2 searches a literal after `^` by itself and compiles the rest. */
function withoutRequiredPrefix(node: Re2Node): Re2Node {
  if (node.op !== 'concat') return node;
  const at = node.subs.findIndex((sub) => sub.op !== 'assertion' || sub.where !== 'text-start');
  if (at <= 0 || node.subs[at].op !== 'literal') return node;
  const rest = node.subs.slice(at + 1);
  if (rest.length <= 1) return rest[0] ?? EMPTY_MATCH;
  return { op: 'concat', subs: rest, key: '' };
}

const FAIL = 0;
const MATCH = 1;
const BYTE = 2;
const CAPTURE = 3;
const EMPTY_WIDTH = 4;
const ALTERNATIVE = 5;
const NOP = 6;
/** An alternative between any byte, looping, and a match. */
const ALTERNATIVE_MATCH = 7;

interface Instruction {
  kind: number;
  out: number;
  /** Second way of an alternative. */
  other: number;
  /** BYTE: matches every byte. */
  readonly anyByte: boolean;
}

/** A piece of program: where it begins, and the exits to connect (instruction × 2, + 1 for the second way). */
interface Fragment {
  readonly begin: number;
  readonly exits: readonly number[];
  readonly nullable: boolean;
}

const NO_MATCH: Fragment = { begin: 0, exits: [], nullable: false };

class Program {
  readonly #code: Instruction[] = [{ kind: FAIL, out: 0, other: 0, anyByte: false }];

  size(tree: Re2Node): number {
    const withoutStart = withoutAnchor(tree, 'text-start', 0);
    const anchoredAtStart = withoutStart !== undefined;
    const afterStart = withoutStart ?? tree;
    const body = withoutAnchor(afterStart, 'text-end', 0) ?? afterStart;
    const all = this.#concat(this.#compile(body), this.#plain(MATCH));
    const start = all.begin;
    const unanchored = anchoredAtStart ? start : this.#concat(this.#star(this.#plain(BYTE, true), false), all).begin;
    this.#optimize(start);
    return this.#flatSize(start, unanchored);
  }

  #add(kind: number, out = 0, other = 0, anyByte = false): number {
    this.#code.push({ kind, out, other, anyByte });
    return this.#code.length - 1;
  }

  #patch(exits: readonly number[], target: number): void {
    for (const exit of exits) {
      const instruction = this.#code[exit >> 1];
      if ((exit & 1) === 0) instruction.out = target;
      else instruction.other = target;
    }
  }

  #plain(kind: number, anyByte = false): Fragment {
    const at = this.#add(kind, 0, 0, anyByte);
    return { begin: at, exits: kind === MATCH ? [] : [at << 1], nullable: kind === EMPTY_WIDTH || kind === NOP };
  }

  #compile(node: Re2Node): Fragment {
    switch (node.op) {
      case 'empty':
        return this.#plain(NOP);
      case 'none':
        return NO_MATCH;
      case 'assertion':
        return this.#plain(EMPTY_WIDTH);
      case 'literal':
        return this.#concatAll([...node.text].map(() => this.#plain(BYTE)));
      case 'class':
        return this.#class(node.set);
      case 'concat':
        return this.#concatAll(node.subs.map((sub) => this.#compile(sub)));
      case 'alternate':
        return node.subs.map((sub) => this.#compile(sub)).reduce((all, next) => this.#alternate(all, next));
      case 'capture':
        return this.#capture(this.#compile(node.sub));
      case 'star':
        return this.#star(this.#compile(node.sub), node.greedy);
      case 'plus':
        return this.#plus(this.#compile(node.sub), node.greedy);
      case 'quest':
        return this.#quest(this.#compile(node.sub), node.greedy);
      case 'repeat':
        throw new Error('repeats are written out before this');
    }
  }

  /** One instruction a range; where both cases of ASCII letters are in, the upper case needs none. */
  #class(set: CharSet): Fragment {
    const folds = foldsAscii(set);
    const ranges = set.ranges().filter(([from, to]) => !(folds && from >= 0x41 && to <= 0x5a));
    return ranges.map(([from, to]) => this.#plain(BYTE, from === 0 && to === 0xff)).reduce((all, next) => this.#alternate(all, next));
  }

  #concatAll(fragments: readonly Fragment[]): Fragment {
    return fragments.reduce((all, next) => this.#concat(all, next));
  }

  #concat(first: Fragment, second: Fragment): Fragment {
    if (first.begin === 0 || second.begin === 0) return NO_MATCH;
    this.#patch(first.exits, second.begin);
    const { kind } = this.#code[first.begin];
    if (kind === NOP && first.exits.length === 1 && first.exits[0] === first.begin << 1) return second;
    return { begin: first.begin, exits: second.exits, nullable: first.nullable && second.nullable };
  }

  #alternate(first: Fragment, second: Fragment): Fragment {
    if (first.begin === 0) return second;
    if (second.begin === 0) return first;
    const at = this.#add(ALTERNATIVE, first.begin, second.begin);
    return { begin: at, exits: [...first.exits, ...second.exits], nullable: first.nullable || second.nullable };
  }

  #capture(body: Fragment): Fragment {
    if (body.begin === 0) return NO_MATCH;
    const end = this.#add(CAPTURE);
    this.#patch(body.exits, end);
    return { begin: this.#add(CAPTURE, body.begin), exits: [end << 1], nullable: body.nullable };
  }

  #star(body: Fragment, greedy: boolean): Fragment {
    if (body.nullable) return this.#quest(this.#plus(body, greedy), greedy);
    const { begin, exits } = this.#looped(body, greedy);
    return { begin, exits, nullable: true };
  }

  #plus(body: Fragment, greedy: boolean): Fragment {
    return { begin: body.begin, exits: this.#looped(body, greedy).exits, nullable: body.nullable };
  }

  /** The choice between one more round and going on. */
  #looped(body: Fragment, greedy: boolean): { begin: number; exits: number[] } {
    const at = greedy ? this.#add(ALTERNATIVE, body.begin, 0) : this.#add(ALTERNATIVE, 0, body.begin);
    this.#patch(body.exits, at);
    return { begin: at, exits: [(at << 1) | (greedy ? 1 : 0)] };
  }

  #quest(body: Fragment, greedy: boolean): Fragment {
    if (body.begin === 0) return this.#plain(NOP);
    const at = greedy ? this.#add(ALTERNATIVE, body.begin, 0) : this.#add(ALTERNATIVE, 0, body.begin);
    return { begin: at, exits: [(at << 1) | (greedy ? 1 : 0), ...body.exits], nullable: true };
  }

  /** Skips instructions that do nothing, and finds loops over any byte that may end in a match. */
  #optimize(start: number): void {
    const reachable = this.#reachable(start);
    for (const at of reachable) {
      const instruction = this.#code[at];
      instruction.out = this.#afterNops(instruction.out);
      if (instruction.kind === ALTERNATIVE) instruction.other = this.#afterNops(instruction.other);
    }
    for (const at of this.#reachable(start)) {
      const { kind, out, other } = this.#code[at];
      if (kind !== ALTERNATIVE) continue;
      if ((this.#isAnyByteLoop(out, at) && this.#leadsToMatch(other)) || (this.#leadsToMatch(out) && this.#isAnyByteLoop(other, at))) {
        this.#code[at].kind = ALTERNATIVE_MATCH;
      }
    }
  }

  #isAnyByteLoop(at: number, back: number): boolean {
    const { kind, anyByte, out } = this.#code[at];
    return kind === BYTE && anyByte && out === back;
  }

  #leadsToMatch(at: number): boolean {
    const { kind, out } = this.#code[at];
    return kind === MATCH || ((kind === CAPTURE || kind === NOP) && this.#leadsToMatch(out));
  }

  #afterNops(at: number): number {
    let target = at;
    while (target !== 0 && this.#code[target].kind === NOP) target = this.#code[target].out;
    return target;
  }

  #reachable(start: number): Set<number> {
    const seen = new Set<number>();
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      open.push(...this.#ways(at));
    }
    return seen;
  }

  #ways(at: number): number[] {
    const { kind, out, other } = this.#code[at];
    if (kind === FAIL || kind === MATCH) return [];
    return isAlternative(kind) ? [other, out] : [out];
  }

  // Flattening: each instruction that another one leads to becomes a root; a root's list holds what it reaches without consuming.

  #flatSize(start: number, unanchored: number): number {
    const roots = new Set([0, unanchored, start]);
    const alternativesInto = new Map<number, number[]>();
    for (const at of this.#reachable(unanchored)) {
      const { kind, out } = this.#code[at];
      if (kind === BYTE || kind === CAPTURE || kind === EMPTY_WIDTH) roots.add(out);
      if (!isAlternative(kind)) continue;
      for (const way of this.#ways(at)) {
        const into = alternativesInto.get(way);
        if (into === undefined) alternativesInto.set(way, [at]);
        else into.push(at);
      }
    }
    for (const root of [...roots].toSorted((a, b) => b - a)) {
      if (root !== 0 && root !== start && root !== unanchored) this.#markEntries(root, roots, alternativesInto);
    }
    let size = 0;
    for (const root of roots) size += this.#listSize(root, roots);
    return size;
  }

  /** What a root reaches but something outside its reach leads to as well is a root of its own. */
  #markEntries(root: number, roots: Set<number>, alternativesInto: ReadonlyMap<number, readonly number[]>): void {
    const reached = this.#reachWithoutConsuming(root, roots);
    for (const at of reached) {
      if (alternativesInto.get(at)?.some((from) => !reached.has(from))) roots.add(at);
    }
  }

  #reachWithoutConsuming(root: number, roots: ReadonlySet<number>): Set<number> {
    const seen = new Set<number>();
    const open = [root];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const { kind } = this.#code[at];
      if ((at === root || !roots.has(at)) && (isAlternative(kind) || kind === NOP)) open.push(...this.#ways(at));
    }
    return seen;
  }

  #listSize(root: number, roots: ReadonlySet<number>): number {
    let size = 0;
    for (const at of this.#reachWithoutConsuming(root, roots)) {
      const { kind } = this.#code[at];
      const jumps = at !== root && roots.has(at);
      if (jumps || (kind !== ALTERNATIVE && kind !== NOP)) size++;
    }
    return size;
  }
}

function isAlternative(kind: number): boolean {
  return kind === ALTERNATIVE || kind === ALTERNATIVE_MATCH;
}

function foldsAscii(set: CharSet): boolean {
  for (let code = 0x41; code <= 0x5a; code++) if (set.has(code) !== set.has(code + 32)) return false;
  return true;
}

/** The tree without the anchor at its edge; undefined when there is none. RE2 looks so deep only. */
function withoutAnchor(node: Re2Node, where: 'text-start' | 'text-end', depth: number): Re2Node | undefined {
  if (depth >= MAX_ANCHOR_DEPTH) return undefined;
  if (node.op === 'assertion') return node.where === where ? EMPTY_MATCH : undefined;
  if (node.op === 'capture') {
    const sub = withoutAnchor(node.sub, where, depth + 1);
    return sub && { ...node, sub };
  }
  if (node.op !== 'concat') return undefined;
  const edge = where === 'text-start' ? 0 : node.subs.length - 1;
  const sub = withoutAnchor(node.subs[edge], where, depth + 1);
  return sub && { ...node, subs: node.subs.with(edge, sub) };
}

const MAX_ANCHOR_DEPTH = 4;
