import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { fileURLToPath } from 'node:url';
import { schemaOf } from '../../src/api/registry.ts';
import { valueIfSet } from '../../src/config/field-value.ts';
import { loadContent } from '../../src/config/loader.ts';
import { contentOf } from '../../src/config/open-any.ts';
import type { AnyMessage } from '../../src/core/extension.ts';
import { readCases } from '../../test/conformance/harness/case-files.ts';
import type { Case } from '../../test/conformance/harness/case.ts';
import { fillTree } from '../../test/conformance/harness/placeholders.ts';
import { CERTIFICATES } from '../../test/conformance/harness/tls.ts';

/** By `message.field`: the recorded case that shows the field, of those that set it the one that sets least else. */
export type ShownBy = ReadonlyMap<string, string>;

export function shownBy(): ShownBy {
  const found = new Map<string, { readonly id: string; readonly size: number }>();
  // A case of which nuncio's answer is another shows no support.
  for (const one of readCases().filter(({ difference }) => difference === undefined)) {
    const set = fieldsOfCase(one);
    for (const field of set) if (set.size < (found.get(field)?.size ?? Infinity)) found.set(field, { id: one.id, size: set.size });
  }
  return new Map([...found].map(([field, { id }]) => [field, id]));
}

/** Many cases share a configuration. */
const known = new Map<string, ReadonlySet<string>>();

/** Every field that the case's bootstrap sets, at any depth and inside its Anys, as `message.field`. */
export function fieldsOfCase(one: Case): ReadonlySet<string> {
  const json = JSON.stringify(fillTree(one.config, placeholdersOf(one)));
  let set = known.get(json);
  if (set === undefined) known.set(json, (set = fieldsOf(json)));
  return set;
}

/** Nothing is opened: any port and path will do. */
function placeholdersOf({ upstreams }: Case): ReadonlyMap<string, string | number> {
  return new Map<string, string | number>([
    ['log', '/dev/null'],
    ['dir', '/dev'],
    ['certificates', fileURLToPath(CERTIFICATES)],
    ...Object.keys(upstreams).map((name) => [`port:${name}`, 1] as const),
  ]);
}

function fieldsOf(json: string): ReadonlySet<string> {
  const schema = schemaOf('envoy.config.bootstrap.v3.Bootstrap');
  const { message } = loadContent(schema, { name: 'case', content: json, format: 'json' });
  const set = new Set<string>();
  if (message !== undefined) visit(schema, message, set);
  return set;
}

function visit(schema: DescMessage, message: Message, set: Set<string>): void {
  if (schema.typeName === 'google.protobuf.Any') {
    const content = contentOf(message as unknown as AnyMessage);
    if (content !== undefined) visit(content.schema, content.message, set);
    return;
  }
  if (schema.typeName.startsWith('google.protobuf.')) return;
  for (const field of schema.fields) {
    const value = valueIfSet(field, message as Message & Record<string, unknown>);
    if (value === undefined) continue;
    set.add(`${schema.typeName}.${field.name}`);
    if (field.message !== undefined) for (const item of itemsOf(field, value)) visit(field.message, item as Message, set);
  }
}

function itemsOf(field: DescField, value: unknown): readonly unknown[] {
  if (field.fieldKind === 'list') return value as unknown[];
  return field.fieldKind === 'map' ? Object.values(value as object) : [value];
}
