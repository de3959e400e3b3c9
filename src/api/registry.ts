/**
 * Envoy's API (and Solo's) at run time. Descriptors come from the pack beside the generated types; a file is hydrated, together with
 * the files whose types it names, when one of its types is first asked for.
 *
 *     import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
 *     import { Cluster_LbPolicy, type Cluster } from '../api/generated/envoy/config/cluster/v3.ts';   // one module per proto package
 *     import { apiTypes, schemaOf } from '../api/registry.ts';
 *
 *     const schema = schemaOf('envoy.config.cluster.v3.Cluster');      // typed: the next line is a Cluster
 *     const cluster = create(schema, { name: 'web', lbPolicy: Cluster_LbPolicy.RANDOM });
 *     apiTypes.getMessage(typeName)?.fields                            // for walking descriptors; undefined for an unknown name
 *     toJson(schema, cluster, { registry: apiTypes });                 // a Registry of @bufbuild/protobuf as it is
 *
 * Messages are plain objects as @bufbuild/protobuf 2 shapes them: `$typeName`, camelCase fields, a oneof as `{ case, value }`, 64-bit
 * integers as bigint, `google.protobuf.Struct` fields as JSON objects, wrappers (`UInt32Value`) as `number | undefined` outside
 * oneofs, lists and maps. Generated modules hold types and enum objects only; importing them hydrates nothing.
 */
import { readFileSync } from 'node:fs';
import { create, createFileRegistry, createRegistry, fromBinary } from '@bufbuild/protobuf';
import type { DescEnum, DescExtension, DescFile, DescMessage, DescService, Registry } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { file_google_protobuf_any } from '@bufbuild/protobuf/wkt/google/protobuf/any_pb.js';
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_descriptor,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt/google/protobuf/descriptor_pb.js';
import { file_google_protobuf_duration } from '@bufbuild/protobuf/wkt/google/protobuf/duration_pb.js';
import { file_google_protobuf_empty } from '@bufbuild/protobuf/wkt/google/protobuf/empty_pb.js';
import { file_google_protobuf_field_mask } from '@bufbuild/protobuf/wkt/google/protobuf/field_mask_pb.js';
import { file_google_protobuf_struct } from '@bufbuild/protobuf/wkt/google/protobuf/struct_pb.js';
import { file_google_protobuf_timestamp } from '@bufbuild/protobuf/wkt/google/protobuf/timestamp_pb.js';
import { file_google_protobuf_wrappers } from '@bufbuild/protobuf/wkt/google/protobuf/wrappers_pb.js';
import { DescriptorPack } from './descriptor-pack.ts';
import type { ApiMessages } from './generated/names.ts';

/** Any named type of the API. */
export type ApiType = DescMessage | DescEnum | DescService | DescExtension;

/** A `Registry` of @bufbuild/protobuf whose look-ups hydrate. Iterating it hydrates everything: for tools and tests. */
export interface TypeRegistry extends Registry {
  get(typeName: string): ApiType | undefined;
  getMessage(typeName: string): DescMessage | undefined;
  getEnum(typeName: string): DescEnum | undefined;
  getService(typeName: string): DescService | undefined;
  getExtension(typeName: string): DescExtension | undefined;
  /** By the name in the import line, `envoy/config/cluster/v3/cluster.proto`; its list of imports is empty. */
  getFile(fileName: string): DescFile | undefined;
  /** The full names of all types; hydrates nothing. */
  typeNames(): Iterable<string>;
  has(typeName: string): boolean;
  /** How many files have been hydrated. */
  readonly hydratedFiles: number;
}

