import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Gateway, TRANSPORTS } from '../integration/gateway.ts';
import { Running } from '../integration/running.ts';
import { Proxy } from '../../src/server/proxy.ts';
import { pairOf, tlsBootstrap } from '../support/tls-bootstrap.ts';
import { isOnPath, titleOf } from './installed-program.ts';

/** `openssl s_client` and two workers that know nothing of each other. */
const isInstalled = isOnPath('openssl', 'version');
const TIMEOUT_MS = 60_000;
/** The system gives connections to workers by the ports of their clients: never all to one. */
const MAX_CONNECTIONS = 200;

const running = new Running();
afterEach(() => running.end());

/** One request; what the program says of it. It ends with the connection, and not before the ticket has come. */
async function connect(port: number, args: readonly string[]): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'example.com', '-nocommands', '-ign_eof', ...args]);
  let said = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => (said += text));
  child.stderr.resume();
  child.stdin.end('GET / HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n');
  await once(child, 'close');
  return said;
}

describe.runIf(isInstalled)(titleOf('openssl s_client', isInstalled, 'apt-get install openssl'), () => {
  describe.each(TRANSPORTS)('with two workers on the %s transport', (transport) => {
    it.each(['tls1_2', 'tls1_3'])('resumes on each a session of either (%s)', async (version) => {
      const gateway = new Gateway(await Proxy.start({ yaml: JSON.stringify(tlsBootstrap({ tls_certificates: [pairOf('server')] }, {}, {})), concurrency: 2, transport }));
      running.onEnd(() => gateway.close());
      const session = join(running.folder(), 'session');
      const first = await connect(gateway.port('tls'), [`-${version}`, '-sess_out', session]);
      expect(first).toContain('HTTP/1.1 200 OK');
      expect(first).toMatch(/^New, TLSv/m);

      const served = (worker: number): number => gateway.stat(`listener.tls.worker_${worker}.downstream_cx_total`);
      let resumed = 0;
      while (resumed < 8 || Math.min(served(0), served(1)) < 3) {
        const again = await connect(gateway.port('tls'), [`-${version}`, '-sess_in', session]);
        expect(again).toMatch(/^Reused, TLSv/m);
        resumed += 1;
        expect(resumed).toBeLessThan(MAX_CONNECTIONS);
      }
      await gateway.untilStat('listener.tls.ssl.session_reused', resumed);
    }, TIMEOUT_MS);
  });
});
