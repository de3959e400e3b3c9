import type { NodeInfo } from '../../core/extension.ts';
import { unicodeText, wireText } from '../../core/wire-text.ts';
import { numberText } from '../format/json-text.ts';
import { valueAt } from '../metadata-path.ts';
import { CelMap, CelMessage, type CelResult, type CelValue } from './value.ts';

/** Messages that expressions see. Metadata is plain JSON here: `Struct`s by namespace. */

/** A plain value of JSON; text in it is Unicode. */
function valueOf(json: unknown): CelValue {
  switch (typeof json) {
    case 'string':
      return wireText(json);
    case 'number':
    case 'boolean':
      return json;
    default:
      if (Array.isArray(json)) return json.map(valueOf);
      return json === null || typeof json !== 'object' ? null : new StructValues(json as Readonly<Record<string, unknown>>);
  }
}

/** A JSON object; its members become values when they are asked for. */
class StructValues extends CelMap {
  readonly #object: Readonly<Record<string, unknown>>;

  constructor(object: Readonly<Record<string, unknown>>) {
    super();
    this.#object = object;
  }

  get size(): number {
    return Object.keys(this.#object).length;
  }

  get(key: CelValue): CelResult {
    if (typeof key !== 'string') return undefined;
    const name = unicodeText(key);
    return Object.hasOwn(this.#object, name) ? valueOf(this.#object[name]) : undefined;
  }

  keys(): readonly CelValue[] {
    return Object.keys(this.#object).map(wireText);
  }
}

export type Namespaces = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> | undefined;

const EMPTY = new StructValues({});

/** The metadata of each namespace. */
export function namespacesValue(namespaces: Namespaces): CelMap {
  return new StructValues(byName(namespaces));
}

function byName(namespaces: Namespaces): Readonly<Record<string, unknown>> {
  if (namespaces === undefined) return {};
  return namespaces instanceof Map ? Object.fromEntries(namespaces) : (namespaces as Readonly<Record<string, unknown>>);
}

/** `envoy.config.core.v3.Metadata`. */
export function metadataValue(namespaces: Namespaces): CelMessage {
  const fields = new Map<string, CelValue>([
    ['filter_metadata', namespacesValue(namespaces)],
    ['typed_filter_metadata', EMPTY],
  ]);
  return new CelMessage('envoy.config.core.v3.Metadata', fields, () =>
    sorted(byName(namespaces)).map(([name, struct]) => `filter_metadata { key: ${textOf(name)} value { ${structText(struct)}} } `).join(''),
  );
}

/** One namespace's, without what is around it. */
export function metadataNamespace(namespaces: Namespaces, key: string): CelResult {
  const name = unicodeText(key);
  const struct = namespaces instanceof Map ? (namespaces.get(name) as unknown) : valueAt(namespaces, [name]);
  return struct === undefined ? undefined : valueOf(struct);
}

interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** `envoy.config.core.v3.Locality`. */
export function localityValue({ region, zone, subZone }: Locality): CelMessage {
  const fields = new Map<string, CelValue>([
    ['region', wireText(region)],
    ['zone', wireText(zone)],
    ['sub_zone', wireText(subZone)],
  ]);
  return new CelMessage('envoy.config.core.v3.Locality', fields, () => textFields({ region, zone, sub_zone: subZone }));
}

/** `envoy.config.core.v3.Node`: what the configuration says of it, and whose program this is. */
export function nodeValue({ id, cluster, zone, region = '', subZone = '', metadata = {} }: NodeInfo): CelMessage {
  const locality = localityValue({ region, zone, subZone });
  const fields = new Map<string, CelValue>([
    ['id', wireText(id)],
    ['cluster', wireText(cluster)],
    ['metadata', new StructValues(metadata)],
    ['locality', locality],
    ['user_agent_name', 'envoy'],
  ]);
  return new CelMessage('envoy.config.core.v3.Node', fields, () => {
    const struct = Object.keys(metadata).length === 0 ? '' : `metadata { ${structText(metadata)}} `;
    const place = locality.debugText();
    return `${textFields({ id, cluster })}${struct}${place === '' ? '' : `locality { ${place}} `}${textFields({ user_agent_name: 'envoy' })}`;
  });
}

function textFields(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields).map(([name, text]) => (text === '' ? '' : `${name}: ${textOf(text)} `)).join('');
}

/** In protobuf's text format, on one line. */
function structText(struct: unknown): string {
  return sorted(struct as object).map(([name, value]) => `fields { key: ${textOf(name)} value { ${valueText(value)}} } `).join('');
}

function valueText(json: unknown): string {
  switch (typeof json) {
    case 'string':
      return `string_value: ${textOf(json)} `;
    case 'number':
      return `number_value: ${numberText(json)} `;
    case 'boolean':
      return `bool_value: ${json} `;
    default:
      if (Array.isArray(json)) return `list_value { ${json.map((item) => `values { ${valueText(item)}} `).join('')}} `;
      return json === null || json === undefined ? 'null_value: NULL_VALUE ' : `struct_value { ${structText(json)}} `;
  }
}

function sorted(object: object): [string, unknown][] {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

const ESCAPED = /["'\\\x00-\x1f\x7f-\xff]/g;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', "'": "\\'", '\\': '\\\\' };

function textOf(text: string): string {
  return `"${wireText(text).replace(ESCAPED, (character) => SHORT[character] ?? `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)}"`;
}
