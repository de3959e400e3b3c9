import type { Clock } from './clock.ts';
import { type Linked, LinkedList } from './linked-list.ts';
import { type OverloadMessage, reducedTimeout, type ScaledTimeout } from './overload.ts';

type TimeoutReduction = Pick<OverloadMessage, 'states' | 'timeoutFloors'>;

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
  armedMs = 0;
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
export class TimerList implements Linked<TimerList> {
  list: LinkedList<TimerList> | undefined = undefined;
  listPrevious: TimerList | undefined = undefined;
  listNext: TimerList | undefined = undefined;
  /** As it was asked for. */
  readonly durationMs: number;
  /** What it is now. */
  #currentMs: number;
  readonly #timers: Timers;
  readonly #head = new Timer(null);
  /** `#timers` looks at it when it wakes. */
  #isWatched = false;

  constructor(timers: Timers, durationMs: number) {
    this.#timers = timers;
    this.durationMs = durationMs;
    this.#currentMs = durationMs;
    this.#head.previous = this.#head;
    this.#head.next = this.#head;
  }

  get empty(): boolean {
    return this.#head.next === this.#head;
  }

  arm(timer: Timer): void {
    const nowMs = this.#timers.nowMs();
    if (timer.list !== null) {
      // Many arm the same one several times a turn.
      if (timer.list === this && timer.armedMs === nowMs) return;
      timer.list.remove(timer);
    }
    timer.armedMs = nowMs;
    timer.list = this;
    const head = this.#head;
    const last = head.previous!;
    timer.previous = last;
    timer.next = head;
    last.next = timer;
    head.previous = timer;
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#timers.watch(this, timer.armedMs + this.#currentMs);
  }

  /** Of all its timers, also of those that are armed. */
  setDuration(currentMs: number): void {
    this.#currentMs = currentMs;
    if (!this.empty) this.#timers.watch(this, this.#head.next!.armedMs + currentMs);
  }

  remove(timer: Timer): void {
    timer.previous!.next = timer.next;
    timer.next!.previous = timer.previous;
    timer.previous = null;
    timer.next = null;
    timer.list = null;
  }

  /** Fires what is due and returns the next deadline; Infinity when none is left and it need not be watched. */
  expire(nowMs: number): number {
    const head = this.#head;
    for (;;) {
      const first = head.next!;
      if (first === head) {
        this.#isWatched = false;
        return Infinity;
      }
      const deadlineMs = first.armedMs + this.#currentMs;
      if (deadlineMs > nowMs) return deadlineMs;
      this.remove(first);
      first.owner!.onTimer(first.tag);
    }
  }
}

/** One per thread. One system timer wakes it at the earliest deadline. */
export class Timers {
  readonly #clock: Clock;
  /** Lists handed out by duration, and those that hold an armed timer now. */
  readonly #lists = new Map<number, TimerList>();
  /** Those that an overloaded process shortens, by what they time and the duration. */
  readonly #reducible = new Map<ScaledTimeout, Map<number, TimerList>>();
  #reduction: TimeoutReduction | undefined;
  readonly #active = new LinkedList<TimerList>();
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

  /** The same for a timeout that `reduce_timeouts` may shorten. */
  reducibleList(timeout: ScaledTimeout, durationMs: number): TimerList {
    let lists = this.#reducible.get(timeout);
    if (lists === undefined) this.#reducible.set(timeout, (lists = new Map()));
    let list = lists.get(durationMs);
    if (list === undefined) {
      lists.set(durationMs, (list = new TimerList(this, durationMs)));
      if (this.#reduction !== undefined) reduceList(list, timeout, this.#reduction);
    }
    return list;
  }

  /** From now on, also for timers that are armed. */
  reduce(reduction: TimeoutReduction): void {
    this.#reduction = reduction;
    for (const [timeout, lists] of this.#reducible) for (const list of lists.values()) reduceList(list, timeout, reduction);
  }

  /** A list for a duration that a peer chose: it is forgotten with its last timer. */
  privateList(durationMs: number): TimerList {
    return this.#lists.get(durationMs) ?? new TimerList(this, durationMs);
  }

  /** A one-off for cold paths. */
  after(durationMs: number, owner: TimerOwner, tag = 0): Timer {
    const timer = new Timer(owner, tag);
    this.privateList(durationMs).arm(timer);
    return timer;
  }

  /** Called by a list that holds a timer again; later deadlines of the list are found when this one has passed. */
  watch(list: TimerList, deadlineMs: number): void {
    if (list.list === undefined) this.#active.addLast(list);
    if (deadlineMs < this.#wakeAtMs) this.#wakeAt(deadlineMs);
  }

  /** Fires everything that is due. Called by the wake-up, and by tests after moving a manual clock. */
  expire(): void {
    this.#wakeAtMs = Infinity;
    clearTimeout(this.#handle);
    this.#handle = undefined;
    const nowMs = this.nowMs();
    let nextMs = Infinity;
    for (const list of this.#active.values()) {
      const listNextMs = list.expire(nowMs);
      if (listNextMs === Infinity) this.#active.remove(list);
      else if (listNextMs < nextMs) nextMs = listNextMs;
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

function reduceList(list: TimerList, timeout: ScaledTimeout, { states, timeoutFloors }: TimeoutReduction): void {
  list.setDuration(reducedTimeout(list.durationMs, timeoutFloors[timeout], states.reduce_timeouts ?? 0));
}
