import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import type { Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value } from '@bufbuild/protobuf/wkt';
import { isSensitive } from '../api/annotations.ts';
import { fromBinary, ScalarType } from '../api/protobuf.ts';
import { apiTypes } from '../api/registry.ts';
import { jsonOf } from '../api/struct-json.ts';
import { contentOf } from '../config/open-any.ts';
import { generalText } from '../core/stats/number-text.ts';
import { fieldValue, IMPLICIT } from './field-value.ts';
import { HeldAny } from './held-any.ts';

export interface ProtoJsonOptions {
  /** Prints scalars and lists that are not set, too. */
  readonly defaults?: boolean;
}

/** A chunk is handed on when it has reached this many characters. */
const CHUNK_LENGTH = 65_536;
const REDACTED = '[redacted]';
const REDACTED_BYTES = Buffer.from(REDACTED).toString('base64');

/**
 * A message as Envoy's admin interface prints it: proto field names in the order of their numbers, one space of indent, Anys opened,
 * sensitive fields redacted. Yields chunks.
 */
export function* protoJson(schema: DescMessage, message: Message, options: ProtoJsonOptions = {}): Generator<string> {
  const writer = new ProtoJsonWriter(options.defaults ?? false);
  yield* writer.message(schema, message, false);
  yield writer.rest('\n');
}

export function protoJsonText(schema: DescMessage, message: Message, options: ProtoJsonOptions = {}): string {
  return [...protoJson(schema, message, options)].join('');
}

type Fields = Readonly<Record<string, unknown>>;

class ProtoJsonWriter {
  readonly #defaults: boolean;
  #out = '';
  #indent = '\n';

  constructor(defaults: boolean) {
    this.#defaults = defaults;
  }

  rest(end: string): string {
    return this.#out + end;
  }

  *message(schema: DescMessage, message: Message, redact: boolean): Generator<string> {
    const known = wellKnownText(schema, message, redact);
    if (known !== undefined) {
      this.#out += this.#reindent(known);
      return;
    }
    const list = new Members(this.#indent);
    this.#indent = list.indent;
    if (schema.typeName === 'google.protobuf.Any') yield* this.#any(message as Any, redact, list);
    else for (const field of fieldsOf(schema)) yield* this.#field(field, message, redact, list);
    this.#indent = list.outer;
    this.#out += list.end('{', '}');
    if (this.#out.length >= CHUNK_LENGTH) yield this.#flush();
  }

  *#any(any: Any, redact: boolean, list: Members): Generator<string> {
    if (any.typeUrl === '') return;
    const held = openHeld(any);
    if (held === undefined) {
      // Nobody knows the type: what there is, is its name and its bytes.
      this.#out += `${list.next()}"@type": ${quoted(any.typeUrl)}`;
      this.#out += `${list.next()}"value": ${redact ? `"${REDACTED_BYTES}"` : base64(any.value)}`;
      return;
    }
    this.#out += `${list.next()}"@type": ${quoted(any.typeUrl)}`;
    const { schema } = held;
    const message = isTypedStruct(schema.typeName) ? redactedTypedStruct(held.message, any) : held.message;
    const known = wellKnownText(schema, message, redact);
    if (known !== undefined) this.#out += `${list.next()}"value": ${this.#reindent(known)}`;
    else if (schema.typeName === 'google.protobuf.Any') {
      this.#out += `${list.next()}"value": `;
      yield* this.message(schema, message, redact);
    } else for (const field of fieldsOf(schema)) yield* this.#field(field, message, redact, list);
  }

  *#field(field: DescField, message: Message, redactAll: boolean, list: Members): Generator<string> {
    const value = fieldValue(field, message);
    const redact = redactAll || sensitive(field);
    if (value === undefined) {
      const empty = this.#defaults && !redact ? defaultText(field) : undefined;
      if (empty !== undefined) this.#out += `${list.next()}"${field.name}": ${empty}`;
      return;
    }
    if (redact && !canBeRedacted(field)) return;
    this.#out += `${list.next()}"${field.name}": `;
    if (field.fieldKind === 'list') yield* this.#list(field, value as readonly unknown[], redact);
    else if (field.fieldKind === 'map') yield* this.#map(field, value as Fields, redact);
    else yield* this.#single(field, value, redact);
  }

