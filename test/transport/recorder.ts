import { createHash } from 'node:crypto';
import type { ConnectingOwner, Connection, TransportError } from '../../src/transport/transport.ts';

/** An owner that writes down what it is told, and lets a test wait for it. Tests change what it does by assigning `on…`. */
export class Recorder implements ConnectingOwner {
  connection!: Connection;
  /** What arrived, as latin1, up to the first 64 KiB. */
  text = '';
  received = 0;
  readonly hash = createHash('sha1');
  connected = false;
  ended = false;
  drained = 0;
  closed = 0;
  error: TransportError | undefined;
  /** Names of calls, in order; repeated `bytes` count once. */
  readonly calls: string[] = [];
  onEveryBytes: (bytes: Buffer, length: number) => void = () => {};
  onEveryEnd: () => void = () => {};
  onEveryDrain: () => void = () => {};
  onEveryConnect: () => void = () => {};
  #waiters: { test: () => boolean; resolve: () => void }[] = [];

  onConnected(): void {
    this.connected = true;
    this.calls.push('connected');
    this.onEveryConnect();
    this.#wake();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.received += length;
    if (this.text.length < 65_536) this.text += bytes.toString('latin1', 0, length);
    this.hash.update(bytes.subarray(0, length));
    if (this.calls.at(-1) !== 'bytes') this.calls.push('bytes');
    this.onEveryBytes(bytes, length);
    this.#wake();
  }

  onEnd(): void {
    this.ended = true;
    this.calls.push('end');
    this.onEveryEnd();
    this.#wake();
  }

  onClosed(error: TransportError | undefined): void {
    this.closed++;
    this.error = error;
    this.calls.push('closed');
    this.#wake();
  }

  onDrained(): void {
    this.drained++;
    this.calls.push('drained');
    this.onEveryDrain();
    this.#wake();
  }

  until(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ test, resolve }));
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closed > 0);
  }

  untilText(text: string): Promise<void> {
    return this.until(() => this.text.includes(text));
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => waiter.test());
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }
}
