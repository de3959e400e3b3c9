import { approximateSum, countsUpTo, QUANTILES, quantiles } from './histogram-statistics.ts';
import { compare, inNameOrder, type OrderedBatch, type OrderedStat } from './name-order.ts';
import { generalText } from './number-text.ts';
import { histogramValues, scalarValue, selectedHistogram, selectedScalar } from './ordered-values.ts';
import { labelText, type PrometheusName, PrometheusNames } from './prometheus-names.ts';
import type { HistogramValues, StatKind, StatSelection, StatSnapshot } from './snapshot.ts';
import type { TagExtractor } from './tags.ts';

/** A chunk is handed on when it has reached this many characters. */
const CHUNK_LENGTH = 65_536;

/**
 * Where tags leave a name for every cluster (names with dots under the default rules), remembering them all would cost more memory than it saves time:
 * a renderer that has come to know more names than this forgets them after the scrape.
 */
export const MAX_REMEMBERED_NAMES = 50_000;

/** `/stats/prometheus`: the text exposition format, without HELP, as Envoy writes it. Keep one renderer: it remembers names and labels. */
export class PrometheusRenderer {
  readonly #tags: TagExtractor;
  readonly #customNamespaces: readonly string[];
  #names: PrometheusNames;

  /** `customNamespaces`: first parts of names that are shown without them and without `envoy_`. */
  constructor(tags: TagExtractor, customNamespaces: readonly string[] = []) {
    this.#tags = tags;
    this.#customNamespaces = customNamespaces;
    this.#names = new PrometheusNames(tags, customNamespaces);
  }

  get rememberedNames(): number {
    return this.#names.size;
  }

  /** Yields chunks. `selection.type` is ignored, as in Envoy. */
  *render(snapshot: StatSnapshot, selection: StatSelection): Generator<string> {
    const names = this.#names;
    let chunk = '';
    try {
      for (const text of texts(names, snapshot, selection)) {
        chunk += text;
        if (chunk.length < CHUNK_LENGTH) continue;
        yield chunk;
        chunk = '';
      }
      if (chunk !== '') yield chunk;
    } finally {
      if (names.size > MAX_REMEMBERED_NAMES) this.#names = new PrometheusNames(this.#tags, this.#customNamespaces);
    }
  }
}

function* texts(names: PrometheusNames, snapshot: StatSnapshot, selection: StatSelection): Generator<string> {
  for (const kind of ['counters', 'gauges'] as const) {
    const families = familiesOf(names, snapshot, kind, (batch, stat) => selectedScalar(batch, stat, selection) !== undefined);
    yield* familyTexts(families, TYPES[kind], (batch, stat, metric, labels) => `${metric}{${labels}} ${scalarValue(batch, stat)}\n`);
  }
  if (selection.textReadouts) yield* textReadouts(names, snapshot, selection);
  const summary = selection.histograms === 'quantiles';
  const families = familiesOf(names, snapshot, 'histograms', (batch, stat) => selectedHistogram(batch, stat, selection) !== undefined);
  yield* familyTexts(families, summary ? 'summary' : 'histogram', (batch, stat, metric, labels) => {
    const values = histogramValues(batch, stat);
    return summary ? summaryText(metric, labels, values) : bucketText(metric, labels, values, snapshot.bucketBounds(batch.root + stat.tail));
  });
  for (const kind of ['counters', 'gauges'] as const) yield* endpointTexts(snapshot, selection, kind);
}

/** The wanted statistics of one kind, grouped by metric. */
function familiesOf(
  prometheusNames: PrometheusNames,
  snapshot: StatSnapshot,
  kind: StatKind,
  wanted: (batch: OrderedBatch, stat: OrderedStat) => boolean,
): Family[] {
  const families = new Map<PrometheusName, Family>();
  for (const batch of inNameOrder(snapshot.groups, [kind], 'tokens')) {
    const groups = batch.groups.map((group) => prometheusNames.ofGroup(group, kind));
    for (const stat of batch.stats) {
      if (!wanted(batch, stat)) continue;
      const { names, labels } = groups[stat.group];
      const name = names[stat.index];
      let family = families.get(name);
      if (family === undefined) families.set(name, (family = { name, batches: [], stats: [], labels: [] }));
      family.batches.push(batch);
      family.stats.push(stat);
      family.labels.push(typeof labels === 'string' ? labels : labels[stat.index]);
    }
  }
  return [...families.values()].sort((a, b) => compare(a.name.key, b.name.key));
}

