import type { CookieMatcher, QueryParameterMatcher, RouteMatch, RouteMatch_TlsContextMatchOptions } from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import { cookieValue } from '../matcher/cookies.ts';
import { compileFilterStateMatcher } from '../matcher/filter-state-matcher.ts';
import { compileHeaderMatcher, type HeaderMatcher } from '../matcher/header-matcher.ts';
import { compileMetadataMatcher } from '../matcher/metadata-matcher.ts';
import { queryParameter } from '../matcher/query-parameters.ts';
import { compileRuntimeFraction, type RuntimeFraction } from '../matcher/runtime-fraction.ts';
import { compileStringMatcher, type StringMatcher } from '../matcher/string-matcher.ts';
import type { StreamInfo } from '../stream-info.ts';

/** One condition of a route besides its path. Stateless: the same request, stream and random value give the same answer each time. */
export interface RouteCondition {
  holds(headers: HeaderMap, randomValue: number, info: StreamInfo): boolean;
}

/** All conditions of a match but its path; what is wrong is reported and left out. */
export function compileConditions(match: RouteMatch, at: ConfigPath, context: CompileContext): RouteCondition[] {
  const conditions: (RouteCondition | undefined)[] = [];
  if (match.pathSpecifier.case === 'connectMatcher') conditions.push(connectCondition);
  if (match.grpc !== undefined) conditions.push(grpcCondition);
  match.headers.forEach((message, index) => {
    const matcher = compileHeaderMatcher(message, at.field('headers').index(index), context);
    conditions.push(matcher && new HeaderCondition(matcher));
  });
  match.queryParameters.forEach((message, index) => {
    conditions.push(compileQueryParameter(message, at.field('query_parameters').index(index), context));
  });
  match.cookies.forEach((message, index) => conditions.push(compileCookie(message, at.field('cookies').index(index), context)));
  if (match.runtimeFraction !== undefined) {
    conditions.push(new FractionCondition(compileRuntimeFraction(match.runtimeFraction, context.runtime)));
  }
  if (match.tlsContext !== undefined) conditions.push(tlsCondition(match.tlsContext));
  match.dynamicMetadata.forEach((message, index) => {
    conditions.push(ofStream(compileMetadataMatcher(message, at.field('dynamic_metadata').index(index), context)));
  });
  match.filterState.forEach((message, index) => {
    conditions.push(ofStream(compileFilterStateMatcher(message, at.field('filter_state').index(index), context)));
  });
  return conditions.filter((condition) => condition !== undefined);
}

const connectCondition: RouteCondition = {
  holds: (headers) => headers.method === 'CONNECT',
};

const grpcCondition: RouteCondition = {
  holds: (headers) => {
    const type = headers.get(H.contentType);
    return type !== undefined && type.startsWith(GRPC) && (type.length === GRPC.length || type[GRPC.length] === '+');
  },
};

const GRPC = 'application/grpc';

class HeaderCondition implements RouteCondition {
  readonly #matcher: HeaderMatcher;

  constructor(matcher: HeaderMatcher) {
    this.#matcher = matcher;
  }

  holds(headers: HeaderMap): boolean {
    return this.#matcher.matches(headers);
  }
}

function compileQueryParameter(message: QueryParameterMatcher, at: ConfigPath, context: CompileContext): RouteCondition | undefined {
  const name = wireText(message.name);
  const { queryParameterMatchSpecifier: specifier } = message;
  if (specifier.case !== 'stringMatch') return new QueryPresence(name, specifier.case === undefined || specifier.value);
  const matcher = compileStringMatcher(specifier.value, at.field('string_match'), context);
  return matcher && new QueryCondition(name, matcher);
}

class QueryCondition implements RouteCondition {
  readonly #name: string;
  readonly #matcher: StringMatcher;

  constructor(name: string, matcher: StringMatcher) {
    this.#name = name;
    this.#matcher = matcher;
  }

  holds(headers: HeaderMap): boolean {
    const value = queryParameter(headers.path, this.#name);
    return value !== undefined && this.#matcher.matches(value);
  }
}

class QueryPresence implements RouteCondition {
  readonly #name: string;
  readonly #present: boolean;

  constructor(name: string, present: boolean) {
    this.#name = name;
    this.#present = present;
  }

  holds(headers: HeaderMap): boolean {
    return (queryParameter(headers.path, this.#name) !== undefined) === this.#present;
  }
}

function compileCookie(message: CookieMatcher, at: ConfigPath, context: CompileContext): RouteCondition | undefined {
  if (message.stringMatch === undefined) return undefined;
  const matcher = compileStringMatcher(message.stringMatch, at.field('string_match'), context);
  return matcher && new CookieCondition(wireText(message.name), matcher, message.invertMatch);
}

/** The first cookie of the name; a missing one does not match, and so satisfies the inverted condition. */
class CookieCondition implements RouteCondition {
  readonly #name: string;
  readonly #matcher: StringMatcher;
  readonly #invert: boolean;

  constructor(name: string, matcher: StringMatcher, invert: boolean) {
    this.#name = name;
    this.#matcher = matcher;
    this.#invert = invert;
  }

  holds(headers: HeaderMap): boolean {
    for (const line of headers.getAll(H.cookie)) {
      const value = cookieValue(line, this.#name);
      if (value !== undefined) return this.#matcher.matches(value) !== this.#invert;
    }
    return this.#invert;
  }
}

class FractionCondition implements RouteCondition {
  readonly #fraction: RuntimeFraction;

  constructor(fraction: RuntimeFraction) {
    this.#fraction = fraction;
  }

  holds(_headers: HeaderMap, randomValue: number): boolean {
    return this.#fraction.includes(randomValue);
  }
}

/** A certificate that the client of a resumed session has shown is not looked at again, and does not count as validated. */
function tlsCondition({ presented, validated }: RouteMatch_TlsContextMatchOptions): RouteCondition {
  return {
    holds: (_headers, _randomValue, { connection: { tls } }) => {
      if (presented !== undefined && (tls?.peer() !== undefined) !== presented) return false;
      return validated === undefined || (tls?.peerIsValidated === true) === validated;
    },
  };
}

function ofStream(matches: ((info: StreamInfo) => boolean) | undefined): RouteCondition | undefined {
  return matches && { holds: (_headers, _randomValue, info) => matches(info) };
}
