import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { DrainDecision } from '../listener/network-filter.ts';

export type DrainStrategy = 'gradual' | 'immediate';

export interface DrainSettings {
  /** `--drain-time-s`, in milliseconds. */
  readonly timeMs: number;
  /** `--drain-strategy`. */
  readonly strategy: DrainStrategy;
  /** Asked by `/healthcheck/fail`: answers to health checks fail too. */
  readonly failsHealthChecks?: boolean;
}

/**
 * Whether an answer should be the last of its connection while the process drains. Gradual: the chance grows from none to
 * certainty over the drain time, so that clients reconnect spread out; immediate, and while health checks are made to fail: every
 * answer.
 */
export class DrainManager implements DrainDecision {
  readonly #clock: Clock;
  readonly #random: Random;
  #settings: DrainSettings | undefined;
  #startedMs = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get draining(): boolean {
    return this.#settings !== undefined;
  }

  start(settings: DrainSettings): void {
    if (this.#settings === undefined) this.#startedMs = this.#clock.monotonicMs();
    if (this.#settings?.failsHealthChecks !== true) this.#settings = settings;
  }

  stop(): void {
    this.#settings = undefined;
  }

  shouldClose(): boolean {
    const settings = this.#settings;
    if (settings === undefined) return false;
    if (settings.failsHealthChecks === true || settings.strategy === 'immediate' || settings.timeMs === 0) return true;
    const elapsedMs = this.#clock.monotonicMs() - this.#startedMs;
    return elapsedMs >= settings.timeMs || this.#random.unit() * settings.timeMs < elapsedMs;
  }
}
