/** Scripted upstreams: TCP servers that answer as a case says and keep what they were sent. */

import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import type { Http2Script, UpstreamScript, UpstreamStep } from './case.ts';
import { ConnectionLog } from './connection-log.ts';
import { encode, hasPreface, pong, requestsIn, serverPreface } from './h2-frames.ts';
import { messageExtent } from './message-text.ts';
import { serverTls, type TlsScript } from './tls.ts';
import { fillText } from './placeholders.ts';

/** Names that the client has signalled in the running case. */
export class Signals {
  readonly #given = new Set<string>();
  #waiting: (() => void)[] = [];

  give(name: string): void {
    this.#given.add(name);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  async wait(name: string): Promise<void> {
    while (!this.#given.has(name)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** Nothing listens on port 1 of the loopback, so connecting to it is refused. */
const REFUSING_PORT = 1;

interface Play {
  readonly script: UpstreamScript;
  readonly signals: Signals;
  /** Requests whose head has come, over all connections. */
  heads: number;
}

export class Upstream {
  readonly name: string;
  connections: ConnectionLog[] = [];
  readonly #server: Server;
  #play: Play | undefined;
  #open = new Set<ConnectionLog>();
  #onHead: (() => void)[] = [];
  /** Also those that have not got as far as to speak TLS. */
  readonly #sockets = new Set<Socket>();

  constructor(name: string, tls?: TlsScript) {
    this.name = name;
    const onConnection = (socket: Socket): void => {
      const log = new ConnectionLog(socket);
      const play = this.#play;
      this.connections.push(log);
      this.#open.add(log);
      socket.on('close', () => this.#open.delete(log));
      if (play !== undefined) void serve(log, play, () => this.#headCame(play));
    };
    const options = { allowHalfOpen: true, noDelay: true };
    this.#server = tls === undefined ? createServer(options, onConnection) : createTlsServer({ ...options, ...serverTls(tls) }, onConnection);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  #headCame(play: Play): void {
    if (play !== this.#play) return;
    const waiting = this.#onHead;
    this.#onHead = [];
    for (const wake of waiting) wake();
  }

  async start(refuses: boolean): Promise<void> {
    if (refuses) return;
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? REFUSING_PORT;
  }

  /** Starts a case: the script is new and nothing has been seen. */
  play(script: UpstreamScript, signals: Signals): void {
    this.#play = { script, signals, heads: 0 };
    this.connections = [];
  }

  async untilHeads(count: number, limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while ((this.#play?.heads ?? 0) < count) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await Promise.race([new Promise<void>((resolve) => this.#onHead.push(resolve)), pause(left)]);
    }
    return true;
  }

  /** Closes every connection and waits until the other side has closed too. */
  async closeConnections(): Promise<void> {
    const open = [...this.#open];
    for (const log of open) log.close();
    await Promise.all(open.map((log) => log.until(() => log.gone, 1_000)));
    for (const log of open) log.socket.destroy();
  }

  async stop(): Promise<void> {
    for (const log of this.#open) log.socket.destroy();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers the requests of one connection, one after the other. */
const serve = async (log: ConnectionLog, play: Play, onHead: () => void): Promise<void> => {
  if (play.script.when === 'connect') {
    const index = play.heads++;
    if (play.script.http2 !== undefined) await greet(log, play.script.http2);
    await reply(log, play, { index, stream: 1, complete: async () => {} });
    return;
  }
  if (play.script.http2 !== undefined) return serveStreams(log, play, play.script.http2, onHead);
  for (let at = 0; ; ) {
    const start = at;
    const extent = () => messageExtent(log.received, start, { kind: 'request', method: '', closed: false });
    await log.until(() => extent() !== undefined, 60_000);
    if (extent() === undefined) return;
    const index = play.heads++;
    onHead();
    const complete = async (): Promise<void> => {
      await log.until(() => (extent()?.end ?? -1) >= 0, 60_000);
    };
    if (play.script.when === 'request') await complete();
    if (log.gone) return;
    await reply(log, play, { index, stream: 1, complete });
    await complete();
    at = extent()?.end ?? -1;
    if (at < 0 || log.gone) return;
  }
};

/** Waits for the client's preface, and says this side's. */
const greet = async (log: ConnectionLog, { settings }: Http2Script): Promise<void> => {
  await log.until(() => hasPreface(log.received), 60_000);
  log.write(serverPreface(settings));
};

/** Answers the streams of one HTTP/2 connection, each by itself. */
const serveStreams = async (log: ConnectionLog, play: Play, http2: Http2Script, onHead: () => void): Promise<void> => {
  await greet(log, http2);
  for (let streams = 0, pings = 0; !log.gone; ) {
    const seen = () => requestsIn(log.received);
    await log.until(() => seen().streams.length > streams || seen().pings.length > pings, 60_000);
    const now = seen();
    if (http2.answersPings) for (const opaque of now.pings.slice(pings)) log.write(pong(opaque));
    pings = now.pings.length;
    for (const { id } of now.streams.slice(streams)) {
      const index = play.heads++;
      onHead();
      const complete = async (): Promise<void> => {
        await log.until(() => seen().streams.some((stream) => stream.id === id && stream.ended), 60_000);
      };
      void answerStream(log, play, { index, stream: id, complete });
    }
    streams = now.streams.length;
  }
};

const answerStream = async (log: ConnectionLog, play: Play, request: Request): Promise<void> => {
  if (play.script.when === 'request') await request.complete();
  await reply(log, play, request);
};

interface Request {
  /** Over all connections. */
  readonly index: number;
  /** 1 over HTTP/1. */
  readonly stream: number;
  complete(): Promise<void>;
}

const reply = async (log: ConnectionLog, play: Play, request: Request): Promise<void> => {
  const { replies } = play.script;
  for (const step of replies[Math.min(request.index, replies.length - 1)]) {
    if (log.gone) return;
    await act(log, play, step, request);
  }
};

const act = async (log: ConnectionLog, play: Play, step: UpstreamStep, request: Request): Promise<void> => {
  switch (step.do) {
    case 'send-frames':
      return log.write(encode(step.frames, request.stream - 1, 'upstream'));
    case 'send':
      return log.write(fillText(step.text, new Map()));
    case 'pause':
      return pause(step.ms);
    case 'wait':
      return play.signals.wait(step.name);
    case 'await-request':
      return request.complete();
    case 'await-text':
      await log.until(() => log.received.includes(step.text), 5_000);
      return;
    case 'half-close':
      return log.halfClose();
    case 'close':
      return log.close();
    case 'reset':
      return log.reset();
  }
};
