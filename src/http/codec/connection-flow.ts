import type { Connection } from '../../transport/transport.ts';
import type { PressureWatcher } from './codec.ts';

/** Back-pressure on a connection that carries one stream at a time: what is read pauses by count, what waits to leave has a watermark. */
export class ConnectionFlow {
  /** More waits for the peer than it should. */
  aboveWatermark = false;
  readonly #connection: Connection;
  readonly #highWatermarkBytes: number;
  #pauses = 0;

  /** `highWatermarkBytes`: `per_connection_buffer_limit_bytes`. */
  constructor(connection: Connection, highWatermarkBytes: number) {
    this.#connection = connection;
    this.#highWatermarkBytes = highWatermarkBytes;
  }

  pause(): void {
    if (this.#pauses++ === 0) this.#connection.pauseReads();
  }

  resume(): void {
    if (this.#pauses === 0 || --this.#pauses > 0) return;
    this.#connection.resumeReads();
  }

  /** The stream whose user has paused is over. */
  forgetPauses(): void {
    if (this.#pauses === 0) return;
    this.#pauses = 0;
    this.#connection.resumeReads();
  }

  /** A stream begins, whose watcher has been told nothing. */
  forgetWatermark(): void {
    this.aboveWatermark = false;
  }

  /** After each write. */
  checkPressure(watcher: PressureWatcher | undefined): void {
    if (this.aboveWatermark || this.#connection.unsentBytes <= this.#highWatermarkBytes) return;
    this.aboveWatermark = true;
    watcher?.onHighWatermark();
  }

  /** Everything has left. */
  onDrained(watcher: PressureWatcher | undefined): void {
    if (!this.aboveWatermark) return;
    this.aboveWatermark = false;
    watcher?.onLowWatermark();
  }
}
