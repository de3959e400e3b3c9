/**
 * Values of the Common Expression Language. Strings and bytes are latin1 text: one character a byte of the wire, as everywhere on the
 * request path. `bigint` is CEL's int, `number` its double.
 */
export type CelValue = null | boolean | bigint | CelUint | number | string | CelBytes | CelDuration | CelTimestamp | CelType | readonly CelValue[] | CelMap | CelMessage;

/** Undefined is an error: no such key, no such overload, an overflow. Which one it was nobody can tell in Envoy either. */
export type CelResult = CelValue | undefined;

export class CelUint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

export class CelBytes {
  readonly bytes: string;

  constructor(bytes: string) {
    this.bytes = bytes;
  }
}

export class CelDuration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelTimestamp {
  /** Since the epoch. */
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelType {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** By keys of the types that keys may have: int, uint, bool, string. */
export abstract class CelMap {
  abstract readonly size: number;
  /** Undefined when there is none. */
  abstract get(key: CelValue): CelResult;
  /** Undefined when they cannot be told. */
  abstract keys(): readonly CelValue[] | undefined;

  has(key: CelValue): boolean {
    return this.get(key) !== undefined;
  }
}

/** What a map expression makes. */
export class CelEntries extends CelMap {
  readonly #entries = new Map<string | bigint | boolean, readonly [key: CelValue, value: CelValue]>();

  /** False for a key of another type, and for one that is there. */
  add(key: CelValue, value: CelValue): boolean {
    const normal = normalKey(key);
    if (normal === undefined || typeof key === 'number' || this.#entries.has(normal)) return false;
    this.#entries.set(normal, [key, value]);
    return true;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: CelValue): CelResult {
    const normal = normalKey(key);
    return normal === undefined ? undefined : this.#entries.get(normal)?.[1];
  }

  keys(): readonly CelValue[] {
    return [...this.#entries.values()].map(([key]) => key);
  }
}

/** Numbers that are equal are one key, whatever their type. */
function normalKey(key: CelValue): string | bigint | boolean | undefined {
  if (typeof key === 'string' || typeof key === 'bigint' || typeof key === 'boolean') return key;
  if (key instanceof CelUint) return key.value;
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : undefined;
}

/** A message of Envoy's API. */
export class CelMessage {
  readonly typeName: string;
  /** All that it has, by their names in the API. */
  readonly fields: ReadonlyMap<string, CelValue>;
  /** Envoy's one-line text of it. */
  readonly debugText: () => string;

  constructor(typeName: string, fields: ReadonlyMap<string, CelValue>, debugText: () => string) {
    this.typeName = typeName;
    this.fields = fields;
    this.debugText = debugText;
  }

  /** Undefined for a field that the message does not know. */
  isSet(name: string): boolean | undefined {
    const value = this.fields.get(name);
    if (value === undefined) return undefined;
    if (value instanceof CelMap) return value.size > 0;
    if (value instanceof CelMessage) return [...value.fields.keys()].some((field) => value.isSet(field));
    return value !== '' && value !== null && value !== 0n;
  }
}

const TYPE_NAMES = { null: 'null_type', boolean: 'bool', bigint: 'int', number: 'double', string: 'string' } as const;

export function typeOf(value: CelValue): CelType {
  return new CelType(typeName(value));
}

function typeName(value: CelValue): string {
  if (value === null) return TYPE_NAMES.null;
  if (typeof value !== 'object') return TYPE_NAMES[typeof value as Exclude<keyof typeof TYPE_NAMES, 'null'>];
  if (value instanceof CelUint) return 'uint';
  if (value instanceof CelBytes) return 'bytes';
  if (value instanceof CelDuration) return 'google.protobuf.Duration';
  if (value instanceof CelTimestamp) return 'google.protobuf.Timestamp';
  if (value instanceof CelType) return 'type';
  if (value instanceof CelMap) return 'map';
  return value instanceof CelMessage ? value.typeName : 'list';
}

/** The types that an expression can name. */
export const NAMED_TYPES: ReadonlySet<string> = new Set(['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint']);
