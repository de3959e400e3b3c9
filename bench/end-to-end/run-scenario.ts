import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { rotated } from './arithmetic.ts';
import { fastestOrigin, grpcOrigin, nodeOrigin } from './origin/origin.ts';
import { checkFeatures } from './feature-check.ts';
import { peerNamed } from './peers/all-peers.ts';
import type { Peer, PeerName } from './peers/peer.ts';
import type { Command } from './command.ts';
import { othersPercent, readBusy } from './others.ts';
import { freePort, ServerProcess } from './processes.ts';
import { untilFirst200, untilListening } from './probe.ts';
import type { ContestantRecord, ScenarioResult } from './result.ts';
import { summarise } from './result.ts';
import type { LoadSettings, Measured, RunningProxy, Scenario, Turn, Variant } from './scenario.ts';
import { loadCore, proxyCore } from './scenario.ts';
import { saturate } from './scenarios/measure.ts';

export interface RunSettings extends LoadSettings {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  /** Of each contestant that lives long: compiled code differs from one process to the next by several percent. */
  readonly processes: number;
  /** Empty: all that the scenario names. */
  readonly onlyPeers: readonly string[];
  readonly log: (text: string) => void;
}

/** A process of one peer in one variant of the scenario. */
interface Contestant {
  /** Which of its peer's processes it is, and so which rounds are its own. */
  readonly turn: number;
  readonly peer: Peer;
  readonly variant: Variant;
  readonly plan: RunningProxy['plan'];
  readonly command: Command;
  readonly directory: string;
  /** Of all processes of this peer in this variant. */
  readonly record: ContestantRecord;
  proxy: RunningProxy | undefined;
}

const ORIGINS = { small: fastestOrigin, large: () => nodeOrigin, grpc: grpcOrigin };

export async function runScenario(scenario: Scenario, settings: RunSettings): Promise<ScenarioResult> {
  const directory = join(settings.directory, scenario.name);
  mkdirSync(directory, { recursive: true });
  const originChoice = ORIGINS[scenario.origin]();
  const originPort = await freePort();
  const origin = new ServerProcess(originChoice.prepare(originPort, directory), { core: loadCore(settings.cores), directory });
  const contestants: Contestant[] = [];
  const records: ContestantRecord[] = [];
  const rounds = Math.min(settings.rounds, scenario.maxRounds ?? Infinity);
  const processes = scenario.life === 'fresh' ? 1 : Math.min(rounds, settings.processes);
  const absent: { peer: PeerName; reason: string }[] = [];
  try {
    await waitForOrigin(origin, originPort, scenario.origin === 'grpc');
    for (const name of scenario.peers) {
      if (settings.onlyPeers.length > 0 && !settings.onlyPeers.includes(name)) continue;
      const peer = peerNamed(name);
      const reason = peer.missing();
      if (reason !== undefined) {
        absent.push({ peer: name, reason });
        continue;
      }
      for (const variant of scenario.variants) {
        const record: ContestantRecord = { peer, variant: variant.name, rounds: [], errors: 0, notes: [], failure: undefined };
        records.push(record);
        for (let turn = 0; turn < processes; turn++) contestants.push(await enter(scenario, variant, record, { turn, originPort, directory }));
      }
    }
    await runRounds(scenario, contestants, { ...settings, rounds, processes });
  } finally {
    for (const contestant of contestants) await leave(contestant);
    await origin.stop();
  }
  return summarise(scenario, { records, absent, origin: originChoice.name, tool: settings.tool, rounds, processes, seconds: settings.seconds });
}

async function enter(
  scenario: Scenario,
  variant: Variant,
  record: ContestantRecord,
  { turn, originPort, directory }: { turn: number; originPort: number; directory: string },
): Promise<Contestant> {
  const { peer } = record;
  const own = join(directory, `${peer.name}-${variant.name.replaceAll(/\W+/g, '-')}-${turn}`);
  mkdirSync(own, { recursive: true });
  const plan = { ...variant.shape, originPort, listenPort: await freePort(), adminPort: await freePort() };
  const command = await (scenario.prepare?.(peer, plan, own) ?? peer.prepare(plan, own));
  return { turn, peer, variant, plan, command, directory: own, record, proxy: undefined };
}

