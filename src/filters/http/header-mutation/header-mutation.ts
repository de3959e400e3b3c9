import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import type { HeaderMutationContext } from '../../../http/route/route.ts';
import type { Mutations } from './mutations.ts';

type Part = Exclude<keyof Mutations, 'query'>;

/** envoy.filters.http.header_mutation: the filter's own mutations, then those of all route levels. */
export class HeaderMutationFilter implements HttpFilter {
  readonly #own: Mutations;
  readonly #mostSpecificWins: boolean;

  constructor(own: Mutations, mostSpecificWins: boolean) {
    this.#own = own;
    this.#mostSpecificWins = mostSpecificWins;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    this.#apply('request', stream, headers);
    return CONTINUE;
  }

  decodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    this.#apply('requestTrailers', stream, trailers);
    return CONTINUE;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    this.#apply('response', stream, headers);
    return CONTINUE;
  }

  encodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    this.#apply('responseTrailers', stream, trailers);
    return CONTINUE;
  }

  #apply(part: Part, stream: FilterStream, headers: HeaderMap): void {
    applyOne(this.#own, part, headers, stream);
    const levels = stream.perRouteLevels as readonly Mutations[];
    const { length } = levels;
    for (let at = 0; at < length; at++) applyOne(levels[this.#mostSpecificWins ? at : length - 1 - at]!, part, headers, stream);
  }
}

function applyOne(mutations: Mutations, part: Part, headers: HeaderMap, stream: FilterStream): void {
  for (const mutation of mutations[part]) mutation.apply(headers, contextOf(stream));
  if (part === 'request' && mutations.query !== undefined) mutations.query.apply(headers, contextOf(stream));
}

function contextOf({ info, requestHeaders, responseHeaders }: FilterStream): HeaderMutationContext {
  return { info, requestHeaders, responseHeaders };
}
