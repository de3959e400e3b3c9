/** Plays one case on a session and says what was seen. */

import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { AdminReply } from './admin-client.ts';
import { callAdmin, readStats } from './admin-client.ts';
import type { Answer, Seen } from './answer.ts';
import type { Case, ClientStep } from './case.ts';
import { ClientConnection } from './client.ts';
import type { ConnectionLog } from './connection-log.ts';
import { frameLines, isHttp2 } from './h2-frames.ts';
import { joinChunks } from './message-text.ts';
import { countsForCase, Normaliser } from './normalise.ts';
import { fillText } from './placeholders.ts';
import type { Session } from './session.ts';
import { CERTIFICATES, type TlsScript } from './tls.ts';
import { Signals } from './upstream.ts';

export interface Pace {
  /** Without an answer to expect, a case is over when nothing has happened for this long. */
  readonly quietMs: number;
  /** How long an expected answer may take to come once nothing else happens. */
  readonly expectedQuietMs: number;
  /** How long a step of the client may wait. */
  readonly waitLimitMs: number;
}

/** Longer than any timeout a case configures. */
const STEADY: Pace = { quietMs: 250, expectedQuietMs: 700, waitLimitMs: 10_000 };

const QUIET_LIMIT_MS = 6_000;
/** How long an expected answer may take to come at all, and how long it must then stay as it is. */
const EXPECTED_LIMIT_MS = 2_500;
const STAYS_MS = 25;
/** How long a client that is about to close waits for what it should have received. */
const LEAVING_LIMIT_MS = 1_500;
/** Looking costs what the proxy could use: the longer nothing happens, the more rarely. */
const FIRST_LOOK_MS = 5;
const RAREST_LOOK_MS = 100;
/** A pause that takes more than so many times its length tells of a busy machine, not of quiet: the rest does not count. */
const LONGEST_TURN = 2;
/** A file that has changed is noticed by then. */
const STAT_LIMIT_MS = 3_000;
const UPSTREAM_LIMIT_MS = 5_000;

interface AdminCall {
  readonly request: string;
  readonly reply: AdminReply;
}

class Performance {
  readonly #one: Case;
  readonly #session: Session;
  readonly #pace: Pace;
  readonly #signals = new Signals();
  readonly #connections = new Map<string, ClientConnection>();
  readonly #headsAwaited = new Map<string, number>();
  readonly #admin: AdminCall[] = [];
  readonly #values = new Map<string, string | number>();
  #before = new Map<string, number>();
  #stuck: string | undefined;

  constructor(one: Case, session: Session, pace: Pace) {
    this.#one = one;
    this.#session = session;
    this.#pace = pace;
    for (const [name, port] of session.running.ports) this.#values.set(`port:${name}`, port);
    for (const [name, upstream] of session.upstreams) this.#values.set(`port:${name}`, upstream.port);
  }