  *#list(field: DescField & { fieldKind: 'list' }, values: readonly unknown[], redact: boolean): Generator<string> {
    const list = new Members(this.#indent);
    this.#indent = list.indent;
    for (const value of values) {
      this.#out += list.next('[');
      yield* this.#single(field, value, redact);
    }
    this.#indent = list.outer;
    this.#out += list.end('[', ']');
  }

  *#map(field: DescField & { fieldKind: 'map' }, values: Fields, redact: boolean): Generator<string> {
    const list = new Members(this.#indent);
    this.#indent = list.indent;
    for (const [key, value] of Object.entries(values)) {
      this.#out += `${list.next()}${quoted(key)}: `;
      yield* this.#single(field, value, redact);
    }
    this.#indent = list.outer;
    this.#out += list.end('{', '}');
  }

  /** A value that is no list and no map, or a member of one. */
  *#single(field: DescField, value: unknown, redact: boolean): Generator<string> {
    const { message, enum: enumeration, scalar } = field;
    if (message !== undefined) yield* this.message(message, asMessage(message, value), redact);
    else if (enumeration !== undefined) this.#out += enumText(enumeration.value[value as number]?.name, value as number);
    else this.#out += redact ? redactedText(scalar!) : scalarText(scalar!, value);
    if (this.#out.length >= CHUNK_LENGTH) yield this.#flush();
  }

  #reindent(text: string): string {
    return text.includes('\n') ? text.replaceAll('\n', this.#indent) : text;
  }

  #flush(): string {
    const chunk = this.#out;
    this.#out = '';
    return chunk;
  }
}

/** Separators and indents of one object or list. An empty one stands on one line. */
class Members {
  readonly outer: string;
  readonly indent: string;
  #empty = true;

  constructor(outer: string) {
    this.outer = outer;
    this.indent = `${outer} `;
  }

  /** What precedes the next member. */
  next(open: '{' | '[' = '{'): string {
    const before = this.#empty ? open : ',';
    this.#empty = false;
    return before + this.indent;
  }

  end(open: string, close: string): string {
    return this.#empty ? open + close : this.outer + close;
  }
}

const sortedFields = new WeakMap<DescMessage, readonly DescField[]>();

function fieldsOf(schema: DescMessage): readonly DescField[] {
  let fields = sortedFields.get(schema);
  if (fields === undefined) sortedFields.set(schema, (fields = [...schema.fields].sort((a, b) => a.number - b.number)));
  return fields;
}

const sensitivity = new WeakMap<DescField, boolean>();

function sensitive(field: DescField): boolean {
  let known = sensitivity.get(field);
  if (known === undefined) sensitivity.set(field, (known = isSensitive(field)));
  return known;
}

function defaultText(field: DescField): string | undefined {
  if (field.fieldKind === 'list') return '[]';
  if (field.fieldKind === 'map') return '{}';
  if (field.oneof !== undefined || field.presence !== IMPLICIT || field.fieldKind === 'message') return undefined;
  return field.fieldKind === 'enum' ? enumText(field.enum.value[0]?.name, 0) : scalarText(field.scalar, field.getDefaultValue() ?? ZERO[field.scalar] ?? 0);
}

const ZERO: Partial<Record<ScalarType, unknown>> = { [ScalarType.STRING]: '', [ScalarType.BOOL]: false, [ScalarType.BYTES]: new Uint8Array() };

function enumText(name: string | undefined, value: number): string {
  return name === undefined ? String(value) : `"${name}"`;
}

function scalarText(scalar: ScalarType, value: unknown): string {
  switch (scalar) {
    case ScalarType.STRING:
      return quoted(value as string);
    case ScalarType.BYTES:
      return base64(value as Uint8Array);
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return `"${String(value)}"`;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return Number.isFinite(value) ? floatText(scalar, value as number) : `"${String(value)}"`;
    default:
      return String(value);
  }
}

/** Fewest of C's two precisions that give the number back. */
function floatText(scalar: ScalarType, value: number): string {
  if (scalar === ScalarType.DOUBLE) return doubleText(value);
  const text = generalText(value, 6);
  return Math.fround(Number(text)) === value ? text : generalText(value, 9);
}

function doubleText(value: number): string {
  const text = generalText(value, 15);
  return Number(text) === value ? text : generalText(value, 17);
}

