import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { MessageIdentity } from '../../src/api/message-identity.ts';
import { schemaOf } from '../../src/api/registry.ts';
import { loadBootstrap } from '../../src/config/loader.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { type Logger, silentLogger } from '../../src/core/log.ts';
import { SystemRandom } from '../../src/core/random.ts';
import { StatScrape } from '../../src/core/stats/scrape.ts';
import { Timers } from '../../src/core/timers.ts';
import { ExtensionRegistry } from '../../src/server/extension-registry.ts';
import { STALL_LIMIT_MS } from '../../src/server/heartbeat.ts';
import { SnapshotRuntime } from '../../src/server/layered-runtime.ts';
import type { JudgedListener } from '../../src/server/listener-changes.ts';
import { LogLevels } from '../../src/server/log-components.ts';
import { DEFAULT_LOG_FORMAT } from '../../src/server/log-format.ts';
import type { ThreadWorker } from '../../src/server/thread-worker.ts';
import { DEFAULT_WATCHDOG } from '../../src/server/watchdog.ts';
import { WorkerPool } from '../../src/server/worker-pool.ts';
import { bootstrap, connectionManager, listener, plainListener } from '../integration/bootstraps.ts';
import { get, Running, until } from '../integration/running.ts';
import { hold } from './held-worker.ts';

const running = new Running();
afterEach(() => running.end());

function listeners(...configs: object[]): readonly JudgedListener[] {
  const messages = loadBootstrap({ yaml: JSON.stringify(bootstrap(configs)) }).message!.staticResources!.listeners!;
  return messages.map((message) => ({ name: message.name, message, identity: new MessageIdentity(schemaOf('envoy.config.listener.v3.Listener'), message) }));
}

function startPool() {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const critical: string[] = [];
  const logger: Logger = { ...silentLogger, critical: (message) => critical.push(message), component: () => logger };
  const scrape = new StatScrape();
  const pool = new WorkerPool({
    concurrency: 2,
    transport: 'public',
    registry: new ExtensionRegistry([]),
    disabledExtensions: [],
    clock,
    timers,
    random: new SystemRandom(),
    runtime: new SnapshotRuntime(),
    scrape,
    log: logger,
    logSetup: { path: '', levels: LogLevels.create('off').shared, format: { kind: 'pattern', pattern: DEFAULT_LOG_FORMAT, escaped: false } },
    node: { id: '', cluster: '', zone: '', localAddress: '127.0.0.1' },
    files: { flushIntervalMs: 1_000, flushMinSizeBytes: 0 },
    drain: { timeMs: 0, strategy: 'immediate' },
    watchdog: DEFAULT_WATCHDOG,
    currentHosts: () => [],
    runtimeValues: () => new Map(),
  });
  pool.start();
  running.onEnd(() => pool.close());
  /** As the main thread's time goes: it looks at its workers, the second of which is alive. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await pool.workers[1]!.countConnections();
      clock.advance(1_000);
      timers.expire();
    }
  };
  return { pool, critical, scrape, pass };
}

test('a worker that is caught in a loop holds up no change of the listeners, and takes it when it goes on', { timeout: 30_000 }, async () => {
  const { pool, critical, scrape, pass } = startPool();
  expect(await pool.updateListeners(listeners(listener({ name: 'ingress', routes: [{ body: 'first' }] })))).toMatchObject({ problems: [] });
  const { port } = pool.bound[0]!.address;
  const gate = await hold(pool.workers[0] as ThreadWorker);
  running.onEnd(() => gate.open());
  // Sees its last beat.
  await pass(1_000);
  const second = pool.updateListeners(listeners(listener({ name: 'ingress', routes: [{ body: 'second' }] })));
  await pass(STALL_LIMIT_MS);
  expect(await second).toMatchObject({ problems: [] });
  expect(critical).toEqual(['worker 0 has done nothing for 10 s; what changes goes on without it']);
  // Held no more by the worker that is known to do nothing.
  const extra = { ...listener({ name: 'extra', routes: [{ body: 'extra' }] }), stat_prefix: 'extra' };
  expect(await pool.updateListeners(listeners(listener({ name: 'ingress', routes: [{ body: 'third' }] }), extra))).toMatchObject({ problems: [] });
  const extraPort = pool.bound[1]!.address.port;
  expect((await get(extraPort)).body).toBe('extra');
  gate.open();
  await until(
    () => pass(1_000),
    () => critical.length === 2,
  );
  expect(critical[1]).toBe('worker 0 goes on');
  // It shares the port that the other has chosen, and has missed nothing.
  await until(
    () => get(extraPort),
    () => (scrape.values().get('listener.extra.worker_0.downstream_cx_total') ?? 0) > 0,
  );
  const bodies = new Set<string>();
  for (let asked = 0; asked < 16; asked++) bodies.add((await get(port)).body);
  expect([...bodies]).toEqual(['third']);
  expect(pool.bound[1]!.address.port).toBe(extraPort);
});

test('what one worker cannot take, none keeps', { timeout: 30_000 }, async () => {
  const { pool, critical } = startPool();
  await pool.updateListeners(listeners(listener({ name: 'ingress', routes: [{ body: 'first' }] })));
  const { port } = pool.bound[0]!.address;
  // The main thread would have found it.
  const log = { name: 'file', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', path: running.folder() } };
  const changed = { ...listener({ name: 'ingress', routes: [{ body: 'second' }] }), access_log: [log] };
  const { problems } = await pool.updateListeners(listeners(changed));
  expect(problems).toEqual([{ listener: 'ingress', message: expect.stringMatching(/^static_resources\.listeners\[0\]\.access_log\[0\]\.typed_config\.path: unable to open file '.*': Is a directory$/) }]);
  const bodies = new Set<string>();
  for (let asked = 0; asked < 16; asked++) bodies.add((await get(port)).body);
  expect([...bodies]).toEqual(['first']);
  expect(critical).toEqual([]);
});

test('a worker does not compile again what did not change, nor lose it with what cannot be taken', { timeout: 30_000 }, async () => {
  const { pool, scrape } = startPool();
  const path = join(running.folder(), 'body');
  const fromFile = plainListener('stays', 0, connectionManager('stays', [{ match: { prefix: '/' }, direct_response: { status: 200, body: { filename: path } } }]));
  const stays = { ...fromFile, stat_prefix: 'stays' };
  const changes = (body: string): object => ({ ...listener({ name: 'changes', routes: [{ body }] }), stat_prefix: 'changes' });
  writeFileSync(path, 'first');
  await pool.updateListeners(listeners(stays, changes('first')));
  const ports = pool.bound.map(({ address }) => address.port);
  // Whoever compiles it again sees this.
  writeFileSync(path, 'second');
  await pool.updateListeners(listeners(stays, changes('second')));
  const answers = new Set<string>();
  for (let asked = 0; asked < 16; asked++) for (const port of ports) answers.add((await get(port)).body);
  expect([...answers]).toEqual(['first', 'second']);
  const total = (): number => scrape.values().get('listener.stays.downstream_cx_total') ?? 0;
  const before = total();
  const log = { name: 'file', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', path: running.folder() } };
  expect((await pool.updateListeners(listeners(stays, { ...changes('third'), access_log: [log] }))).problems).toHaveLength(1);
  await get(ports[0]!);
  await until(async () => total(), (count) => count > before);
});
