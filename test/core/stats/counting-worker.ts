import { parentPort } from 'node:worker_threads';
import { defineStats } from '../../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';

/** Counts, tells what it has announced, and says when the counting is done. */
const WORKER_STATS = defineStats({ counters: ['rq_total'], gauges: ['rq_active'], histograms: ['rq_time'] });

const store = new SharedStatStore({ onAnnounce: (announcement) => parentPort?.postMessage({ announcement }) });
const group = store.group('cluster.web', WORKER_STATS);
for (let i = 0; i < 1_000; i++) {
  group.inc(WORKER_STATS.rq_total);
  group.record(WORKER_STATS.rq_time, i);
}
group.gaugeSet(WORKER_STATS.rq_active, 2);
store.flush();
parentPort?.postMessage({ done: true });
// Stays until it is terminated, as a worker does.
parentPort?.on('message', () => {});