function base64(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`;
}

/** As protobuf's C++ writer escapes: also what would end a script element, and invisible characters. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[<>\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/g, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function canBeRedacted(field: DescField): boolean {
  if (field.message !== undefined) return !WRAPPERS.has(field.message.typeName) || isTextWrapper(field.message);
  return field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES;
}

function isTextWrapper({ typeName }: DescMessage): boolean {
  return typeName === 'google.protobuf.StringValue' || typeName === 'google.protobuf.BytesValue';
}

function redactedText(scalar: ScalarType): string {
  return scalar === ScalarType.BYTES ? `"${REDACTED_BYTES}"` : `"${REDACTED}"`;
}

const WRAPPERS = new Set(
  ['Bool', 'Int32', 'Int64', 'UInt32', 'UInt64', 'Float', 'Double', 'String', 'Bytes'].map((kind) => `google.protobuf.${kind}Value`),
);

/** Generated types hold a wrapper as its value and a Struct as its object; this writer wants what `asMessage` makes of them. */
interface Unwrapped extends Message {
  readonly json: unknown;
}

function asMessage(schema: DescMessage, value: unknown): Message {
  const unwrapped = WRAPPERS.has(schema.typeName) || schema.typeName === 'google.protobuf.Struct';
  const bare = unwrapped && (typeof value !== 'object' || value === null || !('$typeName' in value));
  return bare ? ({ $typeName: schema.typeName, json: value } as Unwrapped) : (value as Message);
}

/** The text of types that have a form of their own in JSON, indented from the left margin; undefined for others. */
function wellKnownText(schema: DescMessage, message: Message, redact: boolean): string | undefined {
  const { typeName } = schema;
  if (!typeName.startsWith('google.protobuf.')) return undefined;
  if (WRAPPERS.has(typeName)) {
    const { scalar } = schema.fields[0]!;
    const value = 'json' in message ? (message as Unwrapped).json : (message as unknown as { value: unknown }).value;
    return redact ? redactedText(scalar!) : scalarText(scalar!, value);
  }
  switch (typeName) {
    case 'google.protobuf.Duration':
      return redact ? '"0s"' : durationText(message as Duration);
    case 'google.protobuf.Timestamp':
      return redact ? '"1970-01-01T00:00:00Z"' : timestampText(message as Timestamp);
    case 'google.protobuf.FieldMask':
      return quoted((message as FieldMask).paths.join(','));
    case 'google.protobuf.Struct':
    case 'google.protobuf.Value':
    case 'google.protobuf.ListValue':
      // A field holds a Struct as its JSON; below a Value, and in an Any, it is a message.
      return jsonText('json' in message ? (message as Unwrapped).json : jsonOf(message as Struct | Value | ListValue), redact, '\n');
    default:
      return undefined;
  }
}

function durationText({ seconds, nanos }: Duration): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  const whole = seconds < 0n ? -seconds : seconds;
  return `"${sign}${whole}${fraction(Math.abs(nanos))}s"`;
}

function timestampText({ seconds, nanos }: Timestamp): string {
  return `"${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}${fraction(nanos)}Z"`;
}

/** None, three, six or nine digits. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.replace(/(000){1,2}$/, '')}`;
}

function jsonText(value: unknown, redact: boolean, indent: string): string {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'string') return quoted(redact ? REDACTED : value);
    if (redact) return 'null';
    return typeof value === 'number' ? doubleText(value) : String(value);
  }
  const inner = `${indent} `;
  const isList = Array.isArray(value);
  const members = isList
    ? value.map((member: unknown) => jsonText(member, redact, inner))
    : Object.entries(value).map(([key, member]) => `${quoted(key)}: ${jsonText(member, redact, inner)}`);
  const [open, close] = isList ? '[]' : '{}';
  return members.length === 0 ? open! + close! : `${open}${inner}${members.join(`,${inner}`)}${indent}${close}`;
}

interface Held {
  readonly schema: DescMessage;
  readonly message: Message;
}

function openHeld(any: Any): Held | undefined {
  if (any instanceof HeldAny) return any;
  const schema = apiTypes.getMessage(any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1));
  if (schema === undefined) return undefined;
  try {
    return { schema, message: fromBinary(schema, any.value) };
  } catch {
    return undefined;
  }
}

function isTypedStruct(typeName: string): boolean {
  return typeName === 'xds.type.v3.TypedStruct' || typeName === 'udpa.type.v1.TypedStruct';
}

/** A TypedStruct holds another message as JSON: that message's sensitive fields are redacted, when its type is known. */
function redactedTypedStruct(message: Message, any: Any): Message {
  const content = contentOf(any);
  if (content?.step !== 'value') return message;
  return { ...message, value: JSON.parse(protoJsonText(content.schema, content.message)) } as Message;
}
