import type { HistogramForm, StatSelection, StatType } from './snapshot.ts';

export type StatsFormat = 'text' | 'json' | 'prometheus' | 'html' | 'active-html';

export interface StatsParams {
  readonly format: StatsFormat;
  readonly selection: StatSelection;
  /** Prometheus' form of messages instead of text. */
  readonly protobuf: boolean;
}

export interface StatsRequest {
  /** Of the path; undefined when `format` decides. */
  readonly onlyFormat?: 'prometheus' | undefined;
  readonly acceptsProtobuf?: boolean;
}

/**
 * The query of `/stats` and `/stats/prometheus`. A string is the body of a 400, in Envoy's words.
 * `get` yields the first value of a parameter ('' when it has none); `compileFilter` a predicate, or the reason why there is none.
 */
export function parseStatsParams(
  get: (name: string) => string | undefined,
  compileFilter: (regex: string) => ((name: string) => boolean) | string,
  { onlyFormat, acceptsProtobuf = false }: StatsRequest = {},
): StatsParams | string {
  const regex = get('filter') ?? '';
  const filter = regex === '' ? undefined : compileFilter(regex);
  if (typeof filter === 'string') return filter;
  const invert = get('invert_filter') !== undefined;
  if (invert && filter === undefined) return 'invert_filter can only be used if filter is also provided';
  const buckets = get('histogram_buckets') ?? '';
  if (!HISTOGRAM_FORMS.has(buckets)) return BUCKETS_USAGE;
  const type = get('type') || 'All';
  if (!isStatType(type)) return 'invalid &type= param';
  const hidden = get('hidden') ?? 'exclude';
  if (hidden !== 'include' && hidden !== 'only' && hidden !== 'exclude') return HIDDEN_USAGE;
  const format = onlyFormat ?? (get('format') || 'text');
  if (!isStatsFormat(format)) return FORMAT_USAGE;
  const protobuf = format === 'prometheus' && (acceptsProtobuf || get('prom_protobuf') !== undefined);
  const refused = unsupportedBuckets(buckets, format, protobuf);
  if (refused !== undefined) return refused;
  const selection = {
    type,
    usedOnly: get('usedonly') !== undefined,
    filter: hidden === 'only' ? nothingIsHidden : inverted(filter, invert),
    histograms: HISTOGRAM_FORMS.get(buckets),
    textReadouts: get('text_readouts') !== undefined,
  };
  return { format, selection, protobuf };
}

const FORMATS: readonly string[] = ['text', 'json', 'prometheus', 'html', 'active-html'] satisfies StatsFormat[];
const TYPES: readonly string[] = ['All', 'Counters', 'Gauges', 'Histograms', 'TextReadouts'] satisfies StatType[];

const HISTOGRAM_FORMS = new Map<string, HistogramForm | undefined>([
  ['', undefined],
  ['none', 'quantiles'],
  ['summary', 'quantiles'],
  ['cumulative', 'cumulative'],
  ['disjoint', 'disjoint'],
  ['detailed', 'detailed'],
  ['prometheusnative', undefined],
]);

const BUCKETS_USAGE = 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n';
const FORMAT_USAGE = 'usage: /stats?format=(html|active-html|json|prometheus|text)\n\n';
const HIDDEN_USAGE = 'usage: /stats?hidden=(include|only|exclude)\n\n';

function isStatType(type: string): type is StatType {
  return TYPES.includes(type);
}

function isStatsFormat(format: string): format is StatsFormat {
  return FORMATS.includes(format);
}

function unsupportedBuckets(buckets: string, format: StatsFormat, protobuf: boolean): string | undefined {
  if (format !== 'prometheus') return buckets === 'prometheusnative' ? 'Invalid histogram_buckets type for non prometheus stats type' : undefined;
  if (buckets === 'prometheusnative') return `unsupported prometheusnative histogram type${protobuf ? '' : ' when not using protobuf exposition format'}`;
  if (buckets === 'disjoint' || buckets === 'detailed') return 'unsupported prometheus histogram bucket mode';
  return undefined;
}

/** No statistic here is hidden, so `hidden=only` shows none. */
function nothingIsHidden(): boolean {
  return false;
}

function inverted(filter: ((name: string) => boolean) | undefined, invert: boolean): ((name: string) => boolean) | undefined {
  return invert && filter !== undefined ? (name) => !filter(name) : filter;
}
