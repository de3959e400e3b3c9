import type { FormatContext } from '../format/operator.ts';
import { metadataNamespace, metadataValue, type Namespaces, namespacesValue } from './message-values.ts';
import { CelMap, type CelResult, type CelValue } from './value.ts';

/** What expressions know of a stream or connection; undefined is what there is not, or not yet. */
export type CelRead = (context: FormatContext) => CelResult;

/** Something that an expression can name. */
export interface Attribute {
  readonly read: CelRead;
  /** Reads one thing in it without making all of it; undefined when it has no shorter way. `key` is known when it is compiled. */
  member?(key: string): Attribute | undefined;
  /** Undefined where others than Envoy choose them. */
  readonly memberNames?: readonly string[];
  /** Has fields, which cannot be asked for with brackets. */
  readonly isMessage?: boolean;
}

export type AttributeTable = Readonly<Record<string, CelRead | Attribute>>;

function attributeIn(table: AttributeTable, key: string): Attribute | undefined {
  const entry = Object.hasOwn(table, key) ? table[key] : undefined;
  return typeof entry === 'function' ? { read: entry } : entry;
}

/** A table as a whole: its members cannot be told. */
class AttributeMap extends CelMap {
  readonly size = 0;
  readonly #table: AttributeTable;
  readonly #context: FormatContext;

  constructor(table: AttributeTable, context: FormatContext) {
    super();
    this.#table = table;
    this.#context = context;
  }

  get(key: CelValue): CelResult {
    return typeof key === 'string' ? attributeIn(this.#table, key)?.read(this.#context) : undefined;
  }

  keys(): undefined {
    return undefined;
  }
}

/** A name that no table has. */
const UNKNOWN: Attribute = { read: () => undefined };

export function tableAttribute(table: AttributeTable): Attribute {
  return {
    read: (context) => new AttributeMap(table, context),
    member: (key) => attributeIn(table, key) ?? UNKNOWN,
    memberNames: Object.keys(table),
  };
}

/** `of` says where there is nothing that could have metadata, and where that has a null in its place. */
export function metadataAttribute(of: (context: FormatContext) => Namespaces | 'absent' | 'null'): Attribute {
  const reading =
    (make: (namespaces: Namespaces) => CelResult, whereNull: CelResult): CelRead =>
    (context) => {
      const namespaces = of(context);
      if (typeof namespaces === 'string') return namespaces === 'null' ? whereNull : undefined;
      return make(namespaces);
    };
  const namespaces: Attribute = {
    read: reading(namespacesValue, undefined),
    member: (key) => ({ read: reading((all) => metadataNamespace(all, key), undefined) }),
  };
  return {
    isMessage: true,
    read: reading(metadataValue, null),
    member: (field) => (field === 'filter_metadata' ? namespaces : undefined),
  };
}
