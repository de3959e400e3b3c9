/**
 * Reads the messages of google/protobuf/descriptor.proto as @bufbuild/protobuf would: they come before there are descriptors to read by, and
 * the library's own descriptors of them take longer to build than all that a start reads.
 *
 * Of options only those are fields here that this program reads; the others stay in `$unknown`, as extensions do.
 */
import type { DescriptorProto, EnumDescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { WireReader } from './wire-reader.ts';

/** A file whose types have not been read. */
export type ShallowFile = Omit<FileDescriptorProto, 'messageType' | 'enumType' | '$typeName'> & {
  readonly messageType: readonly Uint8Array[];
  readonly enumType: readonly Uint8Array[];
};

export function readFile(bytes: Uint8Array): ShallowFile {
  return read(FILE, bytes) as unknown as ShallowFile;
}

export function readMessage(bytes: Uint8Array): DescriptorProto {
  return read(MESSAGE, bytes) as unknown as DescriptorProto;
}

export function readEnum(bytes: Uint8Array): EnumDescriptorProto {
  return read(ENUM, bytes) as unknown as EnumDescriptorProto;
}

/** The `name` of a message or an enum, which the pack's writer puts first. */
export function nameIn(bytes: Uint8Array): string {
  const reader = new WireReader(bytes);
  return reader.tag() === NAME_TAG ? reader.string() : '';
}

const NAME_TAG = 10;
const VARINT = 0;
const BYTES = 2;

type Target = Record<string, unknown>;

/** How one kind of value is read; `limit` is where the message around it ends. */
interface Kind {
  readonly wireType: number;
  /** What a field that is not written reads as; absent where that is undefined. */
  readonly zero?: unknown;
  read(reader: WireReader, limit: number): unknown;
}

const TEXT: Kind = { wireType: BYTES, zero: '', read: (reader) => reader.string() };
const NUMBER: Kind = { wireType: VARINT, zero: 0, read: (reader) => reader.int32() };
const FLAG: Kind = { wireType: VARINT, zero: false, read: (reader) => reader.bool() };
const UNREAD: Kind = { wireType: BYTES, read: (reader) => reader.bytes() };
/** An enum whose first value is 1. */
const FROM_ONE: Kind = { ...NUMBER, zero: 1 };

function message(shape: () => Shape): Kind {
  return { wireType: BYTES, read: (reader, limit) => readInto(shape(), reader, reader.enter(limit)) };
}

interface FieldShape {
  readonly number: number;
  readonly name: string;
  readonly kind: Kind;
  readonly repeated: boolean;
}

function one(number: number, name: string, kind: Kind): FieldShape {
  return { number, name, kind, repeated: false };
}

function many(number: number, name: string, kind: Kind): FieldShape {
  return { number, name, kind, repeated: true };
}

interface Shape {
  readonly typeName: string;
  /** As in the library, presence in proto2 is an own property and defaults are inherited. */
  readonly defaults: Target;
  readonly lists: readonly string[];
  readonly byTag: ReadonlyMap<number, FieldShape>;
}

function shape(typeName: string, fields: readonly FieldShape[]): Shape {
  const defaults: Target = {};
  for (const { name, kind, repeated } of fields) if (!repeated && kind.zero !== undefined) defaults[name] = kind.zero;
  return {
    typeName: `google.protobuf.${typeName}`,
    defaults,
    lists: fields.filter(({ repeated }) => repeated).map(({ name }) => name),
    byTag: new Map(fields.map((field) => [(field.number << 3) | field.kind.wireType, field])),
  };
}

const DEPRECATED = (number: number): FieldShape => one(number, 'deprecated', FLAG);
const FILE_OPTIONS = shape('FileOptions', [DEPRECATED(23)]);
const MESSAGE_OPTIONS = shape('MessageOptions', [DEPRECATED(3), one(7, 'mapEntry', FLAG)]);
const FIELD_OPTIONS = shape('FieldOptions', [one(2, 'packed', FLAG), DEPRECATED(3)]);
const ONEOF_OPTIONS = shape('OneofOptions', []);
const ENUM_OPTIONS = shape('EnumOptions', [one(2, 'allowAlias', FLAG), DEPRECATED(3)]);
const ENUM_VALUE_OPTIONS = shape('EnumValueOptions', [DEPRECATED(1)]);

const RANGE = [one(1, 'start', NUMBER), one(2, 'end', NUMBER)];
const RESERVED_RANGE = shape('DescriptorProto.ReservedRange', RANGE);
const ENUM_RESERVED_RANGE = shape('EnumDescriptorProto.EnumReservedRange', RANGE);

const FIELD = shape('FieldDescriptorProto', [
  one(1, 'name', TEXT),
  one(2, 'extendee', TEXT),
  one(3, 'number', NUMBER),
  one(4, 'label', FROM_ONE),
  one(5, 'type', FROM_ONE),
  one(6, 'typeName', TEXT),
  one(7, 'defaultValue', TEXT),
  one(8, 'options', message(() => FIELD_OPTIONS)),
  one(9, 'oneofIndex', NUMBER),
  one(10, 'jsonName', TEXT),
  one(17, 'proto3Optional', FLAG),
]);

const ONEOF = shape('OneofDescriptorProto', [one(1, 'name', TEXT), one(2, 'options', message(() => ONEOF_OPTIONS))]);

const ENUM_VALUE = shape('EnumValueDescriptorProto', [
  one(1, 'name', TEXT),
  one(2, 'number', NUMBER),
  one(3, 'options', message(() => ENUM_VALUE_OPTIONS)),
]);

const ENUM = shape('EnumDescriptorProto', [
  one(1, 'name', TEXT),
  many(2, 'value', message(() => ENUM_VALUE)),
  one(3, 'options', message(() => ENUM_OPTIONS)),
  many(4, 'reservedRange', message(() => ENUM_RESERVED_RANGE)),
  many(5, 'reservedName', TEXT),
  one(6, 'visibility', NUMBER),
]);

const MESSAGE: Shape = shape('DescriptorProto', [
  one(1, 'name', TEXT),
  many(2, 'field', message(() => FIELD)),
  many(3, 'nestedType', message(() => MESSAGE)),
  many(4, 'enumType', message(() => ENUM)),
  many(5, 'extensionRange', UNREAD),
  many(6, 'extension', UNREAD),
  one(7, 'options', message(() => MESSAGE_OPTIONS)),
  many(8, 'oneofDecl', message(() => ONEOF)),
  many(9, 'reservedRange', message(() => RESERVED_RANGE)),
  many(10, 'reservedName', TEXT),
  one(11, 'visibility', NUMBER),
]);

const FILE = shape('FileDescriptorProto', [
  one(1, 'name', TEXT),
  one(2, 'package', TEXT),
  many(4, 'messageType', UNREAD),
  many(5, 'enumType', UNREAD),
  one(8, 'options', message(() => FILE_OPTIONS)),
  one(12, 'syntax', TEXT),
]);

function read(of: Shape, bytes: Uint8Array): Target {
  return readInto(of, new WireReader(bytes), bytes.byteLength);
}

function readInto({ typeName, defaults, lists, byTag }: Shape, reader: WireReader, end: number): Target {
  const target = Object.create(defaults) as Target;
  target['$typeName'] = typeName;
  for (const name of lists) target[name] = [];
  while (reader.pos < end) {
    const tag = reader.tag();
    const field = byTag.get(tag);
    if (field === undefined) reader.unknown(target, tag);
    else if (field.repeated) (target[field.name] as unknown[]).push(field.kind.read(reader, end));
    else target[field.name] = field.kind.read(reader, end);
  }
  reader.leave(end);
  return target;
}
