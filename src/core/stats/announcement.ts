/**
 * What a thread's store tells the main thread: which slots of which block mean what. All of it can be cloned into another thread;
 * the blocks themselves are shared. Within one message the lists are to be applied in the order of the fields.
 */
export interface StatAnnouncement {
  readonly blocks: readonly BlockAnnouncement[];
  readonly schemas: readonly SchemaAnnouncement[];
  readonly groups: readonly GroupAnnouncement[];
  readonly runs: readonly RunAnnouncement[];
  readonly releases: readonly ReleaseAnnouncement[];
}

export interface BlockAnnouncement {
  readonly block: number;
  readonly buffer: SharedArrayBuffer;
}

export interface SchemaAnnouncement {
  readonly schema: number;
  readonly counters: readonly string[];
  readonly gauges: readonly string[];
  readonly histograms: readonly string[];
}

/** Slots: counters of the schema, then its gauges. Ids are used again after a release. */
export interface GroupAnnouncement {
  readonly group: number;
  readonly prefix: string;
  readonly schema: number;
  readonly block: number;
  readonly base: number;
}

/** One run of bins (see histogram-bins.ts) that a histogram of a group has touched for the first time. */
export interface RunAnnouncement {
  readonly group: number;
  readonly histogram: number;
  readonly run: number;
  readonly block: number;
  readonly base: number;
}

/** The thread no longer uses the group and may use its slots for another, hence the last values. */
export interface ReleaseAnnouncement {
  readonly group: number;
  readonly values: Float64Array;
  readonly runs: readonly { readonly histogram: number; readonly run: number; readonly bins: Float64Array }[];
}

/** A slot that nothing has written yet holds −0, which sums like 0; so `used` costs the writer nothing. */
export const UNTOUCHED = -0;

export function isUntouched(value: number): boolean {
  return Object.is(value, UNTOUCHED);
}
