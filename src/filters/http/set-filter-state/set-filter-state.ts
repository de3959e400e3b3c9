import type { FilterStateValue } from '../../../api/generated/envoy/extensions/filters/common/set_filter_state/v3.ts';
import type { Config } from '../../../api/generated/envoy/extensions/filters/http/set_filter_state/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { unicodeText } from '../../../core/wire-text.ts';
import { compileSubstitutionFormat, type SubstitutionFormat } from '../../../http/format/substitution-format.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';

/** What makes an object of a text. Both of these keep it as it is. */
const FACTORIES: ReadonlySet<string> = new Set(['envoy.string', 'envoy.hashable_string']);

interface Entry {
  readonly key: string;
  readonly format: SubstitutionFormat;
  readonly skipIfEmpty: boolean;
}

/** Of the filter, or of a route. */
export interface FilterStateToSet {
  readonly entries: readonly Entry[];
  readonly clearRouteCache: boolean;
}

export function compileFilterState({ onRequestHeaders, clearRouteCache }: Config, at: ConfigPath, context: CompileContext): FilterStateToSet {
  const entries = onRequestHeaders.map((message, index) => compileEntry(message, at.field('on_request_headers').index(index), context));
  return { entries: entries.filter((entry) => entry !== undefined), clearRouteCache };
}

function compileEntry({ key, factoryKey, value, skipIfEmpty }: FilterStateValue, at: ConfigPath, context: CompileContext): Entry | undefined {
  const name = key.value ?? '';
  const factory = factoryKey === '' ? name : factoryKey;
  if (!FACTORIES.has(factory)) context.error(at, `'${factory}' does not have an object factory: here those are ${[...FACTORIES].join(' and ')}`);
  const format = value.value && compileSubstitutionFormat(value.value, at.field('format_string'), context);
  return format && { key: name, format, skipIfEmpty };
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

function apply({ entries, clearRouteCache }: FilterStateToSet, stream: FilterStream, headers: HeaderMap): void {
  const { info } = stream;
  for (const { key, format, skipIfEmpty } of entries) {
    const value = format.format({ info, requestHeaders: headers, responseHeaders: undefined });
    if (value !== '' || !skipIfEmpty) (info.filterState ??= new Map()).set(key, unicodeText(value));
  }
  if (clearRouteCache) stream.clearRouteCache();
}
