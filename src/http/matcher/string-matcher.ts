import type { StringMatcher as StringMatcherMessage } from '../../api/generated/envoy/type/matcher/v3.ts';
import type { StringMatcher as XdsStringMatcher } from '../../api/generated/xds/type/matcher/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { Regex } from '../../core/regex.ts';
import { wireText } from '../../core/wire-text.ts';
import { asciiLowerCase, hasLowerCaseAt } from '../ascii-case.ts';
import { compileRegexMatcher } from './regex-matcher.ts';

/** A condition on latin1 text, such as a header value or a path. Stateless. */
export interface StringMatcher {
  matches(text: string): boolean;
}

/** Compiles `envoy.type.matcher.v3.StringMatcher`, or that of xDS; undefined after reporting what is wrong. */
export function compileStringMatcher(message: StringMatcherMessage | XdsStringMatcher, at: ConfigPath, context: CompileContext): StringMatcher | undefined {
  const { matchPattern, ignoreCase } = message;
  switch (matchPattern.case) {
    case 'exact':
    case 'prefix':
    case 'suffix':
    case 'contains':
      return textMatcher(matchPattern.case, matchPattern.value, ignoreCase);
    case 'safeRegex': {
      if (ignoreCase) context.error(at.field('ignore_case'), 'ignore_case has no effect for safe_regex.');
      const regex = compileRegexMatcher(matchPattern.value, at.field('safe_regex'), context);
      return regex && new RegexTextMatcher(regex);
    }
    case 'custom':
      context.error(at.field('custom'), 'custom string matchers are not supported');
      return undefined;
    default:
      return undefined;
  }
}

/** `value` is text of a configuration. */
export function textMatcher(kind: 'exact' | 'prefix' | 'suffix' | 'contains', value: string, ignoreCase: boolean): StringMatcher {
  const text = wireText(value);
  if (ignoreCase) return new FOLDING_MATCHERS[kind](asciiLowerCase(text));
  return new PLAIN_MATCHERS[kind](text);
}

class ExactMatcher implements StringMatcher {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  matches(text: string): boolean {
    return text === this.#text;
  }
}

class PrefixMatcher implements StringMatcher {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  matches(text: string): boolean {
    return text.startsWith(this.#text);
  }
}

class SuffixMatcher implements StringMatcher {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  matches(text: string): boolean {
    return text.endsWith(this.#text);
  }
}

class ContainsMatcher implements StringMatcher {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  matches(text: string): boolean {
    return text.includes(this.#text);
  }
}

class FoldingExactMatcher implements StringMatcher {
  readonly #lowerCase: string;

  constructor(lowerCase: string) {
    this.#lowerCase = lowerCase;
  }

  matches(text: string): boolean {
    return text.length === this.#lowerCase.length && hasLowerCaseAt(text, this.#lowerCase, 0);
  }
}

class FoldingPrefixMatcher implements StringMatcher {
  readonly #lowerCase: string;

  constructor(lowerCase: string) {
    this.#lowerCase = lowerCase;
  }

  matches(text: string): boolean {
    return hasLowerCaseAt(text, this.#lowerCase, 0);
  }
}

class FoldingSuffixMatcher implements StringMatcher {
  readonly #lowerCase: string;

  constructor(lowerCase: string) {
    this.#lowerCase = lowerCase;
  }

  matches(text: string): boolean {
    const start = text.length - this.#lowerCase.length;
    return start >= 0 && hasLowerCaseAt(text, this.#lowerCase, start);
  }
}

class FoldingContainsMatcher implements StringMatcher {
  readonly #lowerCase: string;

  constructor(lowerCase: string) {
    this.#lowerCase = lowerCase;
  }

  matches(text: string): boolean {
    return asciiLowerCase(text).includes(this.#lowerCase);
  }
}

class RegexTextMatcher implements StringMatcher {
  readonly #regex: Regex;

  constructor(regex: Regex) {
    this.#regex = regex;
  }

  matches(text: string): boolean {
    return this.#regex.test(text);
  }
}

const PLAIN_MATCHERS = { exact: ExactMatcher, prefix: PrefixMatcher, suffix: SuffixMatcher, contains: ContainsMatcher };

const FOLDING_MATCHERS = {
  exact: FoldingExactMatcher,
  prefix: FoldingPrefixMatcher,
  suffix: FoldingSuffixMatcher,
  contains: FoldingContainsMatcher,
};
