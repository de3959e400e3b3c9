import { requestBytes } from '../request.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientOwner } from './client-connection.ts';

/**
 * hold-connections.ts JSON: opens connections, sends one request on each, says `{"open":n,"failed":m}` when all have been
 * answered and keeps them open until its standard input ends.
 */
export interface HoldOptions {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly connections: number;
}

export interface HoldResult {
  readonly open: number;
  readonly failed: number;
}

const MAX_OPENING = 32;

class Holder implements ClientOwner {
  readonly #options: HoldOptions;
  readonly #request: Buffer;
  #started = 0;
  #open = 0;
  #failed = 0;

  constructor(options: HoldOptions) {
    this.#options = options;
    this.#request = requestBytes({ host: options.host, path: options.path, close: false });
    for (let count = 0; count < MAX_OPENING; count++) this.#startNext();
  }

  onOpen(connection: ClientConnection): void {
    connection.send(this.#request);
  }

  onResponse(connection: ClientConnection): void {
    if (connection.reader.status === 200) this.#open++;
    else this.#failed++;
    this.#onSettled();
  }

  onClosed(connection: ClientConnection): void {
    if (connection.reader.status === 0) {
      this.#failed++;
      this.#onSettled();
    } else {
      this.#open--;
      this.#failed++;
    }
  }

  #startNext(): void {
    if (this.#started++ < this.#options.connections) new ClientConnection(this.#options.port, this);
  }

  #onSettled(): void {
    this.#startNext();
    if (this.#open + this.#failed !== this.#options.connections) return;
    const result: HoldResult = { open: this.#open, failed: this.#failed };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

new Holder(JSON.parse(process.argv[2]) as HoldOptions);
process.stdin.on('end', () => process.exit(0)).resume();
