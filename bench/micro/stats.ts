import { StatScrape } from '../../src/core/stats/scrape.ts';
import { defineStats } from '../../src/core/stats/stats.ts';
import type { CounterId, GaugeId, HistogramId } from '../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import type { MicroCase } from './runner/micro-case.ts';

/** About as many statistics as a cluster has. */
const STATS = defineStats({
  counters: Array.from({ length: 80 }, (_, i) => `counter_${i}`),
  gauges: Array.from({ length: 30 }, (_, i) => `gauge_${i}`),
  histograms: ['time'],
});
const ids = STATS as unknown as Record<string, unknown>;
const counterId = ids['counter_7'] as CounterId;
const gaugeId = ids['gauge_7'] as GaugeId;
const histogramId = ids['time'] as HistogramId;
const { store } = newStore();
const groups = Array.from({ length: 128 }, (_, i) => store.group(`cluster.c${i}`, STATS));
const counters = groups.map((group) => group.counter('upstream_rq_200'));

export const cases: readonly MicroCase[] = [
  {
    name: 'count, 128 groups in turn',
    run: (count) => {
      for (let i = 0; i < count; i++) groups[i & 127].inc(counterId);
    },
  },
  {
    name: 'gauge up, 128 groups in turn',
    run: (count) => {
      for (let i = 0; i < count; i++) groups[i & 127].gaugeAdd(gaugeId, 1);
    },
  },
  {
    name: 'count by a counter found at run time',
    run: (count) => {
      for (let i = 0; i < count; i++) counters[i & 127].inc();
    },
  },
  {
    name: 'record a small whole value',
    run: (count) => {
      for (let i = 0; i < count; i++) groups[i & 127].record(histogramId, i & 1023);
    },
  },
  {
    name: 'record a fraction',
    run: (count) => {
      for (let i = 0; i < count; i++) groups[i & 127].record(histogramId, (i & 1023) + 0.5);
    },
  },
  {
    name: 'open a group of 110 statistics, known to the scrape (bytes without the slots)',
    run: (count) => {
      const fresh = newStore();
      for (let i = 0; i < count; i++) fresh.store.group(`cluster.service-${i}.namespace`, STATS);
      return fresh;
    },
  },
];

function newStore(): { store: SharedStatStore; scrape: StatScrape } {
  const scrape = new StatScrape();
  scrape.addThread(0);
  return { scrape, store: new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(0, message) }) };
}
