import type { Regex } from '../../core/regex.ts';
import { asciiLowerCase, hasLowerCaseAt } from '../ascii-case.ts';

/**
 * The path condition of one route (`RouteMatch.path_specifier`). Stateless. Asked with a path and where its query starts; the path of
 * a CONNECT request is empty.
 */
export interface PathPattern {
  matches(path: string, end: number): boolean;
  /** What every matching path equals or begins with, for the index; undefined = nothing is known. */
  readonly key: PathKey | undefined;
  /** The key is the text that the configuration gives, which `prefix_rewrite` replaces; else that is all of the path. */
  readonly literal: boolean;
  /** Requests without a path may match. */
  readonly takesNoPath: boolean;
}

export interface PathKey {
  readonly kind: 'exact' | 'prefix';
  /** Lower case with `ignoreCase`. */
  readonly text: string;
  readonly ignoreCase: boolean;
  /** A path that has the key matches. */
  readonly sufficient: boolean;
}

/** Where the query or fragment of a path starts; its length when it has none. */
export function pathEnd(path: string): number {
  const query = path.indexOf('?');
  const fragment = path.indexOf('#');
  if (fragment < 0) return query < 0 ? path.length : query;
  return query < 0 ? fragment : Math.min(query, fragment);
}

/** `ignore_path_parameters_in_path_matching`: each segment without what follows its first semicolon. The query stays. */
export function withoutPathParameters(path: string): string {
  const end = pathEnd(path);
  const semicolon = path.indexOf(';');
  if (semicolon < 0 || semicolon >= end) return path;
  return path.slice(0, end).replace(/;[^/]*/g, '') + path.slice(end);
}

/** True if the path begins with the text; with `ignoreCase` the text is lower case. */
export function pathStartsWith(path: string, text: string, ignoreCase: boolean): boolean {
  return ignoreCase ? hasLowerCaseAt(path, text, 0) : path.startsWith(text);
}

export class PrefixPattern implements PathPattern {
  readonly key: PathKey;
  readonly literal = true;
  readonly takesNoPath = false;

  constructor(prefix: string, ignoreCase: boolean) {
    this.key = { kind: 'prefix', text: ignoreCase ? asciiLowerCase(prefix) : prefix, ignoreCase, sufficient: true };
  }

  matches(path: string, end: number): boolean {
    const { text, ignoreCase } = this.key;
    return text.length <= end && pathStartsWith(path, text, ignoreCase);
  }
}

export class ExactPattern implements PathPattern {
  readonly key: PathKey;
  readonly literal = true;
  readonly takesNoPath = false;

  constructor(path: string, ignoreCase: boolean) {
    this.key = { kind: 'exact', text: ignoreCase ? asciiLowerCase(path) : path, ignoreCase, sufficient: true };
  }

  matches(path: string, end: number): boolean {
    const { text, ignoreCase } = this.key;
    return text.length === end && pathStartsWith(path, text, ignoreCase);
  }
}

/** `/api` matches `/api` and `/api/x`, not `/apix`. */
export class SeparatedPrefixPattern implements PathPattern {
  readonly key: PathKey;
  readonly literal = true;
  readonly takesNoPath = false;

  constructor(prefix: string, ignoreCase: boolean) {
    this.key = { kind: 'prefix', text: ignoreCase ? asciiLowerCase(prefix) : prefix, ignoreCase, sufficient: false };
  }

  matches(path: string, end: number): boolean {
    const { text, ignoreCase } = this.key;
    if (text.length > end || !pathStartsWith(path, text, ignoreCase)) return false;
    return text.length === end || path.charCodeAt(text.length) === SLASH;
  }
}

const SLASH = 0x2f;

export class RegexPattern implements PathPattern {
  readonly key: PathKey | undefined;
  readonly literal = false;
  readonly takesNoPath = false;
  readonly #regex: Regex;

  constructor(regex: Regex) {
    this.#regex = regex;
    const text = regex.literalPrefix;
    this.key = text === '' ? undefined : { kind: 'prefix', text, ignoreCase: false, sufficient: false };
  }

  matches(path: string, end: number): boolean {
    return this.#regex.test(end === path.length ? path : path.slice(0, end));
  }
}

/** `connect_matcher`: any path and none; that the method is CONNECT is another condition of the route. */
export class ConnectPattern implements PathPattern {
  readonly key = undefined;
  readonly literal = false;
  readonly takesNoPath = true;

  matches(): boolean {
    return true;
  }
}
