/** Configurations of the cases with one mistake each, for both programs to judge. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readCases } from '../harness/case-files.ts';
import { fillTree } from '../harness/placeholders.ts';
import { CERTIFICATES } from '../harness/tls.ts';
import { compareCorpora } from '../configs/corpus.ts';
import { Dice } from './dice.ts';

type Tree = Record<string, unknown>;
type Path = readonly (string | number)[];

interface Place {
  readonly path: Path;
  readonly value: unknown;
}

const MUTANTS = new URL('../../../node_modules/.cache/conformance/mutants/', import.meta.url);
const TEXTS = ['', 'x', '-1', '0', '1s', '-1s', '0s', '1.5', '1m', '0.0000000001s', '400000000000s', 'TRUE', 'UNKNOWN', 'a\nb', 'é', '%', '%UNKNOWN%', '%REQ(a)', '[', '(', '*', '*a', 'a*', ' ', '/', '//', ':', '1.2.3.4', '::1', '999.1.1.1', 'http://a'] as const;
const NUMBERS = [-1, 0, 1, 2, 100, 101, 600, 65_536, 4_294_967_295, 4_294_967_296, 1.5, 1e300] as const;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** All that a tree holds but itself, with names of types left alone. */
const places = (tree: unknown, path: Path = []): Place[] =>
  typeof tree !== 'object' || tree === null
    ? []
    : Object.entries(tree).flatMap(([key, value]): Place[] => {
        const inner = [...path, Array.isArray(tree) ? Number(key) : key];
        return key === '@type' || key === 'admin' ? [] : [{ path: inner, value }, ...places(value, inner)];
      });

/** A copy with another value there; without it where there is none. */
const changed = (tree: Tree, path: Path, change: (holder: Tree, key: string | number) => void): Tree => {
  const copy = structuredClone(tree);
  let at = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Tree;
  change(at, path[path.length - 1]!);
  return copy;
};

const otherValue = (dice: Dice, value: unknown): unknown =>
  dice.make<unknown>([
    () => dice.pick(TEXTS),
    () => dice.pick(NUMBERS),
    () => (typeof value === 'number' ? dice.pick(NUMBERS) : dice.pick(TEXTS)),
    () => (typeof value === 'number' ? -value : typeof value === 'string' ? `${value}${dice.pick(['x', ' ', '\0', '%'])}` : dice.pick(TEXTS)),
    () => dice.pick([true, false, null, [], {}]),
    () => (Array.isArray(value) ? value[0] : [value]),
  ]);

/** Members that maps of the same field have elsewhere. */
class Donors {
  readonly #members = new Map<string, [string, unknown][]>();

  constructor(trees: readonly Tree[]) {
    for (const { path, value } of trees.flatMap((tree) => places(tree))) if (isTree(value)) this.#membersOf(path).push(...Object.entries(value).filter(([key]) => key !== '@type'));
  }

  member(dice: Dice, path: Path): [string, unknown] {
    return dice.pick(this.#membersOf(path)) ?? ['unknown_field', 1];
  }

  #membersOf(path: Path): [string, unknown][] {
    const field = path.filter((step) => typeof step === 'string').at(-1)!;
    const members = this.#members.get(field) ?? [];
    this.#members.set(field, members);
    return members;
  }
}

const mutant = (dice: Dice, tree: Tree, donors: Donors): Tree => {
  const all = places(tree);
  const { path, value } = dice.pick(all);
  const trees = all.filter((place) => isTree(place.value));
  const host = dice.pick(trees);
  return dice.make<Tree>([
    () => changed(tree, path, (holder, key) => { holder[key] = otherValue(dice, value); }),
    () => changed(tree, path, (holder, key) => { holder[key] = otherValue(dice, value); }),
    () => changed(tree, path, (holder, key) => { if (Array.isArray(holder)) holder.splice(Number(key), 1); else delete holder[key]; }),
    () => changed(tree, path, (holder, key) => { if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)])); else holder[`${key}x`] = value; }),
    () => changed(tree, host.path, (holder, key) => { const [name, member] = donors.member(dice, host.path); (holder[key] as Tree)[name] = structuredClone(member); }),
    () => changed(tree, host.path, (holder, key) => { const [name, member] = donors.member(dice, host.path); (holder[key] as Tree)[name] = structuredClone(member); }),
    () => changed(tree, host.path, (holder, key) => { const [name, member] = donors.member(dice, host.path); (holder[key] as Tree)[name] = otherValue(dice, member); }),
  ]);
};

/** What the cases start from, each configuration once, with ports and paths filled in. */
const sources = (): Tree[] => {
  const whole = readCases().filter((one) => Object.keys(one.files).length === 0 && one.difference === undefined);
  const texts = new Set(whole.map((one) => {
    const values = new Map<string, string | number>([['log', '/dev/null'], ['dir', '/tmp'], ['certificates', fileURLToPath(CERTIFICATES)], ...Object.keys(one.upstreams).map((name): [string, number] => [`port:${name}`, 10_000])]);
    return JSON.stringify(fillTree(one.config, values));
  }));
  return [...texts].map((text) => JSON.parse(text) as Tree);
};

/** Returns the exit code. */
export const huntMutants = (seed: number, count: number): Promise<number> => {
  const dice = new Dice(seed);
  const trees = sources();
  const donors = new Donors(trees);
  const folder = new URL(`${seed}/`, MUTANTS);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index++) writeFileSync(new URL(`${index}.json`, folder), JSON.stringify(mutant(dice, dice.pick(trees), donors), undefined, 1));
  return compareCorpora([fileURLToPath(folder)]);
};
