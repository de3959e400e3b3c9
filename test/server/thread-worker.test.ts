import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { createCountTally, createSharedCountMemory } from '../../src/core/process-counts.ts';
import { Timers } from '../../src/core/timers.ts';
import { LogLevels } from '../../src/server/log-components.ts';
import { DEFAULT_LOG_FORMAT } from '../../src/server/log-format.ts';
import type { WorkerSetup } from '../../src/server/messages.ts';
import { CLOSE_LIMIT_MS, ThreadWorker } from '../../src/server/thread-worker.ts';
import { DEFAULT_WATCHDOG } from '../../src/server/watchdog.ts';

function setup(): WorkerSetup {
  const shared = createSharedCountMemory();
  return {
    index: 0,
    transport: 'public',
    node: { id: '', cluster: '', zone: '', localAddress: '127.0.0.1' },
    log: { path: '', levels: LogLevels.create('off').shared, format: { kind: 'pattern', pattern: DEFAULT_LOG_FORMAT, escaped: false } },
    files: { flushIntervalMs: 1_000, flushMinSizeBytes: 0 },
    drain: { timeMs: 0, strategy: 'immediate' },
    watchdog: DEFAULT_WATCHDOG,
    disabledExtensions: [],
    runtime: new Map(),
    counts: { shared, tally: createCountTally(shared) },
    connectionIds: new SharedArrayBuffer(4),
    ticketSecret: randomBytes(32),
    compileCache: false,
  };
}

test('a thread that is caught in a loop is ended when the time to close is over', { timeout: 30_000 }, async () => {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const failures: string[] = [];
  const worker = new ThreadWorker(setup(), { onStatistics: () => {}, onWorkerFailed: (_, { reason }) => failures.push(reason) }, timers);
  await worker.countConnections();
  worker.stall();
  const closed = worker.close();
  const first = await Promise.race([closed.then(() => 'closed'), new Promise((resolve) => setImmediate(() => resolve('waits')))]);
  expect(first).toBe('waits');
  clock.advance(CLOSE_LIMIT_MS + 1);
  timers.expire();
  await closed;
  expect(failures).toEqual([]);
  // What is asked of it now is answered at once.
  await expect(worker.countConnections()).rejects.toThrow('worker 0 has ended');
});