function* textReadouts(names: PrometheusNames, snapshot: StatSnapshot, { filter }: StatSelection): Generator<string> {
  const families = new Map<PrometheusName, string>();
  for (const { name: fullName, value } of snapshot.texts) {
    if (filter !== undefined && !filter(fullName)) continue;
    const { name, labels } = names.of(fullName);
    const line = `${name.metric}{${withLabel(labels)}${labelText([{ name: 'text_value', value }])}} 0\n`;
    families.set(name, (families.get(name) ?? '') + line);
  }
  for (const [{ metric }, lines] of [...families].sort(([a], [b]) => compare(a.key, b.key))) {
    if (metric !== undefined) yield `# TYPE ${metric} gauge\n${lines}`;
  }
}

type StatText = (batch: OrderedBatch, stat: OrderedStat, metric: string, labels: string) => string;

/** Parallel lists: a family may have as many members as there are clusters. */
interface Family {
  readonly name: PrometheusName;
  readonly batches: OrderedBatch[];
  readonly stats: OrderedStat[];
  readonly labels: string[];
}

function* familyTexts(families: readonly Family[], type: string, text: StatText): Generator<string> {
  for (const { name, batches, stats, labels } of families) {
    const { metric } = name;
    if (metric === undefined) continue;
    let out = `# TYPE ${metric} ${type}\n`;
    for (let i = 0; i < stats.length; i++) {
      out += text(batches[i], stats[i], metric, labels[i]);
      if (out.length < CHUNK_LENGTH) continue;
      yield out;
      out = '';
    }
    yield out;
  }
}

const TYPES = { counters: 'counter', gauges: 'gauge' } as const;

function bucketText(metric: string, labels: string, { cumulative }: HistogramValues, bounds: readonly number[]): string {
  const counts = countsUpTo(cumulative, bounds);
  let text = '';
  bounds.forEach((bound, i) => {
    text += `${metric}_bucket{${withLabel(labels)}le="${generalText(bound, 32)}"} ${counts[i]}\n`;
  });
  const total = cumulative.total;
  return `${text}${metric}_bucket{${withLabel(labels)}le="+Inf"} ${total}\n${totals(metric, labels, approximateSum(cumulative), total)}`;
}

/** Of the last interval. */
function summaryText(metric: string, labels: string, { interval }: HistogramValues): string {
  const values = quantiles(interval);
  let text = '';
  QUANTILES.forEach((quantile, i) => {
    text += `${metric}{${withLabel(labels)}quantile="${quantile}"} ${generalText(values[i], 32)}\n`;
  });
  return text + totals(metric, labels, approximateSum(interval), interval.total);
}

function totals(metric: string, labels: string, sum: number, count: number): string {
  return `${metric}_sum{${labels}} ${generalText(sum, 32)}\n${metric}_count{${labels}} ${count}\n`;
}

function withLabel(labels: string): string {
  return labels === '' ? '' : `${labels},`;
}

/** Endpoints carry their tags with them. `usedonly` does not apply. */
function* endpointTexts(snapshot: StatSnapshot, { filter }: StatSelection, kind: 'counters' | 'gauges'): Generator<string> {
  const families = new Map<string, { fullName: string; line: string }[]>();
  for (const endpoint of snapshot.endpoints) {
    const tags = [
      { name: 'envoy.cluster_name', value: endpoint.clusterName },
      { name: 'envoy.endpoint_address', value: endpoint.address },
    ];
    if (endpoint.hostname !== '') tags.push({ name: 'envoy.endpoint_hostname', value: endpoint.hostname });
    const labels = labelText(tags);
    for (const { name, value } of endpoint[kind]) {
      const fullName = `${endpoint.prefix}.${name}`;
      if (filter !== undefined && !filter(fullName)) continue;
      const family = families.get(name);
      const member = { fullName, line: `envoy_cluster_endpoint_${name}{${labels}} ${value}\n` };
      if (family === undefined) families.set(name, [member]);
      else family.push(member);
    }
  }
  for (const [name, members] of [...families].sort(([a], [b]) => compare(a, b))) {
    members.sort((a, b) => compare(a.fullName, b.fullName));
    yield `# TYPE envoy_cluster_endpoint_${name} ${TYPES[kind]}\n${members.map(({ line }) => line).join('')}`;
  }
}
