import { describe, expect, test } from 'vitest';
import { renderJson } from '../../../src/core/stats/render-json.ts';
import { MAX_REMEMBERED_NAMES, PrometheusRenderer } from '../../../src/core/stats/render-prometheus.ts';
import { renderText } from '../../../src/core/stats/render-text.ts';
import { StatScrape } from '../../../src/core/stats/scrape.ts';
import { EVERYTHING, type StatSelection } from '../../../src/core/stats/snapshot.ts';
import { compileBucketSettings, compileStatsMatcher } from '../../../src/core/stats/stats-config.ts';
import { defineStats } from '../../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import { TagExtractor } from '../../../src/core/stats/tags.ts';

const STATS = defineStats({ counters: ['rq_total'], gauges: ['rq_active'], histograms: ['rq_time'] });

function newStore(scrape: StatScrape): SharedStatStore {
  scrape.addThread(0);
  return new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(0, message) });
}

function text(scrape: StatScrape, selection: Partial<StatSelection> = {}): string {
  return [...renderText(scrape.snapshot(), { ...EVERYTHING, ...selection })].join('');
}

function prometheus(scrape: StatScrape, selection: Partial<StatSelection> = {}, customNamespaces: string[] = []): string {
  return [...new PrometheusRenderer(new TagExtractor(), customNamespaces).render(scrape.snapshot(), { ...EVERYTHING, ...selection })].join('');
}

