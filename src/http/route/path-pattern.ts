import { asciiLowerCase, hasLowerCaseAt } from './affix-table.ts';

/** The path condition of one route (`RouteMatch.path_specifier`). Stateless; asked with the whole path and where its query starts. */
export interface PathPattern {
  matches(path: string, end: number): boolean;
  /** What every matching path starts with or equals, for the index; undefined = nothing is known. */
  readonly key: PathKey | undefined;
}

export interface PathKey {
  readonly kind: 'exact' | 'prefix';
  /** Lower case with `ignoreCase`. */
  readonly text: string;
  readonly ignoreCase: boolean;
  /** The key says it all: a path that has it matches. */
  readonly sufficient: boolean;
}

/** Where the query or fragment of a path starts; its length when it has none. */
export function pathEnd(path: string): number {
  const query = path.indexOf('?');
  const fragment = path.indexOf('#');
  if (fragment < 0) return query < 0 ? path.length : query;
  return query < 0 ? fragment : Math.min(query, fragment);
}

export class PrefixPattern implements PathPattern {
  readonly key: PathKey;
  readonly #text: string;
  readonly #ignoreCase: boolean;

  constructor(prefix: string, ignoreCase: boolean) {
    this.#text = ignoreCase ? asciiLowerCase(prefix) : prefix;
    this.#ignoreCase = ignoreCase;
    this.key = { kind: 'prefix', text: this.#text, ignoreCase, sufficient: true };
  }

  matches(path: string, end: number): boolean {
    return this.#text.length <= end && startsWith(path, this.#text, this.#ignoreCase);
  }
}

export class ExactPattern implements PathPattern {
  readonly key: PathKey;
  readonly #text: string;
  readonly #ignoreCase: boolean;

  constructor(path: string, ignoreCase: boolean) {
    this.#text = ignoreCase ? asciiLowerCase(path) : path;
    this.#ignoreCase = ignoreCase;
    this.key = { kind: 'exact', text: this.#text, ignoreCase, sufficient: true };
  }

  matches(path: string, end: number): boolean {
    return this.#text.length === end && startsWith(path, this.#text, this.#ignoreCase);
  }
}

/** `/api` matches `/api` and `/api/x`, not `/apix`. */
export class SeparatedPrefixPattern implements PathPattern {
  readonly key: PathKey;
  readonly #text: string;
  readonly #ignoreCase: boolean;

  constructor(prefix: string, ignoreCase: boolean) {
    this.#text = ignoreCase ? asciiLowerCase(prefix) : prefix;
    this.#ignoreCase = ignoreCase;
    this.key = { kind: 'prefix', text: this.#text, ignoreCase, sufficient: false };
  }

  matches(path: string, end: number): boolean {
    const { length } = this.#text;
    if (length > end || !startsWith(path, this.#text, this.#ignoreCase)) return false;
    return length === end || path.charCodeAt(length) === SLASH;
  }
}

const SLASH = 0x2f;

function startsWith(path: string, text: string, ignoreCase: boolean): boolean {
  return ignoreCase ? hasLowerCaseAt(path, text, 0) : path.startsWith(text);
}
