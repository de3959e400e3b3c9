import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gateway, TRANSPORTS } from '../integration/gateway.ts';
import { goProgram, titleOf } from './installed-program.ts';

/**
 * gRPC's own client and server, where `go install google.golang.org/grpc/interop/client@latest` and `…/server@latest` have put them. Of the
 * interop cases those that need neither TLS nor an account.
 */
const CLIENT = goProgram('client');
const SERVER = goProgram('server');
const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when something listens there. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const connected = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (connected) return;
  }
}

const isInstalled = CLIENT !== undefined && SERVER !== undefined;
const INSTALL = 'go install google.golang.org/grpc/interop/client@latest google.golang.org/grpc/interop/server@latest';

describe.runIf(isInstalled).each(TRANSPORTS)(titleOf('gRPC interop (%s transport)', isInstalled, INSTALL), (transport) => {
  let server: ChildProcess;
  let gateway: Gateway;

  beforeAll(async () => {
    const port = await freePort();
    server = spawn(SERVER!, ['--port', String(port), '--use_tls=false'], { stdio: 'ignore' });
    await listening(port);
    const routes = [{ match: { prefix: '/' }, route: { cluster: 'grpc', timeout: '0s' } }];
    gateway = await Gateway.start({ clusters: { grpc: port }, cluster: { http2_protocol_options: {} }, routes }, { transport });
  });

  afterAll(async () => {
    server.kill();
    await gateway.close();
  });

  it.each(CASES)('%s passes', async (name) => {
    const args = ['--server_host', '127.0.0.1', '--server_port', String(gateway.port()), '--use_tls=false', '--test_case', name];
    const client = spawn(CLIENT!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    client.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const [code] = (await once(client, 'close')) as [number | null];
    expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
  }, 20_000);
});
