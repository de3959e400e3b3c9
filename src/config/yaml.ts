import { parsedAs, treeFault, type ParsedTree } from './parsed-tree.ts';
import type { SourceText } from './source.ts';
import { MAX_DEPTH, MAX_STRING_LENGTH, NodeStack, ScalarNode, shorten, type ConfigNode, type MapNode } from './tree.ts';
import { YamlAnchors } from './yaml-anchors.ts';
import {
  ALIAS,
  ANCHOR,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  DASH,
  DIRECTIVE,
  DOUBLE_QUOTE,
  FOLDED,
  isBreak,
  LITERAL,
  OPEN_BRACE,
  OPEN_BRACKET,
  SINGLE_QUOTE,
  TAG,
} from './yaml-characters.ts';
import { isNullScalar, resolvePlainScalar } from './yaml-scalar.ts';
import { YamlScanner } from './yaml-scanner.ts';

/**
 * Reads the first document of a YAML text, as Envoy does; what follows is worth a warning. The grammar is yaml-cpp's: a key is a
 * scalar of one line, `<<` is a key like any other, the last of two equal keys wins, keys tagged `!ignore` are dropped.
 */
export function parseYaml(source: SourceText): ParsedTree {
  return parsedAs('YAML', source, () => new YamlParser(source).parse());
}

/** Keys with this tag, and what they hold, are dropped: a place to keep anchors. */
const IGNORE_TAG = '!ignore';
/** yaml-cpp takes no longer key without `? `. */
const LONGEST_KEY = 1024;
const MAX_PARSE_WARNINGS = 100;
const BYTE_ORDER_MARK = 0xfeff;

/** A tag and an anchor in front of a node. */
interface Properties {
  readonly tag: string | undefined;
  readonly anchor: string | undefined;
}

const NONE: Properties = { tag: undefined, anchor: undefined };

/** What stands at a place before it is known whether it is a key: a scalar's text, or a node that is complete. */
interface Token {
  readonly text: string;
  readonly plain: boolean;
  readonly node: ConfigNode | undefined;
  readonly start: number;
}

interface Key {
  readonly name: string;
  readonly start: number;
  readonly ignored: boolean;
}

class YamlParser {
  readonly #source: SourceText;
  readonly #scanner: YamlScanner;
  readonly #stack = new NodeStack();
  readonly #anchors: YamlAnchors;
  readonly #result: ParsedTree = { root: undefined, errors: [], warnings: [] };
  #depth = 0;

  constructor(source: SourceText) {
    this.#source = source;
    this.#scanner = new YamlScanner(source.text);
    this.#anchors = new YamlAnchors(this.#scanner);
  }

  parse(): ParsedTree {
    const scanner = this.#scanner;
    if (scanner.code === BYTE_ORDER_MARK) scanner.takeByteOrderMark();
    this.#skipDirectives();
    if (scanner.isAtDocumentMark() && scanner.code === DASH) scanner.take(3, false);
    this.#result.root = this.#blockNode(-1, false);
    scanner.skipToToken(false);
    if (!scanner.atEnd) this.#warn(scanner.at, 'only the first YAML document is read; what starts here has no effect');
    return this.#result;
  }