async function runRounds(scenario: Scenario, contestants: readonly Contestant[], settings: RunSettings): Promise<void> {
  if (scenario.life === 'long') {
    for (const contestant of contestants) await warmUp(scenario, contestant, settings);
  }
  const { rounds, processes } = settings;
  for (let round = 0; round < rounds; round++) {
    settings.log(`${scenario.name}: round ${round + 1} of ${rounds}`);
    const runners = contestants.filter(({ turn }) => turn === round % processes);
    for (const contestant of rotated(runners, round)) await takeTurn(scenario, contestant, settings);
  }
}

async function warmUp(scenario: Scenario, contestant: Contestant, settings: RunSettings): Promise<void> {
  await attempt(contestant, async () => {
    settings.log(`${scenario.name}: starting ${contestant.peer.name} ${contestant.variant.name}`);
    const proxy = await start(scenario, contestant, settings);
    if (contestant.plan.full && contestant.turn === 0) contestant.record.notes.push(...(await checkFeatures(proxy, contestant.directory)));
    if (settings.warmUpSeconds > 0) await (scenario.warmUp ?? saturate)({ ...settings, seconds: settings.warmUpSeconds, proxy });
    proxy.server.suspend();
  });
}

async function takeTurn(scenario: Scenario, contestant: Contestant, settings: RunSettings): Promise<void> {
  if (contestant.record.failure !== undefined) return;
  await attempt(contestant, async () => {
    const proxy = contestant.proxy ?? (await start(scenario, contestant, settings));
    proxy.server.resume();
    const { figures, errors } = await measure(scenario, { ...settings, proxy });
    contestant.record.rounds.push(figures);
    contestant.record.errors += errors;
    if (!proxy.server.alive) throw new Error(`it ended under load: ${proxy.server.outputTail}`);
    if (scenario.life === 'fresh') await leave(contestant);
    else proxy.server.suspend();
  });
}

/** Only cores of one's own can be disturbed. */
async function measure(scenario: Scenario, turn: Turn): Promise<Measured> {
  const { cores } = turn;
  if (typeof cores === 'string') return scenario.measure(turn);
  const before = readBusy(cores);
  const { figures, errors } = await scenario.measure(turn);
  return { figures: { ...figures, othersPercent: othersPercent(before, readBusy(cores)) }, errors };
}

/** A peer that fails drops out and is reported; the others go on. */
async function attempt(contestant: Contestant, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    contestant.record.failure = error instanceof Error ? error.message : String(error);
    await leave(contestant);
  }
}

async function start(scenario: Scenario, contestant: Contestant, settings: RunSettings): Promise<RunningProxy> {
  const { peer, plan, command, directory, variant } = contestant;
  const sinceMs = performance.now();
  const server = new ServerProcess(command, { core: proxyCore(settings.cores), directory });
  const { target } = variant;
  const limits = { sinceMs, withinMs: scenario.readyWithinMs, stillTrying: () => server.alive };
  const readyMs = await (plan.http2Clients ? untilListening(plan.listenPort, limits) : untilFirst200({ port: plan.listenPort, ...target }, limits));
  if (readyMs === undefined) {
    const { alive } = server;
    await server.stop();
    throw new Error(`${alive ? `no 200 within ${scenario.readyWithinMs} ms` : 'it ended while starting'}: ${server.outputTail}`);
  }
  contestant.proxy = { peer, plan, server, target, readyMs };
  return contestant.proxy;
}

async function leave(contestant: Contestant): Promise<void> {
  const { proxy } = contestant;
  contestant.proxy = undefined;
  await proxy?.server.stop();
}

/** One that speaks HTTP/2 only has nothing to say to the probe: that it listens must do. */
async function waitForOrigin(origin: ServerProcess, port: number, speaksHttp2: boolean): Promise<void> {
  const target = { port, host: 'origin', path: '/' };
  const limits = { sinceMs: performance.now(), withinMs: 10_000, stillTrying: () => origin.alive };
  const readyMs = await (speaksHttp2 ? untilListening(port, limits) : untilFirst200(target, limits));
  if (readyMs === undefined) throw new Error(`the origin did not start: ${origin.outputTail}`);
}
