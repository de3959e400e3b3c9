/** A gRPC server that echoes, and a client for it, both of node:http2. */

import { type ClientHttp2Session, type ClientHttp2Stream, connect, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

const PREFIX_BYTES = 5;

function message(text: string): Buffer {
  const framed = Buffer.alloc(PREFIX_BYTES + text.length);
  framed.writeUInt32BE(text.length, 1);
  framed.write(text, PREFIX_BYTES, 'latin1');
  return framed;
}

/** Takes bytes as they come, gives whole messages. */
class Messages {
  #held = Buffer.alloc(0);

  *read(bytes: Buffer): Generator<string> {
    this.#held = Buffer.concat([this.#held, bytes]);
    while (this.#held.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + this.#held.readUInt32BE(1);
      if (this.#held.length < end) return;
      yield this.#held.toString('latin1', PREFIX_BYTES, end);
      this.#held = this.#held.subarray(end);
    }
  }
}

export class GrpcEchoServer {
  readonly #server: Http2Server = createServer();

  static async start(): Promise<GrpcEchoServer> {
    const echo = new GrpcEchoServer();
    echo.#server.on('stream', (stream) => answer(stream));
    echo.#server.listen(0, '127.0.0.1');
    await once(echo.#server, 'listening');
    return echo;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}

/** Every message comes back at once; the call ends well when the client has ended it. */
function answer(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('error', () => {});
  const messages = new Messages();
  stream.on('data', (bytes: Buffer) => {
    for (const text of messages.read(bytes)) stream.write(message(text));
  });
  stream.on('end', () => stream.end());
}

/** One call: what is sent comes back in order. */
export class GrpcCall {
  readonly #stream: ClientHttp2Stream;
  readonly #received: string[] = [];
  readonly #messages = new Messages();
  #status = '';
  #closed = false;
  #wake: () => void = () => {};

  constructor(session: ClientHttp2Session) {
    this.#stream = session.request({ ':method': 'POST', ':path': '/echo.Echo/Say', 'content-type': 'application/grpc', te: 'trailers' });
    this.#stream.on('response', (headers) => (this.#status = `status ${headers[':status']}, grpc-status ${headers['grpc-status'] ?? 'to come'}`));
    this.#stream.on('trailers', (trailers) => (this.#status = `grpc-status ${trailers['grpc-status']}`));
    this.#stream.on('error', (error) => (this.#status = error.message));
    this.#stream.on('data', (bytes: Buffer) => {
      this.#received.push(...this.#messages.read(bytes));
      this.#wake();
    });
    this.#stream.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Sends a message and waits for its echo. Throws when the call is lost. */
  async say(text: string): Promise<void> {
    this.#stream.write(message(text));
    await this.#until(() => this.#received.length > 0);
    const echoed = this.#received.shift();
    if (echoed !== text) throw new Error(`'${text}' came back as '${echoed}': ${this.#status}`);
  }

  /** Ends the call well. Throws when it ends otherwise. */
  async end(): Promise<void> {
    this.#stream.end();
    await this.#until(() => this.#closed);
    if (this.#status !== 'grpc-status 0') throw new Error(this.#status);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** Calls over one connection, and over another once the server wants to leave. */
export class GrpcClient {
  readonly #port: number;
  readonly #sessions: ClientHttp2Session[] = [];
  #current: ClientHttp2Session | undefined;
  connections = 0;

  constructor(port: number) {
    this.#port = port;
  }

  call(): GrpcCall {
    return new GrpcCall((this.#current ??= this.#connect()));
  }

  #connect(): ClientHttp2Session {
    const session = connect(`http://127.0.0.1:${this.#port}`);
    this.connections++;
    this.#sessions.push(session);
    const leave = (): void => {
      if (this.#current === session) this.#current = undefined;
    };
    session.on('goaway', leave);
    session.on('close', leave);
    session.on('error', leave);
    return session;
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}
