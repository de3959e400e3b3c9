import { EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException, type Event, type ScalarEvent } from 'js-yaml';
import type { ParsedTree } from './parsed-tree.ts';
import { parseFault, treeFault } from './parsed-tree.ts';
import type { SourceText } from './source.ts';
import { MapNode, MAX_DEPTH, NodeStack, ScalarNode, shorten, type ConfigNode } from './tree.ts';
import { isNullScalar, resolvePlainScalar } from './yaml-scalar.ts';

/**
 * How many nodes aliases may add to a document in total. Each alias stands for everything under its anchor, so a few lines can
 * otherwise name billions of nodes.
 */
export const MAX_ALIAS_NODES = 1_000_000;

/** Keys with this tag, and what they hold, are dropped: a place to keep anchors. */
const IGNORE_TAG = '!ignore';

/** Reads the first document, as Envoy does; a second one is worth a warning. */
export function parseYaml(source: SourceText): ParsedTree {
  let events: Event[];
  try {
    // The parser counts a level or two for a level of nesting; the builder below holds the exact limit.
    events = parseEvents(source.text, { maxDepth: 2 * MAX_DEPTH + 10 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return parseFault(source, error.mark?.position ?? 0, `invalid YAML: ${error.reason}`);
  }
  return new TreeBuilder(source, events).build();
}

/** A collection whose end has not come yet. */
interface Frame {
  readonly isMap: boolean;
  readonly start: number;
  /** Where its children start on the node stack. */
  readonly height: number;
  readonly anchor: string | undefined;
  /** A map's key whose value is yet to come. */
  key: string | undefined;
  keyStart: number;
  keyIgnored: boolean;
  /** How many nodes it holds so far, aliases written out. */
  nodes: number;
}

interface Anchor {
  /** Undefined while the anchored collection is still open. */
  node: ConfigNode | undefined;
  nodes: number;
}

class TreeBuilder {
  readonly #source: SourceText;
  readonly #text: string;
  readonly #events: Event[];
  readonly #frames: Frame[] = [];
  readonly #stack = new NodeStack();
  readonly #anchors = new Map<string, Anchor>();
  readonly #result: ParsedTree;
  #aliasNodes = 0;

  constructor(source: SourceText, events: Event[]) {
    this.#source = source;
    this.#text = source.text;
    this.#events = events;
    this.#result = { root: undefined, errors: [], warnings: [] };
  }

  build(): ParsedTree {
    let documents = 0;
    for (const event of this.#events) {
      if (event.type === EVENT_ID.DOCUMENT) {
        documents++;
        if (documents > 1) break;
        continue;
      }
      if (!this.#onEvent(event)) {
        this.#result.root = undefined;
        return this.#result;
      }
    }
    if (documents > 1) this.#warn(0, 'several YAML documents: only the first is read');
    return this.#result;
  }

  /** False when the document is refused. */
  #onEvent(event: Event): boolean {
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#onScalar(event);
      case EVENT_ID.MAPPING:
        return this.#open(true, this.#slice(event.anchorStart, event.anchorEnd), event.start);
      case EVENT_ID.SEQUENCE:
        return this.#open(false, this.#slice(event.anchorStart, event.anchorEnd), event.start);
      case EVENT_ID.ALIAS:
        return this.#onAlias(this.#slice(event.anchorStart, event.anchorEnd)!, event.anchorStart - 1);
      default:
        return this.#frames.length === 0 || this.#close();
    }
  }

  #slice(start: number, end: number): string | undefined {
    return start < 0 ? undefined : this.#text.slice(start, end);
  }

  #onScalar(event: ScalarEvent): boolean {
    const text = getScalarValue(this.#text, event);
    const tag = event.tagStart < 0 ? undefined : this.#text.slice(event.tagStart, event.tagEnd);
    const frame = this.#frames.at(-1);
    const start = event.valueStart < 0 ? this.#positionOfEmpty(event) : event.valueStart;
    if (event.anchorStart >= 0) {
      this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), { node: scalarNode(text, tag, event.style, start), nodes: 1 });
    }
    if (frame !== undefined && frame.isMap && frame.key === undefined) {
      this.#setKey(frame, isNull(text, tag, event.style) ? 'null' : text, start, tag === IGNORE_TAG);
      return true;
    }
    this.#put(scalarNode(text, tag, event.style, start), 1);
    return true;
  }

  /** Nothing is written there, so the key (or the dash's parent) tells where. */
  #positionOfEmpty(event: ScalarEvent): number {
    if (event.tagStart >= 0) return event.tagStart;
    const frame = this.#frames.at(-1);
    if (frame === undefined) return 0;
    return frame.key === undefined ? frame.start : frame.keyStart;
  }

  #setKey(frame: Frame, key: string, keyStart: number, ignored: boolean): void {
    frame.key = key;
    frame.keyStart = keyStart;
    frame.keyIgnored = ignored;
  }

  #open(isMap: boolean, anchor: string | undefined, start: number): boolean {
    const frame = this.#frames.at(-1);
    if (frame !== undefined && frame.isMap && frame.key === undefined) {
      return this.#refuse(start, 'a key must be a scalar');
    }
    if (this.#frames.length >= MAX_DEPTH) return this.#refuse(start, `nested more than ${MAX_DEPTH} levels deep`);
    if (anchor !== undefined) this.#anchors.set(anchor, { node: undefined, nodes: 0 });
    const height = this.#stack.height;
    this.#frames.push({ isMap, start, height, anchor, key: undefined, keyStart: 0, keyIgnored: false, nodes: 1 });
    return true;
  }

  #close(): boolean {
    const frame = this.#frames.pop()!;
    const { start, height } = frame;
    const node = frame.isMap ? this.#keepLastOfEachKey(this.#stack.popMap(start, height)) : this.#stack.popList(start, height);
    if (frame.anchor !== undefined) this.#anchors.set(frame.anchor, { node, nodes: frame.nodes });
    this.#put(node, frame.nodes);
    return true;
  }

  #put(node: ConfigNode, nodes: number): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#result.root = node;
      return;
    }
    frame.nodes += nodes;
    if (!frame.isMap) {
      this.#stack.push(node);
      return;
    }
    if (!frame.keyIgnored) this.#stack.pushEntry(frame.key!, frame.keyStart, node);
    frame.key = undefined;
  }

  #onAlias(name: string, start: number): boolean {
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) return this.#refuse(start, `the alias names an anchor that does not exist: ${shorten(name)}`);
    if (anchor.node === undefined) return this.#refuse(start, `the anchor '${shorten(name)}' contains itself`);
    this.#aliasNodes += anchor.nodes;
    if (this.#aliasNodes > MAX_ALIAS_NODES) return this.#refuse(start, `aliases expand to more than ${MAX_ALIAS_NODES} nodes`);
    const frame = this.#frames.at(-1);
    if (frame !== undefined && frame.isMap && frame.key === undefined) {
      if (anchor.node.kind !== 'scalar') return this.#refuse(start, 'a key must be a scalar');
      this.#setKey(frame, String(anchor.node.value), start, false);
      return true;
    }
    if (this.#frames.length + depthOf(anchor.node) > MAX_DEPTH) {
      return this.#refuse(start, `nested more than ${MAX_DEPTH} levels deep`);
    }
    this.#put(anchor.node, anchor.nodes);
    return true;
  }

  /** As in Envoy; the earlier ones are most likely a mistake. */
  #keepLastOfEachKey(map: MapNode): MapNode {
    const { keys } = map;
    if (keys.length < 2 || !hasDuplicates(keys)) return map;
    const last = new Map<string, number>();
    keys.forEach((key, index) => last.set(key, index));
    const height = this.#stack.height;
    keys.forEach((key, index) => {
      const keyStart = map.keyStarts[index]!;
      if (last.get(key) === index) this.#stack.pushEntry(key, keyStart, map.values[index]!);
      else this.#warn(keyStart, `the key '${shorten(key)}' occurs again below; this one has no effect`);
    });
    return this.#stack.popMap(map.start, height);
  }

  #warn(offset: number, message: string): void {
    if (this.#result.warnings.length < MAX_PARSE_WARNINGS) this.#result.warnings.push(treeFault(this.#source, offset, message));
  }

  #refuse(offset: number, message: string): false {
    this.#result.errors.push(treeFault(this.#source, offset, message));
    return false;
  }
}

