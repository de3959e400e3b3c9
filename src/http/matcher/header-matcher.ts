import type { HeaderMatcher as HeaderMatcherMessage } from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { HeaderMap } from '../header-map.ts';
import { headerField, type HeaderField } from './header-field.ts';
import { compileRegexMatcher } from './regex-matcher.ts';
import { compileStringMatcher, textMatcher, type StringMatcher } from './string-matcher.ts';

/** A condition on one header of a message. */
export interface HeaderMatcher {
  matches(headers: HeaderMap): boolean;
}

/**
 * Compiles `envoy.config.route.v3.HeaderMatcher`; undefined after reporting what is wrong. Each line is tested by itself: one that
 * matches is enough. A missing header matches no value, inverted or not, unless it is to count as empty.
 */
export function compileHeaderMatcher(message: HeaderMatcherMessage, at: ConfigPath, context: CompileContext): HeaderMatcher | undefined {
  const field = headerField(message.name);
  const { invertMatch, treatMissingHeaderAsEmpty: missingIsEmpty } = message;
  const { headerMatchSpecifier: specifier } = message;
  if (specifier.case === undefined || specifier.case === 'presentMatch') {
    const present = specifier.case === undefined || specifier.value;
    if (missingIsEmpty) return new ConstantMatcher(present !== invertMatch);
    return new PresenceMatcher(field, present !== invertMatch);
  }
  const value = compileValueMatcher(specifier, at, context);
  return value && new ValueMatcher({ field, value, invert: invertMatch, missingIsEmpty });
}

type ValueSpecifier = Exclude<HeaderMatcherMessage['headerMatchSpecifier'], { case: undefined } | { case: 'presentMatch' }>;

function compileValueMatcher(specifier: ValueSpecifier, at: ConfigPath, context: CompileContext): StringMatcher | undefined {
  switch (specifier.case) {
    case 'stringMatch':
      return compileStringMatcher(specifier.value, at.field('string_match'), context);
    case 'exactMatch':
      // The empty text matches any value here, unlike `string_match`.
      return textMatcher(specifier.value === '' ? 'prefix' : 'exact', specifier.value, false);
    case 'prefixMatch':
      return textMatcher('prefix', specifier.value, false);
    case 'suffixMatch':
      return textMatcher('suffix', specifier.value, false);
    case 'containsMatch':
      return textMatcher('contains', specifier.value, false);
    case 'rangeMatch':
      return new RangeMatcher(specifier.value.start, specifier.value.end);
    case 'safeRegexMatch': {
      const regex = compileRegexMatcher(specifier.value, at.field('safe_regex_match'), context);
      return regex && { matches: (text) => regex.test(text) };
    }
  }
}

interface ValueMatcherOptions {
  readonly field: HeaderField;
  readonly value: StringMatcher;
  readonly invert: boolean;
  readonly missingIsEmpty: boolean;
}

class ValueMatcher implements HeaderMatcher {
  readonly #field: HeaderField;
  readonly #value: StringMatcher;
  readonly #invert: boolean;
  /** The answer for a message without the header. */
  readonly #whenMissing: boolean;

  constructor({ field, value, invert, missingIsEmpty }: ValueMatcherOptions) {
    this.#field = field;
    this.#value = value;
    this.#invert = invert;
    this.#whenMissing = missingIsEmpty && value.matches('') !== invert;
  }

  matches(headers: HeaderMap): boolean {
    const first = this.#field.first(headers);
    if (first === undefined) return this.#whenMissing;
    return (this.#value.matches(first) || this.#matchesLater(headers)) !== this.#invert;
  }

  #matchesLater(headers: HeaderMap): boolean {
    const values = this.#field.all(headers);
    for (let at = 1; at < values.length; at++) if (this.#value.matches(values[at])) return true;
    return false;
  }
}

class PresenceMatcher implements HeaderMatcher {
  readonly #field: HeaderField;
  readonly #present: boolean;

  constructor(field: HeaderField, present: boolean) {
    this.#field = field;
    this.#present = present;
  }

  matches(headers: HeaderMap): boolean {
    return (this.#field.first(headers) !== undefined) === this.#present;
  }
}

class ConstantMatcher implements HeaderMatcher {
  readonly #answer: boolean;

  constructor(answer: boolean) {
    this.#answer = answer;
  }

  matches(): boolean {
    return this.#answer;
  }
}

/** A whole number in [start, end). */
class RangeMatcher implements StringMatcher {
  readonly #start: bigint;
  readonly #end: bigint;

  constructor(start: bigint, end: bigint) {
    this.#start = start;
    this.#end = end;
  }

  matches(text: string): boolean {
    const digits = INTEGER.exec(text);
    if (digits === null) return false;
    const number = BigInt(digits[1].replace('+', ''));
    return number >= MIN_INT64 && number <= MAX_INT64 && number >= this.#start && number < this.#end;
  }
}

/** No more digits than a 64-bit number and a few leading zeros need. */
const INTEGER = /^[ \t\n\v\f\r]*([+-]?\d{1,40})[ \t\n\v\f\r]*$/;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
