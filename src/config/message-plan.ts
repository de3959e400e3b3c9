import type { DescEnum, DescField, DescMessage, Message, ScalarType } from '@bufbuild/protobuf';
import { create } from '../api/protobuf.ts';

/**
 * What the decoder needs to know of a message type, gathered once per type on first use.
 */

/** The JSON forms that are not plain objects. */
export type WellKnown =
  | 'none'
  | 'any'
  | 'struct'
  | 'value'
  | 'list-value'
  | 'duration'
  | 'timestamp'
  | 'field-mask'
  | 'wrapper';

/** How one value of a field is read: a singular field's value, a list's item, a map's value. */
export type ValuePlan =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly names: EnumNames }
  | { readonly kind: 'message'; readonly message: DescMessage; readonly wellKnown: WellKnown; plan: MessagePlan | undefined }
  /** A wrapper whose field holds the bare value. */
  | { readonly kind: 'bare-wrapper'; readonly scalar: ScalarType };

export interface FieldPlan {
  readonly field: DescField;
  readonly name: string;
  readonly localName: string;
  readonly shape: 'singular' | 'list' | 'map';
  /** The property of the oneof group it belongs to. */
  readonly oneof: string | undefined;
  readonly value: ValuePlan;
}

export class MessagePlan {
  readonly desc: DescMessage;
  readonly wellKnown: WellKnown;
  /** By the names that JSON may use: snake_case and camelCase. */
  readonly fields: ReadonlyMap<string, FieldPlan>;

  constructor(desc: DescMessage) {
    this.desc = desc;
    this.wellKnown = wellKnownKind(desc);
    const fields = new Map<string, FieldPlan>();
    for (const field of desc.fields) {
      const plan = planField(field);
      fields.set(field.jsonName, plan);
      fields.set(field.name, plan);
    }
    this.fields = fields;
  }

  create(): Message & Record<string, unknown> {
    return create(this.desc) as Message & Record<string, unknown>;
  }
}

const plans = new WeakMap<DescMessage, MessagePlan>();

export function planOf(desc: DescMessage): MessagePlan {
  let plan = plans.get(desc);
  if (plan === undefined) plans.set(desc, (plan = new MessagePlan(desc)));
  return plan;
}

function planField(field: DescField): FieldPlan {
  const base = { field, name: field.name, localName: field.localName, oneof: field.oneof?.localName };
  switch (field.fieldKind) {
    case 'list':
      return { ...base, shape: 'list', value: planValue(field.listKind, field, false) };
    case 'map':
      return { ...base, shape: 'map', value: planValue(field.mapKind, field, false) };
    default:
      return { ...base, shape: 'singular', value: planValue(field.fieldKind, field, field.oneof === undefined) };
  }
}

/** Messages hold a wrapper as its bare value in singular fields outside oneofs, and as a message elsewhere. */
function planValue(kind: 'scalar' | 'enum' | 'message', field: DescField, bareWrappers: boolean): ValuePlan {
  if (kind === 'scalar') return { kind, scalar: field.scalar! };
  if (kind === 'enum') return { kind, names: enumNames(field.enum!) };
  const message = field.message!;
  const wellKnown = wellKnownKind(message);
  if (wellKnown === 'wrapper' && bareWrappers) return { kind: 'bare-wrapper', scalar: message.fields[0]!.scalar! };
  return { kind, message, wellKnown, plan: undefined };
}

const WELL_KNOWN = new Map<string, WellKnown>([
  ['google.protobuf.Any', 'any'],
  ['google.protobuf.Struct', 'struct'],
  ['google.protobuf.Value', 'value'],
  ['google.protobuf.ListValue', 'list-value'],
  ['google.protobuf.Duration', 'duration'],
  ['google.protobuf.Timestamp', 'timestamp'],
  ['google.protobuf.FieldMask', 'field-mask'],
]);
for (const name of ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes']) {
  WELL_KNOWN.set(`google.protobuf.${name}Value`, 'wrapper');
}

export function wellKnownKind(desc: DescMessage): WellKnown {
  return WELL_KNOWN.get(desc.typeName) ?? 'none';
}

export interface EnumNames {
  readonly desc: DescEnum;
  readonly isNullValue: boolean;
  /** By exact name and by name in lower case. */
  readonly numbers: ReadonlyMap<string, number>;
}

const enums = new WeakMap<DescEnum, EnumNames>();

function enumNames(desc: DescEnum): EnumNames {
  const known = enums.get(desc);
  if (known !== undefined) return known;
  const numbers = new Map<string, number>();
  for (const value of desc.values) {
    const lower = value.name.toLowerCase();
    if (!numbers.has(lower)) numbers.set(lower, value.number);
  }
  for (const value of desc.values) numbers.set(value.name, value.number);
  const names = { desc, isNullValue: desc.typeName === 'google.protobuf.NullValue', numbers };
  enums.set(desc, names);
  return names;
}
