import type { Regex } from '../../core/regex.ts';
import type { Format } from '../format/format.ts';
import type { HeaderMutationContext } from './route.ts';
import { pathEnd, pathStartsWith, type PathPattern } from './path-pattern.ts';

/** A change of the path, query included. */
export interface PathRewrite {
  /** The new path; undefined = it stays, and is not told of. */
  rewrite(path: string, context: HeaderMutationContext | undefined): string | undefined;
}

/**
 * `prefix_rewrite`: what the route matched gives way; the rest of the path and the query stay. Of a pattern that is no text, all of
 * the path was matched.
 */
export class PrefixRewrite implements PathRewrite {
  readonly #replacement: string;
  readonly #pattern: PathPattern;

  constructor(replacement: string, pattern: PathPattern) {
    this.#replacement = replacement;
    this.#pattern = pattern;
  }

  rewrite(path: string): string | undefined {
    const { key, literal } = this.#pattern;
    if (key === undefined || !literal) return this.#replacement + path.slice(pathEnd(path));
    return pathStartsWith(path, key.text, key.ignoreCase) ? this.#replacement + path.slice(key.text.length) : undefined;
  }
}

/** `regex_rewrite`: every match in the path without its query. */
export class RegexRewrite implements PathRewrite {
  readonly #regex: Regex;
  readonly #substitution: string;

  constructor(regex: Regex, substitution: string) {
    this.#regex = regex;
    this.#substitution = substitution;
  }

  rewrite(path: string): string | undefined {
    const end = pathEnd(path);
    const rewritten = this.#regex.replaceAll(path.slice(0, end), this.#substitution);
    return rewritten === '' ? undefined : rewritten + path.slice(end);
  }
}

/** `path_rewrite`: the whole path gives way to a formatted text; the query stays. */
export class FormatRewrite implements PathRewrite {
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  rewrite(path: string, context: HeaderMutationContext): string | undefined {
    const rewritten = this.#format.format(context);
    return rewritten === '' ? undefined : rewritten + path.slice(pathEnd(path));
  }
}
