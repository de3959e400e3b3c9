import { spawn } from 'node:child_process';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { bootstrap, listener } from './bootstraps.ts';
import { get, Running, until } from './running.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const running = new Running();
afterEach(() => running.end());

/** The answer to a question for addresses: 127.0.0.1. */
function answerTo(question: Buffer): Buffer {
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 6);
  header.writeUInt32BE(0, 8);
  let end = 12;
  while (question[end] !== 0) end += question[end]! + 1;
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, question.subarray(12, end + 5), record]);
}

/** A name server that keeps questions until it is told to answer. */
async function heldNameServer(): Promise<{ readonly socket: Socket; readonly questions: (readonly [Buffer, RemoteInfo])[] }> {
  const socket = createSocket('udp4');
  const questions: (readonly [Buffer, RemoteInfo])[] = [];
  socket.on('message', (question, from) => questions.push([question, from]));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  running.onEnd(() => socket.close());
  return { socket, questions };
}

test.each(['cluster', 'bootstrap'])('listeners wait until every cluster has found its hosts with the resolver of the %s, and the admin interface tells', async (place) => {
  const origin = await running.origin('found');
  const { socket, questions } = await heldNameServer();
  const resolver = {
    typed_dns_resolver_config: {
      name: 'envoy.network.dns_resolver.cares',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
        resolvers: [{ socket_address: { address: '127.0.0.1', port_value: socket.address().port } }],
      },
    },
  };
  const cluster = {
    ...(place === 'cluster' ? resolver : {}),
    name: 'named',
    type: 'STRICT_DNS',
    connect_timeout: '5s',
    dns_lookup_family: 'V4_ONLY',
    load_assignment: {
      cluster_name: 'named',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 'origin.test.', port_value: origin } } } }] }],
    },
  };
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  const { path } = running.configFile(bootstrap([listener({ name: 'ingress', routes: [{ cluster: 'named' }] })], [cluster], { admin, ...(place === 'bootstrap' ? resolver : {}) }));
  const addressPath = join(running.folder(), 'admin');
  const child = spawn(process.execPath, [MAIN, '-c', path, '--concurrency', '1', '--admin-address-path', addressPath], { stdio: ['ignore', 'ignore', 'pipe'] });
  running.onEnd(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const adminPort = await until(
    () => (existsSync(addressPath) ? Number(readFileSync(addressPath, 'utf8').split(':')[1] ?? 0) : 0),
    (port) => port > 0,
  );
  await until(
    () => questions.length,
    (count) => count > 0,
  );
  const before = await get(adminPort, '/ready');
  expect([before.status, before.body]).toEqual([503, 'INITIALIZING\n']);
  expect((await get(adminPort, '/listeners')).body).toBe('');
  const [question, from] = questions[0]!;
  socket.send(answerTo(question), from.port, from.address);
  await until(
    () => get(adminPort, '/ready'),
    ({ status }) => status === 200,
  );
  const port = Number(/listener 'ingress' on 127\.0\.0\.1:(\d+)/.exec(await until(() => log, (text) => text.includes("listener 'ingress' on")))![1]);
  expect((await get(port)).body).toBe('found');
});
