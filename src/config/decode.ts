import type { DescMessage, JsonObject, Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { ScalarType } from '../api/protobuf.ts';
import { didYouMean, nearestType } from '../core/did-you-mean.ts';
import type { ConfigPath, Problems } from '../core/problems.ts';
import { Misfit, toDuration, toFieldMaskPaths, toInt32, toMapKey, toScalar, toTimestamp } from './convert.ts';
import { fieldRemedy, meantField, oneOf } from './meant-field.ts';
import { planOf, type EnumNames, type FieldPlan, type MessagePlan, type ValuePlan, type WellKnown } from './message-plan.ts';
import { DecodedAny, isTypedStruct, typeNameOf, type AnyContent } from './opened-any.ts';
import { PathTrail } from './path-trail.ts';
import type { SourceText } from './source.ts';
import { setEntry, structMessage, toJson, toListValue, toValue } from './struct-value.ts';
import { AnyBytesNode, describeNode, NO_OFFSET, shorten, type ConfigNode, type MapNode, type ScalarNode } from './tree.ts';

/** What to do with a field that the API does not have. */
export type UnknownFieldPolicy = 'error' | 'warn' | 'ignore';

/** Where the decoder finds message types by full name. */
export interface MessageTypes {
  getMessage(typeName: string): DescMessage | undefined;
  /** All of them, to find the one that was meant. */
  typeNames?(): Iterable<string>;
}

export interface DecodeOptions {
  readonly types: MessageTypes;
  readonly problems: Problems;
  /** The text the tree came from; problems then carry positions. */
  readonly source?: SourceText | undefined;
  readonly unknownFields?: UnknownFieldPolicy | undefined;
  /** Where the tree stands in what people know; the root by default. */
  readonly at?: ConfigPath | undefined;
}

export interface Decoded {
  /** What could be read, even where there were errors. */
  readonly message: Message;
  /** How many fields and enum values were not known, for `*_unknown_fields`. */
  readonly unknownFields: number;
  /** Paths of fields that were most likely meant where an unknown one stands: that they are missing is no second mistake. */
  readonly misspelt: readonly string[];
}

/**
 * Reads a tree as a message of the given type, by the rules of Envoy's JSON reader. Never throws for what the tree holds: every
 * problem goes to `options.problems`, with its path.
 */
export function decodeTree(schema: DescMessage, root: ConfigNode, options: DecodeOptions): Decoded {
  const decoder = new Decoder(options);
  const message = decoder.decode(schema, root);
  return { message, unknownFields: decoder.unknownFields, misspelt: decoder.misspelt };
}

type AnyMessage = Message & Record<string, unknown>;

class Decoder {
  unknownFields = 0;
  readonly misspelt: string[] = [];
  readonly #types: MessageTypes;
  readonly #problems: Problems;
  readonly #source: SourceText | undefined;
  readonly #policy: UnknownFieldPolicy;
  readonly #trail: PathTrail;

  constructor(options: DecodeOptions) {
    this.#types = options.types;
    this.#problems = options.problems;
    this.#source = options.source;
    this.#policy = options.unknownFields ?? 'error';
    this.#trail = new PathTrail(options.at);
  }

  decode(schema: DescMessage, root: ConfigNode): Message {
    const plan = planOf(schema);
    return asMessage(plan, this.#message(plan, plan.wellKnown, root, undefined));
  }

  #error(offset: number, message: string): undefined {
    if (this.#problems.full) return undefined;
    const position = offset === NO_OFFSET ? undefined : this.#source?.positionAt(offset);
    this.#problems.error(this.#trail.here(), message, position);
    return undefined;
  }

  #unknown(offset: number, message: string): void {
    this.unknownFields++;
    if (this.#isQuiet()) return;
    const position = offset === NO_OFFSET ? undefined : this.#source?.positionAt(offset);
    if (this.#policy === 'error') this.#problems.error(this.#trail.here(), message, position);
    else this.#problems.warning(this.#trail.here(), message, position);
  }

  /** `existing` is what an earlier occurrence of the same field gave; the entries join it. */
  #message(plan: MessagePlan, wellKnown: WellKnown, node: ConfigNode, existing: AnyMessage | undefined): unknown {
    if (wellKnown !== 'none') {
      const special = this.#wellKnown(plan, wellKnown, node);
      if (special !== NOT_SPECIAL) return special;
    }
    if (node.kind !== 'map') return this.#error(node.start, `expected an object (${plan.desc.typeName}), got ${describeNode(node)}`);
    const message = existing ?? plan.create();
    if (existing !== undefined) reopen(plan, existing, node);
    this.#fields(plan, message, node, false);
    return message;
  }

  #fields(plan: MessagePlan, message: AnyMessage, node: MapNode, insideAny: boolean): void {
    // After the last problem that is kept, what follows is of no use to anyone.
    for (let index = 0; index < node.size && !this.#problems.full; index++) {
      const key = node.keyAt(index);
      const field = plan.fields.get(key);
      if (field !== undefined) {
        this.#trail.enter(field.name);
        this.#field(field, message, node.valueAt(index), node.keyStartAt(index));
        this.#trail.leave();
      } else if (!(insideAny && key === '@type')) {
        this.#unknownField(plan, key, node.keyStartAt(index));
      }
    }
  }

  /** Nobody will read what is said about unknown fields. */
  #isQuiet(): boolean {
    return this.#policy === 'ignore' || this.#problems.full;
  }

  #unknownField(plan: MessagePlan, key: string, offset: number): void {
    const meant = this.#isQuiet() ? undefined : meantField(plan.desc, key);
    if (meant !== undefined) {
      this.#trail.enter(meant);
      this.misspelt.push(this.#trail.here().toString());
      this.#trail.leave();
    }
    this.#trail.enter(shorten(key));
    this.#unknown(offset, `no such field in ${plan.desc.typeName}${this.#isQuiet() ? '' : fieldRemedy(plan.desc, key, meant)}`);
    this.#trail.leave();
  }

  #field(field: FieldPlan, message: AnyMessage, node: ConfigNode, keyStart: number): void {
    const { localName, oneof, value: plan } = field;
    if (node.kind === 'scalar' && node.value === null && !acceptsNull(field)) return;
    if (field.shape === 'list') {
      this.#list(plan, message[localName] as unknown[], node);
    } else if (field.shape === 'map') {
      this.#map(field, message[localName] as Record<string, unknown>, node);
    } else if (oneof === undefined) {
      const value = this.#value(plan, node, plan.kind === 'message' ? (message[localName] as AnyMessage | undefined) : undefined);
      if (value !== undefined) message[localName] = value;
    } else {
      const group = message[oneof] as { case?: string; value?: unknown };
      if (group.case !== undefined) {
        this.#error(keyStart, `only one of ${oneofNames(field)} may be set`);
        return;
      }
      const value = this.#value(plan, node, undefined);
      if (value !== undefined) message[oneof] = { case: localName, value };
    }
  }

  /** A lone value stands for a list of one, and lists inside lists are one list: Envoy's reader allows both. */
  #list(plan: ValuePlan, items: unknown[], node: ConfigNode): void {
    if (node.kind !== 'list') {
      this.#trail.enter(items.length);
      items.push(this.#value(plan, node, undefined) ?? this.#zero(plan));
      this.#trail.leave();
      return;
    }
    const mayBeNested = plan.kind !== 'message' || (plan.wellKnown !== 'value' && plan.wellKnown !== 'list-value');
    for (let index = 0; index < node.items.length && !this.#problems.full; index++) {
      const item = node.items[index]!;
      this.#trail.enter(items.length);
      if (item.kind === 'list' && mayBeNested) {
        this.#trail.leave();
        this.#list(plan, items, item);
        continue;
      }
      const value = item.kind === 'scalar' && item.value === null ? this.#nullItem(plan, item) : this.#value(plan, item, undefined);
      this.#trail.leave();
      // An empty item keeps the indexes of later ones true to the text; the message is refused anyway.
      items.push(value ?? this.#zero(plan));
    }
  }

  #nullItem(plan: ValuePlan, node: ScalarNode): unknown {
    return plan.kind === 'message' && plan.wellKnown === 'value' ? this.#value(plan, node, undefined) : this.#zero(plan);
  }

  #zero(plan: ValuePlan): unknown {
    switch (plan.kind) {
      case 'enum':
        return plan.names.desc.values[0]!.number;
      case 'message':
        return plan.wellKnown === 'struct' ? {} : planOf(plan.message).create();
      default:
        return zeroScalar(plan.scalar);
    }
  }

  #map(field: FieldPlan, entries: Record<string, unknown>, node: ConfigNode): void {
    if (node.kind !== 'map') {
      this.#error(node.start, `expected an object, got ${describeNode(node)}`);
      return;
    }
    const keyType = (field.field as { mapKey: ScalarType }).mapKey;
    for (let index = 0; index < node.size; index++) {
      this.#trail.enter({ key: node.keyAt(index) });
      this.#mapEntry(field.value, keyType, entries, node, index);
      this.#trail.leave();
    }
  }

  #mapEntry(plan: ValuePlan, keyType: ScalarType, entries: Record<string, unknown>, node: MapNode, index: number): void {
    const key = toMapKey(keyType, node.keyAt(index));
    if (key instanceof Misfit) {
      this.#error(node.keyStartAt(index), key.reason);
      return;
    }
    if (Object.hasOwn(entries, key)) this.#error(node.keyStartAt(index), 'this key occurs twice');
    const item = node.valueAt(index);
    const isNull = item.kind === 'scalar' && item.value === null;
    const value = isNull ? this.#nullItem(plan, item) : this.#value(plan, item, undefined);
    if (value !== undefined) setEntry(entries, key, value);
  }

  #value(plan: ValuePlan, node: ConfigNode, existing: AnyMessage | undefined): unknown {
    switch (plan.kind) {
      case 'message': {
        const message = (plan.plan ??= planOf(plan.message));
        return this.#message(message, plan.wellKnown, node, existing);
      }
      case 'enum':
        return this.#enum(plan.names, node);
      case 'scalar':
        return this.#scalar(plan.scalar, node);
      case 'bare-wrapper':
        return this.#bareWrapper(plan.scalar, node);
    }
  }

  #scalar(type: ScalarType, node: ConfigNode): unknown {
    if (node.kind !== 'scalar') return this.#error(node.start, `expected a value, got ${describeNode(node)}`);
    return this.#fit(node, toScalar(type, node.value));
  }

  #fit<T>(node: ConfigNode, value: T | Misfit): T | undefined {
    return value instanceof Misfit ? this.#error(node.start, value.reason) : value;
  }

  /** A wrapper may be written as its value or as an object with the field `value`. */
  #bareWrapper(type: ScalarType, node: ConfigNode): unknown {
    if (node.kind !== 'map') return this.#scalar(type, node);
    let value: unknown = zeroScalar(type);
    for (let index = 0; index < node.size; index++) {
      const key = node.keyAt(index);
      this.#trail.enter(key);
      if (key !== 'value') this.#unknown(node.keyStartAt(index), "no such field (did you mean 'value'?)");
      else value = this.#scalar(type, node.valueAt(index)) ?? value;
      this.#trail.leave();
    }
    return value;
  }

  #enum(names: EnumNames, node: ConfigNode): unknown {
    if (node.kind !== 'scalar') return this.#error(node.start, `expected a name or number of ${names.desc.typeName}, got ${describeNode(node)}`);
    const { value } = node;
    if (typeof value !== 'string') {
      if (value === null && names.isNullValue) return 0;
      return typeof value === 'boolean' ? this.#unknownEnum(names, node) : this.#fit(node, toInt32(value));
    }
    const number = names.numbers.get(value) ?? names.numbers.get(value.toLowerCase());
    if (number !== undefined) return number;
    return /^-?[0-9]{1,10}$/.test(value) ? this.#fit(node, toInt32(value)) : this.#unknownEnum(names, node);
  }

  #unknownEnum(names: EnumNames, node: ScalarNode): number | undefined {
    const wanted = String(node.value);
    const candidates = names.desc.values.map((value) => value.name);
    // yaml-cpp turns a plain `ON` or `NO` into a boolean before anybody knows that an enum was meant.
    const isWord = typeof node.value === 'boolean' && candidates.some((name) => BOOLEAN_WORDS.test(name));
    const hint = isWord ? '; quote it' : didYouMean(wanted, candidates) || oneOf(candidates);
    this.#unknown(node.start, `no such value of ${names.desc.typeName}: ${describeNode(node)}${hint}`);
    return this.#policy === 'error' ? undefined : 0;
  }

  /** NOT_SPECIAL when the value is written as the plain object that the type also is. */
  #wellKnown(plan: MessagePlan, wellKnown: WellKnown, node: ConfigNode): unknown {
    switch (wellKnown) {
      case 'any':
        return this.#any(node);
      case 'struct':
        return this.#struct(node);
      case 'value':
        this.#reportRepeatedKeys(node);
        return toValue(node);
      case 'list-value':
        if (node.kind === 'map') return NOT_SPECIAL;
        if (node.kind === 'scalar') return this.#error(node.start, `expected a list, got ${describeNode(node)}`);
        this.#reportRepeatedKeys(node);
        return toListValue(node);
      case 'duration':
      case 'timestamp': {
        if (node.kind === 'map') return NOT_SPECIAL;
        if (node.kind === 'list') return this.#error(node.start, 'expected a value, got a list');
        const time = this.#fit(node, wellKnown === 'duration' ? toDuration(node.value) : toTimestamp(node.value));
        return time === undefined ? undefined : Object.assign(plan.create(), time);
      }
      case 'field-mask': {
        if (node.kind !== 'scalar') return NOT_SPECIAL;
        const paths = this.#fit(node, toFieldMaskPaths(node.value));
        return paths === undefined ? undefined : Object.assign(plan.create(), { paths });
      }
      default: {
        if (node.kind === 'map') return NOT_SPECIAL;
        const value = this.#scalar(plan.desc.fields[0]!.scalar!, node);
        return value === undefined ? undefined : Object.assign(plan.create(), { value });
      }
    }
  }

  /** The form in which fields hold a Struct. */
  #struct(node: ConfigNode): JsonObject | undefined {
    if (node.kind !== 'map') return this.#error(node.start, `expected an object, got ${describeNode(node)}`);
    this.#reportRepeatedKeys(node);
    return toJson(node) as JsonObject;
  }

  /** Free-form JSON is the one place where Envoy refuses a key that occurs twice. */
  #reportRepeatedKeys(node: ConfigNode): void {
    if (node.kind === 'scalar') return;
    if (node.kind === 'list') {
      for (const item of node.items) this.#reportRepeatedKeys(item);
      return;
    }
    const seen = new Set<string>();
    for (let index = 0; index < node.size; index++) {
      const key = node.keyAt(index);
      if (seen.has(key)) this.#error(node.keyStartAt(index), `the key '${shorten(key)}' occurs twice`);
      seen.add(key);
      this.#reportRepeatedKeys(node.valueAt(index));
    }
  }

  #any(node: ConfigNode): Any | undefined {
    if (node.kind !== 'map') return this.#error(node.start, `expected an object with "@type", got ${describeNode(node)}`);
    const index = node.indexOf('@type');
    if (index < 0) {
      if (node.size === 0) return new DecodedAny('', {});
      return this.#error(node.start, 'missing "@type"');
    }
    const url = node.valueAt(index);
    if (url.kind !== 'scalar' || typeof url.value !== 'string') return this.#errorAtType(url.start, `expected a type URL, got ${describeNode(url)}`);
    if (node.indexOf('@type', index) >= 0) return this.#errorAtType(node.keyStartAt(index), 'this key occurs twice');
    if (url.value.lastIndexOf('/') < 1) {
      return this.#errorAtType(url.start, `a type URL needs a '/', as in "type.googleapis.com/${shorten(url.value)}"`);
    }
    const desc = this.#types.getMessage(typeNameOf(url.value));
    if (desc === undefined) return this.#unknownAny(url.value, url.start);
    if (node instanceof AnyBytesNode) return { $typeName: 'google.protobuf.Any', typeUrl: url.value, value: node.bytes };
    return this.#knownAny(url.value, desc, node);
  }

  /** Keeps the type's name, for the extension registry to have something to judge. */
  #unknownAny(url: string, offset: number): DecodedAny {
    this.#errorAtType(offset, `could not find @type '${shorten(url)}'${this.#meantType(typeNameOf(url))}`);
    return new DecodedAny(url, {});
  }

  #meantType(name: string): string {
    const meant = this.#problems.full ? undefined : nearestType(name, this.#types.typeNames?.() ?? []);
    return meant === undefined ? '' : ` (did you mean '${meant}'?)`;
  }

  #errorAtType(offset: number, message: string): undefined {
    this.#trail.enter({ key: '@type' });
    this.#error(offset, message);
    this.#trail.leave();
    return undefined;
  }

  #knownAny(url: string, desc: DescMessage, node: MapNode): DecodedAny {
    const plan = planOf(desc);
    if (plan.wellKnown !== 'none') return this.#wellKnownAny(url, plan, node);
    const message = plan.create();
    this.#fields(plan, message, node, true);
    const outer = { schema: desc, message };
    const namedType = isTypedStruct(desc.typeName) ? typeNameOf(String(message['typeUrl'])) : '';
    if (namedType === '') return new DecodedAny(url, { content: { typeName: desc.typeName, schema: desc, message, step: undefined }, outer });
    return new DecodedAny(url, { namedType, content: this.#typedStruct(namedType, node), outer });
  }

  /** Types with a JSON form of their own stand under `value`. */
  #wellKnownAny(url: string, plan: MessagePlan, node: MapNode): DecodedAny {
    let message: unknown;
    for (let index = 0; index < node.size; index++) {
      const key = node.keyAt(index);
      if (key === '@type') continue;
      this.#trail.enter(key);
      if (key === 'value') message = this.#message(plan, plan.wellKnown, node.valueAt(index), undefined);
      else this.#error(node.keyStartAt(index), `only "@type" and "value" may stand beside ${plan.desc.typeName}`);
      this.#trail.leave();
    }
    const outer = { schema: plan.desc, message: asMessage(plan, message) };
    return new DecodedAny(url, { content: { typeName: plan.desc.typeName, ...outer, step: 'value' }, outer });
  }

  /** What a TypedStruct means: the message of the type it names, read from its `value`. */
  #typedStruct(namedType: string, node: MapNode): AnyContent | undefined {
    const desc = this.#types.getMessage(namedType);
    if (desc === undefined) return undefined;
    const plan = planOf(desc);
    const value = node.get('value');
    this.#trail.enter('value');
    const message = asMessage(plan, value && this.#message(plan, plan.wellKnown, value, undefined));
    this.#trail.leave();
    return { typeName: desc.typeName, schema: desc, message, step: 'value' };
  }
}

