/**
 * What the API's authors wrote beside its types: validation rules, deprecation, work in progress, secrets.
 *
 * Descriptors keep such options as unread bytes; each reader here looks at the one option it wants. Rules are decoded once per field
 * and cached, so a validator compiled per message type may ask freely.
 */
import type { DescEnumValue, DescField, DescFile, DescMessage, DescOneof, Message } from '@bufbuild/protobuf';
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import type { KnownRegex } from './generated/validate.ts';
import { fromBinary, isFieldSet } from './protobuf.ts';
import { schemaOf } from './registry.ts';

/** Numbers of the options, as their proto files declare them. */
export const OPTION = {
  'validate.rules': 1071,
  'validate.required': 1071,
  'validate.disabled': 1071,
  'validate.ignored': 1072,
  'envoy.annotations.deprecated_at_minor_version': 157299826,
  'envoy.annotations.disallowed_by_default': 189503207,
  'envoy.annotations.deprecated_at_minor_version_enum': 181198657,
  'envoy.annotations.disallowed_by_default_enum': 70100853,
  'udpa.annotations.sensitive': 76569463,
  'xds.annotations.v3.sensitive': 61008053,
  'udpa.annotations.file_status': 222707719,
  'xds.annotations.v3.file_status': 226829418,
  'xds.annotations.v3.message_status': 226829418,
  'xds.annotations.v3.field_status': 226829418,
} as const;

/** `const`, `in` and the bounds hold values of the field's own type: number, or bigint for 64-bit fields. */
export interface NumberRules<N extends number | bigint = number | bigint> {
  readonly const?: N;
  readonly lt?: N;
  readonly lte?: N;
  readonly gt?: N;
  readonly gte?: N;
  readonly in?: readonly N[];
  readonly notIn?: readonly N[];
  readonly ignoreEmpty?: boolean;
}

/** Lengths count code points, `…Bytes` the bytes of UTF-8. */
export interface StringRules {
  readonly const?: string;
  readonly len?: number;
  readonly minLen?: number;
  readonly maxLen?: number;
  readonly lenBytes?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly pattern?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly notContains?: string;
  readonly in?: readonly string[];
  readonly notIn?: readonly string[];
  readonly email?: boolean;
  readonly hostname?: boolean;
  readonly ip?: boolean;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly uri?: boolean;
  readonly uriRef?: boolean;
  readonly address?: boolean;
  readonly uuid?: boolean;
  readonly wellKnownRegex?: KnownRegex;
  /** Of `wellKnownRegex`; absent means true. */
  readonly strict?: boolean;
  readonly ignoreEmpty?: boolean;
}

export interface BytesRules {
  readonly const?: Uint8Array;
  readonly len?: number;
  readonly minLen?: number;
  readonly maxLen?: number;
  readonly pattern?: string;
  readonly prefix?: Uint8Array;
  readonly suffix?: Uint8Array;
  readonly contains?: Uint8Array;
  readonly in?: readonly Uint8Array[];
  readonly notIn?: readonly Uint8Array[];
  readonly ip?: boolean;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly ignoreEmpty?: boolean;
}

export interface EnumRules {
  readonly const?: number;
  readonly definedOnly?: boolean;
  readonly in?: readonly number[];
  readonly notIn?: readonly number[];
}

export interface RepeatedRules {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly unique?: boolean;
  readonly items?: FieldRules;
  readonly ignoreEmpty?: boolean;
}

export interface MapRules {
  readonly minPairs?: number;
  readonly maxPairs?: number;
  readonly keys?: FieldRules;
  readonly values?: FieldRules;
  readonly ignoreEmpty?: boolean;
}

export interface AnyRules {
  readonly required?: boolean;
  readonly in?: readonly string[];
  readonly notIn?: readonly string[];
}

interface TimeRules<T extends Duration | Timestamp> {
  readonly required?: boolean;
  readonly const?: T;
  readonly lt?: T;
  readonly lte?: T;
  readonly gt?: T;
  readonly gte?: T;
}

export interface DurationRules extends TimeRules<Duration> {
  readonly in?: readonly Duration[];
  readonly notIn?: readonly Duration[];
}

export interface TimestampRules extends TimeRules<Timestamp> {
  readonly ltNow?: boolean;
  readonly gtNow?: boolean;
  readonly within?: Duration;
}

/** `(validate.rules)` of one field or of the elements of one: only what was written is present, and of the kinds at most one. */
export interface FieldRules {
  readonly message?: { readonly skip?: boolean; readonly required?: boolean };
  readonly float?: NumberRules<number>;
  readonly double?: NumberRules<number>;
  readonly int32?: NumberRules<number>;
  readonly int64?: NumberRules<bigint>;
  readonly uint32?: NumberRules<number>;
  readonly uint64?: NumberRules<bigint>;
  readonly sint32?: NumberRules<number>;
  readonly sint64?: NumberRules<bigint>;
  readonly fixed32?: NumberRules<number>;
  readonly fixed64?: NumberRules<bigint>;
  readonly sfixed32?: NumberRules<number>;
  readonly sfixed64?: NumberRules<bigint>;
  readonly bool?: { readonly const?: boolean };
  readonly string?: StringRules;
  readonly bytes?: BytesRules;
  readonly enum?: EnumRules;
  readonly repeated?: RepeatedRules;
  readonly map?: MapRules;
  readonly any?: AnyRules;
  readonly duration?: DurationRules;
  readonly timestamp?: TimestampRules;
}

