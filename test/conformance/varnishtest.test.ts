import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startProxy } from '../../src/index.ts';

/** A client and a server that nobody here wrote: Varnish's test program, where it is installed. */
const isInstalled = spawnSync('varnishtest', ['-h']).error === undefined;
const FOLDER = fileURLToPath(new URL('vtc/', import.meta.url));
const scripts = readdirSync(FOLDER).sort();

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const gateway = (upstreamPort: number): object => ({
  static_resources: {
    listeners: [
      {
        name: 'ingress',
        address: address(0),
        filter_chains: [
          {
            filters: [
              {
                name: 'http',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  stat_prefix: 'ingress',
                  route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'origin' } }] }] },
                  http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
                },
              },
            ],
          },
        ],
      },
    ],
    clusters: [{ name: 'origin', load_assignment: { cluster_name: 'origin', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstreamPort) } }] }] } }],
  },
});

const play = (script: string, upstream: string, proxy: string): Promise<{ code: number | null; log: string }> =>
  new Promise((resolve) => {
    const child = spawn('varnishtest', ['-t', '20', `-Dupstream=${upstream}`, `-Dproxy=${proxy}`, FOLDER + script]);
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (log += bytes.toString()));
    child.once('close', (code) => resolve({ code, log }));
  });

describe.runIf(isInstalled).each(['direct', 'public'] as const)('through the %s transport', (transport) => {
  it.each(scripts)('%s passes', async (script) => {
    const upstreamPort = await freePort();
    const proxy = await startProxy({ config: gateway(upstreamPort), transport });
    const { code, log } = await play(script, `127.0.0.1:${upstreamPort}`, `127.0.0.1:${proxy.addresses.get('ingress')!.port}`);
    await proxy.close();
    expect(code, log).toBe(0);
  });
});
