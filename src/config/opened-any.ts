import type { DescMessage, Message } from '@bufbuild/protobuf';
import { toBinary } from '../api/protobuf.ts';
import type { Any } from '@bufbuild/protobuf/wkt/google/protobuf/any_pb.js';

/** What an Any holds, once someone has looked inside. */
export interface AnyContent {
  /** The type that the configuration means: inside a TypedStruct, the one it names. */
  readonly typeName: string;
  readonly schema: DescMessage;
  readonly message: Message;
  /** Where `message` stands in the text below the Any: `value` inside a TypedStruct and for well-known types. */
  readonly step: 'value' | undefined;
}

/**
 * An Any read from text. It keeps the decoded message and makes bytes only when someone asks for `value`; it serialises, compares
 * and prints like any other Any.
 */
export class DecodedAny implements Any {
  readonly $typeName = 'google.protobuf.Any';
  readonly typeUrl: string;
  /** Undefined when no type of that name is known. */
  readonly content: AnyContent | undefined;
  /** The full name of the type that the configuration means, known or not. */
  readonly namedType: string;
  /** The message that `typeUrl` names; differs from the content's for a TypedStruct. */
  readonly #outer: { readonly schema: DescMessage; readonly message: Message } | undefined;
  #bytes: Uint8Array | undefined;

  constructor(typeUrl: string, parts: { namedType?: string; content?: AnyContent; outer?: { schema: DescMessage; message: Message } }) {
    this.typeUrl = typeUrl;
    this.content = parts.content;
    this.namedType = parts.content?.typeName ?? parts.namedType ?? typeNameOf(typeUrl);
    this.#outer = parts.outer;
  }

  get value(): Uint8Array {
    return (this.#bytes ??= this.#outer === undefined ? new Uint8Array() : toBinary(this.#outer.schema, this.#outer.message));
  }
}

/** The part after the last slash, which alone decides. */
export function typeNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

/** Messages that carry another message as JSON, with the name of its type. */
export function isTypedStruct(typeName: string): boolean {
  return typeName === 'xds.type.v3.TypedStruct' || typeName === 'udpa.type.v1.TypedStruct';
}
