import { endRound } from '../core/round.ts';
import type { Address, Connection, ConnectionOwner } from '../transport/transport.ts';

const LOCAL: Address = { kind: 'ip', host: '127.0.0.1', port: 10000, text: '127.0.0.1:10000' };
const REMOTE: Address = { kind: 'ip', host: '127.0.0.1', port: 40000, text: '127.0.0.1:40000' };

/** A connection whose peer is the test: keeps what is written, hands in what is read. */
export class MemoryConnection implements Connection {
  owner!: ConnectionOwner;
  readonly local = LOCAL;
  readonly remote = REMOTE;
  bytesRead = 0;
  closed = false;
  /** How the proxy has ended the connection. */
  ended: 'no' | 'fin' | 'linger' | 'reset' | 'destroyed' = 'no';
  #written = '';
  #unsentBytes = 0;
  #stalled = false;
  #paused = false;
  #waiting: Buffer[] = [];

  /** Everything written by now, as latin1 text; empty it to see what comes next. */
  get written(): string {
    endRound();
    return this.#written;
  }

  set written(text: string) {
    endRound();
    this.#written = text;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get bytesWritten(): number {
    return this.#written.length - this.#unsentBytes;
  }

  /** Whether the proxy has stopped reading. */
  get paused(): boolean {
    return this.#paused;
  }

  writeText(text: string): void {
    if (this.ended !== 'no') return;
    this.#written += text;
    if (this.#stalled) this.#unsentBytes += text.length;
  }

  writeBytes(bytes: Buffer): void {
    this.writeText(bytes.toString('latin1'));
  }

  flush(): void {}

  pauseReads(): void {
    this.#paused = true;
  }

  resumeReads(): void {
    this.#paused = false;
  }

  /** Comes again with the next `receive` or `pump`. */
  unread(bytes: Buffer): void {
    this.#waiting.unshift(bytes);
    this.bytesRead -= bytes.length;
  }

  endWrites(): void {
    this.ended = 'fin';
  }

  closeAfterFlush(): void {
    this.ended = 'linger';
  }

  reset(): void {
    this.ended = 'reset';
  }

  destroy(): void {
    this.ended = 'destroyed';
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}

  upgrade(): never {
    throw new Error('there is no TLS here');
  }

  // The test's side

  /** The peer sends bytes, or latin1 text. What comes while reads are paused waits; the lent bytes are overwritten after the call. */
  receive(bytes: Buffer | string): void {
    this.#waiting.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    this.pump();
  }

  /** Delivers what waits, as far as reads allow. */
  pump(): void {
    while (!this.#paused && this.ended === 'no' && this.#waiting.length > 0) {
      const bytes = this.#waiting.shift()!;
      this.bytesRead += bytes.length;
      this.owner.onBytes(bytes, bytes.length);
      bytes.fill(0x21);
    }
  }

  /** The peer stops and starts taking what is written. */
  stall(): void {
    this.#stalled = true;
  }

  drain(): void {
    this.#stalled = false;
    this.#unsentBytes = 0;
    this.owner.onDrained();
  }

  /** The peer breaks the connection. */
  break(): void {
    this.closed = true;
    this.ended = 'destroyed';
    this.owner.onClosed({ code: 'ECONNRESET', message: 'reset by the test' });
  }
}
