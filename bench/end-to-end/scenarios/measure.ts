import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from '../arithmetic.ts';
import type { Command } from '../command.ts';
import { pinned } from '../cores.ts';
import type { HoldOptions, HoldResult } from '../load/hold-connections.ts';
import type { OpenLoopOptions, OpenLoopResult } from '../load/open-loop.ts';
import type { HandshakeOptions, HandshakeResult } from '../load/handshakes.ts';
import { h2Downloads, h2load, type LoadTool, parseH2Downloads, type SaturatingLoad, wrk } from '../load/saturating.ts';
import type { TransferOptions, TransferResult } from '../load/transfer.ts';
import { ask } from '../probe.ts';
import { cpuBetweenMs, readCpu, readMemory, resetPeak } from '../process-usage.ts';
import { boundToHarness, runToEnd } from '../processes.ts';
import type { Measured, Turn } from '../scenario.ts';
import { loadCore } from '../scenario.ts';

const CONNECTIONS = 64;
const HANDSHAKE_LANES = 16;
const SLACK_MS = 30_000;
/** Heaps shrink and caches fill a little after the last request. */
const SETTLE_MS = 1_000;
const SMALL_REQUESTS = 50;
const GENERATOR_WARM_UP_SECONDS = 1;

/** One closed-loop run as fast as it goes. */
export function saturate(turn: Turn, { close = false, seconds = turn.seconds } = {}): Promise<Measured> {
  const { plan, target } = turn.proxy;
  const load = { port: plan.listenPort, request: { ...target, close }, connections: CONNECTIONS, seconds };
  return target.secure === true ? underLoad(turn, wrk, { ...load, secure: true }) : underLoad(turn, turn.tool, load);
}

/** The same over HTTP/2. */
export function saturateHttp2(turn: Turn, connections: number, streams: number, grpc = false): Promise<Measured> {
  const { plan, target } = turn.proxy;
  const load = { port: plan.listenPort, request: { ...target, close: false }, connections, streams, grpc, seconds: turn.seconds };
  return underLoad(turn, h2load, load);
}

async function underLoad(turn: Turn, tool: LoadTool, load: SaturatingLoad): Promise<Measured> {
  const { pid } = turn.proxy.server;
  const before = readCpu(pid);
  const output = await runToEnd(tool.command(load, turn.directory), loadCore(turn.cores), load.seconds * 1000 + SLACK_MS);
  const result = tool.parse(output, load);
  const cpuMs = cpuBetweenMs(before, readCpu(pid));
  const { rssMiB, peakMiB } = readMemory(pid);
  return {
    figures: {
      cpuUs: (cpuMs * 1000) / result.requests,
      requestsPerSecond: result.requests / result.seconds,
      p50Us: result.p50Us ?? NaN,
      p99Us: result.p99Us ?? NaN,
      p999Us: result.p999Us ?? NaN,
      rssMiB,
      peakMiB,
    },
    errors: result.errors,
  };
}

/** A constant rate, whatever the proxy does. */
export async function openLoop(turn: Turn, ratePerSecond: number): Promise<Measured> {
  const { proxy } = turn;
  const options: OpenLoopOptions = {
    port: proxy.plan.listenPort,
    ...proxy.target,
    connections: CONNECTIONS,
    ratePerSecond,
    seconds: turn.seconds,
    warmUpSeconds: GENERATOR_WARM_UP_SECONDS,
  };
  const before = readCpu(proxy.server.pid);
  const output = await runToEnd(program('open-loop', options), loadCore(turn.cores), turn.seconds * 1000 + SLACK_MS);
  const cpuMs = cpuBetweenMs(before, readCpu(proxy.server.pid));
  const result = JSON.parse(output) as OpenLoopResult;
  const { p50Us, p99Us, p999Us, lagP50Us } = result;
  return { figures: { p50Us, p99Us, p999Us, lagUs: lagP50Us, cpuUs: (cpuMs * 1000) / result.answered }, errors: result.failed };
}

/** A handshake for each request, by a client that does not saturate the proxy. */
export async function shakeHands(turn: Turn, resumes: boolean): Promise<Measured> {
  const { proxy, seconds } = turn;
  const { pid } = proxy.server;
  const options: HandshakeOptions = { port: proxy.plan.listenPort, ...proxy.target, lanes: HANDSHAKE_LANES, seconds, resumes };
  const before = readCpu(pid);
  const output = await runToEnd(program('handshakes', options), loadCore(turn.cores), seconds * 1000 + SLACK_MS);
  const cpuMs = cpuBetweenMs(before, readCpu(pid));
  const { answered, failed } = JSON.parse(output) as HandshakeResult;
  const { rssMiB, peakMiB } = readMemory(pid);
  return { figures: { cpuUs: (cpuMs * 1000) / answered, requestsPerSecond: answered / seconds, rssMiB, peakMiB }, errors: failed };
}

