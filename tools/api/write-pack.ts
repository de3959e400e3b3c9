/** Writes the descriptor pack that the registry reads at start-up (its format: src/api/descriptor-pack.ts). */
import { clearExtension, clone, toBinary, type DescExtension, type DescFile, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileOptionsSchema, type DescriptorProto } from '@bufbuild/protobuf/wkt';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import type { PackedFile } from '../../src/api/descriptor-pack.ts';
import { referencedFiles } from './api-files.ts';

/** File options that only code generators of other languages read. */
const FOREIGN_OPTIONS = [
  'javaPackage', 'javaOuterClassname', 'javaMultipleFiles', 'goPackage', 'csharpNamespace', 'objcClassPrefix', 'rubyPackage',
  'phpNamespace', 'ccEnableArenas', 'optimizeFor', 'javaStringCheckUtf8', 'ccGenericServices', 'javaGenericServices', 'pyGenericServices',
] as const;

export function writePack(files: readonly DescFile[], registry: FileRegistry): Uint8Array {
  const positions = new Map(files.map((file, position) => [file, position]));
  const versioning = registry.getExtension('udpa.annotations.versioning');
  const chunks: Uint8Array[] = [];
  const index = files.map((file): PackedFile => {
    const needed = referencedFiles(file);
    const bytes = file.proto.package === 'google.protobuf' ? new Uint8Array(0) : packFile(file, needed, versioning);
    chunks.push(bytes);
    return {
      name: file.proto.name,
      byteLength: bytes.length,
      needs: needed.map((other) => positions.get(other)!),
      package: file.proto.package,
      types: [...nestedTypes(file)].map((type) => type.typeName.slice(file.proto.package === '' ? 0 : file.proto.package.length + 1)),
    };
  });
  const json = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...chunks]);
}

/**
 * The file as the registry wants it: imports are the files whose types are named (options stay unread bytes, so what was imported for
 * them is not needed), and nothing that serves other languages or tells of API v2.
 */
function packFile(file: DescFile, needed: readonly DescFile[], versioning: DescExtension | undefined): Uint8Array {
  const proto = clone(FileDescriptorProtoSchema, file.proto);
  proto.dependency = needed.map((other) => other.proto.name);
  proto.publicDependency = [];
  proto.weakDependency = [];
  proto.sourceCodeInfo = undefined;
  if (proto.options !== undefined) {
    for (const name of FOREIGN_OPTIONS) delete proto.options[name];
    if (toBinary(FileOptionsSchema, proto.options).length === 0) proto.options = undefined;
  }
  if (versioning !== undefined) for (const message of proto.messageType) dropVersioning(message, versioning);
  return toBinary(FileDescriptorProtoSchema, proto);
}

function dropVersioning(message: DescriptorProto, versioning: DescExtension): void {
  if (message.options !== undefined) {
    clearExtension(message.options, versioning);
    if (Object.keys(message.options).length === 1 && message.options.$unknown?.length === 0) message.options = undefined;
  }
  for (const nested of message.nestedType) dropVersioning(nested, versioning);
}