describe('a snapshot', () => {
  test('reads a gauge below zero as unsigned 64 bits, exactly', () => {
    const scrape = new StatScrape();
    newStore(scrape).group('cluster.web', STATS).gaugeSet(STATS.rq_active, -2);
    expect(text(scrape)).toContain('cluster.web.rq_active: 18446744073709551614\n');
    expect([...renderJson(scrape.snapshot(), EVERYTHING)].join('')).toContain('18446744073709551614');
    expect(prometheus(scrape)).toContain('} 18446744073709551614\n');
  });

  test('shows groups, computed gauges and text readouts', () => {
    const scrape = new StatScrape();
    newStore(scrape).group('cluster.web', STATS).inc(STATS.rq_total);
    scrape.gaugeFunction('server.uptime', () => 7);
    scrape.gaugeFunction('server.version', () => 4_238_190_137_550_650_263n);
    scrape.gaugeFunction('top', () => -0);
    scrape.setText('b.text', 'two');
    scrape.setText('a.text', 'one');
    scrape.setText('c.text', 'three');
    scrape.removeText('c.text');
    expect(text(scrape, { usedOnly: true })).toBe(
      'a.text: "one"\nb.text: "two"\ncluster.web.rq_total: 1\nserver.uptime: 7\nserver.version: 4238190137550650263\ntop: 0\n',
    );
    expect(text(scrape)).toContain('cluster.web.rq_active: 0\n');
    expect(text(scrape)).toContain('cluster.web.rq_time: No recorded values\n');
  });

  test('leaves out groups that are hidden, which no matcher rejects', () => {
    const scrape = new StatScrape({ hides: (prefix) => prefix.startsWith('~'), accepts: () => false });
    newStore(scrape).group('~web', STATS).inc(STATS.rq_total);
    expect(text(scrape)).toBe('');
    expect([...scrape.groups()].map((group) => [group.prefix, group.counter(0)])).toEqual([['~web', 1]]);
  });

  test('leaves out what the filter does not want', () => {
    const scrape = new StatScrape();
    newStore(scrape).group('cluster.web', STATS);
    scrape.setText('a.text', 'one');
    const filter = (name: string): boolean => name === 'cluster.web.rq_active';
    expect(text(scrape, { filter })).toBe('cluster.web.rq_active: 0\n');
    expect([...renderJson(scrape.snapshot(), { ...EVERYTHING, filter })].join('')).toBe('{"stats":[{"name":"cluster.web.rq_active","value":0}]}');
    expect(prometheus(scrape, { filter, textReadouts: true })).toBe(
      '# TYPE envoy_cluster_rq_active gauge\nenvoy_cluster_rq_active{envoy_cluster_name="web"} 0\n',
    );
    expect(prometheus(scrape, { filter: () => false })).toBe('');
    expect([...renderJson(scrape.snapshot(), { ...EVERYTHING, filter: () => false })].join('')).toBe('{"stats":[]}');
  });

  test('comes in chunks when it is large, the same as in one', () => {
    const scrape = new StatScrape();
    const store = newStore(scrape);
    for (let i = 0; i < 3_000; i++) store.group(`cluster.c${i}`, STATS);
    for (const chunks of [
      [...renderText(scrape.snapshot(), EVERYTHING)],
      [...renderJson(scrape.snapshot(), EVERYTHING)],
      [...new PrometheusRenderer(new TagExtractor()).render(scrape.snapshot(), EVERYTHING)],
    ]) {
      expect(chunks.length).toBeGreaterThan(2);
      for (const chunk of chunks) expect(chunk.length).toBeLessThan(300_000);
    }
    expect(text(scrape).trimEnd().split('\n').length).toBe(9_000);
    expect(JSON.parse([...renderJson(scrape.snapshot(), EVERYTHING)].join('')).stats.length).toBe(6_001);
  });

  test('escapes what JSON and Prometheus must not see', () => {
    const scrape = new StatScrape();
    newStore(scrape).group('cluster.q"u\\o\nte', STATS);
    scrape.setText('t', '"\n');
    const json = JSON.parse([...renderJson(scrape.snapshot(), EVERYTHING)].join(''));
    expect(json.stats[0]).toEqual({ name: 't', value: '"\n' });
    expect(json.stats[1].name).toBe('cluster.q"u\\o\nte.rq_active');
    expect(prometheus(scrape, { textReadouts: true })).toContain('envoy_cluster_rq_total{envoy_cluster_name="q\\"u\\\\o\\nte"} 0\n');
    expect(prometheus(scrape, { textReadouts: true })).toContain('envoy_t{text_value="\\"\\n"} 0\n');
  });

  test('has one family for names that Prometheus cannot tell apart', () => {
    const scrape = new StatScrape();
    const store = newStore(scrape);
    store.group('a.b', STATS);
    store.group('a_b', STATS);
    expect(prometheus(scrape).match(/^# TYPE envoy_a_b_rq_total/gm)?.length).toBe(1);
  });

  test('shows names in a custom namespace without prefix, if Prometheus can take them', () => {
    const scrape = new StatScrape();
    const custom = defineStats({ counters: ['istio_requests', '1st'] });
    newStore(scrape).group('wasmcustom', custom);
    expect(prometheus(scrape, {}, ['wasmcustom'])).toBe('# TYPE istio_requests counter\nistio_requests{} 0\n');
  });
});

test('a Prometheus renderer forgets names when they are too many, and goes on printing the same', () => {
  const scrape = new StatScrape();
  const wide = defineStats({ counters: Array.from({ length: MAX_REMEMBERED_NAMES }, (_, i) => `c${i}`) });
  const store = newStore(scrape);
  store.group('a', wide);
  const renderer = new PrometheusRenderer(new TagExtractor());
  const render = (): string => [...renderer.render(scrape.snapshot(), EVERYTHING)].join('');
  render();
  expect(renderer.rememberedNames).toBe(MAX_REMEMBERED_NAMES);
  store.group('b', defineStats({ counters: ['one_more'] }));
  const text = render();
  expect(renderer.rememberedNames).toBe(0);
  expect(render()).toBe(text);
});

describe('the statistics matcher', () => {
  test('keeps what is rejected from being shown', () => {
    const accepts = compileStatsMatcher({ exclusionList: [(name) => name.endsWith('rq_total'), (name) => name.startsWith('server.')] });
    const scrape = new StatScrape({ accepts });
    const group = newStore(scrape).group('cluster.web', STATS);
    group.inc(STATS.rq_total);
    group.counter('rq_2xx').inc();
    scrape.gaugeFunction('server.uptime', () => 1);
    scrape.setText('server.text', 'x');
    expect(text(scrape)).toBe('cluster.web.rq_2xx: 1\ncluster.web.rq_active: 0\ncluster.web.rq_time: No recorded values\n');
    expect(prometheus(scrape)).not.toContain('rq_total');
  });

  test('rejects all, or all that no inclusion matches', () => {
    expect(compileStatsMatcher({ rejectAll: true })?.('a')).toBe(false);
    expect(compileStatsMatcher({ rejectAll: false })).toBeUndefined();
    expect(compileStatsMatcher(undefined)).toBeUndefined();
    const included = compileStatsMatcher({ inclusionList: [(name) => name === 'a'] });
    expect([included?.('a'), included?.('b')]).toEqual([true, false]);
  });
});

test('bucket settings: the first that matches the full name counts', () => {
  const bounds = compileBucketSettings([
    { match: (name) => name.endsWith('_time'), buckets: [1] },
    { match: () => true, buckets: [2] },
  ]);
  expect([bounds('a.rq_time'), bounds('a.size')]).toEqual([[1], [2]]);
  expect(compileBucketSettings([])('x').length).toBe(19);
});
