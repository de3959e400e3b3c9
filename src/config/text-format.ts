import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '../api/protobuf.ts';
import { apiTypes } from '../api/registry.ts';
import { wellKnownKind } from './message-plan.ts';
import { typeNameOf } from './opened-any.ts';
import { parsedAs, type ParsedTree } from './parsed-tree.ts';
import type { SourceText } from './source.ts';
import { SyntaxFault } from './syntax-fault.ts';
import { describe, stringBytes, TextFormatLexer, type TextToken } from './text-format-lexer.ts';
import { AnyBytesNode, ListNode, MapNode, MAX_DEPTH, NO_OFFSET, ScalarNode, type ConfigNode } from './tree.ts';

/**
 * Protobuf's text format (`.pb_text`), read into the tree that JSON would give for the same message: so one decoder serves, and
 * positions work. Needs the message's type, since the text does not tell bytes from strings or maps from lists.
 */
export function parseTextFormat(source: SourceText, schema: DescMessage): ParsedTree {
  return parsedAs(`text protobuf (type ${schema.typeName})`, source, () => ({ root: new TextFormatParser(source.text).document(schema), errors: [], warnings: [] }));
}

/** The occurrences of one field of one message. */
interface Occurrences {
  readonly keyStart: number;
  readonly nodes: ConfigNode[];
}

class TextFormatParser {
  readonly #lexer: TextFormatLexer;
  #depth = 0;

  constructor(text: string) {
    this.#lexer = new TextFormatLexer(text);
  }

  document(schema: DescMessage): ConfigNode {
    return this.#fields(schema, 'end');
  }

  /** The fields of a message up to the symbol that closes it. */
  #fields(desc: DescMessage | undefined, close: '}' | '>' | 'end'): ConfigNode {
    const lexer = this.#lexer;
    const { start } = lexer.next;
    if (++this.#depth > MAX_DEPTH) lexer.fail(`nested more than ${MAX_DEPTH} levels deep`);
    const found = new Map<string, Occurrences>();
    let expanded: MapNode | undefined;
    while (close === 'end' ? lexer.next.kind !== 'end' : !lexer.isSymbol(close)) {
      if (lexer.isSymbol('[')) expanded = this.#expandedAny();
      else this.#field(desc, found);
      lexer.skip(',', ';');
    }
    if (close !== 'end') lexer.take();
    this.#depth--;
    return expanded ?? messageNode(desc, start, found);
  }

