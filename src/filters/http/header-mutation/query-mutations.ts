import { KeyValueAppend_KeyValueAppendAction as Action, type KeyValueMutation } from '../../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { wireText } from '../../../core/wire-text.ts';
import { compileFormatBytes, type Format } from '../../../http/format/format.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import type { HeaderMutation, HeaderMutationContext } from '../../../http/route/route.ts';

interface Step {
  readonly key: string;
  /** Undefined: removes. */
  readonly value: Format | undefined;
  readonly action: Action;
}

export function compileQueryMutations(messages: readonly KeyValueMutation[], at: ConfigPath, context: CompileContext): QueryMutations | undefined {
  const steps: Step[] = [];
  messages.forEach((message, index) => {
    const step = compileStep(message, at.index(index), context);
    if (step !== undefined) steps.push(step);
  });
  return steps.length === 0 ? undefined : new QueryMutations(steps);
}

function compileStep({ append, remove }: KeyValueMutation, at: ConfigPath, context: CompileContext): Step | undefined {
  if (remove !== '') return { key: wireText(remove), value: undefined, action: Action.APPEND_IF_EXISTS_OR_ADD };
  if (append === undefined) {
    context.error(at, 'One of remove or append must be set');
    return undefined;
  }
  const { record, entry, action } = append;
  if (record === undefined && entry === undefined) {
    context.error(at.field('append'), 'No entry or record specified');
    return undefined;
  }
  const valueAt = at.field('append').field(record === undefined ? 'entry' : 'record').field('value');
  const text = record === undefined ? Buffer.from(entry!.value).toString('latin1') : stringOf(record.value);
  if (text === undefined) {
    context.error(valueAt, 'Only string value is allowed for record');
    return undefined;
  }
  const value = compileFormatBytes(text, valueAt, context);
  return value && { key: wireText(record?.key ?? entry!.key), value, action };
}

function stringOf(value: unknown): string | undefined {
  const plain = typeof value === 'object' && value !== null && 'kind' in value ? (value.kind as { readonly value?: unknown }).value : value;
  return typeof plain === 'string' ? wireText(plain) : undefined;
}

/**
 * Changes the query of the path: parameters are decoded, changed and sorted by name, as Envoy does, which encodes only what it adds. What cannot
 * stand in a request line stays encoded here.
 */
export class QueryMutations implements HeaderMutation {
  readonly #steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  apply(headers: HeaderMap, context: HeaderMutationContext): void {
    const start = headers.path.indexOf('?');
    const path = start < 0 ? headers.path : headers.path.slice(0, start);
    const parameters = start < 0 ? new Map<string, string[]>() : parse(headers.path.slice(start + 1));
    for (const { key, value, action } of this.#steps) {
      if (value === undefined) parameters.delete(key);
      else change(parameters, key, urlEncode(value.format(context)), action);
    }
    headers.path = path + write(parameters);
  }
}

function change(parameters: Map<string, string[]>, key: string, value: string, action: Action): void {
  const present = parameters.get(key);
  if (action === Action.ADD_IF_ABSENT ? present !== undefined : action === Action.OVERWRITE_IF_EXISTS && present === undefined) return;
  if (present !== undefined && action === Action.APPEND_IF_EXISTS_OR_ADD) present.push(value);
  else parameters.set(key, [value]);
}

function parse(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const key = percentDecode(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : percentDecode(part.slice(equals + 1));
    const values = parameters.get(key);
    if (values === undefined) parameters.set(key, [value]);
    else values.push(value);
  }
  return parameters;
}

function write(parameters: ReadonlyMap<string, readonly string[]>): string {
  let out = '';
  for (const key of [...parameters.keys()].sort()) {
    for (const value of parameters.get(key)!) out += `${out === '' ? '?' : '&'}${key}=${value}`;
  }
  return out;
}

function percentDecode(text: string): string {
  return text.replace(/%([2-7][0-9a-f])/gi, (whole, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code > 0x20 && code < 0x7f ? String.fromCharCode(code) : whole;
  });
}

function urlEncode(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
