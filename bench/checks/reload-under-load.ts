import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cores } from '../end-to-end/cores.ts';
import { coresOfThisMachine } from '../end-to-end/cores.ts';
import { moveThisProcess, stopServersOnExit } from '../end-to-end/harness-process.ts';
import { fastestOrigin } from '../end-to-end/origin/origin.ts';
import { untilFirst200 } from '../end-to-end/probe.ts';
import { readMemory } from '../end-to-end/process-usage.ts';
import { freePort, ServerProcess } from '../end-to-end/processes.ts';
import { loadCore, proxyCore } from '../end-to-end/scenario.ts';
import type { Options } from '../options.ts';
import type { ReloadPorts, ReloadSubject } from './reload-subjects.ts';
import { RELOAD_SUBJECTS } from './reload-subjects.ts';
import { SteadyLoad } from './steady-load.ts';

const RELOADS = 600;
/** From here on memory is expected to stay as it is. */
const WARM_AFTER = 200;
const CONNECTIONS = 64;
/** How long a new configuration may take until answers show it. */
const SEEN_WITHIN_MS = 5_000;
const POLL_MS = 5;

/** Reloads the configuration under load. Returns 1 when a request failed, a reload did not show, or memory grew. */
export async function checkReload(options: Options): Promise<number> {
  const cores = coresOfThisMachine();
  moveThisProcess(cores);
  const directory = mkdtempSync(join(tmpdir(), 'nuncio-bench-'));
  stopServersOnExit(directory);
  const names = options.peers.length > 0 ? options.peers : ['nuncio-direct'];
  let code = 0;
  for (const name of names) {
    const subjects = RELOAD_SUBJECTS.filter(({ peer }) => peer.name === name);
    const missing = subjects.length === 0 ? `no reload check for ${name}` : subjects[0]!.peer.missing();
    if (missing !== undefined) {
      process.stderr.write(`${missing}\n`);
      code = 1;
      continue;
    }
    for (const subject of subjects) if (!(await checkSubject(subject, cores, mkdtempSync(join(directory, `${name}-`))))) code = 1;
  }
  return code;
}

async function checkSubject(subject: ReloadSubject, cores: Cores | string, directory: string): Promise<boolean> {
  const ports: ReloadPorts = { listen: await freePort(), admin: await freePort(), origins: [await freePort(), await freePort()] };
  const origins = ports.origins.map((port) => startOrigin(port, cores, join(directory, `origin-${port}`)));
  subject.write(0, ports, directory);
  const server = new ServerProcess(subject.command(directory), { core: proxyCore(cores), directory });
  try {
    const target = { port: ports.listen, host: 'bench.example.com', path: '/' };
    const readyMs = await untilFirst200(target, { sinceMs: performance.now(), withinMs: 10_000, stillTrying: () => server.alive });
    if (readyMs === undefined) {
      process.stdout.write(`${subject.peer.name}: did not start: ${server.outputTail}\n`);
      return false;
    }
    return await reloadUnderLoad(subject, server, ports, directory);
  } finally {
    await server.stop();
    for (const origin of origins) await origin.stop();
  }
}

async function reloadUnderLoad(subject: ReloadSubject, server: ServerProcess, ports: ReloadPorts, directory: string): Promise<boolean> {
  const load = new SteadyLoad(ports.listen, CONNECTIONS);
  let unseen = 0;
  let longestMs = 0;
  let warmMiB = NaN;
  for (let generation = 1; generation <= RELOADS && server.alive; generation++) {
    subject.write(generation, ports, directory);
    server.signal('SIGHUP');
    const tookMs = await untilSeen(load, String(generation));
    if (tookMs === undefined) unseen++;
    else longestMs = Math.max(longestMs, tookMs);
    if (generation === WARM_AFTER) warmMiB = readMemory(server.pid).rssMiB;
  }
  const rssMiB = readMemory(server.pid).rssMiB;
  load.stop();
  const { peer, settings, growthLimitMiB = Infinity } = subject;
  const grownMiB = Math.round(rssMiB - warmMiB);
  const how = [...load.failures].map(([what, count]) => `${count} × ${what}`).join(', ');
  process.stdout.write(
    `${peer.name}${settings === undefined ? '' : ` (${settings})`}: ${RELOADS} reloads, ${load.answered} requests, ${load.failed} failed${how === '' ? '' : ` (${how})`}, ` +
      `${unseen} reloads not seen within ${SEEN_WITHIN_MS} ms, slowest seen after ${Math.round(longestMs)} ms, ` +
      `RSS ${Math.round(rssMiB)} MiB, ${grownMiB} of them since reload ${WARM_AFTER}${growthLimitMiB === Infinity ? '' : ` (at most ${growthLimitMiB})`}` +
      `${server.alive ? '' : `; it ended: ${server.outputTail}`}\n`,
  );
  return server.alive && load.failed === 0 && unseen === 0 && grownMiB <= growthLimitMiB;
}

async function untilSeen(load: SteadyLoad, generation: string): Promise<number | undefined> {
  const startMs = performance.now();
  while (load.generation !== generation) {
    if (performance.now() - startMs > SEEN_WITHIN_MS) return undefined;
    await delay(POLL_MS);
  }
  return performance.now() - startMs;
}

function startOrigin(port: number, cores: Cores | string, directory: string): ServerProcess {
  mkdirSync(directory);
  return new ServerProcess(fastestOrigin().prepare(port, directory), { core: loadCore(cores), directory });
}
