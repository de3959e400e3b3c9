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
  readonly value: ScalarValue;
  readonly start: number;

  constructor(value: ScalarValue, start: number) {
    this.value = value;
    this.start = start;
  }

  get kind(): 'scalar' {
    return 'scalar';
  }
}

export class ListNode {
  readonly items: readonly ConfigNode[];
  readonly start: number;

  constructor(start: number, items: readonly ConfigNode[]) {
    this.start = start;
    this.items = items;
  }

  get kind(): 'list' {
    return 'list';
  }
}

/** Three to an entry: key, where the key starts, value. */
type Slot = string | number | ConfigNode;
const SLOTS = 3;

/** Entries in the order of the text. A key can occur twice only in JSON. */
export class MapNode {
  readonly start: number;
  /** One array for all: a large configuration has hundreds of thousands of small maps. */
  readonly #slots: readonly Slot[];

  constructor(start: number, slots: readonly Slot[]) {
    this.start = start;
    this.#slots = slots;
  }

  get kind(): 'map' {
    return 'map';
  }

  get size(): number {
    return this.#slots.length / SLOTS;
  }

  keyAt(index: number): string {
    return this.#slots[index * SLOTS] as string;
  }

  keyStartAt(index: number): number {
    return this.#slots[index * SLOTS + 1] as number;
  }

  valueAt(index: number): ConfigNode {
    return this.#slots[index * SLOTS + 2] as ConfigNode;
  }

  /** The last entry with this key before `end`; -1 when there is none. */
  indexOf(key: string, end = this.size): number {
    for (let index = end - 1; index >= 0; index--) if (this.keyAt(index) === key) return index;
    return -1;
  }

  get(key: string): ConfigNode | undefined {
    const index = this.indexOf(key);
    return index < 0 ? undefined : this.valueAt(index);
  }
}

/** An Any of the text format that is written as bytes. */
export class AnyBytesNode extends MapNode {
  readonly bytes: Uint8Array;

  constructor(start: number, typeUrl: string, bytes: Uint8Array) {
    super(start, ['@type', start, new ScalarNode(typeUrl, start)]);
    this.bytes = bytes;
  }
}

/**
 * Makes nodes whose arrays have exactly the size they need, which arrays filled by `push` have not: children wait on one shared
 * stack until their parent closes.
 */
export class NodeStack {
  /** Never shrinks: shrinking and growing again costs more than parsing. */
  readonly #slots: Slot[] = [];
  #height = 0;

  /** Where the children of a collection that opens now will start. */
  get height(): number {
    return this.#height;
  }

  pushItem(value: ConfigNode): void {
    this.#slots[this.#height++] = value;
  }

  pushEntry(key: string, keyStart: number, value: ConfigNode): void {
    const at = this.#height;
    this.#slots[at] = key;
    this.#slots[at + 1] = keyStart;
    this.#slots[at + 2] = value;
    this.#height = at + SLOTS;
  }

  popList(start: number, from: number): ListNode {
    const items = this.#slots.slice(from, this.#height) as ConfigNode[];
    this.#height = from;
    return new ListNode(start, items);
  }

  popMap(start: number, from: number): MapNode {
    const slots = this.#slots.slice(from, this.#height);
    this.#height = from;
    return new MapNode(start, slots);
  }
}

/** How deep a configuration may nest; Envoy's JSON reader stops at the same depth. */
export const MAX_DEPTH = 100;

/** How long a scalar or a key may be: several times the largest WebAssembly module that anyone would put into a configuration. */
export const MAX_STRING_LENGTH = 16 * 1024 * 1024;

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
    return new MapNode(NO_OFFSET, Object.entries(value).flatMap(([key, item]) => [key, NO_OFFSET, treeFromValue(item)]));
  }
  return new ScalarNode((value ?? null) as ScalarValue, NO_OFFSET);
}
