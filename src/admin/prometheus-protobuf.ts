import type { MessageInitShape } from '@bufbuild/protobuf';
import { type LabelPair, type Metric, type MetricFamily, MetricType } from '../api/generated/io/prometheus/client.ts';
import { create, toBinary } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';

export const PROMETHEUS_PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Which of the two forms the client wants: the first that it names, as Envoy reads it. */
export function acceptsProtobuf(accept: string): boolean {
  for (const part of accept.split(',')) {
    const type = part.trim();
    if (type.startsWith('application/vnd.google.protobuf')) return true;
    if (type.startsWith('text/plain')) return false;
  }
  return false;
}

/** The text exposition format as messages, a family a chunk. What the text says is what the messages say: there is one renderer. */
export async function* protobufOf(text: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Uint8Array> {
  const schema = schemaOf('io.prometheus.client.MetricFamily');
  let family: Family | undefined;
  for await (const line of linesOf(text)) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type === null) {
      family?.addLine(line);
      continue;
    }
    if (family !== undefined) yield delimited(toBinary(schema, family.message()));
    family = new Family(type[1]!, type[2]!);
  }
  if (family !== undefined) yield delimited(toBinary(schema, family.message()));
}

/** With its length before it, as a varint. */
function delimited(bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = bytes.byteLength; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.concat([Buffer.from([...length, rest]), bytes]);
    length.push((rest & 0x7f) | 0x80);
  }
}

async function* linesOf(text: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
}

const TYPES: Readonly<Record<string, MetricType>> = { counter: MetricType.COUNTER, gauge: MetricType.GAUGE, summary: MetricType.SUMMARY, histogram: MetricType.HISTOGRAM };

interface Sample {
  readonly suffix: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

type MetricInit = { -readonly [K in keyof Metric]?: unknown };

/** One family while its lines come. */
class Family {
  readonly #name: string;
  readonly #type: MetricType;
  readonly #metrics: MetricInit[] = [];
  /** Of the histogram or summary whose lines come: what its count ends. */
  #points: { readonly at: number; readonly value: number }[] = [];
  #sum = 0;

  constructor(name: string, type: string) {
    this.#name = name;
    this.#type = TYPES[type] ?? MetricType.UNTYPED;
  }

  addLine(line: string): void {
    const sample = this.#sampleOf(line);
    if (sample === undefined) return;
    const { labels, value } = sample;
    switch (this.#type) {
      case MetricType.HISTOGRAM:
      case MetricType.SUMMARY:
        this.#addPoint(sample);
        return;
      case MetricType.COUNTER:
        this.#metrics.push({ label: pairsOf(labels), counter: { value } });
        return;
      case MetricType.GAUGE:
        this.#metrics.push({ label: pairsOf(labels), gauge: { value } });
        return;
      default:
        this.#metrics.push({ label: pairsOf(labels), untyped: { value } });
    }
  }

  message(): MetricFamily {
    const init = { name: this.#name, type: this.#type, metric: this.#metrics };
    const schema = schemaOf('io.prometheus.client.MetricFamily');
    return create(schema, init as MessageInitShape<typeof schema>) as unknown as MetricFamily;
  }

  #sampleOf(line: string): Sample | undefined {
    const parts = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (parts === null || !parts[1]!.startsWith(this.#name)) return undefined;
    return { suffix: parts[1]!.slice(this.#name.length), labels: labelsOf(parts[2] ?? ''), value: numberOf(parts[3]!) };
  }

  #addPoint({ suffix, labels, value }: Sample): void {
    if (suffix === '_sum') {
      this.#sum = value;
    } else if (suffix === '_count') {
      this.#metrics.push({ label: pairsOf(labels), ...this.#distribution(BigInt(value)) });
      this.#points = [];
    } else {
      // The last bucket is the count.
      const at = numberOf(labels.get('le') ?? labels.get('quantile') ?? '');
      if (suffix !== '_bucket' || at !== Infinity) this.#points.push({ at, value });
    }
  }

  #distribution(sampleCount: bigint): MetricInit {
    const sampleSum = this.#sum;
    if (this.#type === MetricType.SUMMARY) return { summary: { sampleCount, sampleSum, quantile: this.#points.map(({ at, value }) => ({ quantile: at, value })) } };
    return { histogram: { sampleCount, sampleSum, bucket: this.#points.map(({ at, value }) => ({ cumulativeCount: BigInt(value), upperBound: at })) } };
  }
}

function labelsOf(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels.set(name!, value!.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)));
  }
  return labels;
}

function pairsOf(labels: ReadonlyMap<string, string>): Pick<LabelPair, 'name' | 'value'>[] {
  return [...labels].map(([name, value]) => ({ name, value }));
}

function numberOf(text: string): number {
  switch (text.toLowerCase()) {
    case 'nan':
      return NaN;
    case '+inf':
    case 'inf':
      return Infinity;
    case '-inf':
      return -Infinity;
    default:
      return Number(text);
  }
}
