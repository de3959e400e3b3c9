import type net from 'node:net';
import { fs } from '../core/node-modules.ts';
import type { Admission } from './accept-gate.ts';
import { AcceptGate } from './accept-gate.ts';
import { ipAddress, isAbstract, systemPath } from './address.ts';
import type { Address, ListenerSocket, ListenOptions } from './transport.ts';

/** What Node listens with when it is asked for 0. */
const DEFAULT_BACKLOG = 511;

/** The documented half of listening, the same for both transports. Resolves with the bound address. */
export function startListening(server: net.Server, address: Address, options: ListenOptions): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      const mode = options.pipeMode;
      if (address.kind === 'pipe' && mode !== 0 && !isAbstract(address)) fs.chmodSync(address.host, mode);
      resolve(boundAddress(server, address));
    });
    server.listen(listenOptions(address, options));
  });
}

/** A server whose accepted sockets (`Raw`) pass the gate. */
export class ListeningSocket<Raw> implements ListenerSocket {
  readonly local: Address;
  readonly #server: net.Server;
  readonly #backlog: number;
  readonly #gate: AcceptGate<Raw>;
  #closing: Promise<void> | undefined;

  constructor(server: net.Server, parts: { readonly local: Address; readonly backlog: number; readonly admission: Admission<Raw> }) {
    this.#server = server;
    this.local = parts.local;
    this.#backlog = parts.backlog === 0 ? DEFAULT_BACKLOG : parts.backlog;
    this.#gate = new AcceptGate(parts.admission, this.#backlog);
  }

  /** Every socket the server accepts goes here. */
  offer(raw: Raw): void {
    this.#gate.offer(raw);
  }

  pauseAccepts(): void {
    this.#gate.pause();
  }

  resumeAccepts(): void {
    this.#gate.resume();
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeWhenQuiet();
    return this.#closing;
  }

  /** A turn of the event loop accepts at least one of those that wait. */
  async #closeWhenQuiet(): Promise<void> {
    await this.#gate.quiet(this.#backlog);
    this.#server.close();
  }
}

function listenOptions(address: Address, options: ListenOptions): net.ListenOptions {
  const { backlog } = options;
  if (address.kind === 'pipe') {
    if (!isAbstract(address)) removeStaleSocket(address.host);
    return { path: systemPath(address), backlog, exclusive: true };
  }
  const { reusePort, ipv6Only } = options;
  return { host: address.host, port: address.port, backlog, exclusive: true, reusePort, ipv6Only };
}

/** A socket file outlives a process that was killed, and would refuse the bind. Other files are left to do so. */
function removeStaleSocket(path: string): void {
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) fs.unlinkSync(path);
}

function boundAddress(server: net.Server, asked: Address): Address {
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? asked : ipAddress(bound.address, bound.port);
}
