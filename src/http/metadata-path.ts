/** A step into plain JSON: the member of an object by its name, or the item of a list by its number. */
export type PathStep = string | number;

/** What stands there; undefined when nothing does. Lists have no members, objects no items. */
export function valueAt(value: unknown, path: readonly PathStep[]): unknown {
  for (const step of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) !== (typeof step === 'number') || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PathStep, unknown>)[step];
  }
  return value;
}
