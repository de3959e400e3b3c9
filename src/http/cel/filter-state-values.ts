import { unicodeText, wireText } from '../../core/wire-text.ts';
import { type FilterStateObject, isFilterStateObject } from '../filter-state.ts';
import { CelBytes, CelMap, type CelResult, type CelValue } from './value.ts';

/** Objects by their keys, which cannot be told. */
export class FilterStateValues extends CelMap {
  readonly size = 0;
  readonly #objectOf: (key: string) => unknown;

  constructor(objectOf: (key: string) => unknown) {
    super();
    this.#objectOf = objectOf;
  }

  get(key: CelValue): CelResult {
    return typeof key === 'string' ? valueOf(this.#objectOf(unicodeText(key))) : undefined;
  }

  keys(): undefined {
    return undefined;
  }
}

/** An object with fields is a map of them; any other is the bytes of its text. */
function valueOf(object: unknown): CelResult {
  if (typeof object === 'string') return new CelBytes(wireText(object));
  if (!isFilterStateObject(object)) return undefined;
  if (object.field !== undefined) return new ObjectFields(object);
  return object.plain === undefined ? undefined : new CelBytes(wireText(object.plain));
}

class ObjectFields extends CelMap {
  readonly size = 0;
  readonly #object: FilterStateObject;

  constructor(object: FilterStateObject) {
    super();
    this.#object = object;
  }

  get(key: CelValue): CelResult {
    const value = typeof key === 'string' ? this.#object.field?.(unicodeText(key)) : undefined;
    return value === undefined ? undefined : wireText(value);
  }

  keys(): readonly CelValue[] {
    return [];
  }
}
