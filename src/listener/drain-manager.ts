import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { DrainDecision } from './network-filter.ts';

export type DrainStrategy = 'gradual' | 'immediate';

export interface DrainSettings {
  /** `--drain-time-s`, in milliseconds. */
  readonly timeMs: number;
  /** `--drain-strategy`. */
  readonly strategy: DrainStrategy;
  /** Asked by `/healthcheck/fail`: answers to health checks fail too. */
  readonly failsHealthChecks?: boolean;
  /** Idle connections end at once. */
  readonly endsIdle?: boolean;
  /** Only listeners whose `traffic_direction` is INBOUND. */
  readonly inboundOnly?: boolean;
}

/**
 * Whether an answer should be the last of its connection while what it came through drains, or what that belongs to. Gradual: the chance grows from none to
 * certainty over the drain time, so that clients reconnect spread out; immediate, and while health checks are made to fail: every
 * answer.
 */
export class DrainManager implements DrainDecision {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #whole: DrainDecision | undefined;
  #settings: DrainSettings | undefined;
  #startedMs = 0;

  /** `whole`: of what this is a part of. */
  constructor(clock: Clock, random: Random, whole?: DrainDecision) {
    this.#clock = clock;
    this.#random = random;
    this.#whole = whole;
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
    if (settings === undefined) return this.#whole !== undefined && this.#whole.shouldClose();
    if (settings.failsHealthChecks === true || settings.strategy === 'immediate' || settings.timeMs === 0) return true;
    const elapsedMs = this.#clock.monotonicMs() - this.#startedMs;
    return elapsedMs >= settings.timeMs || this.#random.unit() * settings.timeMs < elapsedMs;
  }
}

/** What the drains of a process differ for: `traffic_direction` and `drain_type`. */
export interface DrainKind {
  readonly inbound: boolean;
  /** `MODIFY_ONLY`: health checks that are made to fail drain nothing. */
  readonly modifyOnly: boolean;
}

/** The drains of a process, by what they concern. */
export class ProcessDrain {
  readonly #managers: readonly (DrainKind & { readonly manager: DrainManager })[];

  constructor(clock: Clock, random: Random) {
    const kinds = [true, false].flatMap((inbound) => [true, false].map((modifyOnly) => ({ inbound, modifyOnly })));
    this.#managers = kinds.map((kind) => ({ ...kind, manager: new DrainManager(clock, random) }));
  }

  of({ inbound, modifyOnly }: DrainKind): DrainDecision {
    return this.#managers.find((kind) => kind.inbound === inbound && kind.modifyOnly === modifyOnly)!.manager;
  }

  start(settings: DrainSettings): void {
    for (const { inbound, modifyOnly, manager } of this.#managers) {
      const concerned = (inbound || settings.inboundOnly !== true) && !(modifyOnly && settings.failsHealthChecks === true);
      if (concerned) manager.start(settings);
    }
  }

  stop(): void {
    for (const { manager } of this.#managers) manager.stop();
  }
}
