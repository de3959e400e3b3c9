import { afterEach, expect, test } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';
import { bootstrap, cluster } from '../integration/bootstraps.ts';
import { Running } from '../integration/running.ts';

const running = new Running();
afterEach(() => running.end());

const TLS = { name: 'tls', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', sni: 'x' } };

test('the statistics of a TLS context are there before a connection needs it, and go with it', async () => {
  const file = running.configFile(bootstrap([], [{ ...cluster('secure', 1), alt_stat_name: 'other:name', transport_socket: TLS }]));
  const proxy = await Proxy.start({ path: file.path });
  running.onEnd(() => proxy.close());
  const shown = (): readonly string[] => [...proxy.stats.values().keys()].filter((name) => name.includes('ssl'));
  expect(shown()).toEqual(expect.arrayContaining(['cluster.other_name.ssl.handshake', 'cluster.other_name.client_ssl_socket_factory.ssl_context_update_by_sds']));
  file.write(bootstrap([], [cluster('secure', 1)]));
  await proxy.reload();
  expect(shown()).toEqual([]);
});
