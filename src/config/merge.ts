import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { isZero } from './field-value.ts';
import { wellKnownKind } from './message-plan.ts';

/**
 * Merges `from` into `into` as protobuf's MergeFrom does: set scalars and enums replace, messages merge, lists append, map entries
 * replace by key. `into` takes parts of `from` as they are.
 */
export function mergeMessage(desc: DescMessage, into: Message, from: Message): void {
  const target = into as Fields;
  const source = from as Fields;
  for (const field of desc.fields) {
    switch (field.fieldKind) {
      case 'list':
        target[field.localName] = [...(target[field.localName] as unknown[]), ...(source[field.localName] as unknown[])];
        break;
      case 'map':
        target[field.localName] = { ...(target[field.localName] as object), ...(source[field.localName] as object) };
        break;
      default:
        if (field.oneof === undefined) mergeSingular(field, target, source);
    }
  }
  for (const oneof of desc.oneofs) mergeOneof(oneof.localName, desc, target, source);
}

type Fields = Message & Record<string, unknown>;

function mergeSingular(field: DescField, target: Fields, source: Fields): void {
  const value = source[field.localName];
  if (field.fieldKind !== 'message') {
    if (!isZero(value)) target[field.localName] = value;
    return;
  }
  if (value === undefined) return;
  target[field.localName] = mergeValue(field.message, target[field.localName], value);
}

function mergeOneof(group: string, desc: DescMessage, target: Fields, source: Fields): void {
  const chosen = source[group] as Choice;
  if (chosen.case === undefined) return;
  const existing = target[group] as Choice;
  const field = desc.fields.find((candidate) => candidate.localName === chosen.case)!;
  if (existing.case !== chosen.case || field.fieldKind !== 'message') target[group] = chosen;
  else target[group] = { case: chosen.case, value: mergeValue(field.message, existing.value, chosen.value) };
}

interface Choice {
  readonly case?: string;
  readonly value?: unknown;
}

function mergeValue(desc: DescMessage, existing: unknown, value: unknown): unknown {
  if (existing === undefined) return value;
  switch (wellKnownKind(desc)) {
    case 'struct':
      return { ...(existing as object), ...(value as object) };
    case 'none':
      mergeMessage(desc, existing as Message, value as Message);
      return existing;
    case 'duration':
    case 'timestamp':
      // Seconds and nanos are fields of their own; zero ones do not replace.
      mergeMessage(desc, existing as Message, value as Message);
      return existing;
    default:
      return value;
  }
}
