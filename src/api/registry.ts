/**
 * Envoy's API (and Solo's) at run time. Descriptors come from the pack beside the generated types and read themselves when they are asked
 * for something.
 *
 *     import { create, fromBinary, toBinary } from '../api/protobuf.ts';
 *     import { Cluster_LbPolicy, type Cluster } from '../api/generated/envoy/config/cluster/v3.ts';   // one module per proto package
 *     import { apiTypes, schemaOf } from '../api/registry.ts';
 *
 *     const schema = schemaOf('envoy.config.cluster.v3.Cluster');      // typed: the next line is a Cluster
 *     const cluster = create(schema, { name: 'web', lbPolicy: Cluster_LbPolicy.RANDOM });
 *     apiTypes.getMessage(typeName)?.fields                            // for walking descriptors; undefined for an unknown name
 *
 * Messages are plain objects as @bufbuild/protobuf 2 shapes them: `$typeName`, camelCase fields, a oneof as `{ case, value }`, 64-bit
 * integers as bigint, `google.protobuf.Struct` fields as JSON objects, wrappers (`UInt32Value`) as `number | undefined` outside
 * oneofs, lists and maps. Generated modules hold types and enum objects only; importing them reads no descriptor.
 */
import type { DescEnum, DescMessage, Registry } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { fs } from '../core/node-modules.ts';
import { DescriptorPack } from './descriptor-pack.ts';
import { EnumDescriptor, FileDescriptor, MessageDescriptor } from './descriptors.ts';
import type { ApiMessages } from './generated/names.ts';

/** Any named type of the API. */
export type ApiType = DescMessage | DescEnum;

/** A `Registry` of @bufbuild/protobuf of messages and enums. */
export interface TypeRegistry extends Registry {
  get(typeName: string): ApiType | undefined;
  getMessage(typeName: string): DescMessage | undefined;
  getEnum(typeName: string): DescEnum | undefined;
  /** The full names of all types. */
  typeNames(): Iterable<string>;
  has(typeName: string): boolean;
}

/** Reads types out of one pack. */
export class PackRegistry implements TypeRegistry {
  readonly kind = 'registry';
  readonly #pack: DescriptorPack;
  /** Positions of the files that share a package. */
  readonly #packages = new Map<string, number[]>();
  readonly #files: (FileDescriptor | undefined)[] = [];
  readonly #types = new Map<string, ApiType>();

  constructor(pack: DescriptorPack) {
    this.#pack = pack;
    for (const [position, { package: name }] of pack.files.entries()) {
      const files = this.#packages.get(name);
      if (files === undefined) this.#packages.set(name, [position]);
      else files.push(position);
    }
  }

  get(typeName: string): ApiType | undefined {
    let type = this.#types.get(typeName);
    if (type === undefined) {
      type = this.#find(typeName);
      if (type !== undefined) this.#types.set(typeName, type);
    }
    return type;
  }

  has(typeName: string): boolean {
    return this.get(typeName) !== undefined;
  }

  getMessage(typeName: string): DescMessage | undefined {
    const type = this.get(typeName);
    return type?.kind === 'message' ? type : undefined;
  }

  getEnum(typeName: string): DescEnum | undefined {
    const type = this.get(typeName);
    return type?.kind === 'enum' ? type : undefined;
  }

  /** Nobody speaks to services by descriptor. */
  getService(): undefined {
    return undefined;
  }

  /** Extensions of the API are options only, which annotations.ts reads by number. */
  getExtension(): undefined {
    return undefined;
  }

  getExtensionFor(): undefined {
    return undefined;
  }

  *typeNames(): Generator<string, undefined> {
    for (const { package: name, messages, enums } of this.#pack.files) {
      for (const type of messages) yield joined(name, type);
      for (const type of enums) yield joined(name, type);
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<ApiType, undefined> {
    for (const name of this.typeNames()) yield this.get(name)!;
    return undefined;
  }

  /** A type's name may have dots of its own, so the package may end at each of them. */
  #find(typeName: string): ApiType | undefined {
    for (let end = typeName.lastIndexOf('.'); ; end = typeName.lastIndexOf('.', end - 1)) {
      const inPackage = typeName.slice(end + 1);
      for (const position of this.#packages.get(typeName.slice(0, Math.max(0, end))) ?? []) {
        const { messages, enums } = this.#pack.files[position]!;
        const openFile = (): FileDescriptor => (this.#files[position] ??= new FileDescriptor(this.#pack.fileBytes(position), this));
        if (messages.includes(inPackage)) return new MessageDescriptor(typeName, inPackage.split('.'), openFile);
        if (enums.includes(inPackage)) return new EnumDescriptor(typeName, inPackage.split('.'), openFile);
      }
      if (end <= 0) return undefined;
    }
  }
}

function joined(packageName: string, type: string): string {
  return packageName === '' ? type : `${packageName}.${type}`;
}

/** All types of the API. */
export const apiTypes: TypeRegistry = new PackRegistry(
  new DescriptorPack(fs.readFileSync(new URL('./generated/api.pack', import.meta.url))),
);

/** The descriptor of a message known at compile time, carrying its TypeScript type. */
export function schemaOf<Name extends keyof ApiMessages>(typeName: Name): GenMessage<ApiMessages[Name]> {
  return apiTypes.getMessage(typeName) as GenMessage<ApiMessages[Name]>;
}
