/**
 * Descriptors of @bufbuild/protobuf's shape that read themselves on demand: a message knows its name when it is named, reads its proto when
 * its fields are first asked for, and a field finds its type when that is asked for. So a start pays for the messages that its
 * configuration holds, not for all that these could hold. Files of the syntaxes proto2 and proto3; no services, no extensions.
 */
import type { DescEnum, DescEnumValue, DescField, DescFile, DescMessage, DescOneof } from '@bufbuild/protobuf';
import type { DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FileDescriptorProto, OneofDescriptorProto } from '@bufbuild/protobuf/wkt';
import { nameIn, readEnum, readFile, readMessage } from './descriptor-reader.ts';
import { FieldDescriptor, localNameOf } from './field-descriptor.ts';

/** Of `google.protobuf.Edition`. */
const PROTO2 = 998;
const PROTO3 = 999;

/** Where descriptors find those that they name. */
export interface Types {
  getMessage(typeName: string): DescMessage | undefined;
  getEnum(typeName: string): DescEnum | undefined;
}

export class FileDescriptor implements DescFile {
  readonly kind = 'file';
  readonly name: string;
  readonly edition: typeof PROTO2 | typeof PROTO3;
  readonly deprecated: boolean;
  readonly dependencies: DescFile[] = [];
  readonly extensions = [];
  readonly services = [];
  readonly types: Types;
  /** Its types are read when they are asked for. */
  readonly proto: FileDescriptorProto;
  readonly #messages = new Map<string, Uint8Array | DescriptorProto>();
  readonly #enums = new Map<string, Uint8Array | EnumDescriptorProto>();

  constructor(bytes: Uint8Array, types: Types) {
    const shallow = readFile(bytes);
    this.types = types;
    this.name = shallow.name.replace(/\.proto$/, '');
    this.edition = shallow.syntax === 'proto3' ? PROTO3 : PROTO2;
    this.deprecated = shallow.options?.deprecated ?? false;
    for (const type of shallow.messageType) this.#messages.set(nameIn(type), type);
    for (const type of shallow.enumType) this.#enums.set(nameIn(type), type);
    const protos = (descs: () => readonly { readonly proto: unknown }[]): PropertyDescriptor => ({ get: () => descs().map(({ proto }) => proto), enumerable: true });
    this.proto = Object.defineProperties(shallow as object, { messageType: protos(() => this.messages), enumType: protos(() => this.enums) }) as FileDescriptorProto;
  }

  get messages(): DescMessage[] {
    return [...this.#messages.keys()].map((name) => this.types.getMessage(this.#full(name))!);
  }

  get enums(): DescEnum[] {
    return [...this.#enums.keys()].map((name) => this.types.getEnum(this.#full(name))!);
  }

  get isProto3(): boolean {
    return this.edition === PROTO3;
  }

  get package(): string {
    return this.proto.package;
  }

  /** By the path of names below the package. */
  messageProto(path: readonly string[]): DescriptorProto {
    const [top, ...nested] = path as [string, ...string[]];
    let proto = this.#messages.get(top)!;
    if (proto instanceof Uint8Array) this.#messages.set(top, (proto = readMessage(proto)));
    for (const name of nested) proto = proto.nestedType.find((type) => type.name === name)!;
    return proto;
  }

  enumProto(path: readonly string[]): EnumDescriptorProto {
    const name = path.at(-1)!;
    if (path.length > 1) return this.messageProto(path.slice(0, -1)).enumType.find((type) => type.name === name)!;
    let proto = this.#enums.get(name)!;
    if (proto instanceof Uint8Array) this.#enums.set(name, (proto = readEnum(proto)));
    return proto;
  }

  #full(name: string): string {
    return this.package === '' ? name : `${this.package}.${name}`;
  }

  toString(): string {
    return `file ${this.proto.name}`;
  }
}

interface Members {
  readonly fields: DescField[];
  readonly field: Record<string, DescField>;
  readonly oneofs: DescOneof[];
  readonly members: (DescField | DescOneof)[];
}

/** What messages and enums have in common: their place. */
abstract class Type {
  readonly typeName: string;
  readonly name: string;
  protected readonly path: readonly string[];
  readonly #openFile: () => FileDescriptor;
  #file: FileDescriptor | undefined;

  constructor(typeName: string, path: readonly string[], openFile: () => FileDescriptor) {
    this.typeName = typeName;
    this.path = path;
    this.name = path.at(-1)!;
    this.#openFile = openFile;
  }

  get file(): FileDescriptor {
    return (this.#file ??= this.#openFile());
  }

  get parent(): DescMessage | undefined {
    return this.path.length === 1 ? undefined : this.file.types.getMessage(this.typeName.slice(0, -this.name.length - 1));
  }
}

export class MessageDescriptor extends Type implements DescMessage {
  readonly kind = 'message';
  readonly nestedExtensions = [];
  #proto: DescriptorProto | undefined;
  #members: Members | undefined;

