import type { Config } from '../../../api/generated/envoy/extensions/filters/http/set_metadata/v3.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../../http/filter.ts';

export const SET_METADATA_STATS = defineStats({ counters: ['overwrite_denied'] });

type Struct = Readonly<Record<string, unknown>>;

interface Entry {
  readonly namespace: string;
  readonly value: Struct;
  /** What is there already gives way. */
  readonly overwrites: boolean;
}

/** Of the filter, or of a route. */
export interface MetadataToSet {
  readonly entries: readonly Entry[];
  readonly stats: StatGroup;
}

/** The deprecated fields stand first, and overwrite. */
export function compileMetadata({ metadataNamespace, value, metadata }: Config, stats: StatGroup): MetadataToSet {
  const entries: Entry[] = [];
  if (metadataNamespace !== '' && value !== undefined) entries.push({ namespace: metadataNamespace, value, overwrites: true });
  for (const entry of metadata) {
    if (entry.value !== undefined) entries.push({ namespace: entry.metadataNamespace, value: entry.value, overwrites: entry.allowOverwrite });
  }
  return { entries, stats };
}

/** envoy.filters.http.set_metadata: dynamic metadata from the configuration; the route's after the filter's. */
export class SetMetadata implements HttpFilter {
  readonly #own: MetadataToSet;

  constructor(own: MetadataToSet) {
    this.#own = own;
  }

  decodeHeaders(stream: FilterStream): FilterStatus {
    apply(this.#own, stream);
    const ofRoute = stream.perRoute as MetadataToSet | undefined;
    if (ofRoute !== undefined) apply(ofRoute, stream);
    return CONTINUE;
  }
}

function apply({ entries, stats }: MetadataToSet, { info }: FilterStream): void {
  for (const { namespace, value, overwrites } of entries) {
    const metadata = (info.metadata ??= new Map());
    const present = metadata.get(namespace);
    if (present === undefined) metadata.set(namespace, value);
    else if (overwrites) metadata.set(namespace, merged(present, value));
    else stats.inc(SET_METADATA_STATS.overwrite_denied);
  }
}

/** Structures are merged, lists joined; of anything else the later one stays. What is merged is shared by all streams and left alone. */
function merged(into: Struct, from: Struct): Record<string, unknown> {
  const result = new Map<string, unknown>(Object.entries(into));
  for (const [key, value] of Object.entries(from)) {
    const present = result.get(key);
    if (Array.isArray(present) && Array.isArray(value)) result.set(key, [...present, ...value]);
    else if (isStruct(present) && isStruct(value)) result.set(key, merged(present, value));
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}

function isStruct(value: unknown): value is Struct {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
