import type { Address, ConnectingOwner, Connection, ConnectionOwner, ConnectOptions, ListenerSocket, Transport } from '../../src/transport/transport.ts';
import { endRound } from '../../src/core/round.ts';
import { ipAddress } from '../../src/transport/address.ts';

/** An upstream connection whose other end is the test. */
export class FakeConnection implements Connection {
  owner: ConnectionOwner;
  readonly local = ipAddress('127.0.0.1', 40_000);
  readonly remote: Address;
  readonly options: ConnectOptions;
  readonly unsentBytes = 0;
  bytesRead = 0;
  bytesWritten = 0;
  closed = false;
  #written = '';
  keepAliveDelayMs: number | undefined;
  readonly #connecting: ConnectingOwner;
  readonly #transport: FakeTransport;

  constructor(transport: FakeTransport, remote: Address, options: ConnectOptions, owner: ConnectingOwner) {
    this.#transport = transport;
    this.remote = remote;
    this.options = options;
    this.owner = owner;
    this.#connecting = owner;
  }

  // The test's end.

  /** All that has been written by now. */
  get written(): string {
    endRound();
    return this.#written;
  }

  set written(text: string) {
    endRound();
    this.#written = text;
  }

  accept(): void {
    this.#connecting.onConnected();
  }

  refuse(code = 'ECONNREFUSED'): void {
    this.closed = true;
    this.owner.onClosed({ code, message: `connect ${code}` });
  }

  respond(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.bytesRead += bytes.length;
    this.owner.onBytes(bytes, bytes.length);
  }

  /** The peer closes. */
  end(): void {
    this.owner.onEnd();
    this.#transport.settle();
    if (!this.closed) this.#close(undefined);
  }

  // Connection

  writeText(text: string): void {
    this.#written += text;
    this.bytesWritten += text.length;
  }

  writeBytes(bytes: Buffer): void {
    this.writeText(bytes.toString('latin1'));
  }

  flush(): void {}
  pauseReads(): void {}
  resumeReads(): void {}

  unread(): void {}
  endWrites(): void {}
  upgrade(): never {
    throw new Error('there is no socket to secure');
  }
  setNoDelay(): void {}

  setKeepAlive(_on: boolean, initialDelayMs: number): void {
    this.keepAliveDelayMs = initialDelayMs;
  }

  closeAfterFlush(): void {
    this.destroy();
  }

  reset(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.#transport.later(() => this.owner.onClosed(undefined));
  }

  #close(error: undefined): void {
    this.closed = true;
    this.owner.onClosed(error);
  }
}

export class FakeTransport implements Transport {
  readonly name = 'public';
  readonly connections: FakeConnection[] = [];
  readonly #later: (() => void)[] = [];

  connect(address: Address, options: ConnectOptions, owner: ConnectingOwner): FakeConnection {
    const connection = new FakeConnection(this, address, options, owner);
    this.connections.push(connection);
    return connection;
  }

  listen(): Promise<ListenerSocket> {
    throw new Error('a cluster does not listen');
  }

  get last(): FakeConnection {
    return this.connections.at(-1)!;
  }

  later(callback: () => void): void {
    this.#later.push(callback);
  }

  /** Runs what a transport would call back in a later turn. */
  settle(): void {
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
  }
}