const MAX_PARSE_WARNINGS = 100;
const FEW_KEYS = 12;

function hasDuplicates(keys: readonly string[]): boolean {
  if (keys.length > FEW_KEYS) return new Set(keys).size < keys.length;
  for (let i = 1; i < keys.length; i++) {
    for (let j = 0; j < i; j++) if (keys[i] === keys[j]) return true;
  }
  return false;
}

function depthOf(node: ConfigNode): number {
  if (node.kind === 'scalar') return 0;
  let deepest = 0;
  for (const child of node.kind === 'list' ? node.items : node.values) deepest = Math.max(deepest, depthOf(child));
  return deepest + 1;
}

function isNull(text: string, tag: string | undefined, style: number): boolean {
  return tag === undefined && style === SCALAR_STYLE.PLAIN && isNullScalar(text);
}

/**
 * A quoted scalar is a string unless a tag says something else about it: Envoy then looks at its text as if it were plain. The
 * tag `!` alone means a string, too.
 */
function scalarNode(text: string, tag: string | undefined, style: number, start: number): ScalarNode {
  if (isNull(text, tag, style)) return new ScalarNode(null, start);
  const isString = tag === undefined ? style !== SCALAR_STYLE.PLAIN : tag === '!';
  return new ScalarNode(isString ? text : resolvePlainScalar(text), start);
}
