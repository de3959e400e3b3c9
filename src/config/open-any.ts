import type { Message } from '@bufbuild/protobuf';
import { decodeMessage } from '../api/decode.ts';
import { apiTypes } from '../api/registry.ts';
import type { AnyMessage } from '../core/extension.ts';
import { ConfigPath, Problems } from '../core/problems.ts';
import { decodeTree, type UnknownFieldPolicy } from './decode.ts';
import { DecodedAny, isTypedStruct, typeNameOf, type AnyContent } from './opened-any.ts';
import { treeFromValue } from './tree.ts';

/** Where problems inside an Any go. */
export interface OpenContext {
  readonly problems: Problems;
  readonly at: () => ConfigPath;
  readonly unknownFields?: UnknownFieldPolicy | undefined;
}

interface Opened {
  /** Undefined for a type nobody knows and for broken bytes. */
  readonly content?: AnyContent | undefined;
  readonly namedType: string;
}

/** What Anys that came as bytes were found to hold. */
const opened = new WeakMap<AnyMessage, Opened>();

/**
 * What an Any holds: the message it names, or the one that a TypedStruct inside it names. Undefined when the type is unknown, which
 * is for the extension registry to judge, and when its bytes are broken, which is reported here. An Any is decoded once; asking
 * again is a look-up.
 */
export function openAny(any: AnyMessage, context: OpenContext): AnyContent | undefined {
  return look(any, context).content;
}

/** Without a context nothing is reported: the Any was reported on when the resource it is part of was read. */
function look(any: AnyMessage, context?: OpenContext): Opened {
  if (any instanceof DecodedAny) return any;
  let known = opened.get(any);
  if (known === undefined) {
    known = openBytes(any, context ?? { problems: new Problems(), at: () => ConfigPath.root, unknownFields: 'ignore' });
    opened.set(any, known);
  }
  return known;
}

/** The message inside an Any, or undefined when its type is unknown or it is broken. It was validated with what it is part of. */
export function unpack(any: AnyMessage): Message | undefined {
  return contentOf(any)?.message;
}

/** As `unpack`, with the type: for a TypedStruct the type it names. */
export function contentOf(any: AnyMessage): AnyContent | undefined {
  return look(any).content;
}

/** The full name of the type that the configuration means, also where no such type is known. */
export function configTypeOf(any: AnyMessage): string {
  return look(any).namedType;
}

function openBytes(any: AnyMessage, context: OpenContext): Opened {
  const namedType = typeNameOf(any.typeUrl);
  const schema = apiTypes.getMessage(namedType);
  if (schema === undefined) return { namedType };
  const decoded = decodeMessage(schema, any.value);
  if (!decoded.ok) {
    context.problems.error(context.at(), `Unable to unpack as ${namedType}: ${decoded.reason}`);
    return { namedType };
  }
  const { message } = decoded;
  if (isTypedStruct(namedType) && hasType(message)) return openTypedStruct(message, context);
  return { namedType, content: { typeName: namedType, schema, message, step: undefined } };
}

type TypedStruct = Message & { readonly typeUrl: string; readonly value?: unknown };

function hasType(message: Message): message is TypedStruct {
  return (message as TypedStruct).typeUrl !== '';
}

function openTypedStruct(outer: TypedStruct, context: OpenContext): Opened {
  const namedType = typeNameOf(outer.typeUrl);
  const schema = apiTypes.getMessage(namedType);
  if (schema === undefined) return { namedType };
  const { problems, unknownFields } = context;
  const at = context.at().field('value');
  const { message } = decodeTree(schema, treeFromValue(outer.value ?? {}), { types: apiTypes, problems, unknownFields, at });
  return { namedType, content: { typeName: namedType, schema, message, step: 'value' } };
}
