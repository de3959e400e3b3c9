import { create, ScalarType, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import fc from 'fast-check';

/**
 * Messages of any type with any of their fields set, a few levels deep, such as the JSON mapping can carry: no NaN, times in range,
 * no empty Any beside its bytes.
 */
export function randomMessage(desc: DescMessage, depth = 2): fc.Arbitrary<Message> {
  return fc.array(fc.nat({ max: Math.max(0, desc.fields.length - 1) }), { maxLength: 4 }).chain((picks) => {
    const chosen = desc.fields.length === 0 ? [] : [...new Set(picks)].map((index) => desc.fields[index]!);
    return fc.tuple(...chosen.map((field) => randomField(field, depth))).map((values) => {
      const message = create(desc) as Message & Record<string, unknown>;
      chosen.forEach((field, index) => setField(message, field, values[index]));
      return message;
    });
  });
}

function setField(message: Record<string, unknown>, field: DescField, value: unknown): void {
  if (value === undefined) return;
  if (field.oneof === undefined) message[field.localName] = value;
  else message[field.oneof.localName] = { case: field.localName, value };
}

function randomField(field: DescField, depth: number): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case 'list':
      return fc.array(randomValue(field, depth, false), { maxLength: 2 });
    case 'map':
      return fc.dictionary(randomKey(field.mapKey), randomValue(field, depth, false), { maxKeys: 2, noNullPrototype: true });
    default:
      return randomValue(field, depth, field.oneof === undefined);
  }
}

function randomKey(type: ScalarType): fc.Arbitrary<string> {
  if (type === ScalarType.STRING) return fc.string({ maxLength: 5 });
  return type === ScalarType.BOOL ? fc.constantFrom('true', 'false') : fc.nat({ max: 1000 }).map(String);
}

function randomValue(field: DescField, depth: number, bareWrapper: boolean): fc.Arbitrary<unknown> {
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map((value) => value.number));
  if (field.message === undefined) return randomScalar(field.scalar!);
  const { message } = field;
  switch (message.typeName) {
    case 'google.protobuf.Struct':
      return fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2, noNullPrototype: true });
    case 'google.protobuf.Duration':
      return randomTime(message, -1000n);
    case 'google.protobuf.Timestamp':
      return randomTime(message, 0n);
    case 'google.protobuf.Any':
    case 'google.protobuf.Value':
    case 'google.protobuf.ListValue':
    case 'google.protobuf.FieldMask':
      return fc.constant(undefined).map(() => (field.fieldKind === 'list' || field.fieldKind === 'map' ? filled(message) : undefined));
  }
  if (bareWrapper && /^google\.protobuf\.\w+Value$/.test(message.typeName)) return randomScalar(message.fields[0]!.scalar!);
  return depth === 0 ? fc.constant(create(message)) : randomMessage(message, depth - 1);
}

/** Something that JSON does not turn into something else. */
function filled(desc: DescMessage): Message {
  const message = create(desc) as Message & Record<string, unknown>;
  if (desc.typeName === 'google.protobuf.Value') message['kind'] = { case: 'stringValue', value: 'x' };
  return message;
}

function randomTime(desc: DescMessage, least: bigint): fc.Arbitrary<Message> {
  return fc.record({ seconds: fc.bigInt(least, 1000n), nanos: fc.nat({ max: 999_999_999 }) }).map(({ seconds, nanos }) => {
    const message = create(desc) as Message & Record<string, unknown>;
    return Object.assign(message, { seconds, nanos: seconds < 0n ? -nanos : nanos });
  });
}

function randomScalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return fc.string({ maxLength: 8 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 8 });
    case ScalarType.DOUBLE:
      return fc.double({ noNaN: true }).map(withoutMinusZero);
    case ScalarType.FLOAT:
      return fc.float({ noNaN: true }).map(withoutMinusZero);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt(0n, 2n ** 64n - 1n);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.nat({ max: 2 ** 31 - 1 }).map((value) => value * 2);
    default:
      return fc.integer();
  }
}

/** JSON has none. */
function withoutMinusZero(value: number): number {
  return value === 0 ? 0 : value;
}