const WELL_KNOWN_FILES = [
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** Reads types out of one pack. */
export class PackRegistry implements TypeRegistry {
  readonly kind = 'registry';
  readonly #pack: DescriptorPack;
  /** Position of the file that defines each type. */
  readonly #home = new Map<string, number>();
  /** Hydrated files by position, as imports see them: without imports of their own, which would be walked again each time. */
  readonly #files: Array<DescFile | undefined>;
  readonly #types = new Map<string, ApiType>();
  #hydratedFiles = 0;

  constructor(pack: DescriptorPack) {
    this.#pack = pack;
    this.#files = Array.from({ length: pack.files.length });
    const wellKnown = new Map(WELL_KNOWN_FILES.map((file) => [file.proto.name, file]));
    pack.files.forEach((file, position) => {
      const prefix = file.package === '' ? '' : `${file.package}.`;
      for (const type of file.types) this.#home.set(prefix + type, position);
      const known = wellKnown.get(file.name);
      if (known !== undefined) this.#files[position] = { ...known, dependencies: [] };
    });
    for (const type of createRegistry(...WELL_KNOWN_FILES)) this.#types.set(type.typeName, type);
  }

  get hydratedFiles(): number {
    return this.#hydratedFiles;
  }

  get(typeName: string): ApiType | undefined {
    const type = this.#types.get(typeName);
    if (type !== undefined) return type;
    const position = this.#home.get(typeName);
    if (position === undefined) return undefined;
    this.#hydrate(position);
    return this.#types.get(typeName);
  }

  has(typeName: string): boolean {
    return this.#home.has(typeName);
  }

  getMessage(typeName: string): DescMessage | undefined {
    const type = this.get(typeName);
    return type?.kind === 'message' ? type : undefined;
  }

  getEnum(typeName: string): DescEnum | undefined {
    const type = this.get(typeName);
    return type?.kind === 'enum' ? type : undefined;
  }

  getService(typeName: string): DescService | undefined {
    const type = this.get(typeName);
    return type?.kind === 'service' ? type : undefined;
  }

  getExtension(typeName: string): DescExtension | undefined {
    const type = this.get(typeName);
    return type?.kind === 'extension' ? type : undefined;
  }

  /** Extensions of the API are options only, read by name; no message is looked up by extension number. */
  getExtensionFor(): undefined {
    return undefined;
  }

  getFile(fileName: string): DescFile | undefined {
    const position = this.#pack.files.findIndex((file) => file.name === fileName);
    if (position < 0) return undefined;
    if (this.#files[position] === undefined) this.#hydrate(position);
    return this.#files[position];
  }

  typeNames(): Iterable<string> {
    return this.#home.keys();
  }

  *[Symbol.iterator](): Generator<ApiType, undefined> {
    for (const name of this.#home.keys()) yield this.get(name)!;
    return undefined;
  }

  /**
   * Hydrates a file and what it needs, as one batch: the new files in an order in which imports come first, and a root that imports
   * them all, because the file registry registers each import of the root once, last to first.
   */
  #hydrate(position: number): void {
    const fresh: FileDescriptorProto[] = [];
    const hydrated: string[] = [];
    const positions = new Map<string, number>();
    const visit = (at: number): void => {
      const { name, needs } = this.#pack.files[at];
      if (positions.has(name)) return;
      positions.set(name, at);
      if (this.#files[at] !== undefined) {
        hydrated.push(name);
        return;
      }
      for (const needed of needs) visit(needed);
      fresh.push(fromBinary(FileDescriptorProtoSchema, this.#pack.fileBytes(at)));
    };
    visit(position);
    const protos = new Map(fresh.map((proto) => [proto.name, proto]));
    const dependency = [...hydrated, ...fresh.map((proto) => proto.name).reverse()];
    const root = create(FileDescriptorProtoSchema, { dependency });
    const registry = createFileRegistry(root, (name) => this.#files[positions.get(name)!] ?? protos.get(name));
    for (const { name } of fresh) this.#adopt(positions.get(name)!, registry.getFile(name)!);
    for (const type of registry) this.#types.set(type.typeName, type);
  }

  #adopt(position: number, file: DescFile): void {
    this.#files[position] = { ...file, dependencies: [] };
    this.#hydratedFiles++;
  }
}

/** All types of the API. */
export const apiTypes: TypeRegistry = new PackRegistry(
  new DescriptorPack(readFileSync(new URL('./generated/api.pack', import.meta.url))),
);

/** The descriptor of a message known at compile time, carrying its TypeScript type. */
export function schemaOf<Name extends keyof ApiMessages>(typeName: Name): GenMessage<ApiMessages[Name]> {
  return apiTypes.getMessage(typeName) as GenMessage<ApiMessages[Name]>;
}
