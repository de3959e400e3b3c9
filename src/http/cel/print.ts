import { jsonText, numberText } from '../format/json-text.ts';
import { shortDouble } from './conversions.ts';
import { durationJson, durationText, timestampJson, timestampText } from './time.ts';
import { CelBytes, CelDuration, CelMap, CelMessage, CelTimestamp, CelType, CelUint, type CelValue } from './value.ts';

/** How values stand in logs and headers. */

export function celText(value: CelValue): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return shortDouble(value);
    default:
      if (value === null) return 'NULL';
      if (value instanceof CelUint) return String(value.value);
      if (value instanceof CelBytes) return value.bytes;
      if (value instanceof CelDuration) return durationText(value);
      if (value instanceof CelTimestamp) return timestampText(value);
      if (value instanceof CelMessage) return value.debugText();
      return value instanceof CelMap ? 'CelMap value' : value instanceof CelType ? 'CelType value' : 'CelList value';
  }
}

/**
 * Numbers are doubles, as JSON's are to protobuf. What JSON cannot say is null, and so is all that holds it. `length` cuts what is a string
 * there.
 */
export function celJson(value: CelValue, length = Infinity): string {
  return jsonOf(value, length) ?? 'null';
}

function jsonOf(value: CelValue, length = Infinity): string | undefined {
  switch (typeof value) {
    case 'bigint':
      return numberText(Number(value));
    case 'number':
      return numberText(value);
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'null';
      if (value instanceof CelType) return undefined;
      if (value instanceof CelUint) return numberText(Number(value.value));
      if (value instanceof CelMap) return mapJson(value);
      if (value instanceof CelMessage) return messageJson(value);
      if (Array.isArray(value)) return listJson(value as readonly CelValue[]);
      return stringJson(stringOf(value as string | CelBytes | CelDuration | CelTimestamp), length);
  }
}

/** What stands in a string of JSON; undefined for what has no form there. */
function stringOf(value: string | CelBytes | CelDuration | CelTimestamp): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof CelBytes) return Buffer.from(value.bytes, 'latin1').toString('base64');
  return value instanceof CelDuration ? durationJson(value) : timestampJson(value);
}

function stringJson(text: string | undefined, length: number): string | undefined {
  return text === undefined ? undefined : `"${jsonText(text.substring(0, length))}"`;
}

function listJson(list: readonly CelValue[]): string | undefined {
  const items = list.map((item) => jsonOf(item));
  return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
}

function mapJson(map: CelMap): string | undefined {
  const keys = map.keys();
  if (keys === undefined || keys.some((key) => typeof key === 'boolean')) return undefined;
  return objectJson(keys.map((key) => [celText(key), map.get(key) ?? null]));
}

function messageJson(message: CelMessage): string | undefined {
  return objectJson([...message.fields].filter(([name]) => message.isSet(name)));
}

/** Members in order of their names' bytes; of two of one name the last counts. */
function objectJson(entries: readonly (readonly [name: string, value: CelValue])[]): string | undefined {
  const members = [...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([name, value]) => [jsonText(name), jsonOf(value)] as const);
  return members.some(([, json]) => json === undefined) ? undefined : `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}
