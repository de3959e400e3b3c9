import type { DescMessage } from '@bufbuild/protobuf';
import type { SourcePosition } from '../core/problems.ts';
import { parseJson } from './json.ts';
import { locateNode, parsePath, stepInto, type LocateStep } from './locate.ts';
import { parseFault, type ParsedTree } from './parsed-tree.ts';
import type { SourceText } from './source.ts';
import { parseTextFormat } from './text-format.ts';
import type { ConfigNode } from './tree.ts';
import { parseYaml } from './yaml.ts';

export type TextFormat = 'yaml' | 'json' | 'pb_text';

/** The largest configuration that is read: four times what 10,000 clusters take in YAML. */
export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/** Anything that can tell where a field stands. */
export interface Locator {
  /** `path` as problems print it. */
  locate(path: string): SourcePosition | undefined;
}

/** A configuration text that can be read, and asked afterwards where its fields stand. */
export class ConfigDocument implements Locator {
  readonly source: SourceText;
  readonly format: TextFormat;
  /** Dropped once the document is read: a later question reads the text again, which costs less than keeping it. */
  #tree: ParsedTree | undefined;

  readonly #schema: DescMessage;

  /** `schema` is the type of the message that the text is meant to be. */
  constructor(source: SourceText, format: TextFormat, schema: DescMessage) {
    this.source = source;
    this.format = format;
    this.#schema = schema;
  }

  parse(): ParsedTree {
    return (this.#tree ??= this.#read());
  }

  /** Frees the tree. */
  release(): void {
    this.#tree = undefined;
  }

  locate(path: string): SourcePosition | undefined {
    const { root } = this.parse();
    if (root === undefined) return undefined;
    return this.source.positionAt(Math.max(0, locateNode(root, parsePath(path)).offset));
  }

  #read(): ParsedTree {
    if (this.source.text.length > MAX_DOCUMENT_BYTES) {
      return parseFault(this.source, 0, `the configuration is larger than ${MAX_DOCUMENT_BYTES} bytes`);
    }
    switch (this.format) {
      case 'json':
        return parseJson(this.source);
      case 'yaml':
        return parseYaml(this.source);
      case 'pb_text':
        return parseTextFormat(this.source, this.#schema);
    }
  }
}

/**
 * Two documents of which the second was merged over the first: single values of the second win, its list items come after those
 * of the first.
 */
export class MergedDocuments implements Locator {
  readonly #base: ConfigDocument;
  readonly #override: ConfigDocument;

  constructor(base: ConfigDocument, override: ConfigDocument) {
    this.#base = base;
    this.#override = override;
  }

  locate(path: string): SourcePosition | undefined {
    let base = this.#base.parse().root;
    let override = this.#override.parse().root;
    let last: { document: ConfigDocument; node: ConfigNode } | undefined;
    for (const step of parsePath(path)) {
      [base, override] = stepBoth(base, override, step);
      if (override !== undefined) last = { document: this.#override, node: override };
      else if (base !== undefined) last = { document: this.#base, node: base };
      else break;
    }
    return last?.document.source.positionAt(Math.max(0, last.node.start));
  }
}

function stepBoth(base: ConfigNode | undefined, override: ConfigNode | undefined, step: LocateStep): [ConfigNode | undefined, ConfigNode | undefined] {
  if (!('index' in step)) return [base && stepInto(base, step), override && stepInto(override, step)];
  const baseItems = base === undefined ? 0 : base.kind === 'list' ? base.items.length : 1;
  if (step.index < baseItems) return [stepInto(base!, step), undefined];
  return [undefined, override && stepInto(override, { index: step.index - baseItems })];
}
