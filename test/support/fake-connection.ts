import { endRound } from '../../src/core/round.ts';
import type { Address, Connection, ConnectionOwner } from '../../src/transport/transport.ts';

const address: Address = { kind: 'ip', host: '127.0.0.1', port: 1, text: '127.0.0.1:1' };

/** A connection whose peer is the test: collects what is written, hands in what is read. */
export class FakeConnection implements Connection {
  owner!: ConnectionOwner;
  readonly local = address;
  readonly remote = address;
  unsentBytes = 0;
  bytesRead = 0;
  bytesWritten = 0;
  closed = false;
  paused = false;
  ended: 'no' | 'fin' | 'linger' | 'reset' | 'destroyed' = 'no';
  #written = '';
  #waiting: Buffer[] = [];

  /** Everything written, as latin1 text. */
  get written(): string {
    endRound();
    return this.#written;
  }

  set written(text: string) {
    endRound();
    this.#written = text;
  }

  writeText(text: string): void {
    if (this.ended === 'no') this.#written += text;
  }
  writeBytes(bytes: Buffer): void {
    this.writeText(bytes.toString('latin1'));
  }
  flush(): void {}
  pauseReads(): void {
    this.paused = true;
  }
  resumeReads(): void {
    this.paused = false;
  }

  unread(): void {}
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
  upgrade(): never {
    throw new Error('there is no socket to secure');
  }
  setNoDelay(): void {}
  setKeepAlive(): void {}

  /** The peer sends; what comes while reads are paused waits, as in a socket. The lent buffer is overwritten afterwards. */
  receive(text: string): void {
    this.#waiting.push(Buffer.from(text, 'latin1'));
    this.pump();
  }

  /** Delivers what waits, as far as reads allow. */
  pump(): void {
    while (!this.paused && this.ended === 'no' && this.#waiting.length > 0) {
      const bytes = this.#waiting.shift()!;
      this.owner.onBytes(bytes, bytes.length);
      bytes.fill(0x21);
    }
  }
}
