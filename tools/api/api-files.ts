/** Reads the committed descriptor sets and chooses the files that nuncio keeps. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createFileRegistry, fromBinary, getOption, type DescFile, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, type FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { nestedTypes } from '@bufbuild/protobuf/reflect';

/** `udpa.annotations.PackageVersionStatus.FROZEN`: the packages of Envoy's API v2, which Envoy itself no longer accepts. */
const FROZEN = 1;

export interface ApiFiles {
  /** Imported files come before those that import them. */
  readonly files: readonly DescFile[];
  readonly registry: FileRegistry;
}

export function readDescriptorSet(url: URL): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, gunzipSync(readFileSync(url)));
}

/** Everything but frozen packages, plus what the kept files refer to. */
export function selectFiles(set: FileDescriptorSet): ApiFiles {
  const registry = createFileRegistry(set);
  const isFrozen = frozenTest(registry);
  const kept = new Set<DescFile>();
  const keep = (file: DescFile): void => {
    if (kept.has(file)) return;
    for (const imported of referencedFiles(file)) keep(imported);
    kept.add(file);
  };
  const all = [...registry.files].sort((a, b) => (a.proto.name < b.proto.name ? -1 : 1));
  for (const file of all) if (!isFrozen(file)) keep(file);
  return { files: [...kept], registry };
}

function frozenTest(registry: FileRegistry): (file: DescFile) => boolean {
  const status = registry.getExtension('udpa.annotations.file_status');
  if (status === undefined) throw new Error('the descriptor set lacks udpa.annotations.file_status');
  return (file) => (getOption(file, status) as { packageVersionStatus?: number }).packageVersionStatus === FROZEN;
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
