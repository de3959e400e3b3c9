import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { coresOfThisMachine } from '../end-to-end/cores.ts';
import { moveThisProcess, stopServersOnExit } from '../end-to-end/harness-process.ts';
import { writeYaml } from '../end-to-end/peers/bootstrap-file.ts';
import { HCM_TYPE, routerFilter, socketAddress } from '../end-to-end/peers/envoy-bootstrap.ts';
import { nuncioFromSources } from '../end-to-end/peers/nuncio.ts';
import { untilFirst200 } from '../end-to-end/probe.ts';
import { freePort, ServerProcess } from '../end-to-end/processes.ts';
import { proxyCore } from '../end-to-end/scenario.ts';
import { SecureLoad } from './secure-load.ts';
import { SwappedCertificate } from './swapped-certificate.ts';

const SWAPS = 50;
const CONNECTIONS = 2_000;
const PAUSE_MS = 1_000;
const RENEWING_LANES = 4;
const SEEN_WITHIN_MS = 5_000;
const POLL_MS = 5;
const NAMES = ['server', 'server-second'] as const;

/** Swaps a certificate under load. Returns 1 when a request or a handshake failed, or a swap did not show. */
export async function checkRotation(): Promise<number> {
  const cores = coresOfThisMachine();
  moveThisProcess(cores);
  const directory = mkdtempSync(join(tmpdir(), 'nuncio-bench-'));
  stopServersOnExit(directory);
  const port = await freePort();
  const certificate = new SwappedCertificate(join(directory, 'certificate'), NAMES[0]);
  const file = writeYaml(join(directory, 'bootstrap.yaml'), bootstrap(port, certificate));
  const server = new ServerProcess(nuncioFromSources(file), { core: proxyCore(cores), directory });
  try {
    const target = { port, host: 'example.com', path: '/', secure: true };
    const readyMs = await untilFirst200(target, { sinceMs: performance.now(), withinMs: 10_000, stillTrying: () => server.alive });
    if (readyMs === undefined) {
      process.stdout.write(`it did not start: ${server.outputTail}\n`);
      return 1;
    }
    return (await swapUnderLoad(server, port, certificate)) ? 0 : 1;
  } finally {
    await server.stop();
  }
}

async function swapUnderLoad(server: ServerProcess, port: number, certificate: SwappedCertificate): Promise<boolean> {
  const load = new SecureLoad(port);
  await load.hold(CONNECTIONS, PAUSE_MS);
  load.renew(RENEWING_LANES);
  let unseen = 0;
  let longestMs = 0;
  for (let swap = 1; swap <= SWAPS && server.alive; swap++) {
    const name = NAMES[swap % NAMES.length]!;
    const startMs = performance.now();
    certificate.swap(name);
    while (load.shown !== name && performance.now() - startMs < SEEN_WITHIN_MS) await delay(POLL_MS);
    if (load.shown !== name) unseen++;
    longestMs = Math.max(longestMs, performance.now() - startMs);
  }
  load.stop();
  const how = [...load.failures].map(([what, count]) => `${count} × ${what}`).join(', ');
  process.stdout.write(
    `${SWAPS} certificates, ${CONNECTIONS} connections, ${load.answered} requests, ${load.handshakes} handshakes, ${load.failed} failed${how === '' ? '' : ` (${how})`}, ` +
      `${unseen} not seen within ${SEEN_WITHIN_MS} ms, slowest seen after ${Math.round(longestMs)} ms${server.alive ? '' : `; it ended: ${server.outputTail}`}\n`,
  );
  return server.alive && load.failed === 0 && unseen === 0;
}

function bootstrap(port: number, certificate: SwappedCertificate) {
  const tlsCertificate = {
    certificate_chain: { filename: certificate.chainFile },
    private_key: { filename: certificate.keyFile },
    watched_directory: { path: certificate.directory },
  };
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } }];
  const manager = { '@type': HCM_TYPE, stat_prefix: 'ingress', route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] }, http_filters: [routerFilter()] };
  const filterChain = {
    transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: { '@type': type, common_tls_context: { tls_certificates: [tlsCertificate] } } },
    filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
  };
  return { static_resources: { listeners: [{ name: 'ingress', address: socketAddress(port), filter_chains: [filterChain] }] } };
}
