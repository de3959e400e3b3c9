/**
 * Builds a case's bootstrap from a named base and what the case changes in it.
 *
 * A base (`bases/<name>.yaml`) holds a `bootstrap`, names places inside it (`slots`), and a `cluster` template that every
 * upstream of the case gets one of. An override merges: maps by key, `null` removes, anything else (lists too) replaces.
 */

import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { ConformanceError } from './case.ts';

type Tree = Record<string, unknown>;

interface Base {
  readonly bootstrap: Tree;
  readonly slots: Readonly<Record<string, string>>;
  readonly cluster: Tree;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** One layer of changes over another: a `null` stays, because it still has something to remove. */
export const layer = (under: unknown, over: unknown): unknown => {
  if (!isTree(under) || !isTree(over)) return structuredClone(over);
  const merged: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) merged[key] = layer(merged[key], value);
  return merged;
};

/** Changes applied: what they set to `null` is gone. */
const merge = (under: unknown, over: unknown): unknown => {
  if (!isTree(over)) return structuredClone(over);
  const merged: Tree = isTree(under) ? { ...under } : {};
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
};

const readBase = (directory: URL, name: string): Base => {
  const file = new URL(`${name}.yaml`, directory);
  try {
    return load(readFileSync(file, 'utf8'), { filename: `bases/${name}.yaml` }) as unknown as Base;
  } catch (error) {
    throw new ConformanceError(`base '${name}': ${(error as Error).message.split('\n')[0]}`);
  }
};

/** Replaces the value at a dotted path by `change(value)`. */
const changeAt = (root: Tree, path: string, change: (value: unknown) => unknown): void => {
  const steps = path.split('.');
  const last = steps.pop() as string;
  let at: Tree = root;
  for (const step of steps) at = at[step] as Tree;
  const changed = change(at[last]);
  if (changed === null) delete at[last];
  else at[last] = changed;
};

const fillCluster = (template: Tree, name: string): Tree =>
  JSON.parse(JSON.stringify(template).replaceAll('{{name}}', name)) as Tree;

const clustersOf = (base: Base, upstreams: readonly string[], overrides: Tree): unknown[] => {
  const names = [...new Set([...upstreams, ...Object.keys(overrides)])];
  return names
    .filter((name) => overrides[name] !== null)
    .map((name) => merge(fillCluster(base.cluster, name), overrides[name] ?? {}));
};

/** `overrides` has slot names of the base as keys, and `clusters` and `bootstrap`. */
export const buildConfig = (directory: URL, baseName: string, overrides: Tree, upstreams: readonly string[]): object => {
  const base = readBase(directory, baseName);
  const bootstrap = structuredClone(base.bootstrap);
  for (const [slot, change] of Object.entries(overrides)) {
    if (slot === 'clusters' || slot === 'bootstrap') continue;
    const path = base.slots[slot];
    if (path === undefined) {
      const known = [...Object.keys(base.slots), 'clusters', 'bootstrap'].join(', ');
      throw new ConformanceError(`config: base '${baseName}' has no slot '${slot}' (it has ${known})`);
    }
    changeAt(bootstrap, path, (value) => merge(value, change));
  }
  changeAt(bootstrap, 'static_resources.clusters', () => clustersOf(base, upstreams, (overrides.clusters ?? {}) as Tree));
  return merge(bootstrap, overrides.bootstrap ?? {}) as object;
};
