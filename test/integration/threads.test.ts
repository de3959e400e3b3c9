import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LogLevels } from '../../src/server/log-components.ts';
import { DEFAULT_LOG_FORMAT } from '../../src/server/log-format.ts';
import { Proxy } from '../../src/server/proxy.ts';
import type { ProxyLog } from '../../src/server/proxy-log.ts';
import { type Logger, silentLogger } from '../../src/core/log.ts';
import { ThreadWorker } from '../../src/server/thread-worker.ts';
import type { Worker } from '../../src/server/worker.ts';
import { bootstrap, cluster, listener } from './bootstraps.ts';
import { get, Running, until } from './running.ts';

const running = new Running();
afterEach(() => running.end());

/** Keeps critical lines. */
function logTo(lines: string[]): ProxyLog {
  const logger: Logger = {
    ...silentLogger,
    critical: (message) => lines.push(message),
    component: () => logger,
  };
  const levels = LogLevels.create('off');
  return { logger, levels, path: '', format: { kind: 'pattern', pattern: DEFAULT_LOG_FORMAT, escaped: false }, fixed: false, setFormat: () => {}, reopen: () => {} };
}

function threadOf(worker: Worker | undefined): ThreadWorker {
  if (!(worker instanceof ThreadWorker)) throw new Error('not a worker thread');
  return worker;
}

test('a worker that throws is reported and replaced; the others keep their connections', { timeout: 30_000 }, async () => {
  const origin = await running.origin('origin');
  const critical: string[] = [];
  const file = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ cluster: 'origin' }] })], [cluster('origin', origin)]));
  const proxy = await Proxy.start({ path: file.path, concurrency: 2, log: logTo(critical) });
  running.onEnd(() => proxy.close());
  const { port } = proxy.addresses()[0]!.address;
  const count = (name: string): number => proxy.stats.values().get(`listener.127.0.0.1_0.${name}`) ?? 0;
  // Connections until both workers have some.
  const agents = await until(
    async () => {
      const agent = running.agent(1);
      await get(port, '/', agent);
      return agent;
    },
    () => count('worker_0.downstream_cx_total') > 0 && count('worker_1.downstream_cx_total') > 0,
  );
  expect(agents).toBeDefined();
  const before = proxy.workers[0];
  const survivors = count('worker_1.downstream_cx_active');
  const requestsBefore = proxy.stats.values().get('http.ingress.downstream_rq_total')!;
  threadOf(before).fail('thrown by a test');
  await until(
    () => proxy.workers[0],
    (worker) => worker !== before,
  );
  expect(critical[0]).toMatch(/^worker 0 has ended and is replaced in 100 ms: Error: thrown by a test/);
  // Its counters stay, its gauges do not.
  expect(proxy.stats.values().get('http.ingress.downstream_rq_total')).toBe(requestsBefore);
  expect(count('worker_1.downstream_cx_active')).toBe(survivors);
  expect(count('downstream_cx_active')).toBe(survivors);
  // The new one has the configuration and takes its share.
  const taken = count('worker_0.downstream_cx_total');
  await until(
    () => get(port).catch(() => undefined),
    () => count('worker_0.downstream_cx_total') > taken,
  );
  file.write(bootstrap([listener({ name: 'ingress', routes: [{ body: 'second' }] })]));
  await proxy.reload();
  const bodies = new Set<string>();
  for (let asked = 0; asked < 16; asked++) bodies.add((await get(port)).body);
  expect([...bodies]).toEqual(['second']);
  expect(critical).toHaveLength(1);
});

test('a worker that throws leaves the records of the requests that it has answered', { timeout: 30_000 }, async () => {
  const log = join(running.folder(), 'access.log');
  const file = { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', path: log, log_format: { text_format_source: { inline_string: '%BYTES_SENT%\n' } } };
  const ingress = { ...listener({ name: 'ingress', routes: [{ body: 'x' }] }), access_log: [{ name: 'file', typed_config: file }] };
  const proxy = await Proxy.start({ path: running.configFile(bootstrap([ingress])).path, concurrency: 2 });
  running.onEnd(() => proxy.close());
  const { port } = proxy.addresses()[0]!.address;
  const REQUESTS = 20;
  for (let asked = 0; asked < REQUESTS; asked++) await get(port);
  await until(
    () => proxy.stats.values().get('filesystem.write_buffered'),
    (records) => records === REQUESTS,
  );
  // All but the first of each worker wait.
  expect(readFileSync(log, 'utf8').split('\n').length - 1).toBeLessThanOrEqual(2);
  for (const worker of proxy.workers) threadOf(worker).fail('thrown by a test');
  await until(
    () => readFileSync(log, 'utf8').split('\n').length - 1,
    (records) => records === REQUESTS,
  );
});

test('addresses that threads cannot share are served by the first, and by the one that replaces it', { timeout: 30_000 }, async () => {
  const socketPath = join(running.folder(), 'nuncio.socket');
  const alone = { ...listener({ name: 'alone', routes: [{ body: 'alone' }] }), enable_reuse_port: false };
  const pipe = { ...listener({ name: 'pipe', routes: [{ body: 'pipe' }] }), address: { pipe: { path: socketPath } } };
  const critical: string[] = [];
  const proxy = await Proxy.start({ path: running.configFile(bootstrap([alone, pipe])).path, concurrency: 2, log: logTo(critical) });
  running.onEnd(() => proxy.close());
  const { port } = proxy.addresses()[0]!.address;
  const bodies = async (): Promise<string[]> => [(await get(port)).body, (await get(socketPath)).body];
  expect(await bodies()).toEqual(['alone', 'pipe']);
  const before = proxy.workers[0];
  threadOf(before).fail('thrown by a test');
  await until(
    () => bodies().catch(() => []),
    (answers) => answers.length === 2 && proxy.workers[0] !== before,
  );
  expect(critical).toHaveLength(1);
});

test('closing while a worker is being replaced leaves nothing running', async () => {
  const file = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ body: 'x' }] })]));
  const proxy = await Proxy.start({ path: file.path, concurrency: 2 });
  const { port } = proxy.addresses()[0]!.address;
  threadOf(proxy.workers[1]).fail('thrown by a test');
  await proxy.close();
  await expect(get(port)).rejects.toThrow('ECONNREFUSED');
});

test('all workers share one port that the system chose', async () => {
  const file = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ body: 'x' }] })]));
  const proxy = await Proxy.start({ path: file.path, concurrency: 3 });
  running.onEnd(() => proxy.close());
  const { port } = proxy.addresses()[0]!.address;
  const seen = (): number => [0, 1, 2].filter((index) => (proxy.stats.values().get(`listener.127.0.0.1_0.worker_${index}.downstream_cx_total`) ?? 0) > 0).length;
  await until(
    () => get(port),
    () => seen() === 3,
  );
  expect(seen()).toBe(3);
});
