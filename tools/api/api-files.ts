/** Reads the committed descriptor sets and chooses the files that nuncio keeps. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createFileRegistry, fromBinary, type DescFile, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, type FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { nestedTypes } from '@bufbuild/protobuf/reflect';

export interface ApiFiles {
  /** A file comes after those whose types it names. */
  readonly files: readonly DescFile[];
  readonly registry: FileRegistry;
}

export function readDescriptorSet(url: URL): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, gunzipSync(readFileSync(url)));
}

/** Everything but Envoy's API v2 and settings of Go's code generator, plus what the kept files refer to. */
export function selectFiles(set: FileDescriptorSet): ApiFiles {
  const registry = createFileRegistry(set);
  const kept = new Set<DescFile>();
  const keep = (file: DescFile): void => {
    if (kept.has(file)) return;
    for (const referenced of referencedFiles(file)) keep(referenced);
    kept.add(file);
  };
  const all = [...registry.files].sort((a, b) => (a.proto.name < b.proto.name ? -1 : 1));
  for (const file of all) if (!isVersion2(file) && file.proto.name !== 'google/protobuf/go_features.proto') keep(file);
  return { files: [...kept], registry };
}

/** Envoy's packages without a version or with an older one; Envoy itself no longer accepts them. */
function isVersion2(file: DescFile): boolean {
  const { name, package: packageName } = file.proto;
  return name.startsWith('envoy/') && packageName !== 'envoy.annotations' && !packageName.endsWith('.v3');
}

/** The files that define the types this file's fields, methods and extensions name. Imports made only for options are not among them. */
export function referencedFiles(file: DescFile): DescFile[] {
  const found = new Set<DescFile>();
  for (const type of nestedTypes(file)) {
    if (type.kind === 'message') {
      for (const field of type.fields) {
        if (field.message !== undefined) found.add(field.message.file);
        if (field.enum !== undefined) found.add(field.enum.file);
      }
    } else if (type.kind === 'service') {
      for (const method of type.methods) found.add(method.input.file).add(method.output.file);
    } else if (type.kind === 'extension') {
      found.add(type.extendee.file);
      if (type.message !== undefined) found.add(type.message.file);
      if (type.enum !== undefined) found.add(type.enum.file);
    }
  }
  found.delete(file);
  return [...found].sort((a, b) => (a.proto.name < b.proto.name ? -1 : 1));
}