  get proto(): DescriptorProto {
    return (this.#proto ??= this.file.messageProto(this.path));
  }

  get deprecated(): boolean {
    return this.proto.options?.deprecated ?? false;
  }

  get fields(): DescField[] {
    return this.#read().fields;
  }

  get field(): Record<string, DescField> {
    return this.#read().field;
  }

  get oneofs(): DescOneof[] {
    return this.#read().oneofs;
  }

  get members(): (DescField | DescOneof)[] {
    return this.#read().members;
  }

  get nestedMessages(): DescMessage[] {
    const written = this.proto.nestedType.filter((type) => type.options?.mapEntry !== true);
    return written.map(({ name }) => this.file.types.getMessage(`${this.typeName}.${name}`)!);
  }

  get nestedEnums(): DescEnum[] {
    return this.proto.enumType.map(({ name }) => this.file.types.getEnum(`${this.typeName}.${name}`)!);
  }

  #read(): Members {
    return (this.#members ??= readMembers(this));
  }

  override toString(): string {
    return `message ${this.typeName}`;
  }
}

function readMembers(message: MessageDescriptor): Members {
  const { proto } = message;
  const groups = proto.oneofDecl.map((oneof) => new OneofDescriptor(oneof, message));
  const read: Members = { fields: [], field: {}, oneofs: [], members: [] };
  for (const fieldProto of proto.field) {
    // A oneof that the compiler made for `optional` is none.
    const oneof = Object.hasOwn(fieldProto, 'oneofIndex') && !fieldProto.proto3Optional ? groups[fieldProto.oneofIndex] : undefined;
    const field = new FieldDescriptor(fieldProto, message, oneof) as unknown as DescField;
    read.fields.push(field);
    read.field[field.localName] = field;
    if (oneof === undefined) {
      read.members.push(field);
      continue;
    }
    if (oneof.fields.push(field) > 1) continue;
    read.members.push(oneof);
  }
  read.oneofs.push(...groups.filter(({ fields }) => fields.length > 0));
  return read;
}

class OneofDescriptor implements DescOneof {
  readonly kind = 'oneof';
  readonly deprecated = false;
  readonly fields: DescField[] = [];
  readonly proto: OneofDescriptorProto;
  readonly parent: DescMessage;
  readonly name: string;
  readonly localName: string;

  constructor(proto: OneofDescriptorProto, parent: DescMessage) {
    this.proto = proto;
    this.parent = parent;
    this.name = proto.name;
    this.localName = localNameOf(proto.name);
  }

  toString(): string {
    return `oneof ${this.parent.typeName}.${this.name}`;
  }
}

export class EnumDescriptor extends Type implements DescEnum {
  readonly kind = 'enum';
  #proto: EnumDescriptorProto | undefined;
  #values: DescEnumValue[] | undefined;

  get proto(): EnumDescriptorProto {
    return (this.#proto ??= this.file.enumProto(this.path));
  }

  get deprecated(): boolean {
    return this.proto.options?.deprecated ?? false;
  }

  get open(): boolean {
    return this.file.isProto3;
  }

  get values(): DescEnumValue[] {
    return (this.#values ??= this.proto.value.map((proto) => new EnumValueDescriptor(proto, this)));
  }

  /** Of several names for a number the first. */
  get value(): Record<number, DescEnumValue> {
    return Object.fromEntries(this.values.toReversed().map((value) => [value.number, value]));
  }

  get sharedPrefix(): string | undefined {
    const prefix = `${this.name.replaceAll(/(?<=.)[A-Z]/g, '_$&').toLowerCase()}_`;
    const isShared = this.proto.value.every(({ name }) => name.toLowerCase().startsWith(prefix) && /^\D/.test(name.slice(prefix.length)));
    return isShared ? prefix : undefined;
  }

  override toString(): string {
    return `enum ${this.typeName}`;
  }
}

class EnumValueDescriptor implements DescEnumValue {
  readonly kind = 'enum_value';
  readonly proto: EnumValueDescriptorProto;
  readonly parent: EnumDescriptor;
  readonly name: string;
  readonly number: number;

  constructor(proto: EnumValueDescriptorProto, parent: EnumDescriptor) {
    this.proto = proto;
    this.parent = parent;
    this.name = proto.name;
    this.number = proto.number;
  }

  get deprecated(): boolean {
    return this.proto.options?.deprecated ?? false;
  }

  get localName(): string {
    return this.name.slice(this.parent.sharedPrefix?.length ?? 0);
  }

  get jsonName(): string {
    return this.name;
  }

  toString(): string {
    return `enum value ${this.parent.typeName}.${this.name}`;
  }
}
