import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuBetweenMs, readCpu, readMemory, resetPeak } from '../end-to-end/process-usage.ts';
import { type Attack, OPENING } from './http2-attacks.ts';

const ATTACK_MS = 1_000;
const REST_MS = 150;
const PROBE_EVERY_MS = 50;
const BLOCK_BYTES = 65_536;
/** Who is thrown out comes again, but not at once. */
const RETURN_MS = 2;

export interface AttackFigures {
  /** What was written; what the proxy did not read is among it, up to the system's buffers. */
  readonly sentBytes: number;
  readonly cpuMs: number;
  readonly connections: number;
  /** From what was resident before to the peak. */
  readonly growthMiB: number;
  /** The longest that another client waited for its answer. */
  readonly probeMs: number;
}

class Attacker {
  sentBytes = 0;
  connections = 0;
  readonly #attack: Attack;
  readonly #port: number;
  #socket: Socket | undefined;
  #stopped = false;

  constructor(attack: Attack, port: number) {
    this.#attack = attack;
    this.#port = port;
    this.#begin();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.destroy();
  }

  #begin(): void {
    if (this.#stopped) return;
    const { start = '', piece, isDeaf = false } = this.#attack;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.connections++;
    let index = 0;
    const send = (first: string): void => {
      let block = first;
      while (block.length < BLOCK_BYTES) block += piece(index++);
      this.sentBytes += block.length;
      // Each block in a turn of its own: the probe wants its turns too.
      if (socket.write(block, 'latin1')) setImmediate(() => !socket.destroyed && send(''));
    };
    socket.on('connect', () => send(OPENING + start));
    socket.on('drain', () => send(''));
    if (isDeaf) socket.pause();
    else socket.resume();
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => setTimeout(() => this.#begin(), RETURN_MS));
  }
}

export async function playAttack(attack: Attack, port: number, pid: number): Promise<AttackFigures> {
  await delay(REST_MS);
  resetPeak(pid);
  const before = readMemory(pid);
  const cpu = readCpu(pid);
  const attacker = new Attacker(attack, port);
  const endMs = performance.now() + ATTACK_MS;
  let probeMs = 0;
  while (performance.now() < endMs) {
    probeMs = Math.max(probeMs, await probe(port));
    await delay(PROBE_EVERY_MS);
  }
  attacker.stop();
  await delay(REST_MS);
  const cpuMs = cpuBetweenMs(cpu, readCpu(pid));
  const { sentBytes, connections } = attacker;
  return { sentBytes, cpuMs, connections, growthMiB: readMemory(pid).peakMiB - before.rssMiB, probeMs };
}

/** How long a request on a connection of its own takes. */
function probe(port: number): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const done = (ms: number): void => {
      socket.destroy();
      resolve(ms);
    };
    socket.setTimeout(5_000, () => done(Infinity));
    socket.on('error', () => done(Infinity));
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
    socket.once('data', () => done(performance.now() - startMs));
  });
}
