import type { JsonObject } from '@bufbuild/protobuf';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import type { Format } from './format.ts';
import { FormatRow } from './format-row.ts';
import { jsonOfValue, jsonText, sortedEntries } from './json-text.ts';
import type { FormatContext, Operator } from './operator.ts';
import { compileTemplate, type Template } from './template.ts';

/**
 * A JSON object with operators in its strings. A string that is one operator gives that operator's value, typed, or null; any
 * other string stays one. Keys come in order of their bytes. One line, ended.
 */
export function compileJsonFormat(object: JsonObject, omitEmpty: boolean, at: ConfigPath, context: CompileContext): Format | undefined {
  const node = compileNode(object, at, context);
  if (node === undefined) return undefined;
  return omitEmpty ? new OmittingJsonFormat(node) : new FormatRow(new FlatParts(node).parts, readPart);
}

type Node =
  | { readonly kind: 'constant'; readonly json: string }
  | { readonly kind: 'value'; readonly operator: Operator }
  | { readonly kind: 'text'; readonly parts: Template }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  /** Each with its key, quoted and with the colon. */
  | { readonly kind: 'object'; readonly fields: readonly (readonly [key: string, node: Node])[] };

function compileNode(value: unknown, at: ConfigPath, context: CompileContext): Node | undefined {
  if (typeof value === 'string') return compileText(wireText(value), at, context);
  if (typeof value !== 'object' || value === null) return { kind: 'constant', json: jsonOfValue(value) };
  if (Array.isArray(value)) {
    const items = value.map((item, index) => compileNode(item, at.index(index), context));
    return items.some((item) => item === undefined) ? undefined : { kind: 'list', items: items as Node[] };
  }
  const fields = sortedEntries(value).map(([key, item]) => [`"${jsonText(key)}":`, compileNode(item, at.key(key), context)] as const);
  return fields.some(([, node]) => node === undefined) ? undefined : { kind: 'object', fields: fields as [string, Node][] };
}

function compileText(bytes: string, at: ConfigPath, context: CompileContext): Node | undefined {
  const parts = compileTemplate(bytes, at, context);
  if (parts === undefined) return undefined;
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'object') return { kind: 'value', operator: first };
  if (parts.every((part) => typeof part === 'string')) return { kind: 'constant', json: `"${jsonText(parts.join(''))}"` };
  return { kind: 'text', parts: parts.map((part) => (typeof part === 'string' ? jsonText(part) : part)) };
}

/** Part of a string: escaped, without quotes. */
interface Inside {
  readonly inside: Operator;
}

function readPart(part: Operator | Inside, context: FormatContext): string {
  return 'inside' in part ? jsonText(part.inside.text(context) ?? '-') : (part.json(context) ?? 'null');
}

/** The usual case: text and operators in one row. */
class FlatParts {
  readonly parts: (string | Operator | Inside)[] = [];

  constructor(node: Node) {
    this.#add(node);
    this.#addText('\n');
  }

  #add(node: Node): void {
    switch (node.kind) {
      case 'constant':
        this.#addText(node.json);
        return;
      case 'value':
        this.parts.push(node.operator);
        return;
      case 'text':
        this.#addText('"');
        for (const part of node.parts) {
          if (typeof part === 'string') this.#addText(part);
          else this.parts.push({ inside: part });
        }
        this.#addText('"');
        return;
      case 'list':
        this.#addText('[');
        node.items.forEach((item, index) => {
          if (index > 0) this.#addText(',');
          this.#add(item);
        });
        this.#addText(']');
        return;
      default:
        this.#addText('{');
        node.fields.forEach(([key, field], index) => {
          this.#addText(index > 0 ? `,${key}` : key);
          this.#add(field);
        });
        this.#addText('}');
    }
  }

  #addText(text: string): void {
    const parts = this.parts;
    const last = parts.length - 1;
    const before = parts[last];
    if (typeof before === 'string') parts[last] = before + text;
    else parts.push(text);
  }
}

/** `omit_empty_values`: what has no value is left out, and objects in which nothing is left. */
class OmittingJsonFormat implements Format {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  format(context: FormatContext): string {
    return `${render(this.#node, context) ?? '{}'}\n`;
  }
}

function render(node: Node, context: FormatContext): string | undefined {
  switch (node.kind) {
    case 'constant':
      return node.json === 'null' ? undefined : node.json;
    case 'value':
      return node.operator.json(context);
    case 'text':
      return `"${node.parts.map((part) => (typeof part === 'string' ? part : jsonText(part.text(context) ?? ''))).join('')}"`;
    case 'list':
      return `[${node.items.map((item) => render(item, context)).filter((item) => item !== undefined).join(',')}]`;
    default: {
      const fields: string[] = [];
      for (const [key, field] of node.fields) {
        const value = render(field, context);
        if (value !== undefined) fields.push(key + value);
      }
      return fields.length === 0 ? undefined : `{${fields.join(',')}}`;
    }
  }
}
