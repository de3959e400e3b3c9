import type { HttpFilter } from './filter.ts';

/** One filter of a chain as configured: shared by all streams. */
export interface FilterEntry {
  /** The configured name: the key of per-route configuration. */
  readonly name: string;
  readonly filter: HttpFilter;
  /** `HttpFilter.disabled`: off unless a route turns it on. */
  readonly disabled: boolean;
  /** The filter's slot in a stream's state. */
  readonly slot: number;
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

  constructor(entries: readonly FilterEntry[]) {
    this.entries = entries;
    this.decoders = entries.filter(({ filter }) => filter.decodeHeaders ?? filter.decodeData ?? filter.decodeTrailers);
    this.encoders = entries
      .filter(({ filter }) => filter.encodeHeaders ?? filter.encodeData ?? filter.encodeTrailers ?? filter.encodeInformational)
      .reverse();
    this.finishers = entries.filter(({ filter }) => filter.onDestroy);
    this.anyDisabled = entries.some((entry) => entry.disabled);
  }

  /** The chain without the entries that `isOff` names; itself when there are none. */
  without(isOff: (entry: FilterEntry) => boolean): FilterChain {
    const kept = this.entries.filter((entry) => !isOff(entry));
    return kept.length === this.entries.length ? this : new FilterChain(kept);
  }
}

/** `slot` is the position in the list. */
export function createFilterChain(filters: readonly { name: string; filter: HttpFilter; disabled: boolean }[]): FilterChain {
  return new FilterChain(filters.map((entry, slot) => ({ ...entry, slot })));
}
