import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 1;
const ANSWER_WITHIN_MS = 5_000;
const MAX_ANSWER_BYTES = 1 << 20;

/** The whole answer to one request on a connection of its own, or undefined when there is none. */
export function ask(port: number, host: string, path: string, secure = false): Promise<string | undefined> {
  return new Promise((resolve) => {
    const address = { port, host: '127.0.0.1', noDelay: true };
    const socket = secure ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
    let answer = '';
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy());
    socket.on(secure ? 'secureConnect' : 'connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: probe\r\nConnection: close\r\n\r\n`, 'latin1'));
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
      if (answer.length > MAX_ANSWER_BYTES) socket.destroy();
      else if (isWhole(answer)) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer === '' ? undefined : answer));
  });
}

export function statusOf(answer: string | undefined): number {
  return answer === undefined ? 0 : Number(answer.slice(9, 12));
}

export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

export function headerOf(answer: string, name: string): string | undefined {
  const head = answer.slice(0, answer.indexOf('\r\n\r\n') + 2);
  return new RegExp(`\r\n${name}:[ \t]*([^\r]*)`, 'i').exec(head)?.[1];
}

export interface ProbeLimits {
  readonly sinceMs: number;
  readonly withinMs: number;
  readonly stillTrying: () => boolean;
}

/** Asks until the answer is 200. Milliseconds from `sinceMs`, or undefined when it did not come in time or `stillTrying` ended it. */
export async function untilFirst200(
  target: { readonly port: number; readonly host: string; readonly path: string; readonly secure?: boolean },
  { sinceMs, withinMs, stillTrying }: ProbeLimits,
): Promise<number | undefined> {
  while (performance.now() - sinceMs < withinMs && stillTrying()) {
    const answer = await ask(target.port, target.host, target.path, target.secure);
    if (statusOf(answer) === 200) return performance.now() - sinceMs;
    await delay(RETRY_MS);
  }
  return undefined;
}

/** Connects until somebody accepts. */
export async function untilListening(port: number, { sinceMs, withinMs, stillTrying }: ProbeLimits): Promise<number | undefined> {
  while (performance.now() - sinceMs < withinMs && stillTrying()) {
    const socket = connect(port, '127.0.0.1');
    const accepted = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (accepted) return performance.now() - sinceMs;
    await delay(RETRY_MS);
  }
  return undefined;
}

/** Proxies may keep the connection although asked to close it, or close it late: the length tells. */
function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = headerOf(answer, 'content-length');
  return length !== undefined ? answer.length >= headEnd + 4 + Number(length) : answer.endsWith('0\r\n\r\n');
}
