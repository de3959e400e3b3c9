import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startProxy } from '../../src/index.ts';

const echo = (name: string, match: object, extra: object = {}): object => ({
  name,
  filter_chain_match: match,
  filters: [{ name: 'echo', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo' } }],
  ...extra,
});

const configOf = (chains: object[]): object => ({
  static_resources: {
    listeners: [
      {
        name: 'edge',
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        additional_addresses: [{ address: { pipe: { path: '@nuncio-addresses-test' } } }],
        filter_chains: chains,
      },
    ],
  },
});

const reading = (socket: Socket): Promise<string> => new Promise((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));

describe('a listener with several addresses and chains', () => {
  const open: Socket[] = [];
  let proxy: Awaited<ReturnType<typeof startProxy>> | undefined;

  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await proxy?.close();
  });

  for (const transport of ['direct', 'public'] as const) {
    it(`serves all its addresses (${transport})`, async () => {
      proxy = await startProxy({ config: configOf([echo('all', {})]), transport });
      for (const where of [{ host: '127.0.0.1', port: proxy.addresses.get('edge')!.port }, { path: '\0nuncio-addresses-test' }]) {
        const socket = connect(where as { port: number });
        open.push(socket);
        socket.write('hello');
        expect(await reading(socket)).toBe('hello');
      }
    });
  }
});