/** Large bodies one after the other. Growth counts from a process that has answered a few small requests. */
export async function transfer(turn: Turn, direction: 'down' | 'up', bytes: number, transfers: number): Promise<Measured> {
  const { proxy } = turn;
  for (let asked = 0; asked < SMALL_REQUESTS; asked++) await ask(proxy.plan.listenPort, proxy.target.host, proxy.target.path);
  return moveBodies(turn, bytes, async () => {
    const options: TransferOptions = { port: proxy.plan.listenPort, host: proxy.target.host, direction, bytes, transfers };
    const { elapsedMs, failed } = JSON.parse(await runToEnd(program('transfer', options), loadCore(turn.cores), 3 * SLACK_MS)) as TransferResult;
    return { elapsedMs: median(elapsedMs), done: elapsedMs.length, failed };
  });
}

/** The same, downwards over HTTP/2, each over a connection of its own: h2load tells only how long all of its transfers took. */
export async function transferHttp2(turn: Turn, bytes: number, transfers: number): Promise<Measured> {
  const { plan, target } = turn.proxy;
  const load = async (path: string, count: number): Promise<{ elapsedMs: number; failed: number }> =>
    parseH2Downloads(await runToEnd(h2Downloads(plan.listenPort, { host: target.host, path }, count), loadCore(turn.cores), 3 * SLACK_MS), count);
  await load(target.path, SMALL_REQUESTS);
  return moveBodies(turn, bytes, async () => {
    const elapsedMs: number[] = [];
    let failures = 0;
    while (elapsedMs.length < transfers) {
      const one = await load(`/bytes/${bytes}`, 1);
      elapsedMs.push(one.elapsedMs);
      failures += one.failed;
    }
    return { elapsedMs: median(elapsedMs), done: transfers - failures, failed: failures };
  });
}

interface Moved {
  /** Of one. */
  readonly elapsedMs: number;
  readonly done: number;
  readonly failed: number;
}

async function moveBodies(turn: Turn, bytes: number, move: () => Promise<Moved>): Promise<Measured> {
  await delay(SETTLE_MS);
  const { pid } = turn.proxy.server;
  const { rssMiB } = readMemory(pid);
  resetPeak(pid);
  const before = readCpu(pid);
  const { elapsedMs, done, failed } = await move();
  const cpuMs = cpuBetweenMs(before, readCpu(pid));
  const { peakMiB } = readMemory(pid);
  return {
    figures: { mibPerSecond: bytes / 2 ** 20 / (elapsedMs / 1000), cpuMsPerTransfer: cpuMs / done, growthMiB: peakMiB - rssMiB, peakMiB },
    errors: failed,
  };
}

/** What each of `connections` idle connections adds beyond the first `warmUp`, which pay for growing tables and for compiling. */
export async function holdIdle(turn: Turn, connections: number, warmUp: number): Promise<Measured> {
  const { pid } = turn.proxy.server;
  const first = await hold(turn, warmUp);
  await delay(SETTLE_MS);
  const before = readMemory(pid);
  const second = await hold(turn, connections);
  await delay(SETTLE_MS);
  const after = readMemory(pid);
  await Promise.all([first.release(), second.release()]);
  return {
    figures: { bytesPerConnection: ((after.rssMiB - before.rssMiB) * 2 ** 20) / connections, rssMiB: after.rssMiB },
    errors: first.failed + second.failed,
  };
}

async function hold(turn: Turn, connections: number): Promise<{ failed: number; release: () => Promise<void> }> {
  const { proxy } = turn;
  const options: HoldOptions = { port: proxy.plan.listenPort, ...proxy.target, connections };
  const { file, args } = pinned(program('hold-connections', options), loadCore(turn.cores));
  const child = boundToHarness(spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
  const timeout = setTimeout(() => child.kill('SIGKILL'), 2 * SLACK_MS);
  const ended = once(child, 'close');
  const said = await Promise.race([once(child.stdout, 'data'), ended.then(() => [''])]);
  clearTimeout(timeout);
  const line = String(said[0]);
  return {
    failed: line === '' ? connections : (JSON.parse(line) as HoldResult).failed,
    release: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** The first answer has been waited for already. */
export async function startUp(turn: Turn): Promise<Measured> {
  await delay(SETTLE_MS / 2);
  const { rssMiB, peakMiB } = readMemory(turn.proxy.server.pid);
  return { figures: { readyMs: turn.proxy.readyMs, rssMiB, peakMiB }, errors: 0 };
}

function program(name: string, options: object): Command {
  const path = fileURLToPath(new URL(`../load/${name}.ts`, import.meta.url));
  return { file: process.execPath, args: [path, JSON.stringify(options)] };
}
