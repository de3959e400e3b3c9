import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { startProxy } from '../../src/index.ts';
import { Proxy } from '../../src/server/proxy.ts';
import { get, Running } from '../integration/running.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

const running = new Running();
afterEach(() => running.end());

test.each(globSync('**/*.yaml', { cwd: EXAMPLES }))('%s is a configuration that nuncio serves', (path) => {
  expect(() => Proxy.validate({ path: EXAMPLES + path })).not.toThrow();
});

test('the quick start answers a route itself and forwards the others', async () => {
  const origin = await running.origin('the origin');
  const text = readFileSync(`${EXAMPLES}quickstart/envoy.yaml`, 'utf8');
  const ports: Readonly<Record<string, number>> = { 9901: 0, 10000: 0, 10001: origin };
  const proxy = await startProxy({ config: text.replace(/port_value: (\d+)/g, (_, port: string) => `port_value: ${ports[port]}`) });
  running.onEnd(() => proxy.close());
  const { port } = proxy.addresses.get('ingress')!;
  expect([(await get(port, '/hello')).body, (await get(port)).body]).toEqual(['hello from nuncio\n', 'the origin']);
  expect((await get(proxy.adminAddress!.port, '/ready')).body).toBe('LIVE\n');
});
