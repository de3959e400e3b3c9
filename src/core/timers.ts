import type { Clock } from './clock.ts';

/**
 * Timers of equal length share one FIFO list, so that arming and re-arming are a few pointer moves.
 * A timer is made once per owner and re-armed. It fires at most one tick late, never early.
 *
 *   idle ──arm──▶ armed ──tick past deadline──▶ idle (onTimer called)
 *     ▲             │arm: moved to the list's end
 *     └───disarm────┘
 */
export interface TimerOwner {
  /** `tag` is the number the timer was made with: one owner may hold several timers. */
  onTimer(tag: number): void;
}

export class Timer {
  /** Neighbours in the list of this duration; `null` while idle. Written by TimerList only. */
  previous: Timer | null = null;
  next: Timer | null = null;
  list: TimerList | null = null;
  deadlineMs = 0;
  readonly owner: TimerOwner | null;
  readonly tag: number;

  constructor(owner: TimerOwner | null, tag = 0) {
    this.owner = owner;
    this.tag = tag;
  }

  get armed(): boolean {
    return this.list !== null;
  }

  disarm(): void {
    const list = this.list;
    if (list !== null) list.remove(this);
  }
}

/** All armed timers of one duration, earliest deadline first. */
export class TimerList {
  readonly durationMs: number;
  readonly #timers: Timers;
  readonly #head = new Timer(null);

  constructor(timers: Timers, durationMs: number) {
    this.#timers = timers;
    this.durationMs = durationMs;
    this.#head.previous = this.#head;
    this.#head.next = this.#head;
  }

  get empty(): boolean {
    return this.#head.next === this.#head;
  }

  arm(timer: Timer): void {
    if (timer.list !== null) timer.list.remove(timer);
    timer.deadlineMs = this.#timers.nowMs() + this.durationMs;
    timer.list = this;
    const head = this.#head;
    const last = head.previous!;
    timer.previous = last;
    timer.next = head;
    last.next = timer;
    head.previous = timer;
    this.#timers.onArmed(timer.deadlineMs);
  }

  remove(timer: Timer): void {
    timer.previous!.next = timer.next;
    timer.next!.previous = timer.previous;
    timer.previous = null;
    timer.next = null;
    timer.list = null;
  }

  /** Fires what is due and returns the next deadline, or Infinity. */
  expire(nowMs: number): number {
    const head = this.#head;
    for (;;) {
      const first = head.next!;
      if (first === head) return Infinity;
      if (first.deadlineMs > nowMs) return first.deadlineMs;
      this.remove(first);
      first.owner!.onTimer(first.tag);
    }
  }
}

/**
 * One per thread. `nowMs()` is read from the clock at most once per `resolutionMs`-turn by callers that can live with a
 * coarse time; deadlines use the exact clock.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #lists = new Map<number, TimerList>();
  #handle: NodeJS.Timeout | undefined;
  #wakeAtMs = Infinity;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** The list for a duration in milliseconds; look it up once, when compiling. */
  list(durationMs: number): TimerList {
    let list = this.#lists.get(durationMs);
    if (list === undefined) {
      list = new TimerList(this, durationMs);
      this.#lists.set(durationMs, list);
    }
    return list;
  }

  /** A one-off for cold paths. */
  after(durationMs: number, owner: TimerOwner, tag = 0): Timer {
    const timer = new Timer(owner, tag);
    this.list(durationMs).arm(timer);
    return timer;
  }

  onArmed(deadlineMs: number): void {
    if (deadlineMs < this.#wakeAtMs) this.#wakeAt(deadlineMs);
  }

  /** Fires everything that is due. Called by the wake-up, and by tests after moving a manual clock. */
  expire(): void {
    this.#wakeAtMs = Infinity;
    clearTimeout(this.#handle);
    this.#handle = undefined;
    const nowMs = this.nowMs();
    let nextMs = Infinity;
    for (const [durationMs, list] of this.#lists) {
      const listNextMs = list.expire(nowMs);
      if (listNextMs < nextMs) nextMs = listNextMs;
      if (list.empty && this.#lists.size > 256) this.#lists.delete(durationMs);
    }
    if (nextMs < this.#wakeAtMs) this.#wakeAt(nextMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#handle);
  }

  /** A wake-up finds nothing due when its timer was disarmed or moved; it then sleeps until the next deadline. */
  #wakeAt(deadlineMs: number): void {
    if (this.#closed || deadlineMs === Infinity) return;
    this.#wakeAtMs = deadlineMs;
    clearTimeout(this.#handle);
    const delayMs = Math.max(1, Math.ceil(deadlineMs - this.nowMs()));
    this.#handle = setTimeout(() => this.expire(), Math.min(delayMs, 2 ** 31 - 1));
    this.#handle.unref();
  }
}
