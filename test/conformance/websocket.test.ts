import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gateway, TRANSPORTS } from '../integration/gateway.ts';
import { isOnPath, titleOf } from './installed-program.ts';
import { createEchoServer } from './websocket/echo-server.ts';

/** The Autobahn cases in a client that nobody here wrote (`kosoku`), where it is on the PATH. */
const isInstalled = isOnPath('kosoku', '-h');
const GROUPS = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '10.*'];
const TIMEOUT_MS = 120_000;

const play = (port: number, reports: string): Promise<{ code: number | null; log: string }> =>
  new Promise((resolve) => {
    const child = spawn('kosoku', ['-o', reports, '-p', '4', ...GROUPS.flatMap((group) => ['-i', group]), `127.0.0.1:${port}`]);
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (log += bytes.toString()));
    child.once('close', (code) => resolve({ code, log }));
  });

describe.runIf(isInstalled)(titleOf('the Autobahn cases of WebSocket', isInstalled, 'pip install kosoku'), () => {
  const origin = createEchoServer();
  const reports = mkdtempSync(join(tmpdir(), 'websocket-'));
  const originPort = (): number => (origin.address() as AddressInfo).port;

  beforeAll(() => new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    origin.close();
    rmSync(reports, { recursive: true });
  });

  const expectAll = async (port: number): Promise<void> => {
    const { code, log } = await play(port, reports);
    expect(log).toContain('247 cases passed');
    expect(code).toBe(0);
  };

  it('pass on the echo server itself', () => expectAll(originPort()), TIMEOUT_MS);

  it.each(TRANSPORTS)(
    'pass through the %s transport',
    async (transport) => {
      const manager = { upgrade_configs: [{ upgrade_type: 'websocket' }] };
      const gateway = await Gateway.start({ clusters: { origin: originPort() }, manager }, { transport });
      await expectAll(gateway.port());
      await gateway.close();
    },
    TIMEOUT_MS,
  );

  it.each(TRANSPORTS)(
    'pass across HTTP/2 between two proxies (%s transport)',
    async (transport) => {
      const manager = { upgrade_configs: [{ upgrade_type: 'websocket' }] };
      const http2_protocol_options = { allow_connect: true };
      const inner = await Gateway.start({ clusters: { origin: originPort() }, manager: { ...manager, codec_type: 'HTTP2', http2_protocol_options } }, { transport });
      const outer = await Gateway.start({ clusters: { inner: inner.port() }, manager, cluster: { http2_protocol_options } }, { transport });
      await expectAll(outer.port());
      await outer.close();
      await inner.close();
    },
    TIMEOUT_MS,
  );
});
