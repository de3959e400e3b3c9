import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { ListValue, NullValue, Struct, Value } from '@bufbuild/protobuf/wkt';
import { create } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { ConfigNode } from './tree.ts';

/**
 * Trees as google.protobuf.Struct and Value hold them. Fields of type Struct hold plain JSON; inside a Value a Struct is a message.
 */

export function toJson(node: ConfigNode): JsonValue {
  if (node.kind === 'scalar') return typeof node.value === 'bigint' ? Number(node.value) : node.value;
  if (node.kind === 'list') return node.items.map(toJson);
  const object: JsonObject = {};
  for (let index = 0; index < node.size; index++) setEntry(object, node.keyAt(index), toJson(node.valueAt(index)));
  return object;
}

export function toValue(node: ConfigNode): Value {
  return create(schemaOf('google.protobuf.Value'), { kind: valueKind(toJson(node)) });
}

export function toListValue(node: ConfigNode): ListValue {
  return listMessage(toJson(node) as JsonValue[]);
}

/** The message of a Struct that stands alone or inside an Any. */
export function structMessage(json: JsonObject): Struct {
  const fields: Record<string, Value> = {};
  for (const [key, value] of Object.entries(json)) setEntry(fields, key, create(schemaOf('google.protobuf.Value'), { kind: valueKind(value) }));
  return create(schemaOf('google.protobuf.Struct'), { fields });
}

function listMessage(items: readonly JsonValue[]): ListValue {
  return create(schemaOf('google.protobuf.ListValue'), { values: items.map((item) => create(schemaOf('google.protobuf.Value'), { kind: valueKind(item) })) });
}

/** The only value of its enum. */
const NULL_VALUE: NullValue = 0;

function valueKind(json: JsonValue): Value['kind'] {
  if (json === null) return { case: 'nullValue', value: NULL_VALUE };
  switch (typeof json) {
    case 'string':
      return { case: 'stringValue', value: json };
    case 'number':
      return { case: 'numberValue', value: json };
    case 'boolean':
      return { case: 'boolValue', value: json };
  }
  if (Array.isArray(json)) return { case: 'listValue', value: listMessage(json) };
  return { case: 'structValue', value: structMessage(json) };
}

/** `__proto__` is a key like any other. */
export function setEntry<Value>(target: Record<string, Value>, key: string, value: Value): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}
