import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { createHeartbeatMemory, STALL_LIMIT_MS } from '../../src/server/heartbeat.ts';
import { createCountTally, createSharedCountMemory } from '../../src/core/process-counts.ts';
import { Timers } from '../../src/core/timers.ts';
import { LogLevels } from '../../src/server/log-components.ts';
import { DEFAULT_LOG_FORMAT } from '../../src/server/log-format.ts';
import type { WorkerSetup } from '../../src/server/messages.ts';
import { CLOSE_LIMIT_MS, ThreadWorker, type ThreadWorkerOwner } from '../../src/server/thread-worker.ts';
import { DEFAULT_WATCHDOG } from '../../src/server/watchdog.ts';
import { until } from '../integration/running.ts';
import { hold } from './held-worker.ts';

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
    heartbeat: createHeartbeatMemory(),
    connectionIds: new SharedArrayBuffer(4),
    ticketSecret: randomBytes(32),
    compileCache: false,
  };
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A thread, its clock, and what its owner has been told. */
async function startWorker() {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const told: string[] = [];
  const owner: ThreadWorkerOwner = {
    onStatistics: () => {},
    onWorkerFailed: (_, { reason }) => told.push(`failed: ${reason}`),
    onWorkerStalled: () => told.push('stalled'),
    onWorkerRecovered: (_, missed) => told.push(missed ? 'recovered, missed something' : 'recovered'),
    onLateAnswer: (_, answer) => told.push(`late: ${JSON.stringify(answer)}`),
  };
  const worker = new ThreadWorker(setup(), owner, timers);
  ends.push(() => worker.close());
  const advance = (ms: number): void => {
    clock.advance(ms);
    timers.expire();
  };
  /** Look after look, as a thread that is not held up itself. */
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 500) advance(500);
  };
  await worker.countConnections();
  return { worker, told, advance, pass };
}

/** Until the test ends. */
async function held(worker: ThreadWorker): Promise<{ open(): void }> {
  const gate = await hold(worker);
  ends.push(async () => gate.open());
  return gate;
}

test('a thread that is caught in a loop is ended when the time to close is over', { timeout: 30_000 }, async () => {
  const { worker, told, advance } = await startWorker();
  await held(worker);
  const closed = worker.close();
  const first = await Promise.race([closed.then(() => 'closed'), new Promise((resolve) => setImmediate(() => resolve('waits')))]);
  expect(first).toBe('waits');
  advance(CLOSE_LIMIT_MS + 1);
  await closed;
  expect(told).toEqual([]);
  // What is asked of it now is answered at once.
  await expect(worker.countConnections()).rejects.toThrow('worker 0 has ended');
});

test('a thread that does nothing holds up nobody who asks it, and hears nothing until it goes on', { timeout: 30_000 }, async () => {
  const { worker, told, pass } = await startWorker();
  const gate = await held(worker);
  // Sees the last beat.
  pass(1_000);
  const asked = worker.countConnections();
  pass(STALL_LIMIT_MS - 1_000);
  expect(told).toEqual([]);
  pass(1_000);
  expect(told).toEqual(['stalled']);
  await expect(asked).rejects.toThrow('worker 0 has done nothing for 10 s');
  await expect(worker.countConnections()).rejects.toThrow('worker 0 has done nothing for 10 s');
  // Would end it.
  worker.fail('never heard');
  gate.open();
  await until(
    () => pass(1_000),
    () => told.length === 3,
  );
  expect(told.toSorted()).toEqual(['late: 0', 'recovered, missed something', 'stalled']);
  expect(await worker.countConnections()).toBe(0);
});

test('a thread that stood still together with the main thread has not stalled', async () => {
  const { worker, told, advance, pass } = await startWorker();
  await held(worker);
  pass(1_000);
  advance(STALL_LIMIT_MS * 10);
  expect(told).toEqual([]);
});