  /** `[type.googleapis.com/name] { ... }`, the readable form of an Any. */
  #expandedAny(): MapNode {
    const lexer = this.#lexer;
    const { start } = lexer.next;
    const url = lexer.takeBracketed();
    lexer.skip(':');
    const desc = apiTypes.getMessage(typeNameOf(url));
    const content = this.#messageValue(desc);
    const slots: Array<string | number | ConfigNode> = ['@type', start, new ScalarNode(url, start)];
    if (desc !== undefined && wellKnownKind(desc) !== 'none') slots.push('value', start, content);
    else if (content.kind === 'map') {
      for (let index = 0; index < content.size; index++) slots.push(content.keyAt(index), content.keyStartAt(index), content.valueAt(index));
    }
    return new MapNode(start, slots);
  }

  #field(desc: DescMessage | undefined, found: Map<string, Occurrences>): void {
    const lexer = this.#lexer;
    if (lexer.next.kind !== 'name') lexer.fail(`expected the name of a field, found ${describe(lexer.next)}`);
    const name = lexer.take();
    const field = desc?.fields.find((candidate) => candidate.name === name.text);
    if (desc !== undefined && field === undefined) this.#checkUnknown(desc, name);
    const hasColon = lexer.skip(':');
    let occurrences = found.get(name.text);
    if (occurrences === undefined) found.set(name.text, (occurrences = { keyStart: name.start, nodes: [] }));
    else if (field !== undefined && field.fieldKind !== 'list' && field.fieldKind !== 'map') {
      lexer.fail(`the field '${name.text}' is not repeated and occurs twice`, name.start);
    }
    if (lexer.isSymbol('[')) this.#list(field, occurrences.nodes);
    else if (hasColon || lexer.isSymbol('{', '<')) occurrences.nodes.push(this.#value(field));
    else lexer.fail(`expected ':', found ${describe(lexer.next)}`);
  }

  /** The decoder reports unknown fields, but it takes names in camelCase and never sees the fields of free-form JSON. */
  #checkUnknown(desc: DescMessage, { text, start }: TextToken): void {
    const meant = desc.fields.find((field) => field.jsonName === text);
    if (meant !== undefined) this.#lexer.fail(`no such field: ${text} (did you mean '${meant.name}'?)`, start);
    if (wellKnownKind(desc) !== 'none') this.#lexer.fail(`no such field in ${desc.typeName}: ${text}`, start);
  }

  #list(field: DescField | undefined, nodes: ConfigNode[]): void {
    const lexer = this.#lexer;
    lexer.expect('[');
    while (!lexer.isSymbol(']')) {
      nodes.push(this.#value(field));
      if (!lexer.skip(',')) break;
    }
    lexer.expect(']');
  }

  #value(field: DescField | undefined): ConfigNode {
    if (field?.fieldKind === 'map') return this.#mapEntry(field);
    if (field?.message !== undefined || this.#lexer.isSymbol('{', '<')) return this.#messageValue(field?.message);
    return this.#scalar(field?.enum ?? field?.scalar);
  }

  #messageValue(desc: DescMessage | undefined): ConfigNode {
    const lexer = this.#lexer;
    if (lexer.skip('<')) return this.#fields(desc, '>');
    lexer.expect('{');
    return this.#fields(desc, '}');
  }

  /** `{ key: "a" value: 1 }` as the JSON object `{"a": 1}`. */
  #mapEntry(field: DescField & { fieldKind: 'map' }): ConfigNode {
    const lexer = this.#lexer;
    const { start } = lexer.next;
    const close = lexer.skip('<') ? '>' : '}';
    if (close === '}') lexer.expect('{');
    let key = field.mapKey === ScalarType.STRING ? '' : '0';
    let value: ConfigNode = field.message === undefined ? new ScalarNode(null, start) : new MapNode(start, []);
    while (!lexer.isSymbol(close)) {
      const name = lexer.take();
      lexer.skip(':');
      if (name.text === 'key') key = String((this.#scalar(field.mapKey) as ScalarNode).value);
      else if (name.text === 'value') value = field.message === undefined ? this.#scalar(field.enum ?? field.scalar) : this.#messageValue(field.message);
      else lexer.fail(`expected 'key' or 'value', found ${describe(name)}`, name.start);
      lexer.skip(',', ';');
    }
    lexer.take();
    return new MapNode(start, [key, start, value]);
  }

  /** Without a type, for unknown fields, anything goes. */
  #scalar(type: ScalarType | DescEnum | undefined): ConfigNode {
    const lexer = this.#lexer;
    const { start } = lexer.next;
    const wantsText = type === ScalarType.STRING || type === ScalarType.BYTES;
    if (lexer.next.kind === 'string') {
      if (type !== undefined && !wantsText) lexer.fail(`expected no string, found ${describe(lexer.next)}`);
      return this.#string(type, start);
    }
    if (wantsText) lexer.fail(`expected a string, found ${describe(lexer.next)}`);
    const negative = lexer.skip('-');
    const token = lexer.take();
    if (token.kind === 'number') return new ScalarNode(this.#number(token, negative, type), start);
    if (token.kind !== 'name') lexer.fail(`expected a value, found ${describe(token)}`, token.start);
    return new ScalarNode(this.#word(token, negative, type), start);
  }

  #number(token: TextToken, negative: boolean, type: ScalarType | DescEnum | undefined): number | bigint | boolean {
    const value = numberOf(token, negative);
    if (type === ScalarType.BOOL) return value === 0 || value === 1 ? value === 1 : this.#lexer.fail('expected true or false', token.start);
    const isFloat = type === ScalarType.FLOAT || type === ScalarType.DOUBLE;
    if (type !== undefined && !isFloat && !INTEGER.test(token.text)) this.#lexer.fail(`expected an integer, found '${token.text}'`, token.start);
    return value;
  }

  /** `true`, `inf`, the name of an enum value. */
  #word({ text, start }: TextToken, negative: boolean, type: ScalarType | DescEnum | undefined): string | boolean {
    if (type === ScalarType.BOOL) return BOOLEANS.get(text) ?? this.#lexer.fail(`expected true or false, found '${text}'`, start);
    if (typeof type === 'object') {
      const meant = type.values.find((value) => value.name.toLowerCase() === text.toLowerCase());
      if (meant !== undefined && meant.name !== text) this.#lexer.fail(`no such value: ${text} (did you mean '${meant.name}'?)`, start);
    }
    return negative ? `-${text}` : text;
  }

  /** Strings that follow each other are one. */
  #string(type: ScalarType | DescEnum | undefined, start: number): ConfigNode {
    const parts: Buffer[] = [];
    while (this.#lexer.next.kind === 'string') parts.push(stringBytes(this.#lexer.take()));
    const bytes = Buffer.concat(parts);
    return new ScalarNode(bytes.toString(type === ScalarType.BYTES ? 'base64' : 'utf8'), start);
  }
}

