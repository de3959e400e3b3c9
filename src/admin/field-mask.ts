import type { DescMessage, Message } from '@bufbuild/protobuf';
import { clearField } from '../api/protobuf.ts';
import { fieldValue } from './field-value.ts';
import { HeldAny } from './held-any.ts';

/** Paths of a `google.protobuf.FieldMask`, in proto names: `cluster.name,last_updated`. */
export function parseFieldMask(text: string): readonly string[] {
  return text.split(',').filter((path) => path !== '');
}

/** The mask as Envoy prints it in its answers. */
export function fieldMaskText(paths: readonly string[]): string {
  return `goo.gle/debugproto  \n${paths.map((path) => `paths: ${JSON.stringify(path)}\n`).join('')}`;
}

/** A copy of the message with only what the paths name; undefined when a path names no field or goes through a repeated one. */
export function trimMessage<M extends Message>(schema: DescMessage, message: M, paths: readonly string[]): M | undefined {
  if (!paths.every((path) => isPathOf(schema, path))) return undefined;
  const tree = treeOf(paths);
  if (tree.size === 0) return message;
  return keep(schema, message, tree) as M;
}

/** As `trimMessage`; paths may go on inside a field that is an Any. */
export function trimResource<M extends Message>(schema: DescMessage, message: M, paths: readonly string[]): M | undefined {
  const outer: string[] = [];
  const inner = new Map<string, string[]>();
  for (const path of paths) {
    const dot = path.indexOf('.');
    const head = dot < 0 ? path : path.slice(0, dot);
    const field = schema.fields.find(({ name }) => name === head);
    if (field?.fieldKind !== 'message' || field.message.typeName !== 'google.protobuf.Any') {
      outer.push(path);
      continue;
    }
    outer.push(head);
    const rest = inner.get(field.localName) ?? [];
    if (dot >= 0) rest.push(path.slice(dot + 1));
    inner.set(field.localName, rest);
  }
  const trimmed = trimMessage(schema, message, outer);
  if (trimmed === undefined) return undefined;
  const copy = { ...trimmed } as Record<string, unknown> & M;
  for (const [name, rest] of inner) {
    const any: unknown = copy[name];
    if (!(any instanceof HeldAny)) continue;
    const content = trimMessage(any.schema, any.message, rest);
    if (content === undefined) return undefined;
    (copy as Record<string, unknown>)[name] = new HeldAny(any.schema, content);
  }
  return copy;
}

/** Field names below which everything is kept (an empty map) or only what the map names. */
type MaskTree = Map<string, MaskTree>;

function treeOf(paths: readonly string[]): MaskTree {
  const root: MaskTree = new Map();
  for (const path of paths) {
    let at = root;
    let isCovered = false;
    for (const part of path.split('.')) {
      const known = at.get(part);
      isCovered = known?.size === 0;
      if (isCovered) break;
      const next: MaskTree = known ?? new Map();
      at.set(part, next);
      at = next;
    }
    if (!isCovered) at.clear();
  }
  return root;
}

function isPathOf(schema: DescMessage, path: string): boolean {
  let at: DescMessage | undefined = schema;
  for (const part of path.split('.')) {
    const field: DescMessage['fields'][number] | undefined = at?.fields.find(({ name }) => name === part);
    if (field === undefined) return false;
    at = field.fieldKind === 'message' ? field.message : undefined;
  }
  return true;
}

/** Shallow where a field is kept whole. */
function keep(schema: DescMessage, message: Message, tree: MaskTree): Message {
  const kept = { ...message } as Message & Record<string, unknown>;
  for (const field of schema.fields) {
    const below = tree.get(field.name);
    if (below === undefined) {
      clearField(kept as Message, field);
      continue;
    }
    if (below.size === 0 || field.fieldKind !== 'message') continue;
    const child = fieldValue(field, message);
    // Wrappers and Structs are held as bare values and kept whole.
    if (typeof child !== 'object' || child === null || !('$typeName' in child)) continue;
    const trimmed = keep(field.message, child as Message, below);
    if (field.oneof === undefined) kept[field.localName] = trimmed;
    else kept[field.oneof.localName] = { case: field.localName, value: trimmed };
  }
  return kept;
}
