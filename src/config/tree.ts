/**
 * What a configuration text says, before anyone knows what type it is meant to be: scalars, lists and maps with the offsets at
 * which they stand. YAML, JSON and values made in memory share it. An aliased YAML node occurs several times as one object.
 */

export type ConfigNode = ScalarNode | ListNode | MapNode;

/** `bigint` holds JSON integers that a double cannot; YAML writes such integers as strings, as Envoy does. */
export type ScalarValue = string | number | bigint | boolean | null;

/** The offset of nodes that stand in no text. */
export const NO_OFFSET = -1;

export class ScalarNode {
  readonly kind = 'scalar';
  readonly value: ScalarValue;
  readonly start: number;

  constructor(value: ScalarValue, start: number) {
    this.value = value;
    this.start = start;
  }
}

export class ListNode {
  readonly kind = 'list';
  readonly items: readonly ConfigNode[];
  readonly start: number;

  constructor(start: number, items: readonly ConfigNode[]) {
    this.start = start;
    this.items = items;
  }
}

/** Entries in the order of the text; the three arrays run in parallel. A key can occur twice only in JSON. */
export class MapNode {
  readonly kind = 'map';
  readonly keys: readonly string[];
  readonly keyStarts: readonly number[];
  readonly values: readonly ConfigNode[];
  readonly start: number;

  constructor(start: number, keys: readonly string[], keyStarts: readonly number[], values: readonly ConfigNode[]) {
    this.start = start;
    this.keys = keys;
    this.keyStarts = keyStarts;
    this.values = values;
  }

  get(key: string): ConfigNode | undefined {
    const index = this.keys.lastIndexOf(key);
    return index < 0 ? undefined : this.values[index];
  }
}

/**
 * Makes nodes whose arrays have exactly the size they need, which arrays filled by `push` have not: children wait on one shared
 * stack until their parent closes.
 */
export class NodeStack {
  readonly #keys: string[] = [];
  readonly #keyStarts: number[] = [];
  readonly #values: ConfigNode[] = [];

  /** Where the children of a collection that opens now will start. */
  get height(): number {
    return this.#values.length;
  }

  push(value: ConfigNode): void {
    this.#keys.push('');
    this.#keyStarts.push(NO_OFFSET);
    this.#values.push(value);
  }

  pushEntry(key: string, keyStart: number, value: ConfigNode): void {
    this.#keys.push(key);
    this.#keyStarts.push(keyStart);
    this.#values.push(value);
  }

  popList(start: number, from: number): ListNode {
    const list = new ListNode(start, this.#values.slice(from));
    this.#truncate(from);
    return list;
  }

  popMap(start: number, from: number): MapNode {
    const map = new MapNode(start, this.#keys.slice(from), this.#keyStarts.slice(from), this.#values.slice(from));
    this.#truncate(from);
    return map;
  }

  #truncate(height: number): void {
    this.#keys.length = this.#keyStarts.length = this.#values.length = height;
  }
}

/** How deep a configuration may nest; Envoy's JSON reader stops at the same depth. */
export const MAX_DEPTH = 100;

export function describeNode(node: ConfigNode): string {
  if (node.kind === 'map') return 'an object';
  if (node.kind === 'list') return 'a list';
  return typeof node.value === 'string' ? JSON.stringify(shorten(node.value)) : String(node.value);
}

/** Texts from a configuration enter messages cut to a length that a log line bears. */
export function shorten(text: string): string {
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

const MAX_QUOTED_LENGTH = 120;

/** The tree of a value made in memory, such as the JSON form of a Struct. */
export function treeFromValue(value: unknown): ConfigNode {
  if (Array.isArray(value)) return new ListNode(NO_OFFSET, value.map(treeFromValue));
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    const values = keys.map((key) => treeFromValue((value as Record<string, unknown>)[key]));
    return new MapNode(NO_OFFSET, keys, keys.map(() => NO_OFFSET), values);
  }
  return new ScalarNode((value ?? null) as ScalarValue, NO_OFFSET);
}
