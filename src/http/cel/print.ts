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

/** Numbers are doubles, as JSON's are to protobuf; what JSON cannot say is null. */
export function celJson(value: CelValue): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'bigint':
      return numberText(Number(value));
    case 'number':
      return numberText(value);
    case 'boolean':
      return String(value);
    default:
      if (value === null || value instanceof CelType) return 'null';
      if (value instanceof CelUint) return numberText(Number(value.value));
      if (value instanceof CelBytes) return quoted(Buffer.from(value.bytes, 'latin1').toString('base64'));
      if (value instanceof CelDuration) return quotedOrNull(durationJson(value));
      if (value instanceof CelTimestamp) return quotedOrNull(timestampJson(value));
      if (value instanceof CelMap) return mapJson(value);
      return value instanceof CelMessage ? messageJson(value) : `[${(value as readonly CelValue[]).map(celJson).join(',')}]`;
  }
}

function quoted(text: string): string {
  return `"${jsonText(text)}"`;
}

function quotedOrNull(text: string | undefined): string {
  return text === undefined ? 'null' : quoted(text);
}

function mapJson(map: CelMap): string {
  const keys = map.keys();
  if (keys === undefined || keys.some((key) => typeof key === 'boolean')) return 'null';
  return objectJson(keys.map((key) => [celText(key), map.get(key) ?? null]));
}

function messageJson(message: CelMessage): string {
  return objectJson([...message.fields].filter(([name]) => message.isSet(name)));
}

/** Members in order of their names' bytes; of two of one name the last counts. */
function objectJson(entries: readonly (readonly [name: string, value: CelValue])[]): string {
  const members = [...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, value]) => `${quoted(name)}:${celJson(value)}`).join(',')}}`;
}
