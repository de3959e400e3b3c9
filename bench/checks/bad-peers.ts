import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coresOfThisMachine } from '../end-to-end/cores.ts';
import type { Command } from '../end-to-end/command.ts';
import { moveThisProcess, stopServersOnExit } from '../end-to-end/harness-process.ts';
import { writeYaml } from '../end-to-end/peers/bootstrap-file.ts';
import { envoy, envoyCommand } from '../end-to-end/peers/envoy.ts';
import { nuncioFromSources } from '../end-to-end/peers/nuncio.ts';
import { untilFirst200 } from '../end-to-end/probe.ts';
import { freePort, ServerProcess } from '../end-to-end/processes.ts';
import { proxyCore } from '../end-to-end/scenario.ts';
import { type AttackFigures, playAttack } from './attacker.ts';
import { type BadPeerPorts, badPeersBootstrap, startOrigins } from './bad-peers-bootstrap.ts';
import { ATTACKS } from './http2-attacks.ts';
import { playStall, STALLS } from './stalls.ts';

/** What an attack of a second may add to the process; pages that a runtime takes once are among them. */
const MAX_GROWTH_MIB = 64;
/** How long another client may wait meanwhile. */
const MAX_PROBE_MS = 1_000;
/** The widest buffer: the window that an HTTP/2 connection announces. */
const MAX_HELD_MIB = 24;

const PROXIES: readonly { readonly name: string; command(file: string): Promise<Command>; missing(): string | undefined }[] = [
  { name: 'nuncio', command: (file) => Promise.resolve(nuncioFromSources(file)), missing: () => undefined },
  { name: 'envoy', command: envoyCommand, missing: envoy.missing },
];

interface Result {
  readonly attacks: ReadonlyMap<string, AttackFigures>;
  readonly heldBytes: ReadonlyMap<string, number>;
}

/** What hostile and stalled peers cost, beside Envoy. Returns 1 when one costs nuncio more than it may. */
export async function checkBadPeers(): Promise<number> {
  const cores = coresOfThisMachine();
  moveThisProcess(cores);
  const directory = mkdtempSync(join(tmpdir(), 'nuncio-bench-'));
  stopServersOnExit(directory);
  const results = new Map<string, Result>();
  for (const { name, command, missing } of PROXIES) {
    const reason = missing();
    if (reason !== undefined) process.stderr.write(`${reason}: its columns are left out\n`);
    else results.set(name, await measure(command, join(directory, name), proxyCore(cores)));
  }
  process.stdout.write(report(results));
  return isGood(results.get('nuncio')!) ? 0 : 1;
}

async function measure(command: (file: string) => Promise<Command>, directory: string, core: number | undefined): Promise<Result> {
  mkdirSync(directory);
  const origins = await startOrigins();
  const ports: BadPeerPorts = { ...origins.ports, http: await freePort(), tcp: await freePort(), tls: await freePort(), compressed: await freePort(), admin: await freePort() };
  const server = new ServerProcess(await command(writeYaml(join(directory, 'bootstrap.yaml'), badPeersBootstrap(ports))), { core, directory });
  try {
    const target = { port: ports.http, host: 'a', path: '/' };
    const readyMs = await untilFirst200(target, { sinceMs: performance.now(), withinMs: 10_000, stillTrying: () => server.alive });
    if (readyMs === undefined) throw new Error(`it did not start: ${server.outputTail}`);
    const heldBytes = new Map<string, number>();
    for (const stall of STALLS) heldBytes.set(stall.name, await playStall(stall, ports, origins));
    const attacks = new Map<string, AttackFigures>();
    for (const attack of ATTACKS) attacks.set(attack.name, await playAttack(attack, ports.http, server.pid));
    return { attacks, heldBytes };
  } finally {
    await server.stop();
    origins.close();
  }
}

function isGood({ attacks, heldBytes }: Result): boolean {
  const isCheap = [...attacks.values()].every(({ growthMiB, probeMs }) => growthMiB <= MAX_GROWTH_MIB && probeMs <= MAX_PROBE_MS);
  return isCheap && [...heldBytes.values()].every((bytes) => bytes <= MAX_HELD_MIB * 2 ** 20);
}

function report(results: ReadonlyMap<string, Result>): string {
  const names = [...results.keys()];
  const columns = ['sent MiB', 'CPU ms', 'µs/KiB', 'connections', 'growth MiB', 'others wait ms'];
  const lines = [row(['attack of a second', ...names.flatMap((name) => columns.map((column) => `${name}: ${column}`))]), rule(1 + names.length * columns.length)];
  for (const { name: attack } of ATTACKS) {
    lines.push(row([attack, ...names.flatMap((name) => attackCells(results.get(name)!.attacks.get(attack)!))]));
  }
  lines.push('', row(['held for a peer that stalls, KiB', ...names]), rule(1 + names.length));
  for (const { name: stall } of STALLS) lines.push(row([stall, ...names.map((name) => (results.get(name)!.heldBytes.get(stall)! / 1024).toFixed(0))]));
  return `${lines.join('\n')}\n`;
}

function attackCells({ sentBytes, cpuMs, connections, growthMiB, probeMs }: AttackFigures): string[] {
  return [(sentBytes / 2 ** 20).toFixed(2), cpuMs.toFixed(0), ((cpuMs * 1000) / (sentBytes / 1024)).toFixed(1), String(connections), growthMiB.toFixed(1), probeMs.toFixed(0)];
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const rule = (cells: number): string => `|${'---|'.repeat(cells)}`;
