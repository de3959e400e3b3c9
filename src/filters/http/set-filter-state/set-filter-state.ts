import type { Config } from '../../../api/generated/envoy/extensions/filters/http/set_filter_state/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { compileFilterStateValues, type FilterStateValues } from '../../../http/filter-state-values.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';

/** Of the filter, or of a route. */
export interface FilterStateToSet {
  readonly values: FilterStateValues;
  readonly clearRouteCache: boolean;
}

export function compileFilterState({ onRequestHeaders, clearRouteCache }: Config, at: ConfigPath, context: CompileContext): FilterStateToSet {
  return { values: compileFilterStateValues(onRequestHeaders, at.field('on_request_headers'), context), clearRouteCache };
}

/** envoy.filters.http.set_filter_state: texts that later filters, headers and access logs can name. */
export class SetFilterState implements HttpFilter {
  readonly #own: FilterStateToSet;

  constructor(own: FilterStateToSet) {
    this.#own = own;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    apply(this.#own, stream, headers);
    for (const ofLevel of stream.perRouteLevels as readonly FilterStateToSet[]) apply(ofLevel, stream, headers);
    return CONTINUE;
  }
}

function apply({ values, clearRouteCache }: FilterStateToSet, stream: FilterStream, headers: HeaderMap): void {
  values.applyTo({ info: stream.info, requestHeaders: headers, responseHeaders: undefined });
  if (clearRouteCache) stream.clearRouteCache();
}
