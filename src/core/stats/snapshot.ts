import type { SparseBins } from './sparse-bins.ts';

/**
 * What the renderers read. It is live: values are those of the moment at which a renderer comes to them, as with Envoy, whose threads go on counting
 * while it prints. Groups and names are those of the moment at which the snapshot was taken.
 */
export interface StatSnapshot {
  readonly groups: readonly SnapshotGroup[];
  /** Sorted by name. */
  readonly texts: readonly TextReadout[];
  /** Of clusters with `per_endpoint_stats`, in the order in which they are shown. */
  readonly endpoints: readonly EndpointStats[];
  /** Upper bounds of the buckets of the histogram with this full name. */
  bucketBounds(name: string): readonly number[];
}

/** The statistics under one prefix. Indexes are those of the schema's lists. */
export interface SnapshotGroup {
  readonly prefix: string;
  readonly schema: SnapshotSchema;
  counter(index: number): number;
  /** Whether the counter was ever written, be it before the last reset. */
  counterUsed(index: number): boolean;
  /** −0 when nothing has ever written it. */
  gauge(index: number): number | bigint;
  /** `undefined` while no value has been recorded. */
  histogram(index: number): HistogramValues | undefined;
  /** Absent: all are shown. Otherwise what the `stats_matcher` lets through. */
  readonly accepts?: (kind: StatKind, index: number) => boolean;
}

export interface SnapshotSchema {
  readonly counters: readonly string[];
  readonly gauges: readonly string[];
  readonly histograms: readonly string[];
}

export type StatKind = 'counters' | 'gauges' | 'histograms';

export interface HistogramValues {
  readonly interval: SparseBins;
  readonly cumulative: SparseBins;
}

export interface TextReadout {
  readonly name: string;
  readonly value: string;
}

export interface EndpointStats {
  /** `cluster.web.endpoint.127.0.0.1_80` */
  readonly prefix: string;
  readonly clusterName: string;
  /** `127.0.0.1:80` */
  readonly address: string;
  readonly hostname: string;
  readonly counters: readonly EndpointStat[];
  readonly gauges: readonly EndpointStat[];
}

export interface EndpointStat {
  readonly name: string;
  readonly value: number;
}

/** Which statistics a request to `/stats` wants, and how. */
export interface StatSelection {
  readonly type: StatType;
  readonly usedOnly: boolean;
  /** Tells by its full name whether a statistic is wanted. */
  readonly filter: ((name: string) => boolean) | undefined;
  /** Absent: quantiles in text and JSON, buckets in Prometheus. */
  readonly histograms: HistogramForm | undefined;
  /** Prometheus only: whether text readouts are shown, as gauges. */
  readonly textReadouts: boolean;
}

export type StatType = 'All' | 'Counters' | 'Gauges' | 'Histograms' | 'TextReadouts';

/** `quantiles` is what `histogram_buckets=summary` and `none` ask for. */
export type HistogramForm = 'quantiles' | 'cumulative' | 'disjoint' | 'detailed';

export const EVERYTHING: StatSelection = { type: 'All', usedOnly: false, filter: undefined, histograms: undefined, textReadouts: false };
