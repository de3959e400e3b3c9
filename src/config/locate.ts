import type { ConfigNode } from './tree.ts';

/** One step of a path as problems print them. */
export type LocateStep = { readonly field: string } | { readonly index: number } | { readonly key: string };

const STEP = /\.?([A-Za-z0-9_@$-]+)|\[([0-9]+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** `a.b[0]["k"].c` as steps; stops at what is no path. */
export function parsePath(path: string): LocateStep[] {
  const steps: LocateStep[] = [];
  STEP.lastIndex = 0;
  for (let match = STEP.exec(path); match !== null; match = STEP.exec(path)) {
    const [, field, index, key] = match;
    if (field !== undefined) steps.push({ field });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else steps.push({ key: JSON.parse(key!) as string });
  }
  return steps;
}

export interface Located {
  readonly node: ConfigNode;
  /** Where the node, or the nearest thing above it that the text has, stands. */
  readonly offset: number;
  /** Whether the text has the whole path. */
  readonly complete: boolean;
}

export function locateNode(root: ConfigNode, steps: readonly LocateStep[]): Located {
  let node = root;
  for (const step of steps) {
    const next = stepInto(node, step);
    if (next === undefined) return { node, offset: node.start, complete: false };
    node = next;
  }
  return { node, offset: node.start, complete: true };
}

/** One level down, by either spelling of a field's name. A lone value in the place of a list is its first item. */
export function stepInto(node: ConfigNode, step: LocateStep): ConfigNode | undefined {
  if ('index' in step) {
    if (node.kind === 'list') return node.items[step.index];
    return step.index === 0 ? node : undefined;
  }
  if (node.kind !== 'map') return undefined;
  if ('key' in step) return node.get(step.key);
  const direct = node.get(step.field) ?? node.get(camelCase(step.field));
  if (direct !== undefined) return direct;
  // Messages inside a TypedStruct stand below `value`; paths of the compile step leave that out.
  const nested = node.get('@type') === undefined ? undefined : node.get('value');
  return nested?.kind === 'map' ? stepInto(nested, step) : undefined;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
