import type { DescField, Message } from '@bufbuild/protobuf';

type Fields = Readonly<Record<string, unknown>>;

/** The value of a field that is set, or undefined. */
export function fieldValue(field: DescField, message: Message): unknown {
  const fields = message as unknown as Fields;
  if (field.oneof !== undefined) {
    const oneof = fields[field.oneof.localName] as { readonly case?: string; readonly value?: unknown };
    return oneof.case === field.localName ? oneof.value : undefined;
  }
  const value = fields[field.localName];
  if (value === undefined) return undefined;
  if (field.fieldKind === 'list') return (value as readonly unknown[]).length > 0 ? value : undefined;
  if (field.fieldKind === 'map') return Object.keys(value as Fields).length > 0 ? value : undefined;
  if (field.presence !== IMPLICIT || field.fieldKind === 'message') return value;
  if (value instanceof Uint8Array) return value.length > 0 ? value : undefined;
  return value === 0 || value === 0n || value === '' || value === false ? undefined : value;
}

/** `FeatureSet.FieldPresence.IMPLICIT`: without a value of its own for "not set". */
export const IMPLICIT = 2;
