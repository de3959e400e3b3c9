import type { DescEnum, DescMessage, DescOneof, ScalarType } from '@bufbuild/protobuf';
import type { FieldDescriptorProto } from '@bufbuild/protobuf/wkt';
import { parseTextFormatEnumValue, parseTextFormatScalarValue } from './protobuf.ts';
import type { MessageDescriptor } from './descriptors.ts';

/** Of `google.protobuf.FieldDescriptorProto`. */
const TYPE_STRING = 9;
const TYPE_GROUP = 10;
const TYPE_MESSAGE = 11;
const TYPE_BYTES = 12;
const TYPE_ENUM = 14;
const LABEL_REQUIRED = 2;
const LABEL_REPEATED = 3;

/** Of `google.protobuf.FeatureSet.FieldPresence`. */
const EXPLICIT = 1;
const IMPLICIT = 2;
const LEGACY_REQUIRED = 3;

type ValueKind = 'message' | 'enum' | 'scalar';

/** A `DescField`, which is a union that no class can implement. */
export class FieldDescriptor {
  readonly kind = 'field';
  readonly proto: FieldDescriptorProto;
  readonly parent: DescMessage;
  readonly oneof: DescOneof | undefined;
  readonly name: string;
  readonly localName: string;
  readonly jsonName: string;
  readonly number: number;
  readonly presence: number;
  readonly utf8Validation: boolean;
  readonly fieldKind: ValueKind | 'list' | 'map';
  readonly listKind: ValueKind | undefined;
  readonly mapKind: ValueKind | undefined;
  readonly mapKey: ScalarType | undefined;
  readonly scalar: ScalarType | undefined;
  readonly longAsString = false;
  readonly delimitedEncoding: boolean;
  readonly packed: boolean;
  /** Names the type of a value: of the field itself or, in a map, of its entry's value. */
  readonly #value: FieldDescriptorProto;
  readonly #types: MessageDescriptor['file']['types'];

  constructor(proto: FieldDescriptorProto, parent: MessageDescriptor, oneof: DescOneof | undefined) {
    const { file } = parent;
    const isList = proto.label === LABEL_REPEATED;
    const entry = isList && proto.type === TYPE_MESSAGE ? mapEntryOf(proto, parent) : undefined;
    const value = entry?.field.find(({ number }) => number === 2) ?? proto;
    const kind = valueKindOf(value);
    this.proto = proto;
    this.parent = parent;
    this.oneof = oneof;
    this.name = proto.name;
    this.localName = localNameOf(proto.name, oneof !== undefined);
    this.jsonName = proto.jsonName;
    this.number = proto.number;
    this.presence = presenceOf(proto, oneof, file.isProto3);
    this.utf8Validation = file.isProto3;
    this.fieldKind = entry !== undefined ? 'map' : isList ? 'list' : kind;
    this.listKind = isList && entry === undefined ? kind : undefined;
    this.mapKind = entry === undefined ? undefined : kind;
    this.mapKey = entry?.field.find(({ number }) => number === 1)?.type as ScalarType | undefined;
    this.scalar = kind === 'scalar' ? (value.type as number as ScalarType) : undefined;
    this.delimitedEncoding = value.type === TYPE_GROUP;
    this.packed = isList && entry === undefined && isPacked(proto, file.isProto3);
    this.#value = value;
    this.#types = file.types;
  }

  get deprecated(): boolean {
    return this.proto.options?.deprecated ?? false;
  }

  get message(): DescMessage | undefined {
    return isMessage(this.#value) ? this.#types.getMessage(this.#value.typeName.slice(1)) : undefined;
  }

  get enum(): DescEnum | undefined {
    return this.#value.type === TYPE_ENUM ? this.#types.getEnum(this.#value.typeName.slice(1)) : undefined;
  }

  getDefaultValue(): unknown {
    if (!Object.hasOwn(this.proto, 'defaultValue')) return undefined;
    const text = this.proto.defaultValue;
    return this.fieldKind === 'enum' ? parseTextFormatEnumValue(this.enum!, text) : parseTextFormatScalarValue(this.scalar!, text);
  }

  toString(): string {
    return `field ${this.parent.typeName}.${this.name}`;
  }
}

function isMessage({ type }: FieldDescriptorProto): boolean {
  return type === TYPE_MESSAGE || type === TYPE_GROUP;
}

function valueKindOf(proto: FieldDescriptorProto): ValueKind {
  if (isMessage(proto)) return 'message';
  return proto.type === TYPE_ENUM ? 'enum' : 'scalar';
}

/** The message that a map's entries are on the wire; it is nested where the map is. */
function mapEntryOf({ typeName }: FieldDescriptorProto, { proto, typeName: holder }: MessageDescriptor): DescriptorProto | undefined {
  if (!typeName.startsWith(holder, 1)) return undefined;
  const name = typeName.slice(holder.length + 2);
  return proto.nestedType.find((type) => type.name === name && type.options?.mapEntry === true);
}

type DescriptorProto = MessageDescriptor['proto'];

function presenceOf(proto: FieldDescriptorProto, oneof: DescOneof | undefined, isProto3: boolean): number {
  if (proto.label === LABEL_REQUIRED) return LEGACY_REQUIRED;
  if (proto.label === LABEL_REPEATED) return IMPLICIT;
  return oneof !== undefined || proto.proto3Optional || !isProto3 || isMessage(proto) ? EXPLICIT : IMPLICIT;
}

/** Numbers are packed in proto3, and elsewhere when asked for. */
function isPacked(proto: FieldDescriptorProto, isProto3: boolean): boolean {
  if (isMessage(proto) || proto.type === TYPE_STRING || proto.type === TYPE_BYTES) return false;
  const { options } = proto;
  return options !== undefined && Object.hasOwn(options, 'packed') ? options.packed : isProto3;
}

/** Properties that every object has. */
const TAKEN = new Set(['constructor', 'toString', 'toJSON', 'valueOf']);

/** The property that holds a field; those of a oneof are values there and may have any name. */
export function localNameOf(name: string, inOneof = false): string {
  const camel = name.replaceAll(/_+(\D?)/g, (_match, next: string) => next.toUpperCase());
  return TAKEN.has(camel) && !inOneof ? `${camel}$` : camel;
}
