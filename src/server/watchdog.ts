import type { Clock } from '../core/clock.ts';
import { defineStats, type StatGroup, type StatStore } from '../core/stats/stats.ts';
import type { TimerOwner, Timers } from '../core/timers.ts';

const WATCHDOG_STATS = defineStats({ counters: ['watchdog_mega_miss', 'watchdog_miss'] });

/** Envoy's defaults of `watchdogs.*.miss_timeout` and `megamiss_timeout`. */
export const MISS_MS = 200;
export const MEGA_MISS_MS = 1000;
const LOOK_EVERY_MS = MISS_MS / 2;

/**
 * Counts how often the event loop of its thread was held up. The thread looks at itself, so a stall is counted when it is over. It ends
 * with the timers of the thread.
 */
export class Watchdog implements TimerOwner {
  readonly #groups: readonly StatGroup[];
  readonly #clock: Clock;
  readonly #timers: Timers;
  #lookedMs: number;

  constructor(store: StatStore, scopes: readonly string[], clock: Clock, timers: Timers) {
    this.#groups = scopes.map((scope) => store.group(scope, WATCHDOG_STATS));
    this.#clock = clock;
    this.#timers = timers;
    this.#lookedMs = clock.monotonicMs();
    timers.after(LOOK_EVERY_MS, this);
  }

  onTimer(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#lookedMs - LOOK_EVERY_MS;
    this.#lookedMs = nowMs;
    this.#timers.after(LOOK_EVERY_MS, this);
    if (lateMs < MISS_MS) return;
    for (const group of this.#groups) {
      group.inc(WATCHDOG_STATS.watchdog_miss);
      if (lateMs >= MEGA_MISS_MS) group.inc(WATCHDOG_STATS.watchdog_mega_miss);
    }
  }
}
