/** Makes a tree smaller as long as it stays interesting. */

/** Candidates looked at together. */
const TOGETHER = 4;

type Path = readonly (string | number)[];

interface Removal {
  readonly tree: unknown;
  /** Characters less. */
  readonly gain: number;
}

/** The tree with the value at `path` replaced; without it where `to` is undefined. */
const changed = (tree: unknown, path: Path, to?: unknown): unknown => {
  const copy = structuredClone(tree);
  let at = copy as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = path[path.length - 1];
  if (to !== undefined) at[last] = to;
  else if (Array.isArray(at)) at.splice(last as number, 1);
  else delete at[last];
  return copy;
};

/** A text of several lines without one of them, and without a half. */
const shorterTexts = (text: string): string[] => {
  const lines = text.split('\r\n');
  const without = lines.length > 2 ? lines.map((_, index) => lines.filter((_line, other) => other !== index).join('\r\n')) : [];
  return [...new Set(without)];
};

/** A long map or list without its first or its second half. */
const halves = (tree: object, path: Path, whole: unknown): Removal[] => {
  const entries = Object.entries(tree);
  if (entries.length < 4 || path.length === 0) return [];
  const middle = entries.length >> 1;
  return [entries.slice(0, middle), entries.slice(middle)].map((left) => {
    const half = Array.isArray(tree) ? left.map(([, value]) => value as unknown) : Object.fromEntries(left);
    return { tree: changed(whole, path, half), gain: JSON.stringify(tree).length - JSON.stringify(half).length };
  });
};

/** Writes and what stands between them as one write. */
const joined = (tree: unknown[], path: Path, whole: unknown): Removal[] => {
  const text = tree.map((step) => (step as { send?: string }).send ?? '').join('');
  return tree.length < 2 || text === '' ? [] : [{ tree: changed(whole, path, [{ send: text }]), gain: JSON.stringify(tree).length - text.length }];
};

const removals = (tree: unknown, path: Path, whole: unknown): Removal[] => {
  if (typeof tree === 'string') return shorterTexts(tree).map((text) => ({ tree: changed(whole, path, text), gain: tree.length - text.length }));
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]): Removal[] => {
    const inner = [...path, Array.isArray(tree) ? Number(key) : key];
    const inside = removals(value, inner, whole);
    return [{ tree: changed(whole, inner), gain: JSON.stringify(value).length }, ...inside];
  }).concat(halves(tree, path, whole), Array.isArray(tree) ? joined(tree, path, whole) : []);
};

/** Greedy: the largest removal first, at most `budget` trials. */
export const shrink = async <Tree>(tree: Tree, budget: number, interesting: (smaller: Tree) => Promise<boolean>): Promise<Tree> => {
  let best = tree;
  const tried = new Set<string>();
  for (let trials = 0; trials < budget; ) {
    const candidates = removals(best, [], best).filter(({ tree: one }) => !tried.has(JSON.stringify(one)));
    const next = candidates.sort((a, b) => b.gain - a.gain).slice(0, TOGETHER).map(({ tree: one }) => one as Tree);
    if (next.length === 0) return best;
    for (const one of next) tried.add(JSON.stringify(one));
    trials += next.length;
    const verdicts = await Promise.all(next.map(interesting));
    best = next[verdicts.indexOf(true)] ?? best;
  }
  return best;
};
