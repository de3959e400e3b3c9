import net from 'node:net';
import { ManualClock } from '../../src/core/clock.ts';
import { Timers } from '../../src/core/timers.ts';
import { ipAddress } from '../../src/transport/address.ts';
import type { Address, ConnectOptions, ListenerSocket, ListenOptions, Transport } from '../../src/transport/transport.ts';
import { Recorder } from './recorder.ts';

export const LOOPBACK = ipAddress('127.0.0.1', 0);
const LISTEN: ListenOptions = { backlog: 511, reusePort: false, ipv6Only: false, pipeMode: 0 };

export interface Served {
  readonly socket: ListenerSocket;
  /** One for each accepted connection. */
  readonly owners: Recorder[];
  /** The owner of the connection with this number, once it was accepted. */
  accepted(index: number): Promise<Recorder>;
}

/** A transport with a clock that stands still, and everything a test opened through it. */
export class World {
  readonly clock = new ManualClock();
  readonly timers = new Timers(this.clock);
  readonly transport: Transport;
  readonly #listeners: ListenerSocket[] = [];
  readonly #owners: Recorder[] = [];
  readonly #peers: net.Socket[] = [];
  readonly #servers: net.Server[] = [];

  constructor(create: (timers: Timers) => Transport) {
    this.transport = create(this.timers);
  }

  /** `prepare` runs inside accept. */
  async listen(address: Address, options: Partial<ListenOptions> = {}, prepare: (owner: Recorder) => void = () => {}): Promise<Served> {
    const owners: Recorder[] = [];
    const waiting: (() => void)[] = [];
    const socket = await this.transport.listen(address, { ...LISTEN, ...options }, (connection) => {
      const owner = this.#owner();
      owner.connection = connection;
      owners.push(owner);
      prepare(owner);
      for (const wake of waiting.splice(0)) wake();
      return owner;
    });
    this.#listeners.push(socket);
    const accepted = async (index: number): Promise<Recorder> => {
      while (owners.length <= index) await new Promise<void>((resolve) => waiting.push(resolve));
      return owners[index]!;
    };
    return { socket, owners, accepted };
  }

  connect(address: Address, options: ConnectOptions = {}): Recorder {
    const owner = this.#owner();
    owner.connection = this.transport.connect(address, options, owner);
    return owner;
  }

  /** Two connected ends, both of the transport under test. */
  async pair(): Promise<{ client: Recorder; server: Recorder }> {
    const served = await this.listen(LOOPBACK);
    const client = this.connect(served.socket.local);
    const [server] = await Promise.all([served.accepted(0), client.until(() => client.connected)]);
    return { client, server };
  }

  /** An accepted connection of the transport under test and an ordinary socket as its peer. */
  async withPeer(options: net.SocketConstructorOpts = {}): Promise<{ owner: Recorder; peer: Peer }> {
    const served = await this.listen(LOOPBACK);
    const peer = this.peer(served.socket.local, options);
    return { owner: await served.accepted(0), peer };
  }

  peer(address: Address, options: net.SocketConstructorOpts = {}): Peer {
    const target = address.kind === 'pipe' ? { path: address.host } : { host: address.host, port: address.port };
    const socket = net.connect({ ...target, ...options });
    this.#peers.push(socket);
    return new Peer(socket);
  }

  /** A connection opened by the transport under test, and an ordinary server's socket as its peer. */
  async toPeer(): Promise<{ owner: Recorder; peer: Peer }> {
    const server = net.createServer({ allowHalfOpen: true });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const arriving = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
    const owner = this.connect(ipAddress('127.0.0.1', port));
    const socket = await arriving;
    this.#peers.push(socket);
    await owner.until(() => owner.connected);
    return { owner, peer: new Peer(socket) };
  }

  /** Moves the clock and fires what is due. */
  pass(ms: number): void {
    this.clock.advance(ms);
    this.timers.expire();
  }

  async close(): Promise<void> {
    for (const socket of this.#peers) socket.destroy();
    for (const server of this.#servers) server.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const owner of this.#owners) owner.connection.destroy();
    await Promise.all(this.#owners.map((owner) => owner.untilClosed()));
    this.timers.close();
  }

  #owner(): Recorder {
    const owner = new Recorder();
    this.#owners.push(owner);
    return owner;
  }
}

/** The other side: an ordinary socket. */
export class Peer {
  readonly socket: net.Socket;
  text = '';
  received = 0;
  error: NodeJS.ErrnoException | undefined;
  readonly closed: Promise<void>;
  readonly ended: Promise<void>;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', (error) => (this.error = error));
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      if (this.text.length < 65_536) this.text += chunk.toString('latin1');
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.ended = new Promise((resolve) => socket.once('end', resolve));
  }

  async untilText(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise((resolve) => this.socket.once('data', resolve));
  }

  async untilReceived(count: number): Promise<void> {
    while (this.received < count) await new Promise((resolve) => this.socket.once('data', resolve));
  }
}

/** The event loop polled its sockets once more. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await turn();
}

/** Bytes that differ at every offset, so that a lost, repeated or overwritten part shows. */
export function patternBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = 0x9e3779b9;
  for (let offset = 0; offset + 4 <= length; offset += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state | 0, offset);
  }
  bytes.fill(0x2a, length - (length % 4));
  return bytes;
}
