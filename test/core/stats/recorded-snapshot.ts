import { binOf } from '../../../src/core/stats/histogram-bins.ts';
import type { EndpointStats, HistogramValues, SnapshotGroup, StatSnapshot, TextReadout } from '../../../src/core/stats/snapshot.ts';
import { SparseBins } from '../../../src/core/stats/sparse-bins.ts';
import { compileBucketSettings } from '../../../src/core/stats/stats-config.ts';

export interface RecordedStats {
  readonly counters: string;
  readonly usedCounters?: string;
  readonly gauges?: string;
  readonly usedGauges?: string;
  readonly texts?: string;
  /** The answer to `format=json&histogram_buckets=detailed`. */
  readonly histograms?: string;
  readonly buckets?: Parameters<typeof compileBucketSettings>[0];
}

/** A snapshot of what Envoy printed: one group per prefix. */
export function recordedSnapshot(recorded: RecordedStats): StatSnapshot {
  const groups = new Map<string, RecordedGroup>();
  const place = (name: string): [RecordedGroup, string] => {
    const dot = name.lastIndexOf('.');
    const prefix = name.slice(0, Math.max(dot, 0));
    let group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, (group = new RecordedGroup(prefix)));
    return [group, name.slice(dot + 1)];
  };
  const counters = parseLines(recorded.counters);
  const gauges = parseLines(recorded.gauges ?? '');
  const endpoints = parseEndpoints(counters, gauges);
  const usedCounters = parseLines(recorded.usedCounters ?? '');
  const usedGauges = parseLines(recorded.usedGauges ?? '');
  for (const [name, value] of counters) {
    if (!isOfEndpoint(name)) place(name)[0].addCounter(place(name)[1], Number(value), usedCounters.has(name));
  }
  for (const [name, value] of gauges) {
    if (!isOfEndpoint(name)) place(name)[0].addGauge(place(name)[1], usedGauges.has(name) ? BigInt(value) : -0);
  }
  for (const { name, values } of parseHistograms(recorded.histograms)) place(name)[0].addHistogram(place(name)[1], values);
  return { groups: [...groups.values()], texts: parseTexts(recorded.texts ?? ''), endpoints, bucketBounds: compileBucketSettings(recorded.buckets ?? []) };
}

class RecordedGroup implements SnapshotGroup {
  readonly prefix: string;
  readonly schema = { counters: [] as string[], gauges: [] as string[], histograms: [] as string[] };
  readonly #counters: { value: number; used: boolean }[] = [];
  readonly #gauges: (number | bigint)[] = [];
  readonly #histograms: HistogramValues[] = [];

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  addCounter(name: string, value: number, used: boolean): void {
    this.schema.counters.push(name);
    this.#counters.push({ value, used });
  }

  addGauge(name: string, value: number | bigint): void {
    this.schema.gauges.push(name);
    this.#gauges.push(value);
  }

  addHistogram(name: string, values: HistogramValues): void {
    this.schema.histograms.push(name);
    this.#histograms.push(values);
  }

  counter(index: number): number {
    return this.#counters[index].value;
  }

  counterUsed(index: number): boolean {
    return this.#counters[index].used;
  }

  gauge(index: number): number | bigint {
    return this.#gauges[index];
  }

  histogram(index: number): HistogramValues | undefined {
    const values = this.#histograms[index];
    return values.cumulative.empty ? undefined : values;
  }
}

function parseLines(text: string): Map<string, string> {
  return new Map(text.split('\n').flatMap((line) => (line === '' ? [] : [[line.slice(0, line.lastIndexOf(': ')), line.slice(line.lastIndexOf(': ') + 2)]])));
}

function parseTexts(text: string): TextReadout[] {
  return [...parseLines(text)].map(([name, value]) => ({ name, value: value.slice(1, -1) }));
}

const ENDPOINT = /^(cluster\.(.+)\.endpoint\.(.+))\.(\w+)$/;

function isOfEndpoint(name: string): boolean {
  return ENDPOINT.test(name);
}

/** The host name of the one endpoint that has one is not in the recorded lines. */
function parseEndpoints(counters: Map<string, string>, gauges: Map<string, string>): EndpointStats[] {
  const endpoints = new Map<string, EndpointStats & { counters: { name: string; value: number }[]; gauges: { name: string; value: number }[] }>();
  for (const [kind, stats] of [['counters', counters] as const, ['gauges', gauges] as const]) {
    for (const [fullName, value] of stats) {
      const [, prefix, clusterName, address, name] = ENDPOINT.exec(fullName) ?? [];
      if (prefix === undefined) continue;
      let endpoint = endpoints.get(prefix);
      if (endpoint === undefined) {
        endpoint = { prefix, clusterName, address: address.replace('_', ':'), hostname: clusterName === 'a-b' ? 'h1' : '', counters: [], gauges: [] };
        endpoints.set(prefix, endpoint);
      }
      endpoint[kind].push({ name, value: Number(value) });
    }
  }
  return [...endpoints.values()];
}

interface DetailedHistogram {
  readonly name: string;
  readonly totals: readonly { lower_bound: number; count: number }[];
  readonly intervals: readonly { lower_bound: number; count: number }[];
}

function parseHistograms(json: string | undefined): { name: string; values: HistogramValues }[] {
  if (json === undefined) return [];
  const details = JSON.parse(json).stats.at(-1).histograms.details as DetailedHistogram[];
  return details.map(({ name, totals, intervals }) => ({ name, values: { cumulative: toBins(totals), interval: toBins(intervals) } }));
}

function toBins(entries: readonly { lower_bound: number; count: number }[]): SparseBins {
  const sparse = new SparseBins();
  for (const { lower_bound, count } of entries) {
    sparse.bins.push(binOf(lower_bound));
    sparse.counts.push(count);
  }
  return sparse;
}
