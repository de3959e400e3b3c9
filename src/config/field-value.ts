import type { DescField } from '@bufbuild/protobuf';

/** What a field holds, or undefined when it is not set: proto3's plain scalars and enums are set when they are not zero. */
export function valueIfSet(field: DescField, message: Readonly<Record<string, unknown>>): unknown {
  if (field.oneof !== undefined) {
    const group = message[field.oneof.localName] as { case?: string; value?: unknown };
    return group.case === field.localName ? group.value : undefined;
  }
  const value = message[field.localName];
  switch (field.fieldKind) {
    case 'list':
      return (value as unknown[]).length === 0 ? undefined : value;
    case 'map':
      return Object.keys(value as object).length === 0 ? undefined : value;
    case 'message':
      return value;
    default:
      return isZero(value) ? undefined : value;
  }
}

export function isZero(value: unknown): boolean {
  return !value || (value instanceof Uint8Array && value.length === 0);
}
