import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startProxy } from '../../../../src/index.ts';
import { Running } from '../../../integration/running.ts';

const running = new Running();

afterEach(() => running.end());

const TYPE = 'type.googleapis.com/envoy.extensions';
const options = { '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`, explicit_http_config: { http_protocol_options: { enable_trailers: true } } };

function config(origin: number, log: string): object {
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: origin } } };
  const format = { text_format_source: { inline_string: '%FILTER_STATE(envoy.tcp_proxy.propagate_response_trailers)%\n' } };
  const proxy = {
    '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
    stat_prefix: 'p',
    cluster: 'origin',
    tunneling_config: { hostname: 'host:1', use_post: true, propagate_response_trailers: true },
    access_log: [{ name: 'log', typed_config: { '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`, path: log, log_format: format } }],
  };
  return {
    static_resources: {
      listeners: [{ name: 'in', address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, filter_chains: [{ filters: [{ name: 'proxy', typed_config: proxy }] }] }],
      clusters: [
        {
          name: 'origin',
          load_assignment: { cluster_name: 'origin', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
          typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options },
        },
      ],
    },
  };
}

// Envoy 1.40 ends with a segmentation fault here, so this is no recorded answer.
test.each(['direct', 'public'] as const)('trailers end a tunnel, and are kept for access logs (%s)', async (transport) => {
  const server = net.createServer((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npong\r\n0\r\nx-end: all\r\n\r\n'));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.onEnd(() => server.close());
  const log = join(running.folder(), 'log');
  const proxy = await startProxy({ config: config((server.address() as net.AddressInfo).port, log), transport });
  const client = net.connect(proxy.addresses.get('in')!.port, '127.0.0.1');
  let received = '';
  client.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  client.write('ping');
  await once(client, 'end');
  client.destroy();
  await proxy.close();
  expect(received).toBe('pong');
  expect(readFileSync(log, 'latin1')).toBe('{"headers":[{"key":"x-end","value":"all"}]}\n');
});
