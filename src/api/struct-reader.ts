/** Reads `google.protobuf.Struct` straight into the JSON object that stands for it in a message. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { WireReader } from './wire-reader.ts';

const STRUCT = 'google.protobuf.Struct';
const VALUE = 'google.protobuf.Value';
const LIST = 'google.protobuf.ListValue';

const FIELD_1_BYTES = 10;
const FIELD_2_BYTES = 18;

/** Adds to `into` the fields of a Struct that ends at `end`. */
export function readStruct(reader: WireReader, end: number, into: JsonObject): JsonObject {
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === FIELD_1_BYTES) readEntry(reader, reader.enter(end), into);
    else reader.drop(tag, STRUCT);
  }
  reader.leave(end);
  return into;
}

function readEntry(reader: WireReader, end: number, into: JsonObject): void {
  let key = '';
  let value: JsonValue = null;
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === FIELD_1_BYTES) key = reader.string();
    else if (tag === FIELD_2_BYTES) value = readValue(reader, reader.enter(end), value);
    else reader.drop(tag, STRUCT);
  }
  reader.leave(end);
  setKey(into, key, value);
}

/** `before` is what the same value already holds: protobuf merges a repeated occurrence of a message into the former. */
function readValue(reader: WireReader, end: number, before: JsonValue): JsonValue {
  let value = before;
  while (reader.pos < end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        reader.uint32();
        value = null;
        break;
      case 17:
        value = reader.double();
        break;
      case 26:
        value = reader.string();
        break;
      case 32:
        value = reader.bool();
        break;
      case 42:
        value = readStruct(reader, reader.enter(end), isObject(value) ? value : {});
        break;
      case 50:
        value = readList(reader, reader.enter(end), Array.isArray(value) ? value : []);
        break;
      default:
        reader.drop(tag, VALUE);
    }
  }
  reader.leave(end);
  return value;
}

function readList(reader: WireReader, end: number, into: JsonValue[]): JsonValue[] {
  while (reader.pos < end) {
    const tag = reader.tag();
    if (tag === FIELD_1_BYTES) into.push(readValue(reader, reader.enter(end), null));
    else reader.drop(tag, LIST);
  }
  reader.leave(end);
  return into;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets an own property even where the key is `__proto__`. */
export function setKey<T>(object: { [key: string]: T }, key: string, value: T): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}
