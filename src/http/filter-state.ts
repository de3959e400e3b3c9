/** An object in a stream's filter state that is more than a text. */
export interface FilterStateObject {
  /** `%FILTER_STATE(key:PLAIN)%`. */
  readonly plain: string;
  /** `%FILTER_STATE(key)%`: the fields of a message of Envoy's API that differ from their defaults, by their names there. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export function isFilterStateObject(value: unknown): value is FilterStateObject {
  return typeof value === 'object' && value !== null && 'plain' in value && 'fields' in value;
}

/** The fields by the names that protobuf's JSON gives them. */
export function jsonFields({ fields }: FilterStateObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase()), value]));
}
