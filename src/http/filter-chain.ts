import type { HttpFilter } from './filter.ts';
import type { Route } from './route/route.ts';

export interface ConfiguredFilter {
  /** The key of per-route configuration. */
  readonly name: string;
  readonly filter: HttpFilter;
  /** `HttpFilter.disabled`: off unless a route turns it on. */
  readonly disabled: boolean;
}

/**
 * One filter of a chain as configured: shared by all streams. It holds the filter's hooks, because filters are of many classes
 * and entries of one: to ask an entry for a hook that is not there costs nothing.
 */
export class FilterEntry implements ConfiguredFilter {
  readonly name: string;
  readonly filter: HttpFilter;
  readonly disabled: boolean;
  /** The filter's slot in a stream's state. */
  readonly slot: number;
  readonly decodeHeaders: HttpFilter['decodeHeaders'];
  readonly decodeData: HttpFilter['decodeData'];
  readonly decodeTrailers: HttpFilter['decodeTrailers'];
  readonly encodeHeaders: HttpFilter['encodeHeaders'];
  readonly encodeData: HttpFilter['encodeData'];
  readonly encodeTrailers: HttpFilter['encodeTrailers'];

  constructor({ name, filter, disabled }: ConfiguredFilter, slot: number) {
    this.name = name;
    this.filter = filter;
    this.disabled = disabled;
    this.slot = slot;
    this.decodeHeaders = filter.decodeHeaders;
    this.decodeData = filter.decodeData;
    this.decodeTrailers = filter.decodeTrailers;
    this.encodeHeaders = filter.encodeHeaders;
    this.encodeData = filter.encodeData;
    this.encodeTrailers = filter.encodeTrailers;
  }
}

/**
 * The filters of a listener, compiled once. Hooks that a filter lacks are skipped by row: one row of entries a direction
 * holds those that have any hook of it.
 */
export class FilterChain {
  readonly entries: readonly FilterEntry[];
  /** In order, those with a decode hook. */
  readonly decoders: readonly FilterEntry[];
  /** In reverse order, those with an encode hook. */
  readonly encoders: readonly FilterEntry[];
  /** Those that must hear of the stream's end. */
  readonly finishers: readonly FilterEntry[];
  readonly anyDisabled: boolean;
  #unrouted: FilterChain | undefined;

  constructor(entries: readonly FilterEntry[]) {
    this.entries = entries;
    this.decoders = entries.filter(({ filter }) => filter.decodeHeaders ?? filter.decodeData ?? filter.decodeTrailers);
    this.encoders = entries
      .filter(({ filter }) => filter.encodeHeaders ?? filter.encodeData ?? filter.encodeTrailers ?? filter.encodeInformational)
      .reverse();
    this.finishers = entries.filter(({ filter }) => filter.onDestroy);
    this.anyDisabled = entries.some((entry) => entry.disabled);
  }

  /** What requests without a route go through, and the answers to those that are refused before they could meet one. */
  get unrouted(): FilterChain {
    return (this.#unrouted ??= this.anyDisabled ? this.without((entry) => entry.disabled) : this);
  }

  /** The chain without the entries that `isOff` names; itself when there are none. */
  without(isOff: (entry: FilterEntry) => boolean): FilterChain {
    const kept = this.entries.filter((entry) => !isOff(entry));
    return kept.length === this.entries.length ? this : new FilterChain(kept);
  }
}

/** `slot` is the position in the list. */
export function createFilterChain(filters: readonly ConfiguredFilter[]): FilterChain {
  return new FilterChain(filters.map((filter, slot) => new FilterEntry(filter, slot)));
}

/** Without what the configuration or the route turns off. */
export function enabledFilters(chain: FilterChain, route: Route | undefined): FilterChain {
  if (route === undefined) return chain.unrouted;
  if (!chain.anyDisabled && !route.mayDisableFilters) return chain;
  return chain.without((entry) => route.filterConfig(entry.name)?.disabled ?? entry.disabled);
}