const BOOLEANS = new Map([
  ['true', true],
  ['True', true],
  ['t', true],
  ['false', false],
  ['False', false],
  ['f', false],
]);

const INTEGER = /^(?:0[xX][0-9a-fA-F]+|[0-9]+)$/;

function numberOf({ text, start }: TextToken, negative: boolean): number | bigint {
  if (INTEGER.test(text)) {
    if (text.length > LONGEST_INTEGER) throw new SyntaxFault(start, 'an integer out of range');
    const isOctal = /^0[0-7]+$/.test(text);
    if (!isOctal && /^0[0-9]/.test(text)) throw new SyntaxFault(start, `no octal number: ${text}`);
    const magnitude = BigInt(isOctal ? `0o${text.slice(1)}` : text);
    const value = negative ? -magnitude : magnitude;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  const value = Number(text.replace(/[fF]$/, ''));
  return negative ? -value : value;
}

const LONGEST_INTEGER = 24;

/** The node that JSON would give for these fields. */
function messageNode(desc: DescMessage | undefined, start: number, found: ReadonlyMap<string, Occurrences>): ConfigNode {
  const kind = desc === undefined ? 'none' : wellKnownKind(desc);
  if (kind === 'any' && found.has('value')) return anyNode(start, found);
  const slots: Array<string | number | ConfigNode> = [];
  for (const [name, { keyStart, nodes }] of found) {
    const field = desc?.fields.find((candidate) => candidate.name === name);
    if (field?.fieldKind === 'map') slots.push(name, keyStart, joinEntries(nodes));
    else slots.push(name, keyStart, field?.fieldKind === 'list' || nodes.length > 1 ? new ListNode(nodes[0]?.start ?? keyStart, nodes) : nodes[0]!);
  }
  const map = new MapNode(start, slots);
  if (kind === 'any') return typeOnly(map);
  return kind === 'struct' || kind === 'value' || kind === 'list-value' ? freeForm(map, kind) : map;
}

/** Entries of one map; of two equal keys the last wins. */
function joinEntries(nodes: readonly ConfigNode[]): MapNode {
  const entries = new Map<string, [string, number, ConfigNode]>();
  for (const node of nodes as readonly MapNode[]) entries.set(node.keyAt(0), [node.keyAt(0), node.keyStartAt(0), node.valueAt(0)]);
  return new MapNode(nodes[0]?.start ?? NO_OFFSET, [...entries.values()].flat());
}

/** `type_url` and `value` as bytes. */
function anyNode(start: number, found: ReadonlyMap<string, Occurrences>): ConfigNode {
  const url = textOf(found.get('type_url')?.nodes[0]);
  return new AnyBytesNode(start, url, Buffer.from(textOf(found.get('value')!.nodes[0]), 'base64'));
}

function textOf(node: ConfigNode | undefined): string {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
}

function typeOnly(map: MapNode): ConfigNode {
  const url = map.get('type_url');
  return url === undefined ? map : new MapNode(map.start, ['@type', map.start, url]);
}

/** Struct, Value and ListValue written field by field, as the JSON they stand for. */
function freeForm(map: MapNode, kind: 'struct' | 'value' | 'list-value'): ConfigNode {
  if (kind === 'struct') return map.get('fields') ?? map;
  if (kind === 'list-value') return map.get('values') ?? new ListNode(map.start, []);
  if (map.size === 0) return new ScalarNode(null, map.start);
  const value = map.valueAt(0);
  return map.keyAt(0) === 'null_value' ? new ScalarNode(null, value.start) : value;
}