  async play(expected: Answer | undefined): Promise<Answer> {
    this.#before = await this.#session.idle();
    for (const [name, upstream] of this.#session.upstreams) upstream.play(this.#one.upstreams[name], this.#signals);
    for (const [index, step] of this.#one.client.entries()) {
      const leaving = this.#leavingClient(step, index);
      if (leaving !== undefined && expected !== undefined) await this.#untilReceived(leaving, expected);
      if (await this.#act(step)) continue;
      this.#stuck = `step ${index + 1}: ${step.do}`;
      break;
    }
    const answer = await (expected === undefined ? this.#whenQuiet() : this.#whenEqual(expected));
    for (const { log } of this.#connections.values()) log.socket.destroy();
    return answer;
  }

  /** The connection that this step closes, when no later step uses it. */
  #leavingClient(step: ClientStep, index: number): string | undefined {
    if (step.do !== 'close' && step.do !== 'reset') return undefined;
    return this.#one.client.slice(index + 1).some((later) => 'on' in later && later.on === step.on) ? undefined : step.on;
  }

  /** What is expected comes before the client leaves, however slow the machine is; a pause in the case is its shortest time. */
  async #untilReceived(name: string, expected: Answer): Promise<void> {
    const limit = performance.now() + LEAVING_LIMIT_MS;
    for (let wait = FIRST_LOOK_MS; performance.now() < limit; wait = Math.min(wait * 1.5, RAREST_LOOK_MS)) {
      if (isDeepStrictEqual(this.#observe().client[name]?.received, expected.client[name]?.received)) return;
      await pause(wait);
    }
  }

  #connection(name: string, listener: string, tls?: TlsScript): ClientConnection {
    let connection = this.#connections.get(name);
    if (connection === undefined) {
      connection = new ClientConnection(this.#session.running.ports.get(listener) ?? 1, this.#pace.waitLimitMs, tls, this.#connections.get(tls?.resume ?? '')?.session);
      this.#connections.set(name, connection);
    }
    return connection;
  }

  /** False when the step waited in vain. */
  async #act(step: ClientStep): Promise<boolean> {
    switch (step.do) {
      case 'connect':
        this.#connection(step.on, step.to, step.tls);
        return true;
      case 'send':
        this.#connection(step.on, step.to).send(fillText(step.text, this.#values), step.method);
        return true;
      case 'pause':
        await pause(step.ms);
        return true;
      case 'signal':
        this.#signals.give(step.name);
        return true;
      case 'replace':
        this.#session.replaceFile(step.file, step.with);
        return true;
      case 'await-stat':
        return this.#awaitStat(step.stat, step.value);
      case 'await-upstream':
        return this.#awaitUpstream(step.upstream);
      case 'admin': {
        const port = this.#session.running.adminPort;
        if (port === undefined) return this.#one.ignore.includes('admin');
        const reply = await callAdmin(port, step.method, step.path, step.body);
        this.#admin.push({ request: `${step.method} ${step.path}`, reply });
        return true;
      }
      default:
        return actOn(this.#connection(step.on, 'ingress'), step);
    }
  }

  async #awaitStat(stat: string, value: number): Promise<boolean> {
    const limit = performance.now() + STAT_LIMIT_MS;
    for (; performance.now() < limit; await pause(RAREST_LOOK_MS)) {
      const stats = await readStats(this.#session.running.adminPort);
      if ((stats.get(stat) ?? 0) >= value) return true;
    }
    return false;
  }

  #awaitUpstream(name: string): Promise<boolean> {
    const wanted = (this.#headsAwaited.get(name) ?? 0) + 1;
    this.#headsAwaited.set(name, wanted);
    return this.#session.upstreams.get(name)?.untilHeads(wanted, UPSTREAM_LIMIT_MS) ?? Promise.resolve(false);
  }

  async #whenQuiet(): Promise<Answer> {
    const deadline = performance.now() + QUIET_LIMIT_MS;
    let last = '';
    let since = performance.now();
    while (performance.now() < deadline && performance.now() - since < this.#pace.quietMs) {
      const now = JSON.stringify(this.#observe());
      if (now !== last) since = performance.now();
      last = now;
      await pause(20);
    }
    return { ...this.#observe(), stats: await this.#statChanges() };
  }

  async #whenEqual(expected: Answer): Promise<Answer> {
    let last: Answer | undefined;
    let waitedMs = 0;
    let quietEndMs = EXPECTED_LIMIT_MS;
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 1.5, RAREST_LOOK_MS)) {
      const seen = this.#observe();
      const equal = isDeepStrictEqual({ ...seen, stats: {} }, { ...expected, stats: {} });
      const over = waitedMs > Math.min(EXPECTED_LIMIT_MS, quietEndMs);
      const answer = equal || over ? { ...seen, stats: await this.#statChanges() } : seen;
      if (isDeepStrictEqual(answer, expected)) return this.#staying(answer);
      if (over) return answer;
      if (!isDeepStrictEqual(answer, last)) {
        quietEndMs = waitedMs + this.#pace.expectedQuietMs;
        wait = FIRST_LOOK_MS;
      }
      last = answer;
      const before = performance.now();
      await pause(wait);
      waitedMs += Math.min(performance.now() - before, wait * LONGEST_TURN);
    }
  }

  /** One look later: nothing more than expected may have come. */
  async #staying(answer: Answer): Promise<Answer> {
    await pause(STAYS_MS);
    return { ...this.#observe(), stats: answer.stats };
  }

  async #statChanges(): Promise<Record<string, number>> {
    if (this.#one.ignore.includes('stats')) return {};
    const changes: Record<string, number> = {};
    for (const [name, value] of await readStats(this.#session.running.adminPort)) {
      const change = value - (this.#before.get(name) ?? 0);
      if (change !== 0 && countsForCase(name)) changes[name] = change;
    }
    return Object.fromEntries(Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #observe(): Answer {
    const normaliser = new Normaliser({
      ports: this.#portNames(),
      paths: new Map([
        [this.#session.logFile, 'log'],
        [this.#session.directory, 'dir'],
        [fileURLToPath(CERTIFICATES), 'certificates'],
      ]),
      said: JSON.stringify([this.#one.client, this.#one.upstreams]),
      masks: this.#one.masks,
    });
    const wanted = (part: 'client' | 'upstreams' | 'log' | 'admin'): boolean => !this.#one.ignore.includes(part);
    const answer: Answer = {
      client: wanted('client') ? this.#seenByClient(normaliser) : {},
      upstreams: wanted('upstreams') ? this.#seenByUpstreams(normaliser) : {},
      log: wanted('log') ? logLines(normaliser.text(this.#session.readLog().toString('latin1'))) : [],
      stats: {},
      admin: wanted('admin') ? this.#admin.map((call) => adminAnswer(call, normaliser)) : [],
    };
    return this.#stuck === undefined ? answer : { ...answer, stuck: this.#stuck };
  }

  #seenByClient(normaliser: Normaliser): Record<string, Seen> {
    return Object.fromEntries([...this.#connections].map(([name, { log, methods }]) => [name, seen(log, normaliser, 'response', methods)]));
  }

  #seenByUpstreams(normaliser: Normaliser): Record<string, Seen[]> {
    const all = [...this.#session.upstreams].map(([name, upstream]): [string, Seen[]] => [
      name,
      upstream.connections.map((log) => seen(log, normaliser, 'request')),
    ]);
    return Object.fromEntries(all.filter(([, connections]) => connections.length > 0));
  }

  #portNames(): Map<number, string> {
    const names = new Map<number, string>();
    for (const [name, { log }] of this.#connections) names.set(log.localPort() ?? 0, name);
    for (const [name, upstream] of this.#session.upstreams) {
      for (const [index, log] of upstream.connections.entries()) names.set(log.socket.remotePort ?? 0, `${name}.${index + 1}`);
      if (upstream.port > 1) names.set(upstream.port, name);
    }
    for (const [name, port] of this.#session.running.ports) names.set(port, name);
    names.set(this.#session.running.adminPort ?? 0, 'admin');
    names.delete(0);
    return names;
  }
}

const actOn = async (connection: ClientConnection, step: ClientStep): Promise<boolean> => {
  switch (step.do) {
    case 'await-response':
      return connection.awaitResponse();
    case 'await-interim':
      return connection.awaitInterim();
    case 'await-stream':
      return connection.awaitStream(step.id);
    case 'await-close':
      return connection.awaitClose();
    case 'await-text':
      return connection.awaitText(step.text);
    case 'half-close':
      connection.log.halfClose();
      return true;
    case 'close':
      connection.log.close();
      return true;
    default:
      connection.log.reset();
      return true;
  }
};

const seen = (log: ConnectionLog, normaliser: Normaliser, kind: 'request' | 'response', methods?: readonly string[]): Seen => ({
  received: normaliser.lines(isHttp2(log.received) ? frameLines(log.received) : joinChunks(log.received, { kind, method: '', closed: log.end !== 'open' }, methods)),
  end: log.end,
  ...(log.agreed !== undefined && { tls: log.agreed }),
});

const logLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return JSON.stringify(value) === line ? value : line;
      } catch {
        return line;
      }
    });

/** Parts of a node that tell about the build. */
const BUILD = new Set(['extensions', 'user_agent_build_version', 'user_agent_name']);

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, BUILD.has(key) ? `{{${key}}}` : sorted(item)]));
};

/** Envoy writes the members of some JSON objects in an order of the moment: they are compared sorted. */
const readableBody = (body: string): string => {
  if (!body.startsWith('{')) return body;
  try {
    return JSON.stringify(sorted(JSON.parse(body)), undefined, 1);
  } catch {
    return body;
  }
};

const adminAnswer = ({ request, reply }: AdminCall, normaliser: Normaliser): Answer['admin'][number] => ({
  request,
  status: reply.status,
  headers: Object.fromEntries(reply.headers.map(([name, value]) => [name, normaliser.text(`${name}: ${value}`).slice(name.length + 2)])),
  layout: reply.body.startsWith('{') ? (reply.body.trimEnd().includes('\n') ? 'indented' : 'compact') : 'text',
  body: normaliser.text(readableBody(reply.body)).split('\n'),
});

/** `expected` lets the case end as soon as it is seen; without it the case ends when all is quiet. */
export const playCase = (one: Case, session: Session, expected: Answer | undefined, pace: Pace = STEADY): Promise<Answer> =>
  new Performance(one, session, pace).play(expected);
