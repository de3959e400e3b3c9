import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { apiTypes } from '../api/registry.ts';
import { valueIfSet } from './field-value.ts';

/**
 * What this proxy does with each field of Envoy's API. A field that is set and not listed is refused, with its path: nothing is
 * ever ignored without saying so. Each room lists the messages it compiles in a table beside its code; the composition root merges
 * the tables, and `docs/support.md` is generated from them.
 *
 *     export const routeSupport: SupportTable = {
 *       'envoy.config.route.v3.RouteAction': {
 *         ...fields('cluster weighted_clusters prefix_rewrite'),
 *         timeout: supported({ test: 'the route timeout ends a request with 504' }),
 *         priority: only(['DEFAULT'], 'there is one set of circuit breakers'),
 *         auto_host_rewrite: only([false]),
 *         max_grpc_timeout: ignored('Envoy reads it only when max_stream_duration is absent, which ...'),
 *         internal_redirect_policy: refused('redirects are sent to the client'),
 *       },
 *     };
 */
export type SupportTable = Readonly<Record<string, MessageSupport>>;

/** By the field's name in snake_case. */
export type MessageSupport = Readonly<Record<string, FieldSupport>>;

export interface FieldSupport {
  readonly status: 'supported' | 'partial' | 'ignored' | 'refused';
  /** For `partial`: the values that are taken. Enum values by name; the walker hands over what the message holds. */
  readonly accepts?: ((value: unknown, field: DescField) => boolean) | undefined;
  /** Why it is refused or ignored, or which values are taken. */
  readonly reason?: string | undefined;
  /** For the documentation. */
  readonly note?: string | undefined;
  /** The title of the test that shows it. */
  readonly test?: string | undefined;
}

interface Remarks {
  readonly note?: string;
  readonly test?: string;
}

export function supported(remarks: Remarks = {}): FieldSupport {
  return { status: 'supported', ...remarks };
}

/** Several supported fields, named in one string with spaces between. */
export function fields(names: string): MessageSupport {
  return Object.fromEntries(names.trim().split(/\s+/).map((name) => [name, supported()]));
}

/** Known to Envoy, not done here. */
export function refused(reason?: string, remarks: Remarks = {}): FieldSupport {
  return { status: 'refused', reason, ...remarks };
}

/** Taken and without effect, because Envoy does nothing with it either; `reason` says why that is so. */
export function ignored(reason: string, remarks: Remarks = {}): FieldSupport {
  return { status: 'ignored', reason, ...remarks };
}

/**
 * Taken with these values: numbers, booleans, strings, names of enum values. A list or map field is taken when all its items are.
 * `only([false])` lets people write a default.
 */
export function only(values: ReadonlyArray<string | number | boolean>, reason?: string, remarks: Remarks = {}): FieldSupport {
  const allowed = new Set<unknown>(values);
  const accepts = (value: unknown, field: DescField): boolean => itemsOf(value, field).every((item) => allowed.has(comparable(item, field)));
  return { status: 'partial', accepts, reason: reason ?? `only ${values.join(', ')}`, ...remarks };
}

/** Taken when the message in it says nothing: `{}` is how many configurations spell a default. */
export function onlyEmpty(reason?: string, remarks: Remarks = {}): FieldSupport {
  const accepts = (value: unknown, field: DescField): boolean => field.message !== undefined && isEmptyMessage(field.message, value);
  return { status: 'partial', accepts, reason: reason ?? 'only {}', ...remarks };
}

/** Taken when `accepts` says so; `reason` completes the sentence "not supported: …". */
export function onlyIf<Value>(accepts: (value: Value) => boolean, reason: string, remarks: Remarks = {}): FieldSupport {
  return { status: 'partial', accepts: accepts as (value: unknown) => boolean, reason, ...remarks };
}

function itemsOf(value: unknown, field: DescField): readonly unknown[] {
  if (field.fieldKind === 'list') return value as unknown[];
  return field.fieldKind === 'map' ? Object.values(value as object) : [value];
}

function comparable(value: unknown, field: DescField): unknown {
  if (field.enum !== undefined) return field.enum.value[value as number]?.name ?? value;
  if (typeof value === 'bigint') return Number(value);
  // A wrapper in a oneof or a list is a message.
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}

function isEmptyMessage(desc: DescMessage, value: unknown): boolean {
  const message = value as Record<string, unknown>;
  return desc.fields.every((field) => valueIfSet(field, message) === undefined);
}

/** One table out of many. Two rooms may list the same message, and one may ignore what another reads; else they must not disagree about a field. */
export function mergeSupport(tables: readonly SupportTable[]): SupportTable {
  const merged: Record<string, Record<string, FieldSupport>> = {};
  for (const table of tables) {
    for (const [typeName, message] of Object.entries(table)) {
      const known = (merged[typeName] ??= {});
      for (const [name, entry] of Object.entries(message)) {
        const other = known[name];
        if (other !== undefined && entry.status === 'ignored') continue;
        if (other !== undefined && other.status !== 'ignored' && (other.status !== entry.status || other.reason !== entry.reason)) {
          throw new Error(`two support tables disagree about ${typeName}.${name}`);
        }
        known[name] = other === undefined ? entry : { ...other, ...entry };
      }
    }
  }
  return merged;
}

/** Names in a table that the API does not have: for a test, so that a typing error refuses nobody's configuration. */
export function supportFaults(table: SupportTable): string[] {
  const faults: string[] = [];
  for (const [typeName, message] of Object.entries(table)) {
    const desc = apiTypes.getMessage(typeName);
    if (desc === undefined) {
      faults.push(`no such message: ${typeName}`);
      continue;
    }
    const names = new Set(desc.fields.map((field) => field.name));
    for (const name of Object.keys(message)) if (!names.has(name)) faults.push(`no such field: ${typeName}.${name}`);
  }
  return faults;
}

/** One line of the documentation. */
export interface SupportRow {
  readonly message: string;
  readonly field: string;
  readonly status: FieldSupport['status'];
  readonly reason: string;
  readonly note: string;
  readonly test: string;
}

/** Every field of every message that a table names, the unlisted ones as refused; sorted by message, fields as the API orders them. */
export function supportRows(tables: readonly SupportTable[]): SupportRow[] {
  const merged = mergeSupport(tables);
  return Object.keys(merged)
    .sort()
    .flatMap((message) => {
      const known = merged[message]!;
      return apiTypes.getMessage(message)!.fields.map(({ name }) => {
        const { status = 'refused', reason = '', note = '', test = '' } = known[name] ?? {};
        return { message, field: name, status, reason, note, test };
      });
    });
}
