/** `{{…}}` in case files: ports and paths that are known only when a case runs, and long runs of one character. */

import { ConformanceError } from './case.ts';
import { clientHelloText } from './client-hello.ts';

const PLACEHOLDER = /\{\{([^{}]+)\}\}/g;
const NO_VALUES: ReadonlyMap<string, string> = new Map();
const RUN = /^(.)\*(\d+)$/s;

/** `{{a*60000}}` stands for 60,000 letters. */
const expandRun = (name: string): string | undefined => {
  const run = RUN.exec(name);
  return run === null ? undefined : run[1].repeat(Number(run[2]));
};

/** How long a text will be; of what is known only when a case runs, nobody can say. */
export const filledLength = (text: string): number => fillText(text, NO_VALUES).length;

const lookUp = (name: string, values: ReadonlyMap<string, string | number>): string | number => {
  const value = expandRun(name) ?? (name.startsWith('hello') ? clientHelloText(name) : undefined) ?? values.get(name);
  if (value === undefined) throw new ConformanceError(`unknown placeholder {{${name}}}; known here: ${[...values.keys()].join(', ')}`);
  return value;
};

export const fillText = (text: string, values: ReadonlyMap<string, string | number>): string =>
  text.replace(PLACEHOLDER, (_, name: string) => String(lookUp(name, values)));

/** Fills every string in a tree; a string that is one placeholder takes the value's own type. */
export const fillTree = (tree: unknown, values: ReadonlyMap<string, string | number>): unknown => {
  if (typeof tree === 'string') {
    const whole = /^\{\{([^{}]+)\}\}$/.exec(tree);
    return whole === null ? fillText(tree, values) : lookUp(whole[1], values);
  }
  if (Array.isArray(tree)) return tree.map((item) => fillTree(item, values));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [fillText(key, values), fillTree(value, values)]));
};
