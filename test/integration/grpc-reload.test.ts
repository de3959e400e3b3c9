import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { bootstrap, cluster, listener } from './bootstraps.ts';
import { GrpcClient, GrpcEchoServer } from './grpc-peers.ts';
import { Running, until } from './running.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const UNARY_CALLS = 10_000;
const STREAMING_CALLS = 100;
const RELOADS = 20;
const UNARY_AT_ONCE = 20;

const running = new Running();
afterEach(() => running.end());

async function echoPorts(): Promise<number[]> {
  const servers = await Promise.all([GrpcEchoServer.start(), GrpcEchoServer.start()]);
  running.onEnd(() => servers.forEach((server) => server.close()));
  return servers.map(({ port }) => port);
}

/** Each generation sends the same route to another server, and so drains what the one before had open. */
function generation(number: number, ports: readonly number[]): object {
  const http2 = { http2_protocol_options: {} };
  const routes = [{ prefix: '/', cluster: 'echo', responseHeader: ['x-generation', String(number)] as const }];
  return bootstrap([listener({ name: 'ingress', routes })], [{ ...cluster('echo', ports[number % 2]!), ...http2 }]);
}

describe('gRPC calls', () => {
  it(`are not lost while the configuration changes: ${UNARY_CALLS} unary, ${STREAMING_CALLS} streaming, ${RELOADS} times SIGHUP`, async () => {
    const ports = await echoPorts();
    const file = running.configFile(generation(0, ports));
    const child = spawn(process.execPath, [MAIN, '-c', file.path, '--concurrency', '1'], { stdio: ['ignore', 'ignore', 'pipe'] });
    running.onEnd(() => child.kill('SIGKILL'));
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const port = await until(() => Number(/listener 'ingress' on 127\.0\.0\.1:(\d+)/.exec(log)?.[1] ?? 0), (found) => found > 0);
    const client = new GrpcClient(port);
    running.onEnd(() => client.close());

    const lost: string[] = [];
    const losing = async (what: string, call: () => Promise<void>): Promise<void> => call().catch((error: Error) => void lost.push(`${what}: ${error.message}`));
    let done = 0;
    const unary = async (): Promise<void> => {
      for (let index = done++; index < UNARY_CALLS; index = done++) {
        await losing(`unary ${index}`, async () => {
          const call = client.call();
          await call.say(`number ${index}`);
          await call.end();
        });
      }
    };
    const streams = Array.from({ length: STREAMING_CALLS }, () => client.call());
    const callers = Array.from({ length: UNARY_AT_ONCE }, unary);
    for (let number = 1; number <= RELOADS; number++) {
      // The calls last as long as there are reloads.
      await until(() => done, (count) => count >= Math.min(UNARY_CALLS, (UNARY_CALLS / RELOADS) * (number - 1)));
      file.write(generation(number, ports));
      child.kill('SIGHUP');
      await until(() => log.split('configuration reloaded').length - 1, (seen) => seen >= number);
      await Promise.all(streams.map((call, index) => losing(`stream ${index} after reload ${number}`, () => call.say(`${index}/${number}`))));
    }
    await Promise.all(callers);
    await Promise.all(streams.map((call, index) => losing(`end of stream ${index}`, () => call.end())));
    expect(lost.slice(0, 5)).toEqual([]);
    expect(log).not.toContain('not reloaded');
  }, 120_000);
});
