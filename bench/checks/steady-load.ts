import { ClientConnection } from '../end-to-end/load/client-connection.ts';
import type { ClientOwner } from '../end-to-end/load/client-connection.ts';
import { requestBytes } from '../end-to-end/request.ts';

/** Pause before a connection that could not be opened is tried again: a proxy that is down must not spin this loop. */
const RETRY_MS = 20;

/**
 * A closed loop that judges each request: one on every connection at any time. A request has failed when its answer is not
 * 200 or when its connection went away under it; a connection whose last answer announced its end is just replaced.
 */
export class SteadyLoad implements ClientOwner {
  answered = 0;
  failed = 0;
  /** By what happened. */
  readonly failures = new Map<string, number>();
  /** `x-generation` of the latest answer. */
  generation: string | undefined;
  readonly #port: number;
  readonly #request: Buffer;
  readonly #connections = new Set<ClientConnection>();
  readonly #waiting = new Set<ClientConnection>();
  #running = true;

  constructor(port: number, connections: number) {
    this.#port = port;
    this.#request = requestBytes({ host: 'bench.example.com', path: '/svc57/api/v1/items?id=42', close: false });
    for (let count = 0; count < connections; count++) this.#connect();
  }

  onOpen(connection: ClientConnection): void {
    this.#sendOn(connection);
  }

  onResponse(connection: ClientConnection): void {
    const { reader } = connection;
    this.#waiting.delete(connection);
    this.answered++;
    if (reader.status === 200) this.generation = reader.header('x-generation');
    else this.#fail(`status ${reader.status}`);
    if (!reader.closes) this.#sendOn(connection);
  }

  onClosed(connection: ClientConnection, error: NodeJS.ErrnoException | undefined): void {
    this.#connections.delete(connection);
    if (!this.#running) return;
    if (this.#waiting.delete(connection)) this.#fail(error?.code ?? 'closed before the answer');
    else if (error !== undefined) this.#fail(error.code ?? error.message);
    if (error === undefined) this.#connect();
    else setTimeout(() => this.#connect(), RETRY_MS);
  }

  stop(): void {
    this.#running = false;
    for (const connection of this.#connections) connection.destroy();
  }

  #connect(): void {
    if (this.#running) this.#connections.add(new ClientConnection(this.#port, this));
  }

  #sendOn(connection: ClientConnection): void {
    this.#waiting.add(connection);
    connection.send(this.#request);
  }

  #fail(how: string): void {
    this.failed++;
    this.failures.set(how, (this.failures.get(how) ?? 0) + 1);
  }
}
