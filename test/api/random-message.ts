/** Random messages of any type, for tests that hold for all of them. */
import { ScalarType, create, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';

/** Gives whole numbers from 0 up to `limit`, exclusively. */
export type Dice = (limit: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed | 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 8) / 2 ** 24) * limit);
  };
}

/** A field that proto2 requires. */
const REQUIRED = 3;

/** About two of three fields are set; below `depth` levels no messages are. */
export function randomMessage(type: DescMessage, dice: Dice, depth: number): Message {
  const init: Record<string, unknown> = {};
  for (const member of type.members) {
    if (dice(3) === 0 && !(member.kind === 'field' && member.presence === REQUIRED)) continue;
    if (member.kind === 'oneof') {
      const field = member.fields[dice(member.fields.length)];
      const value = randomValue(field, dice, depth);
      if (value !== undefined) init[member.localName] = { case: field.localName, value };
    } else {
      const value = randomField(member, dice, depth);
      if (value !== undefined) init[member.localName] = value;
    }
  }
  return create(type, init as never) as Message;
}

function randomField(field: DescField, dice: Dice, depth: number): unknown {
  if (field.fieldKind === 'list') return some(dice, () => randomValue(field, dice, depth));
  if (field.fieldKind === 'map') {
    const mapKey = field.mapKey;
    const values = some(dice, () => randomValue(field, dice, depth));
    return Object.fromEntries(values.map((value) => [String(randomScalar(mapKey, dice)), value]));
  }
  return randomValue(field, dice, depth);
}

function some(dice: Dice, make: () => unknown): unknown[] {
  return Array.from({ length: dice(4) }, make).filter((value) => value !== undefined);
}

function randomValue(field: DescField, dice: Dice, depth: number): unknown {
  if (field.enum !== undefined) return field.enum.values[dice(field.enum.values.length)].number;
  const message = field.message;
  if (message === undefined) return randomScalar(field.scalar!, dice);
  if (message.typeName === 'google.protobuf.Struct' && field.parent.typeName !== 'google.protobuf.Value') return randomJson(dice, 3, true);
  if (isWrapperDesc(message) && field.fieldKind === 'message' && field.oneof === undefined) {
    return randomScalar(message.fields[0].scalar!, dice);
  }
  return depth > 0 ? randomMessage(message, dice, depth - 1) : undefined;
}

function randomJson(dice: Dice, depth: number, object: boolean): unknown {
  switch (object ? 5 : dice(depth > 0 ? 6 : 4)) {
    case 0:
      return null;
    case 1:
      return dice(2) === 0;
    case 2:
      return dice(1000) / 8;
    case 3:
      return randomText(dice);
    case 4:
      return Array.from({ length: dice(3) }, () => randomJson(dice, depth - 1, false));
    default:
      return Object.fromEntries(Array.from({ length: dice(3) }, () => [randomText(dice), randomJson(dice, depth - 1, false)]));
  }
}

const LONG_TEXT = 'a long enough text that takes the other way';
const TEXTS = ['', 'a', 'web', 'cluster-1', 'ß', LONG_TEXT, 'Grüße aus München, 你好, 🚀', '\ufeffmark', '$typeName'];

function randomText(dice: Dice): string {
  return TEXTS[dice(TEXTS.length)];
}

function randomScalar(type: ScalarType, dice: Dice): unknown {
  switch (type) {
    case ScalarType.STRING:
      return randomText(dice);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: dice(5) }, () => dice(256));
    case ScalarType.BOOL:
      return dice(2) === 0;
    case ScalarType.DOUBLE:
      return [0, -0.5, 1e300, NaN, Infinity][dice(5)];
    case ScalarType.FLOAT:
      return [0, 0.5, -Infinity, 1024][dice(4)];
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return [0, 1, 127, 128, 16384, 2 ** 31, 2 ** 32 - 1][dice(7)];
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return [0, 1, -1, 300, 2 ** 31 - 1, -(2 ** 31)][dice(6)];
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return [0n, 1n, 128n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n][dice(6)];
    default:
      return [0n, -1n, 2n ** 31n, 2n ** 63n - 1n, -(2n ** 63n)][dice(5)];
  }
}
