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