  #skipDirectives(): void {
    const scanner = this.#scanner;
    for (;;) {
      scanner.skipToToken(false);
      if (scanner.code !== DIRECTIVE || scanner.column !== 0) return;
      while (!scanner.atEnd && !isBreak(scanner.code)) scanner.take(1, false);
    }
  }

  #fail(reason: string, offset?: number): never {
    return this.#scanner.fail(reason, offset);
  }

  #warn(offset: number, message: string): void {
    if (this.#result.warnings.length < MAX_PARSE_WARNINGS) this.#result.warnings.push(treeFault(this.#source, offset, message));
  }

  /** A node in block style. `top` is the column of the collection around it, `inMap` whether that is a map. */
  #blockNode(top: number, inMap: boolean): ConfigNode {
    const scanner = this.#scanner;
    let outer = NONE;
    const before = scanner.at;
    scanner.skipToToken(false);
    while (!this.#isEndOfNode(top, inMap)) {
      const { at, lineStart, keyAllowed } = scanner;
      let inner = NONE;
      while (isProperty(scanner.code) && scanner.lineStart === lineStart) {
        inner = this.#withProperty(inner);
        scanner.skipToToken(false);
      }
      if (scanner.lineStart === lineStart && !scanner.atEnd) return this.#blockContent(outer, inner, top, { at, keyAllowed });
      outer = this.#joined(outer, inner, at);
    }
    return this.#emptyNode(outer, before);
  }

  /** True when the next token belongs to a collection further out, or there is none. */
  #isEndOfNode(top: number, inMap: boolean): boolean {
    const scanner = this.#scanner;
    if (scanner.atEnd || scanner.isAtDocumentMark()) return true;
    const { column } = scanner;
    return column < top || (column === top && !(inMap && scanner.isAtBlockEntry()));
  }

  #withProperty(properties: Properties): Properties {
    const scanner = this.#scanner;
    const { at } = scanner;
    if (scanner.code === TAG) return this.#joined(properties, { tag: scanner.takeTag(), anchor: undefined }, at);
    return this.#joined(properties, { tag: undefined, anchor: scanner.takeName('anchor not found after &') }, at);
  }

  #joined(outer: Properties, inner: Properties, at: number): Properties {
    if (outer === NONE) return inner;
    if (outer.tag !== undefined && inner.tag !== undefined) this.#fail('cannot assign multiple tags to the same node', at);
    if (outer.anchor !== undefined && inner.anchor !== undefined) this.#fail('cannot assign multiple anchors to the same node', at);
    return { tag: outer.tag ?? inner.tag, anchor: outer.anchor ?? inner.anchor };
  }

  /** `inner` stands in the line of the content, which starts at `begin`: it is the key's, when a key it is. */
  #blockContent(outer: Properties, inner: Properties, top: number, begin: { at: number; keyAllowed: boolean }): ConfigNode {
    const scanner = this.#scanner;
    const { lineStart } = scanner;
    const column = begin.at - lineStart;
    if (scanner.isAtBlockEntry()) {
      if (!scanner.keyAllowed) this.#fail('illegal block entry');
      return this.#blockList(this.#joined(outer, inner, begin.at), column);
    }
    if (scanner.isAtKeyIndicator() || scanner.isAtValueIndicator(false, false)) {
      if (!scanner.keyAllowed) this.#fail('illegal map value');
      return this.#blockMap(this.#joined(outer, inner, begin.at), column, begin.at, undefined);
    }
    const token = this.#token(false, top + 1, this.#couldBeKey() ? inner : this.#joined(outer, inner, begin.at));
    if (!this.#isKeyOfLine(lineStart, begin.at)) return this.#nodeOf(token, this.#joined(outer, inner, begin.at));
    if (!begin.keyAllowed) this.#fail('illegal map value');
    return this.#blockMap(outer, column, begin.at, this.#keyOf(token, inner));
  }

  /** Collections and block scalars are no keys: what stands before them is theirs. */
  #couldBeKey(): boolean {
    const { code } = this.#scanner;
    return code !== OPEN_BRACE && code !== OPEN_BRACKET && code !== LITERAL && code !== FOLDED;
  }

  /** A scalar, alias or flow collection. `properties` are for a collection; a scalar gets its own when it becomes a node. */
  #token(inFlow: boolean, indent: number, properties: Properties): Token {
    const scanner = this.#scanner;
    const start = scanner.at;
    switch (scanner.code) {
      case DOUBLE_QUOTE:
      case SINGLE_QUOTE:
        return { text: scanner.takeQuoted(), plain: false, node: undefined, start };
      case OPEN_BRACKET:
      case OPEN_BRACE:
        return { text: '', plain: false, node: this.#flowCollection(properties), start };
      case ALIAS: {
        if (properties !== NONE) this.#fail('an alias has no properties of its own');
        const name = scanner.takeName('alias not found after *');
        return { text: '', plain: false, node: this.#anchors.resolve(name, start, this.#depth), start };
      }
      case LITERAL:
      case FOLDED:
        if (inFlow) this.#fail('unknown token');
        return { text: scanner.takeBlock(scanner.code === FOLDED, indent - 1), plain: false, node: undefined, start };
    }
    if (scanner.isAtPlain(inFlow)) return { text: scanner.takePlain(inFlow, indent), plain: true, node: undefined, start };
    const closes = scanner.code === CLOSE_BRACKET || scanner.code === CLOSE_BRACE;
    return this.#fail(closes ? 'illegal flow end' : scanner.isAtBlockEntry() ? 'illegal block entry' : 'unknown token');
  }

  /** Whether `: ` follows in the line in which the token started. */
  #isKeyOfLine(lineStart: number, start: number): boolean {
    const scanner = this.#scanner;
    scanner.skipBlanks();
    return scanner.lineStart === lineStart && scanner.isAtValueIndicator(false, false) && scanner.at - start <= LONGEST_KEY;
  }

  #nodeOf(token: Token, properties: Properties): ConfigNode {
    if (token.node !== undefined) return token.node;
    const { text, plain, start } = token;
    if (text.length > MAX_STRING_LENGTH) this.#fail(`a string of more than ${MAX_STRING_LENGTH} characters`, start);
    const opened = this.#anchors.open(properties.anchor);
    const node = scalarNode(text, plain, properties.tag, start);
    this.#anchors.close(properties.anchor, opened, node);
    return node;
  }

  #emptyNode(properties: Properties, start: number): ConfigNode {
    return this.#nodeOf({ text: '', plain: true, node: undefined, start }, properties);
  }

  #keyOf(token: Token, properties: Properties): Key {
    const { text, plain, node, start } = token;
    if (properties.anchor !== undefined) this.#nodeOf(token, properties);
    if (node === undefined) {
      const isNull = plain && properties.tag === undefined && isNullScalar(text);
      return { name: isNull ? 'null' : text, start, ignored: properties.tag === IGNORE_TAG };
    }
    if (node.kind !== 'scalar') this.#fail('a key must be a scalar', start);
    return { name: String(node.value), start, ignored: false };
  }

  #nullKey(): Key {
    return { name: 'null', start: this.#scanner.at, ignored: false };
  }

  #enter(properties: Properties): number {
    if (++this.#depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} levels deep`);
    return this.#anchors.open(properties.anchor);
  }

  #leave<Node extends ConfigNode>(properties: Properties, opened: number, node: Node): Node {
    this.#depth--;
    this.#anchors.close(properties.anchor, opened, node);
    return node;
  }

  #blockList(properties: Properties, column: number): ConfigNode {
    const scanner = this.#scanner;
    const start = scanner.at;
    const height = this.#stack.height;
    const opened = this.#enter(properties);
    for (;;) {
      scanner.take(1, true);
      this.#stack.pushItem(this.#blockNode(column, false));
      scanner.skipToToken(false);
      if (this.#isBelow(column)) break;
      if (scanner.column > column) this.#fail('wrong indentation (end of sequence not found)');
      if (!scanner.isAtBlockEntry()) break;
      if (!scanner.keyAllowed) this.#fail('illegal block entry');
    }
    return this.#leave(properties, opened, this.#stack.popList(start, height));
  }

  /** True when nothing more of a collection at this column follows. */
  #isBelow(column: number): boolean {
    const scanner = this.#scanner;
    return scanner.atEnd || scanner.column < column || scanner.isAtDocumentMark();
  }

  /** The scanner stands behind `first`, or at the start of a key when there is none. */
  #blockMap(properties: Properties, column: number, start: number, first: Key | undefined): ConfigNode {
    const scanner = this.#scanner;
    const height = this.#stack.height;
    const opened = this.#enter(properties);
    let simpleKey = first;
    for (;;) {
      if (simpleKey === undefined && (scanner.isAtKeyIndicator() || scanner.isAtValueIndicator(false, false))) {
        this.#explicitEntry(column);
      } else {
        const key = simpleKey ?? this.#simpleKey(column);
        scanner.take(1, false);
        this.#put(key, this.#blockNode(column, true));
      }
      simpleKey = undefined;
      scanner.skipToToken(false);
      if (this.#isBelow(column)) break;
      if (scanner.column > column || scanner.isAtBlockEntry()) this.#fail('wrong indentation (end of map not found)');
      if (!scanner.keyAllowed) this.#fail('illegal map value');
    }
    return this.#leave(properties, opened, this.#keepLastOfEachKey(this.#stack.popMap(start, height)));
  }

  #put(key: Key, value: ConfigNode): void {
    if (!key.ignored) this.#stack.pushEntry(key.name, key.start, value);
  }

  #simpleKey(column: number): Key {
    const scanner = this.#scanner;
    const { lineStart, at } = scanner;
    let properties = NONE;
    while (isProperty(scanner.code)) {
      properties = this.#withProperty(properties);
      scanner.skipBlanks();
    }
    const token = this.#token(false, column + 1, properties);
    if (!this.#isKeyOfLine(lineStart, at)) this.#fail("a key without ':'", at);
    return this.#keyOf(token, properties);
  }

  /** `? key`, `: value` or both in turn. */
  #explicitEntry(column: number): void {
    const scanner = this.#scanner;
    let key = this.#nullKey();
    if (scanner.isAtKeyIndicator()) {
      const start = scanner.at;
      scanner.take(1, true);
      const node = this.#blockNode(column, true);
      if (node.kind !== 'scalar') this.#fail('a key must be a scalar', start);
      key = { name: String(node.value), start, ignored: false };
      scanner.skipToToken(false);
    }
    const hasValue = !scanner.atEnd && scanner.column === column && scanner.isAtValueIndicator(false, false);
    if (hasValue) scanner.take(1, true);
    this.#put(key, hasValue ? this.#blockNode(column, true) : this.#emptyNode(NONE, key.start));
  }

  #flowCollection(properties: Properties): ConfigNode {
    const scanner = this.#scanner;
    const start = scanner.at;
    const isMap = scanner.code === OPEN_BRACE;
    const height = this.#stack.height;
    const opened = this.#enter(properties);
    const close = isMap ? CLOSE_BRACE : CLOSE_BRACKET;
    scanner.take(1, false);
    for (scanner.skipToToken(true); scanner.code !== close; scanner.skipToToken(true)) {
      if (scanner.atEnd) this.#fail(isMap ? 'end of map flow not found' : 'end of sequence flow not found');
      if (isMap) this.#flowEntry();
      else this.#flowItem();
      scanner.skipToToken(true);
      if (scanner.code === COMMA) scanner.take(1, false);
      else if (scanner.code !== close) this.#fail(isMap ? 'end of map flow not found' : 'end of sequence flow not found');
    }
    scanner.take(1, false);
    const node = isMap ? this.#keepLastOfEachKey(this.#stack.popMap(start, height)) : this.#stack.popList(start, height);
    return this.#leave(properties, opened, node);
  }

  /** One item of a flow list; `a: b` is a map of one entry. */
  #flowItem(): void {
    const scanner = this.#scanner;
    const { at, lineStart } = scanner;
    if (scanner.isAtKeyIndicator() || scanner.isAtValueIndicator(true, false)) {
      this.#stack.pushItem(this.#flowPair(at, undefined));
      return;
    }
    const [token, properties] = this.#flowToken();
    if (token !== undefined && this.#isFlowKey(token, lineStart, at)) this.#stack.pushItem(this.#flowPair(at, this.#keyOf(token, properties)));
    else this.#stack.pushItem(token === undefined ? this.#emptyNode(properties, at) : this.#nodeOf(token, properties));
  }

  #flowPair(start: number, key: Key | undefined): MapNode {
    const height = this.#stack.height;
    const opened = this.#enter(NONE);
    if (key === undefined) this.#flowEntry();
    else {
      this.#scanner.take(1, false);
      this.#put(key, this.#flowValue());
    }
    return this.#leave(NONE, opened, this.#stack.popMap(start, height));
  }

  /** One entry of a flow map; `a` alone has the value null. */
  #flowEntry(): void {
    const scanner = this.#scanner;
    const explicit = scanner.isAtKeyIndicator();
    if (explicit) {
      scanner.take(1, false);
      scanner.skipToToken(true);
    }
    const { at, lineStart } = scanner;
    const [token, properties] = scanner.isAtValueIndicator(true, false) ? [undefined, NONE] : this.#flowToken();
    const key = token === undefined ? this.#nullKey() : this.#keyOf(token, properties);
    if (explicit) scanner.skipToToken(true);
    if (token === undefined || explicit ? scanner.isAtValueIndicator(true, true) : this.#isFlowKey(token, lineStart, at)) {
      scanner.take(1, false);
      this.#put(key, this.#flowValue());
      return;
    }
    scanner.skipToToken(true);
    if (token !== undefined && !explicit && scanner.lineStart !== lineStart) this.#fail('end of map flow not found');
    this.#put(key, this.#emptyNode(NONE, at));
  }

  #flowValue(): ConfigNode {
    const scanner = this.#scanner;
    scanner.skipToToken(true);
    const { at } = scanner;
    const [token, properties] = this.#flowToken();
    return token === undefined ? this.#emptyNode(properties, at) : this.#nodeOf(token, properties);
  }

  /** The properties and content at a place in a flow collection; no token where there is nothing before `,` or the end. */
  #flowToken(): [Token | undefined, Properties] {
    const scanner = this.#scanner;
    let properties = NONE;
    while (isProperty(scanner.code)) {
      properties = this.#withProperty(properties);
      scanner.skipToToken(true);
    }
    const { code } = scanner;
    if (scanner.atEnd) this.#fail('end of flow not found');
    if (code === COMMA || code === CLOSE_BRACKET || code === CLOSE_BRACE) return [undefined, properties];
    return [this.#token(true, 0, properties), properties];
  }

  #isFlowKey(token: Token, lineStart: number, start: number): boolean {
    const scanner = this.#scanner;
    scanner.skipBlanks();
    const afterJson = !token.plain;
    return scanner.lineStart === lineStart && scanner.isAtValueIndicator(true, afterJson) && scanner.at - start <= LONGEST_KEY;
  }

  /** As in Envoy; the earlier ones are most likely a mistake. */
  #keepLastOfEachKey(map: MapNode): MapNode {
    if (!hasRepeatedKey(map)) return map;
    const last = new Map<string, number>();
    for (let index = 0; index < map.size; index++) last.set(map.keyAt(index), index);
    const height = this.#stack.height;
    for (let index = 0; index < map.size; index++) {
      const key = map.keyAt(index);
      const keyStart = map.keyStartAt(index);
      if (last.get(key) === index) this.#stack.pushEntry(key, keyStart, map.valueAt(index));
      else this.#warn(keyStart, `the key '${shorten(key)}' occurs again below; this one has no effect`);
    }
    return this.#stack.popMap(map.start, height);
  }
}

const FEW_KEYS = 12;

function hasRepeatedKey(map: MapNode): boolean {
  const { size } = map;
  if (size > FEW_KEYS) {
    const seen = new Set<string>();
    for (let index = 0; index < size; index++) seen.add(map.keyAt(index));
    return seen.size < size;
  }
  for (let i = 1; i < size; i++) {
    for (let j = 0; j < i; j++) if (map.keyAt(i) === map.keyAt(j)) return true;
  }
  return false;
}

function isProperty(code: number): boolean {
  return code === TAG || code === ANCHOR;
}

/**
 * A quoted scalar is a string unless a tag says something else about it: Envoy then looks at its text as if it were plain. The
 * tag `!` alone means a string, too.
 */
function scalarNode(text: string, plain: boolean, tag: string | undefined, start: number): ScalarNode {
  if (plain && tag === undefined && isNullScalar(text)) return new ScalarNode(null, start);
  const isString = tag === undefined ? !plain : tag === '!';
  return new ScalarNode(isString ? text : resolvePlainScalar(text), start);
}
