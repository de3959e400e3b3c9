import { pathEnd } from './path-pattern.ts';

/** A change of the path, query included. */
export interface PathRewrite {
  rewrite(path: string): string;
}

/** `prefix_rewrite`: what the route matched gives way; the rest of the path and the query stay. */
export class PrefixRewrite implements PathRewrite {
  readonly #replacement: string;
  /** Length of what the route matches; undefined = the whole path without query. */
  readonly #matchedLength: number | undefined;

  constructor(replacement: string, matchedLength: number | undefined) {
    this.#replacement = replacement;
    this.#matchedLength = matchedLength;
  }

  rewrite(path: string): string {
    return this.#replacement + path.slice(this.#matchedLength ?? pathEnd(path));
  }
}
