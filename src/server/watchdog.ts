import type { Bootstrap, Watchdog as WatchdogMessage } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/durations.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';
import { defineStats, type StatGroup, type StatStore } from '../core/stats/stats.ts';
import type { TimerOwner, Timers } from '../core/timers.ts';

const WATCHDOG_STATS = defineStats({ counters: ['watchdog_mega_miss', 'watchdog_miss'] });

/** How late a thread may be. */
export interface WatchdogSettings {
  readonly missMs: number;
  readonly megaMissMs: number;
}

export interface Watchdogs {
  readonly main: WatchdogSettings;
  readonly worker: WatchdogSettings;
}

/** Envoy's. */
export const DEFAULT_WATCHDOG: WatchdogSettings = { missMs: 200, megaMissMs: 1000 };

/** `watchdogs`, and `watchdog` of old for all threads. */
export function compileWatchdogs({ watchdog, watchdogs }: Bootstrap, problems: Problems): Watchdogs {
  if (watchdog !== undefined && watchdogs !== undefined) problems.error(ConfigPath.root.field('watchdogs'), 'Only one of watchdog or watchdogs should be set!');
  return { main: settingsOf(watchdogs?.mainThreadWatchdog ?? watchdog), worker: settingsOf(watchdogs?.workerWatchdog ?? watchdog) };
}

function settingsOf(message: WatchdogMessage | undefined): WatchdogSettings {
  return {
    missMs: durationMs(message?.missTimeout) ?? DEFAULT_WATCHDOG.missMs,
    megaMissMs: durationMs(message?.megamissTimeout) ?? DEFAULT_WATCHDOG.megaMissMs,
  };
}

/** A thread looks this often while it may be late. */
const LOOKS_PER_MISS = 2;
/** More often it would be work. */
const SHORTEST_LOOK_MS = 10;

/**
 * Counts how often the event loop of its thread was held up. The thread looks at itself, so a stall is counted when it is over. It ends
 * with the timers of the thread.
 */
export class Watchdog implements TimerOwner {
  readonly #groups: readonly StatGroup[];
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #settings: WatchdogSettings;
  readonly #everyMs: number;
  #lookedMs: number;

  constructor(store: StatStore, scopes: readonly string[], settings: WatchdogSettings, clock: Clock, timers: Timers) {
    this.#groups = scopes.map((scope) => store.group(scope, WATCHDOG_STATS));
    this.#clock = clock;
    this.#timers = timers;
    this.#settings = settings;
    this.#everyMs = Math.max(SHORTEST_LOOK_MS, Math.min(settings.missMs, settings.megaMissMs) / LOOKS_PER_MISS);
    this.#lookedMs = clock.monotonicMs();
    timers.after(this.#everyMs, this);
  }

  onTimer(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#lookedMs - this.#everyMs;
    this.#lookedMs = nowMs;
    this.#timers.after(this.#everyMs, this);
    const { missMs, megaMissMs } = this.#settings;
    for (const group of this.#groups) {
      if (lateMs >= missMs) group.inc(WATCHDOG_STATS.watchdog_miss);
      if (lateMs >= megaMissMs) group.inc(WATCHDOG_STATS.watchdog_mega_miss);
    }
  }
}
