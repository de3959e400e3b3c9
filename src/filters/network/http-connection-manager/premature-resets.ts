import type { Runtime } from '../../../core/runtime.ts';

const SHARE = 0.5;

/**
 * Rapid reset (CVE-2023-44487): a client that keeps asking and takes its requests back before they are answered costs this side
 * and upstreams more than itself. Half of so many streams are too many.
 */
export class PrematureResets {
  readonly #totalStreams: number;
  readonly #minLifetimeSeconds: number;
  #streams = 0;
  #premature = 0;

  constructor(runtime: Runtime) {
    this.#totalStreams = runtime.number('overload.premature_reset_total_stream_count', 500);
    this.#minLifetimeSeconds = runtime.number('overload.premature_reset_min_stream_lifetime_seconds', 1);
  }

  /** True when the connection is to be closed. Whole seconds are compared: with 1, what lasts less than 2 is premature. */
  onStreamEnd(lifetimeMs: number, answered: boolean): boolean {
    this.#streams++;
    if (!answered && Math.floor(lifetimeMs / 1000) <= this.#minLifetimeSeconds) this.#premature++;
    if (this.#streams < this.#totalStreams) return this.#premature >= this.#totalStreams * SHARE;
    return this.#premature >= this.#streams * SHARE;
  }
}