const fieldRulesCache = new WeakMap<DescField, FieldRules>();

/** The field's `(validate.rules)`; undefined when it has none. */
export function fieldRules(field: DescField): FieldRules | undefined {
  const bytes = optionBytes(field.proto.options, 'validate.rules');
  if (bytes === undefined) return undefined;
  let rules = fieldRulesCache.get(field);
  if (rules === undefined) {
    rules = writtenFields(fromBinary(schemaOf('validate.FieldRules'), withoutLength(bytes))) as FieldRules;
    fieldRulesCache.set(field, rules);
  }
  return rules;
}

/** `(validate.required)`: one of the cases must be set. */
export function isRequired(oneof: DescOneof): boolean {
  return optionFlag(oneof.proto.options, 'validate.required');
}

/** `(validate.disabled)` or `(validate.ignored)`: the message's fields are not validated. */
export function skipsValidation(message: DescMessage): boolean {
  return optionFlag(message.proto.options, 'validate.disabled') || optionFlag(message.proto.options, 'validate.ignored');
}

/** How far a field or an enum value is on its way out. */
export interface Deprecation {
  readonly deprecated: boolean;
  /** Envoy's `major.minor` in which it was deprecated, such as `3.0`; empty when not given. */
  readonly since: string;
  /** Using it is refused unless the runtime allows it. */
  readonly disallowedByDefault: boolean;
}

const IN_USE: Deprecation = { deprecated: false, since: '', disallowedByDefault: false };

export function deprecationOf(element: DescField | DescEnumValue): Deprecation {
  const options = element.proto.options;
  if (options === undefined || !options.deprecated) return IN_USE;
  const suffix = element.kind === 'enum_value' ? '_enum' : '';
  const since = optionBytes(options, `envoy.annotations.deprecated_at_minor_version${suffix}`);
  return {
    deprecated: true,
    since: since === undefined ? '' : new TextDecoder().decode(withoutLength(since)),
    disallowedByDefault: optionFlag(options, `envoy.annotations.disallowed_by_default${suffix}`),
  };
}

/** Envoy warns of the use of what is marked work in progress. */
export function isWorkInProgress(element: DescFile | DescMessage | DescField): boolean {
  const options = element.proto.options;
  if (options === undefined) return false;
  switch (element.kind) {
    case 'file':
      return hasWorkInProgress(options, 'udpa.annotations.file_status') || hasWorkInProgress(options, 'xds.annotations.v3.file_status');
    case 'message':
      return hasWorkInProgress(options, 'xds.annotations.v3.message_status');
    case 'field':
      return hasWorkInProgress(options, 'xds.annotations.v3.field_status');
  }
}

/** The value is a secret: dumps show `[redacted]` in its place. */
export function isSensitive(field: DescField): boolean {
  const options = field.proto.options;
  return optionFlag(options, 'udpa.annotations.sensitive') || optionFlag(options, 'xds.annotations.v3.sensitive');
}

/** The value's bytes as they stand on the wire after the tag; undefined when the option is not written. */
function optionBytes(options: Message | undefined, name: keyof typeof OPTION): Uint8Array | undefined {
  const unknown = options?.$unknown;
  if (unknown === undefined) return undefined;
  const number = OPTION[name];
  return unknown.findLast((field) => field.no === number)?.data;
}

function optionFlag(options: Message | undefined, name: keyof typeof OPTION): boolean {
  const bytes = optionBytes(options, name);
  return bytes !== undefined && bytes[0] !== 0;
}

/** The status annotations all hold `bool work_in_progress = 1`, and something else may follow. */
function hasWorkInProgress(options: Message, name: keyof typeof OPTION): boolean {
  const bytes = optionBytes(options, name);
  return bytes !== undefined && bytes.length >= 3 && bytes[1] === 0x08 && bytes[2] === 1;
}

/** Drops the length that stands before a string's or a message's bytes. */
function withoutLength(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (bytes[start++] >= 0x80);
  return bytes.subarray(start);
}

/** Rules about numbers hold values of the field's type; every other 64-bit number is a length or a count. */
const COUNTING_RULES = new Set(['validate.StringRules', 'validate.BytesRules', 'validate.RepeatedRules', 'validate.MapRules']);

/** A message of validate.proto as an object of what was written; defaults of proto2 stay out. */
function writtenFields(message: Message): unknown {
  const record = message as Message & Record<string, unknown>;
  const out: Record<string, unknown> = {};
  const schema = schemaOf(message.$typeName as 'validate.FieldRules');
  for (const field of schema.fields) {
    if (!isFieldSet(record as never, field)) continue;
    const holder = field.oneof === undefined ? record[field.localName] : (record[field.oneof.localName] as { value: unknown }).value;
    out[field.localName] = plainValue(holder, COUNTING_RULES.has(message.$typeName));
  }
  return out;
}

function plainValue(value: unknown, counts: boolean): unknown {
  if (typeof value === 'bigint') return counts ? Number(value) : value;
  if (typeof value === 'object' && value !== null && '$typeName' in value) {
    const message = value as Message;
    return message.$typeName.startsWith('validate.') ? writtenFields(message) : message;
  }
  return value;
}
