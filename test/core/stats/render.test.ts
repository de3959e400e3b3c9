import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderJson } from '../../../src/core/stats/render-json.ts';
import { PrometheusRenderer } from '../../../src/core/stats/render-prometheus.ts';
import { renderText } from '../../../src/core/stats/render-text.ts';
import { EVERYTHING, type StatSelection } from '../../../src/core/stats/snapshot.ts';
import { TagExtractor } from '../../../src/core/stats/tags.ts';
import { recordedSnapshot } from './recorded-snapshot.ts';

const answers = JSON.parse(readFileSync(new URL('fixtures/envoy-stats.json', import.meta.url), 'utf8')) as Record<string, string>;

const snapshot = recordedSnapshot({
  counters: answers['/stats?type=Counters'],
  usedCounters: answers['/stats?usedonly&type=Counters'],
  gauges: answers['/stats?type=Gauges'],
  usedGauges: answers['/stats?usedonly&type=Gauges'],
  texts: answers['/stats?type=TextReadouts'],
  histograms: answers['/stats?format=json&histogram_buckets=detailed&type=Histograms'],
  buckets: [
    { match: (name) => name.endsWith('bk_one'), buckets: [1, 2.5, 100, 1e6, 1e20] },
    { match: (name) => name.startsWith('demo.bk'), buckets: [10] },
  ],
});

const HISTOGRAMS: Partial<StatSelection> = { type: 'Histograms' };
const TEXT: [string, Partial<StatSelection>][] = [
  ['/stats', {}],
  ['/stats?usedonly', { usedOnly: true }],
  ['/stats?type=Counters', { type: 'Counters' }],
  ['/stats?type=Gauges', { type: 'Gauges' }],
  ['/stats?type=Histograms', HISTOGRAMS],
  ['/stats?type=TextReadouts', { type: 'TextReadouts' }],
  ['/stats?usedonly&type=Counters', { type: 'Counters', usedOnly: true }],
  ['/stats?histogram_buckets=cumulative&type=Histograms', { ...HISTOGRAMS, histograms: 'cumulative' }],
  ['/stats?histogram_buckets=disjoint&type=Histograms', { ...HISTOGRAMS, histograms: 'disjoint' }],
  ['/stats?histogram_buckets=detailed&type=Histograms', { ...HISTOGRAMS, histograms: 'detailed' }],
];
const JSON_ANSWERS: [string, Partial<StatSelection>][] = [
  ['/stats?format=json', {}],
  ['/stats?format=json&usedonly', { usedOnly: true }],
  ['/stats?format=json&type=TextReadouts', { type: 'TextReadouts' }],
  ['/stats?format=json&histogram_buckets=cumulative&type=Histograms', { ...HISTOGRAMS, histograms: 'cumulative' }],
  ['/stats?format=json&histogram_buckets=disjoint&type=Histograms', { ...HISTOGRAMS, histograms: 'disjoint' }],
  ['/stats?format=json&histogram_buckets=detailed&type=Histograms', { ...HISTOGRAMS, histograms: 'detailed' }],
];
const PROMETHEUS: [string, Partial<StatSelection>][] = [
  ['/stats/prometheus', {}],
  ['/stats/prometheus?usedonly', { usedOnly: true }],
  ['/stats/prometheus?text_readouts&histogram_buckets=summary', { textReadouts: true, histograms: 'quantiles' }],
];

describe('the renderers print what Envoy prints of the same values', () => {
  test.each(TEXT)('%s', (url, selection) => {
    expect([...renderText(snapshot, { ...EVERYTHING, ...selection })].join('')).toBe(answers[url]);
  });

  test.each(JSON_ANSWERS)('%s', (url, selection) => {
    expect([...renderJson(snapshot, { ...EVERYTHING, ...selection })].join('')).toBe(answers[url]);
  });

  test.each(PROMETHEUS)('%s', (url, selection) => {
    const renderer = new PrometheusRenderer(new TagExtractor());
    expect([...renderer.render(snapshot, { ...EVERYTHING, ...selection })].join('')).toBe(answers[url]);
    expect([...renderer.render(snapshot, { ...EVERYTHING, ...selection })].join('')).toBe(answers[url]);
  });
});
