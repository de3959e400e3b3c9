/** Writes the descriptor pack that the registry reads at start-up (its format: src/api/descriptor-pack.ts). */
import { clearExtension, clone, toBinary, type DescExtension, type DescFile, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileOptionsSchema, type DescriptorProto } from '@bufbuild/protobuf/wkt';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import type { PackedFile } from '../../src/api/descriptor-pack.ts';

/** File options that only code generators of other languages read. */
const FOREIGN_OPTIONS = [
  'javaPackage', 'javaOuterClassname', 'javaMultipleFiles', 'goPackage', 'csharpNamespace', 'objcClassPrefix', 'rubyPackage',
  'phpNamespace', 'ccEnableArenas', 'optimizeFor', 'javaStringCheckUtf8', 'ccGenericServices', 'javaGenericServices', 'pyGenericServices',
] as const;

export function writePack(files: readonly DescFile[], registry: FileRegistry): Uint8Array {
  const versioning = registry.getExtension('udpa.annotations.versioning');
  const chunks: Uint8Array[] = [];
  const index = files.map((file): PackedFile => {
    const bytes = packFile(file, versioning);
    chunks.push(bytes);
    const { name, package: packageName } = file.proto;
    const namesOf = (kind: 'message' | 'enum'): string[] =>
      [...nestedTypes(file)].filter((type) => type.kind === kind).map((type) => type.typeName.slice(packageName === '' ? 0 : packageName.length + 1));
    return { name, byteLength: bytes.length, package: packageName, messages: namesOf('message'), enums: namesOf('enum') };
  });
  const json = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...chunks]);
}

/** The file as the registry wants it: options are unread bytes and types find each other by name, so nothing is imported. */
function packFile(file: DescFile, versioning: DescExtension | undefined): Uint8Array {
  const proto = clone(FileDescriptorProtoSchema, file.proto);
  if (proto.syntax === 'editions') throw new Error(`${proto.name}: editions are not read`);
  Object.assign(proto, { dependency: [], publicDependency: [], weakDependency: [], service: [], extension: [], sourceCodeInfo: undefined });
  if (proto.options !== undefined) {
    for (const name of FOREIGN_OPTIONS) delete proto.options[name];
    if (toBinary(FileOptionsSchema, proto.options).length === 0) proto.options = undefined;
  }
  for (const message of proto.messageType) strip(message, versioning);
  return toBinary(FileDescriptorProtoSchema, proto);
}

/** Extensions have been options only; versions tell of API v2. */
function strip(message: DescriptorProto, versioning: DescExtension | undefined): void {
  message.extensionRange = [];
  message.extension = [];
  if (message.options !== undefined && versioning !== undefined) {
    clearExtension(message.options, versioning);
    if (Object.keys(message.options).length === 1 && message.options.$unknown?.length === 0) message.options = undefined;
  }
  for (const nested of message.nestedType) strip(nested, versioning);
}
