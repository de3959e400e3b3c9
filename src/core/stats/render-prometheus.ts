import { approximateSum, countsUpTo, QUANTILES, quantiles } from './histogram-statistics.ts';
import { compare, inNameOrder, type OrderedBatch, type OrderedStat } from './name-order.ts';
import { generalText } from './number-text.ts';
import { selectedHistogram, selectedScalar } from './ordered-values.ts';
import { labelText, type PrometheusName, PrometheusNames } from './prometheus-names.ts';
import type { HistogramValues, StatKind, StatSelection, StatSnapshot } from './snapshot.ts';
import type { TagExtractor } from './tags.ts';

/** A chunk is handed on when it has reached this many characters. */
const CHUNK_LENGTH = 65_536;

/** `/stats/prometheus`: the text exposition format, without HELP, as Envoy writes it. Keep one renderer: it remembers names and labels. */
export class PrometheusRenderer {
  readonly #names: PrometheusNames;

  /** `customNamespaces`: first parts of names that are shown without them and without `envoy_`. */
  constructor(tags: TagExtractor, customNamespaces: readonly string[] = []) {
    this.#names = new PrometheusNames(tags, customNamespaces);
  }

  /** Yields chunks. `selection.type` is ignored, as in Envoy. */
  *render(snapshot: StatSnapshot, selection: StatSelection): Generator<string> {
    let chunk = '';
    for (const text of this.#texts(snapshot, selection)) {
      chunk += text;
      if (chunk.length < CHUNK_LENGTH) continue;
      yield chunk;
      chunk = '';
    }
    if (chunk !== '') yield chunk;
  }

  *#texts(snapshot: StatSnapshot, selection: StatSelection): Generator<string> {
    for (const kind of ['counters', 'gauges'] as const) {
      yield* this.#families(snapshot, kind, TYPES[kind], (batch, stat, metric, labels) => {
        const value = selectedScalar(batch, stat, selection);
        return value === undefined ? '' : `${metric}{${labels}} ${value}\n`;
      });
    }
    if (selection.textReadouts) yield* this.#textReadouts(snapshot, selection);
    const summary = selection.histograms === 'quantiles';
    yield* this.#families(snapshot, 'histograms', summary ? 'summary' : 'histogram', (batch, stat, metric, labels) => {
      const values = selectedHistogram(batch, stat, selection);
      if (values === undefined) return '';
      return summary ? summaryText(metric, labels, values) : bucketText(metric, labels, values, snapshot.bucketBounds(batch.root + stat.tail));
    });
    for (const kind of ['counters', 'gauges'] as const) yield* endpointTexts(snapshot, selection, kind);
  }

  /** All statistics of one kind, grouped by metric. `text` returns '' for a statistic that is not wanted. */
  *#families(snapshot: StatSnapshot, kind: StatKind, type: string, text: StatText): Generator<string> {
    const families = new Map<PrometheusName, Family>();
    for (const batch of inNameOrder(snapshot.groups, [kind], 'tokens')) {
      const groups = batch.groups.map((group) => this.#names.ofGroup(group, kind));
      for (const stat of batch.stats) {
        const { names, labels } = groups[stat.group];
        const name = names[stat.index];
        let family = families.get(name);
        if (family === undefined) families.set(name, (family = { batches: [], stats: [], labels: [] }));
        family.batches.push(batch);
        family.stats.push(stat);
        family.labels.push(typeof labels === 'string' ? labels : labels[stat.index]);
      }
    }
    const sorted = [...families].sort(([a], [b]) => compare(a.key, b.key));
    for (const [{ metric }, { batches, stats, labels }] of sorted) {
      if (metric === undefined) continue;
      let head = `# TYPE ${metric} ${type}\n`;
      let out = '';
      for (let i = 0; i < stats.length; i++) {
        const line = text(batches[i], stats[i], metric, labels[i]);
        if (line === '') continue;
        out += head + line;
        head = '';
        if (out.length < CHUNK_LENGTH) continue;
        yield out;
        out = '';
      }
      yield out;
    }
  }

  *#textReadouts(snapshot: StatSnapshot, { filter }: StatSelection): Generator<string> {
    const families = new Map<PrometheusName, string>();
    for (const { name: fullName, value } of snapshot.texts) {
      if (filter !== undefined && !filter(fullName)) continue;
      const { name, labels } = this.#names.of(fullName);
      const line = `${name.metric}{${withLabel(labels)}${labelText([{ name: 'text_value', value }])}} 0\n`;
      families.set(name, (families.get(name) ?? '') + line);
    }
    for (const [{ metric }, lines] of [...families].sort(([a], [b]) => compare(a.key, b.key))) {
      if (metric !== undefined) yield `# TYPE ${metric} gauge\n${lines}`;
    }
  }
}

type StatText = (batch: OrderedBatch, stat: OrderedStat, metric: string, labels: string) => string;

/** Parallel lists: a family may have as many members as there are clusters. */
interface Family {
  readonly batches: OrderedBatch[];
  readonly stats: OrderedStat[];
  readonly labels: string[];
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
