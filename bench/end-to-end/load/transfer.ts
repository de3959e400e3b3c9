import { ClientConnection } from './client-connection.ts';
import type { ClientOwner } from './client-connection.ts';

/** transfer.ts JSON: large bodies one after the other over one connection; prints a TransferResult. */
export interface TransferOptions {
  readonly port: number;
  readonly host: string;
  readonly direction: 'down' | 'up';
  readonly bytes: number;
  readonly transfers: number;
}

export interface TransferResult {
  /** One a transfer. */
  readonly elapsedMs: readonly number[];
  readonly failed: number;
}

const BLOCK = Buffer.alloc(1 << 20, 'x');
const STALL_MS = 60_000;

class Transfers implements ClientOwner {
  readonly #options: TransferOptions;
  readonly #elapsedMs: number[] = [];
  #startMs = 0;
  #bodyBytesBefore = 0;

  constructor(options: TransferOptions) {
    this.#options = options;
    new ClientConnection(options.port, this);
    setTimeout(() => this.#end(), STALL_MS);
  }

  onOpen(connection: ClientConnection): void {
    this.#startMs = performance.now();
    const { direction, bytes, host } = this.#options;
    this.#bodyBytesBefore = connection.reader.bodyBytes;
    if (direction === 'down') {
      connection.send(Buffer.from(`GET /bytes/${bytes} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
      return;
    }
    connection.send(Buffer.from(`POST /upload HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${bytes}\r\n\r\n`));
    this.#sendBody(connection, bytes);
  }

  onResponse(connection: ClientConnection): void {
    const { direction, bytes, transfers } = this.#options;
    const complete = direction === 'up' || connection.reader.bodyBytes - this.#bodyBytesBefore >= bytes;
    if (connection.reader.status !== 200 || !complete) return this.#end();
    this.#elapsedMs.push(performance.now() - this.#startMs);
    if (this.#elapsedMs.length === transfers) this.#end();
    else this.onOpen(connection);
  }

  onClosed(): void {
    this.#end();
  }

  #sendBody(connection: ClientConnection, bytesLeft: number): void {
    for (let left = bytesLeft; left > 0; ) {
      const block = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
      left -= block.length;
      if (!connection.send(block) && left > 0) return connection.onceDrained(() => this.#sendBody(connection, left));
    }
  }

  #end(): void {
    const result: TransferResult = { elapsedMs: this.#elapsedMs, failed: this.#options.transfers - this.#elapsedMs.length };
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
  }
}

new Transfers(JSON.parse(process.argv[2]) as TransferOptions);
