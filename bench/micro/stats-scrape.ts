import { PrometheusRenderer } from '../../src/core/stats/render-prometheus.ts';
import { renderText } from '../../src/core/stats/render-text.ts';
import { StatScrape } from '../../src/core/stats/scrape.ts';
import { EVERYTHING } from '../../src/core/stats/snapshot.ts';
import { defineStats } from '../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { TagExtractor } from '../../src/core/stats/tags.ts';
import type { MicroCase } from './runner/micro-case.ts';

/** 10,000 clusters with 110 counters and gauges each, in two threads; one in ten has been used. */
const CLUSTERS = 10_000;
const STATS = defineStats({
  counters: Array.from({ length: 79 }, (_, i) => `upstream_counter_${i}`),
  gauges: Array.from({ length: 30 }, (_, i) => `upstream_gauge_${i}`),
  histograms: ['upstream_rq_time'],
});

const scrape = new StatScrape();
for (const id of [0, 1]) {
  scrape.addThread(id);
  const store = new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(id, message) });
  for (let i = 0; i < CLUSTERS; i++) {
    const group = store.group(`cluster.service-${i}`, STATS);
    const answered = group.counter('upstream_rq_200');
    if (i % 10 !== 0) continue;
    answered.inc();
    group.histogram('upstream_rq_time').record(i % 97);
  }
}
scrape.flushHistograms();
const known = new PrometheusRenderer(new TagExtractor());

export const cases: readonly MicroCase[] = [
  { name: '1.1 million statistics as Prometheus text, first time', run: (count) => repeat(count, () => prometheus(new PrometheusRenderer(new TagExtractor()))) },
  { name: '1.1 million statistics as Prometheus text, again', run: (count) => repeat(count, () => prometheus(known)) },
  { name: '1.1 million statistics as text', run: (count) => repeat(count, () => totalLength(renderText(scrape.snapshot(), EVERYTHING))) },
  {
    name: 'the used ones among 1.1 million as text',
    run: (count) => repeat(count, () => totalLength(renderText(scrape.snapshot(), { ...EVERYTHING, usedOnly: true }))),
  },
  { name: 'flush of the histograms of 10,000 clusters', run: (count) => repeat(count, () => (scrape.flushHistograms(), 0)) },
];

function prometheus(renderer: PrometheusRenderer): number {
  return totalLength(renderer.render(scrape.snapshot(), EVERYTHING));
}

function totalLength(chunks: Iterable<string>): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  return length;
}

function repeat(count: number, once: () => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += once();
  return total;
}
