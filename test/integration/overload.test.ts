import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startProxy } from '../../src/index.ts';
import { bootstrap, cluster, listener } from './bootstraps.ts';

const TYPES = 'type.googleapis.com/envoy.extensions';
const MONITOR = 'envoy.resource_monitors.injected_resource';

let directory = '';
let origin: http.Server;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'overload-'));
  origin = http.createServer((request, response) => response.end(Buffer.alloc(Number(request.url!.slice(1)), 97)));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  origin.close();
  rmSync(directory, { recursive: true });
});

function press(pressure: number): void {
  writeFileSync(join(directory, 'new'), String(pressure));
  renameSync(join(directory, 'new'), join(directory, 'pressure'));
}

const overload = (): object => ({
  overload_manager: {
    refresh_interval: '0.01s',
    buffer_factory_config: { minimum_account_to_track_power_of_two: 14 },
    resource_monitors: [{ name: MONITOR, typed_config: { '@type': `${TYPES}.resource_monitors.injected_resource.v3.InjectedResourceConfig`, filename: join(directory, 'pressure') } }],
    actions: [{ name: 'envoy.overload_actions.reset_high_memory_stream', triggers: [{ name: MONITOR, scaled: { scaling_threshold: 0.1, saturation_threshold: 1 } }] }],
  },
});

it('streams whose answers nobody takes are given up when memory runs out, small ones are not', async () => {
  press(0);
  const { port } = origin.address() as AddressInfo;
  const proxy = await startProxy({ config: bootstrap([listener({ name: 'in', routes: [{ cluster: 'origin' }] })], [cluster('origin', port)], overload()) });
  const client = http2.connect(`http://127.0.0.1:${proxy.addresses.get('in')!.port}`, { settings: { initialWindowSize: 1000 } });
  try {
    const asked = (bytes: number): Promise<http2.ClientHttp2Stream> =>
      new Promise((resolve) => {
        const stream = client.request({ ':path': `/${bytes}` });
        stream.pause();
        stream.once('response', () => resolve(stream));
      });
    const [large, small] = [await asked(300_000), await asked(5000)];
    let error: Error | undefined;
    large.once('error', (fault) => (error = fault));
    // Whenever the pressure changes, streams are looked at.
    for (let pressure = 0.9; error === undefined; pressure = pressure < 0.99 ? pressure + 0.001 : 0.9) {
      press(pressure);
      await new Promise<void>((resolve) => client.ping(() => resolve()));
    }
    expect(error.message).toContain('INTERNAL_ERROR');
    let received = 0;
    small.on('data', (chunk: Buffer) => (received += chunk.length));
    small.resume();
    await new Promise((resolve) => small.once('end', resolve));
    expect(received).toBe(5000);
  } finally {
    client.destroy();
    await proxy.close();
  }
});
