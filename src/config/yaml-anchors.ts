import { MAX_DEPTH, shorten, type ConfigNode } from './tree.ts';
import type { YamlScanner } from './yaml-scanner.ts';

/**
 * How many nodes aliases may add to a document in total. Each alias stands for everything under its anchor, so a few lines can
 * otherwise name billions of nodes.
 */
export const MAX_ALIAS_NODES = 1_000_000;

interface Anchored {
  /** Undefined while the anchored collection is still open. */
  readonly node: ConfigNode | undefined;
  /** How many nodes it stands for, aliases in it written out. */
  readonly nodes: number;
  /** How many levels it adds below where it is used. */
  readonly depth: number;
}

/** The anchors of one document. Nodes are shared, never copied; what they would expand to is counted. */
export class YamlAnchors {
  readonly #scanner: YamlScanner;
  readonly #anchored = new Map<string, Anchored>();
  /** Nodes so far, aliases written out. */
  #nodes = 0;
  #aliasNodes = 0;

  constructor(scanner: YamlScanner) {
    this.#scanner = scanner;
  }

  /** To be called for each node; for a collection when it opens. Gives what `close` wants. */
  open(anchor: string | undefined): number {
    if (anchor !== undefined) this.#anchored.set(anchor, { node: undefined, nodes: 0, depth: 0 });
    return this.#nodes++;
  }

  close(anchor: string | undefined, opened: number, node: ConfigNode): void {
    if (anchor !== undefined) this.#anchored.set(anchor, { node, nodes: this.#nodes - opened, depth: depthOf(node) });
  }

  /** `depth` is how many collections are open where the alias stands. */
  resolve(name: string, start: number, depth: number): ConfigNode {
    const anchored = this.#anchored.get(name);
    if (anchored === undefined) this.#scanner.fail(`the referenced anchor is not defined: ${shorten(name)}`, start);
    if (anchored.node === undefined) this.#scanner.fail(`the anchor '${shorten(name)}' contains itself`, start);
    if (depth + anchored.depth > MAX_DEPTH) this.#scanner.fail(`nested more than ${MAX_DEPTH} levels deep`, start);
    this.#nodes += anchored.nodes;
    this.#aliasNodes += anchored.nodes;
    if (this.#aliasNodes > MAX_ALIAS_NODES) this.#scanner.fail(`aliases expand to more than ${MAX_ALIAS_NODES} nodes`, start);
    return anchored.node;
  }
}

/** Each node is looked at once, however often it is shared. */
function depthOf(root: ConfigNode): number {
  const known = new Map<ConfigNode, number>();
  const look = (node: ConfigNode): number => {
    if (node.kind === 'scalar') return 0;
    let depth = known.get(node);
    if (depth !== undefined) return depth;
    depth = 1;
    const size = node.kind === 'list' ? node.items.length : node.size;
    for (let index = 0; index < size; index++) {
      depth = Math.max(depth, look(node.kind === 'list' ? node.items[index]! : node.valueAt(index)) + 1);
    }
    known.set(node, depth);
    return depth;
  };
  return look(root);
}
