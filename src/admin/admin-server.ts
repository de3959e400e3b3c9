import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { fs } from '../core/node-modules.ts';
import type { AdminAddress, AdminHost } from './admin-host.ts';
import type { AdminExchange, AdminTraffic } from './admin-traffic.ts';
import { Dispatch } from './dispatch.ts';
import { type AdminResponse, bare } from './handler.ts';

export interface AdminServerOptions {
  readonly host: AdminHost;
  /** `admin.address`; port 0: any. */
  readonly address: AdminAddress;
  /** Of a Unix socket; 0: as the process's umask has it. */
  readonly socketMode?: number;
  readonly allowsPath?: ((path: string) => boolean) | undefined;
  readonly traffic: AdminTraffic;
  /** Wall clock, for the date header. */
  readonly nowMs: () => number;
}

/** As Envoy's admin listener has it. */
export const MAX_HEAD_BYTES = 60 * 1024;
/** Of a form; what other commands are sent is read and dropped. */
export const MAX_FORM_BYTES = 1024 * 1024;
export const MAX_CONNECTIONS = 1024;
const REQUEST_TIMEOUT_MS = 60_000;
/** An answer whose client takes nothing for this long is given up. */
const STALLED_TIMEOUT_MS = 60_000;

/**
 * The listener of the admin interface. It lives on the main thread and is no part of the request path. Node.js loads its HTTP server, some
 * MiB, with the first connection.
 */
export class AdminServer {
  readonly address: AdminAddress;
  readonly #server: Server;
  readonly #requests: RequestServer;

  private constructor(server: Server, requests: RequestServer, address: AdminAddress) {
    this.#server = server;
    this.#requests = requests;
    this.address = address;
  }

  /** Rejects when the address cannot be bound. */
  static async start(options: AdminServerOptions): Promise<AdminServer> {
    const { host, address, traffic } = options;
    const requests = new RequestServer(new Answers(new Dispatch(options), options.nowMs, host, traffic));
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      traffic.onConnection(socket);
      // Node.js stops listening to a socket that it hands over, as for CONNECT, and its next error would end the process.
      socket.on('error', ignore);
      requests.take(socket);
    });
    server.maxConnections = MAX_CONNECTIONS;
    await listen(server, address);
    if (address.kind === 'pipe' && !address.host.startsWith('@') && options.socketMode) fs.chmodSync(address.host, options.socketMode);
    return new AdminServer(server, requests, boundAddress(server, address));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#requests.close();
    await closed;
  }
}

/** Reads HTTP on sockets that it is given. */
class RequestServer {
  readonly #answers: Answers;
  #server: HttpServer | undefined;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  take(socket: Socket): void {
    this.#server ??= this.#create();
    this.#server.emit('connection', socket);
  }

  close(): void {
    this.#server?.closeAllConnections();
    // It never listened: this ends the timer that looks for slow requests.
    this.#server?.close();
  }

  #create(): HttpServer {
    const answers = this.#answers;
    const { createServer: createHttpServer } = process.getBuiltinModule('node:http');
    const server = createHttpServer({ maxHeaderSize: MAX_HEAD_BYTES, requestTimeout: REQUEST_TIMEOUT_MS, requireHostHeader: false, joinDuplicateHeaders: false });
    server.setTimeout(STALLED_TIMEOUT_MS);
    server.on('request', answers.request);
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue();
      answers.request(request, response);
    });
    server.on('connect', (_request: IncomingMessage, socket: Socket) => answers.refuse(socket, 400));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => answers.refuse(socket, error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400));
    // Starts the timer that looks for slow requests.
    server.emit('listening');
    return server;
  }
}

