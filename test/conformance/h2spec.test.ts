import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';
import { Gateway, gatewayConfig } from '../integration/gateway.ts';
import { goProgram, titleOf } from './installed-program.ts';

/** h2spec, where `go install github.com/summerwind/h2spec/cmd/h2spec@latest` has put it. */
const H2SPEC = goProgram('h2spec');
/** A suite that waits for silence takes its time. */
const LIMIT_MS = 180_000;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const answer = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
  request.on('error', () => {}).resume().on('end', () => response.end('hello'));
};

describe.runIf(H2SPEC !== undefined)(titleOf('h2spec, strict', H2SPEC !== undefined, 'go install github.com/summerwind/h2spec/cmd/h2spec@latest'), () => {
  const servers = [createServer(answer as unknown as RequestListener), createHttp2Server(answer)];
  let gateway: Gateway;

  beforeAll(async () => {
    const [http1, http2] = await Promise.all(servers.map(listen));
    const direct = { status: 200, body: { inline_string: 'a body of some length' } };
    const routes = [
      { match: { prefix: '/direct' }, direct_response: direct },
      { match: { prefix: '/http1' }, route: { cluster: 'http1' } },
      { match: { prefix: '/http2' }, route: { cluster: 'http2' } },
    ];
    const config = gatewayConfig({ clusters: { http1: http1!, http2: http2! }, routes, manager: { codec_type: 'HTTP2' } });
    Object.assign(config.static_resources.clusters[1]!, { http2_protocol_options: {} });
    gateway = new Gateway(await Proxy.start({ yaml: JSON.stringify(config) }));
  });

  afterAll(async () => {
    await gateway.close();
    servers.forEach((server) => server.close());
  });

  it.each(['direct', 'http1', 'http2'])('passes with /%s', async (path) => {
    const child = spawn(H2SPEC!, ['--strict', '-h', '127.0.0.1', '-p', String(gateway.port()), '-P', `/${path}`, '-o', '4'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let report = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (report += text));
    await once(child, 'close');
    expect(report.trimEnd().split('\n').at(-1)).toBe('146 tests, 146 passed, 0 skipped, 0 failed');
  }, LIMIT_MS);
});
