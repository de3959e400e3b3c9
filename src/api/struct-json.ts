import type { ListValue, Struct, Value } from '@bufbuild/protobuf/wkt';

/** What was written for a `google.protobuf.Struct`: an object of JSON. */
export function structJson(struct: Struct): Record<string, unknown> {
  return Object.fromEntries(Object.entries(struct.fields).map(([key, value]) => [key, jsonOf(value)]));
}

export function jsonOf(message: Struct | Value | ListValue): unknown {
  switch (message.$typeName) {
    case 'google.protobuf.Struct':
      return structJson(message);
    case 'google.protobuf.ListValue':
      return message.values.map(jsonOf);
    case 'google.protobuf.Value': {
      const { kind } = message;
      if (kind.case === 'structValue' || kind.case === 'listValue') return jsonOf(kind.value);
      return kind.case === 'nullValue' || kind.case === undefined ? null : kind.value;
    }
  }
}
