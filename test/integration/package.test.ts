import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { startProxy } from '../../src/index.ts';
import { bootstrap, listener } from './bootstraps.ts';
import { get, Running, until } from './running.ts';

const running = new Running();
let dist: string;

beforeAll(() => {
  dist = running.folder();
  execFileSync(process.execPath, [fileURLToPath(new URL('../../tools/build/build.ts', import.meta.url)), dist]);
}, 60_000);

afterAll(() => running.end());

test('the packed program tells its version', () => {
  expect(execFileSync(process.execPath, [join(dist, 'nuncio.cjs'), '--version'], { encoding: 'utf8' })).toContain('nuncio  version: nuncio-');
});

test('the packed program tells an old Node.js what it needs', () => {
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); require(${JSON.stringify(join(dist, 'nuncio.cjs'))});`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^nuncio needs Node.js 24 or newer; .*"npm install node-\w+-\w+@24" puts one beside it/);
});

test.each([1, 2])('the packed program serves with %i workers and ends', async (concurrency) => {
  const file = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ body: 'packed' }] })]));
  const child = spawn(process.execPath, [join(dist, 'nuncio.cjs'), '-c', file.path, '--concurrency', String(concurrency)], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.onEnd(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const port = await until(
    () => Number(/listener 'ingress' on 127\.0\.0\.1:(\d+)/.exec(log)?.[1] ?? 0),
    (found) => found > 0,
  );
  expect((await get(port)).body).toBe('packed');
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
});

test('the packed library starts a proxy in the calling process', async () => {
  const library = (await import(join(dist, 'index.js'))) as { readonly startProxy: typeof startProxy };
  const proxy = await library.startProxy({ config: bootstrap([listener({ name: 'ingress', routes: [{ body: 'library' }] })]) });
  running.onEnd(() => proxy.close());
  expect((await get(proxy.addresses.get('ingress')!.port)).body).toBe('library');
});

test('the packed files hold no wide character', () => {
  const files = readdirSync(dist).filter((name) => name.endsWith('.js'));
  expect(files.length).toBeGreaterThan(3);
  expect(files.filter((name) => /[^\x00-\x7f]/.test(readFileSync(join(dist, name), 'latin1')))).toEqual([]);
});

test("the library's types are complete", () => {
  const seen = new Set<string>(['index.d.ts']);
  for (const file of seen) {
    for (const [, imported] of readFileSync(join(dist, file), 'utf8').matchAll(/from '(\.[^']+)\.js'/g)) seen.add(join(file, '..', `${imported}.d.ts`));
  }
  expect([...seen].filter((file) => !existsSync(join(dist, file)))).toEqual([]);
  expect(seen.size).toBeGreaterThan(3);
});
