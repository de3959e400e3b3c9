import type { Problem } from '../core/problems.ts';
import type { SourceText } from './source.ts';
import { SyntaxFault } from './syntax-fault.ts';
import type { ConfigNode } from './tree.ts';

/** What reading a text gives. `root` is undefined for a refused text and for one that says nothing; `errors` tells which. */
export interface ParsedTree {
  root: ConfigNode | undefined;
  readonly errors: Problem[];
  readonly warnings: Problem[];
}

/** A fault of the text itself, which has a place but no field path. */
export function treeFault(source: SourceText, offset: number, message: string): Problem {
  return { path: '', message, position: source.positionAt(offset) };
}

export function parseFault(source: SourceText, offset: number, message: string): ParsedTree {
  return { root: undefined, errors: [treeFault(source, offset, message)], warnings: [] };
}

/** What a parser makes of a text, or its fault. `language` says what the text was to be. */
export function parsedAs(language: string, source: SourceText, parse: () => ParsedTree): ParsedTree {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return parseFault(source, error.offset, `invalid ${language}: ${error.message}`);
  }
}
