import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { StatAnnouncement } from '../../../src/core/stats/announcement.ts';
import { StatScrape } from '../../../src/core/stats/scrape.ts';

function startWorker(scrape: StatScrape, id: number): Promise<Worker> {
  scrape.addThread(id);
  const worker = new Worker(new URL('counting-worker.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (message: { announcement?: StatAnnouncement; done?: boolean }) => {
      if (message.announcement !== undefined) scrape.announce(id, message.announcement);
      if (message.done) resolve(worker);
    });
  });
}

test('worker threads count into memory that the main thread reads, and what they counted outlives them', async () => {
  const scrape = new StatScrape();
  const workers = await Promise.all([startWorker(scrape, 1), startWorker(scrape, 2)]);
  scrape.flushHistograms();
  expect(Object.fromEntries(scrape.values())).toEqual({ 'cluster.web.rq_total': 2_000, 'cluster.web.rq_active': 4 });
  expect([...scrape.groups()][0].histogram(0)?.cumulative.total).toBe(2_000);
  await workers[0].terminate();
  scrape.removeThread(1);
  scrape.flushHistograms();
  expect(Object.fromEntries(scrape.values())).toEqual({ 'cluster.web.rq_total': 2_000, 'cluster.web.rq_active': 2 });
  expect([...scrape.groups()][0].histogram(0)?.cumulative.total).toBe(2_000);
  await workers[1].terminate();
});