/** A socket file that a dead process has left behind is taken over; one that is in use is not. */
async function listen(server: Server, address: AdminAddress, retried = false): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const listening = (): void => {
        server.off('error', reject);
        resolve();
      };
      if (address.kind === 'pipe') server.listen({ path: address.host.startsWith('@') ? `\0${address.host.slice(1)}` : address.host }, listening);
      else server.listen({ host: address.host, port: address.port, ipv6Only: address.host.includes(':') }, listening);
    });
  } catch (error) {
    if (address.kind !== 'pipe' || retried || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || (await isServed(address.host))) throw error;
    fs.unlinkSync(address.host);
    await listen(server, address, true);
  }
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function boundAddress(server: Server, address: AdminAddress): AdminAddress {
  if (address.kind === 'pipe') return address;
  const { address: host, port } = server.address() as AddressInfo;
  return { kind: 'ip', host, port, text: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
}

function ignore(): void {}

const REASONS: Readonly<Record<number, string>> = { 400: 'Bad Request', 413: 'Payload Too Large', 426: 'Upgrade Required', 431: 'Request Header Fields Too Large' };

/** Reads requests, writes answers as Envoy writes them. */
class Answers {
  readonly #dispatch: Dispatch;
  readonly #nowMs: () => number;
  readonly #host: AdminHost;
  readonly #traffic: AdminTraffic;

  constructor(dispatch: Dispatch, nowMs: () => number, host: AdminHost, traffic: AdminTraffic) {
    this.#dispatch = dispatch;
    this.#nowMs = nowMs;
    this.#host = host;
    this.#traffic = traffic;
  }

  readonly request = (request: IncomingMessage, response: ServerResponse): void => {
    this.#serve(request, response).catch((error: Error) => {
      response.destroy();
      if (isClientsFault(error)) return;
      // A bug of a command ends its answer, not the process.
      this.#host.log.error(`admin interface: ${request.method} ${request.url?.split('?')[0]}: ${error.stack ?? error.message}`);
    });
  };

  /** For what is no request that could be answered in order: the connection ends. */
  refuse(socket: Socket, status: number): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const reason = REASONS[status]!;
    const date = new Date(this.#nowMs()).toUTCString();
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\ncontent-length: ${reason.length}\r\ncontent-type: text/plain\r\n` +
        `date: ${date}\r\nserver: envoy\r\nconnection: close\r\n\r\n${reason}`,
    );
    socket.destroySoon();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = this.#traffic.onRequest(request);
    response.on('error', ignore);
    response.once('close', () => this.#traffic.onEnd(exchange));
    if (request.httpVersion !== '1.1') return this.#refuse(exchange, request, 426);
    if (request.headers.host === undefined) return this.#write(exchange, request, response, bare(400));
    const form = await readForm(request, exchange);
    if (form === undefined) return this.#refuse(exchange, request, 413);
    const answer = await this.#dispatch.answer(request.method!, request.url!, form, request.headers.accept);
    await this.#write(exchange, request, response, answer);
  }

  #refuse(exchange: AdminExchange, { socket }: IncomingMessage, status: number): void {
    exchange.onAnswer(status, []);
    this.refuse(socket, status);
  }

  async #write(exchange: AdminExchange, request: IncomingMessage, response: ServerResponse, answer: AdminResponse): Promise<void> {
    const { status, head = [], contentType, body, afterwards } = answer;
    const headers = [...head];
    if (contentType !== undefined) headers.push('content-type', contentType, 'cache-control', 'no-cache, max-age=0', 'x-content-type-options', 'nosniff');
    headers.push('date', new Date(this.#nowMs()).toUTCString(), 'server', 'envoy');
    if (status === 400 && contentType === undefined) response.shouldKeepAlive = false;
    if (!response.shouldKeepAlive) headers.push('connection', 'close');
    headers.push(...(contentType === undefined ? ['content-length', '0'] : ['transfer-encoding', 'chunked']));
    response.sendDate = false;
    // Keeps Node.js from adding lines of its own.
    response.removeHeader('connection');
    exchange.onAnswer(status, headers);
    response.writeHead(status, headers);
    if (request.method !== 'HEAD') await writeBody(exchange, response, body);
    if (afterwards !== undefined) response.once('close', afterwards);
    response.end();
  }
}

/** What is smaller waits for more. */
const WRITE_LENGTH = 32_768;

/** Where the proxy has one thread, requests are served between the writes. */
async function writeBody(exchange: AdminExchange, response: ServerResponse, body: AdminResponse['body']): Promise<void> {
  let waiting = '';
  for await (const chunk of typeof body === 'string' ? [body] : body) {
    exchange.onBody(chunk);
    if (typeof chunk !== 'string') {
      if (response.destroyed || (!response.write(chunk) && !(await drained(response)))) return;
      continue;
    }
    waiting += chunk;
    if (waiting.length < WRITE_LENGTH) continue;
    if (response.destroyed || (!response.write(waiting) && !(await drained(response)))) return;
    waiting = '';
    await setImmediate();
  }
  if (waiting !== '') response.write(waiting);
}

function isClientsFault({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** False when the client has gone. */
function drained(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (alive: boolean) => (): void => {
      response.off('drain', onDrain);
      response.off('close', onClose);
      resolve(alive);
    };
    const onDrain = done(true);
    const onClose = done(false);
    response.on('drain', onDrain);
    response.on('close', onClose);
  });
}

/** The body when it is a form, else ''; undefined when it is too large. */
async function readForm(request: IncomingMessage, exchange: AdminExchange): Promise<string | undefined> {
  const wanted = request.headers['content-type'] === 'application/x-www-form-urlencoded';
  let size = 0;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    exchange.onForm(chunk);
    if (!wanted) continue;
    size += chunk.length;
    if (size > MAX_FORM_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}
