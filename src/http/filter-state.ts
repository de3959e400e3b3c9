import type { Address } from '../transport/transport.ts';

/** An object in a stream's filter state that is more than a text. */
export interface FilterStateObject {
  /** `%FILTER_STATE(key:PLAIN)%`; undefined when it cannot be said in text. */
  readonly plain: string | undefined;
  /** `%FILTER_STATE(key)%`: the fields of a message of Envoy's API that differ from their defaults, by their names there; undefined when it is none. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** `%FILTER_STATE(key:FIELD:name)%`; absent when its fields cannot be asked for. */
  field?(name: string): string | undefined;
}

/** Whether upstream connections are given an object: `hashed` keeps those of different values apart. */
export type StateSharing = 'none' | 'shared' | 'hashed';

/** What upstream connections are given. */
export interface SharedFilterState {
  readonly objects: ReadonlyMap<string, unknown>;
  /** Equal where connections may be shared; '' when nothing keeps them apart. */
  readonly hash: string;
}

interface StateEntry {
  readonly key: string;
  object: unknown;
  sharing: StateSharing;
}

/** The objects of a stream or connection by their keys. They are few, and made for each: a row of them costs less than a map. */
export class FilterState {
  readonly #entries: StateEntry[] = [];

  get(key: string): unknown {
    return this.#find(key)?.object;
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  set(key: string, object: unknown): void {
    const entry = this.#find(key);
    if (entry === undefined) this.#entries.push({ key, object, sharing: 'none' });
    else entry.object = object;
  }

  put(key: string, object: unknown, sharing: StateSharing): void {
    this.set(key, object);
    this.#find(key)!.sharing = sharing;
  }

  get isShared(): boolean {
    return this.#entries.some(({ sharing }) => sharing !== 'none');
  }

  /** Adds what is shared to `objects`, and to `hashed` what keeps connections apart. */
  shareTo(objects: Map<string, unknown>, hashed: string[]): void {
    for (const { key, object, sharing } of this.#entries) {
      if (sharing !== 'none') objects.set(key, object);
      if (sharing === 'hashed') hashed.push(String(object));
    }
  }

  #find(key: string): StateEntry | undefined {
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at++) if (entries[at]!.key === key) return entries[at];
    return undefined;
  }
}

/** What the first of two states and the second, each perhaps none, share. */
export function sharedOf(connection: FilterState | undefined, stream: FilterState | undefined): SharedFilterState | undefined {
  if (connection?.isShared !== true && stream?.isShared !== true) return undefined;
  const objects = new Map<string, unknown>();
  const hashed: string[] = [];
  connection?.shareTo(objects, hashed);
  if (stream !== connection) stream?.shareTo(objects, hashed);
  // As Envoy: of the values alone, whatever their keys.
  return { objects, hash: hashed.map((text) => `${text.length}:${text}`).join('') };
}

/** Texts by names that a configuration chose. */
export class FilterStateTexts implements FilterStateObject {
  readonly #texts = new Map<string, string>();

  set(name: string, text: string): void {
    this.#texts.set(name, text);
  }

  get plain(): string {
    return JSON.stringify(this.fields);
  }

  get fields(): Record<string, string> {
    return Object.fromEntries(this.#texts);
  }

  field(name: string): string | undefined {
    return this.#texts.get(name);
  }
}

/** An address. */
export class FilterStateAddress implements FilterStateObject {
  readonly address: Address;
  readonly fields = undefined;

  constructor(address: Address) {
    this.address = address;
  }

  get plain(): string {
    return this.address.text;
  }
}

export function isFilterStateObject(value: unknown): value is FilterStateObject {
  return typeof value === 'object' && value !== null && 'plain' in value && 'fields' in value;
}

/** The fields by the names that protobuf's JSON gives them. */
export function jsonFields(object: FilterStateObject): Readonly<Record<string, unknown>> | undefined {
  if (object instanceof FilterStateTexts || object.fields === undefined) return object.fields;
  return Object.fromEntries(Object.entries(object.fields).map(([name, value]) => [name.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase()), value]));
}

/** An object as text (Unicode); undefined when it has none. */
export function plainOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isFilterStateObject(value) ? value.plain : undefined;
}
