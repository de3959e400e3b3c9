/**
 * Costs of the statistics that a request pays, and of their memory.
 *
 *     node --expose-gc bench/micro/stats.ts
 */
import { defineStats } from '../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { StatScrape } from '../../src/core/stats/scrape.ts';

const STATS = defineStats({
  counters: Array.from({ length: 80 }, (_, i) => `counter_${i}`),
  gauges: Array.from({ length: 30 }, (_, i) => `gauge_${i}`),
  histograms: ['time'],
});
const ids = STATS as unknown as Record<string, never>;

const scrape = new StatScrape();
scrape.addThread(0);
const store = new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(0, message) });
const groups = Array.from({ length: 100 }, (_, i) => store.group(`cluster.c${i}`, STATS));
const counters = groups.map((group) => group.counter('upstream_rq_200'));

const ROUNDS = 5;
const CALLS = 10_000_000;

function measure(name: string, run: (calls: number) => void): void {
  run(CALLS / 10);
  let bestNs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    run(CALLS);
    bestNs = Math.min(bestNs, ((performance.now() - startMs) * 1e6) / CALLS);
  }
  console.log(`${name.padEnd(40)} ${bestNs.toFixed(2)} ns`);
}

measure('group.inc', (calls) => {
  const id = ids['counter_7'];
  for (let i = 0; i < calls; i++) groups[i % 100].inc(id);
});
measure('group.gaugeAdd', (calls) => {
  const id = ids['gauge_7'];
  for (let i = 0; i < calls; i++) groups[i % 100].gaugeAdd(id, 1);
});
measure('counter.inc (name found at run time)', (calls) => {
  for (let i = 0; i < calls; i++) counters[i % 100].inc();
});
measure('group.record, small whole value', (calls) => {
  const id = ids['time'];
  for (let i = 0; i < calls; i++) groups[i % 100].record(id, i & 1023);
});
measure('group.record, fraction', (calls) => {
  const id = ids['time'];
  for (let i = 0; i < calls; i++) groups[i % 100].record(id, (i & 1023) + 0.5);
});

const CLUSTERS = 10_000;
globalThis.gc?.();
const before = process.memoryUsage();
const many = Array.from({ length: CLUSTERS }, (_, i) => store.group(`cluster.service-${i}.namespace`, STATS));
globalThis.gc?.();
const after = process.memoryUsage();
console.log(`heap per group (store and scrape)          ${((after.heapUsed - before.heapUsed) / many.length).toFixed(0)} bytes`);
console.log(`slots per group                            ${((after.arrayBuffers - before.arrayBuffers) / many.length).toFixed(0)} bytes`);