const BOOLEAN_WORDS = /^(?:y|n|yes|no|on|off|true|false)$/i;

const NOT_SPECIAL = Symbol('not special');

/** A message that stands in a text twice is one message, but its lists, maps and oneofs are those of the later place: so Envoy reads it. */
function reopen(plan: MessagePlan, message: AnyMessage, node: MapNode): void {
  for (let index = 0; index < node.size; index++) {
    const field = plan.fields.get(node.keyAt(index));
    if (field === undefined) continue;
    if (field.shape !== 'singular') message[field.localName] = field.shape === 'list' ? [] : {};
    else if (field.oneof !== undefined) message[field.oneof] = { case: undefined };
  }
}

/** Null leaves a field unset, except where null is a value. */
function acceptsNull(field: FieldPlan): boolean {
  if (field.shape !== 'singular') return false;
  const { value } = field;
  return (value.kind === 'message' && value.wellKnown === 'value') || (value.kind === 'enum' && value.names.isNullValue);
}

function oneofNames(field: FieldPlan): string {
  return field.field.oneof!.fields.map((member) => `'${member.name}'`).join(', ');
}

/** A Struct is plain JSON in a field, but a message where it stands alone. */
function asMessage(plan: MessagePlan, value: unknown): Message {
  if (value === undefined) return plan.create();
  return plan.wellKnown === 'struct' ? structMessage(value as JsonObject) : (value as Message);
}

function zeroScalar(type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return '';
    case ScalarType.BOOL:
      return false;
    case ScalarType.BYTES:
      return new Uint8Array();
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return 0n;
    default:
      return 0;
  }
}
