import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { coresOfThisMachine } from '../end-to-end/cores.ts';
import { moveThisProcess, stopServersOnExit } from '../end-to-end/harness-process.ts';
import { writeYaml } from '../end-to-end/peers/bootstrap-file.ts';
import type { Json } from '../end-to-end/plan.ts';
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
const TLS_TYPE = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const NAMES = ['server', 'server-second'] as const;

/** Where a certificate stands that the listener shows. */
const PLACES = ['listener', 'secret file'] as const;

/** Swaps a certificate under load. Returns 1 when a request or a handshake failed, or a swap did not show. */
export async function checkRotation(): Promise<number> {
  const cores = coresOfThisMachine();
  moveThisProcess(cores);
  const directory = mkdtempSync(join(tmpdir(), 'nuncio-bench-'));
  stopServersOnExit(directory);
  let isGood = true;
  for (const place of PLACES) isGood = (await checkPlace(place, mkdtempSync(join(directory, 'place-')), proxyCore(cores))) && isGood;
  return isGood ? 0 : 1;
}

async function checkPlace(place: (typeof PLACES)[number], directory: string, core: ReturnType<typeof proxyCore>): Promise<boolean> {
  const port = await freePort();
  const certificate = new SwappedCertificate(join(directory, 'certificate'), NAMES[0]);
  const context = place === 'listener' ? { tls_certificates: [messageOf(certificate)] } : secretFile(join(directory, 'secret.json'), certificate);
  const file = writeYaml(join(directory, 'bootstrap.yaml'), bootstrap(port, context));
  const server = new ServerProcess(nuncioFromSources(file), { core, directory });
  try {
    const target = { port, host: 'example.com', path: '/', secure: true };
    const readyMs = await untilFirst200(target, { sinceMs: performance.now(), withinMs: 10_000, stillTrying: () => server.alive });
    if (readyMs === undefined) {
      process.stdout.write(`it did not start: ${server.outputTail}\n`);
      return false;
    }
    process.stdout.write(`${place}: `);
    return await swapUnderLoad(server, port, certificate);
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

function messageOf({ chainFile, keyFile, directory }: SwappedCertificate) {
  return { certificate_chain: { filename: chainFile }, private_key: { filename: keyFile }, watched_directory: { path: directory } };
}

/** Writes it, and returns what refers to it. */
function secretFile(path: string, certificate: SwappedCertificate): Json {
  const secret = { '@type': `${TLS_TYPE}.Secret`, name: 'server', tls_certificate: messageOf(certificate) };
  writeFileSync(path, JSON.stringify({ resources: [secret] }));
  return { tls_certificate_sds_secret_configs: [{ name: 'server', sds_config: { path_config_source: { path } } }] };
}

function bootstrap(port: number, context: Json) {
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } }];
  const manager = { '@type': HCM_TYPE, stat_prefix: 'ingress', route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] }, http_filters: [routerFilter()] };
  const filterChain = {
    transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: { '@type': `${TLS_TYPE}.DownstreamTlsContext`, common_tls_context: context } },
    filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
  };
  return { static_resources: { listeners: [{ name: 'ingress', address: socketAddress(port), filter_chains: [filterChain] }] } };
}
