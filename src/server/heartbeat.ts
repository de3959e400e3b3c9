import { Timer, type TimerList, type TimerOwner, type Timers } from '../core/timers.ts';

const LOOK_MS = 1_000;
/** A worker shows at least so often that it lives. */
const BEAT_MS = LOOK_MS / 2;
/** Looks, not time: whoever was suspended together with the worker has not looked. */
const STALL_LOOKS = 10;
/** A worker that has shown nothing for this long is caught in a loop, or its thread is held up by the system. */
export const STALL_LIMIT_MS = LOOK_MS * STALL_LOOKS;

export function createHeartbeatMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4);
}

/** In the worker: counts on in shared memory while the event loop of its thread turns. It ends with the timers of the thread. */
export class Heartbeat implements TimerOwner {
  readonly #beats: Int32Array;
  readonly #timers: Timers;

  constructor(memory: SharedArrayBuffer, timers: Timers) {
    this.#beats = new Int32Array(memory);
    this.#timers = timers;
    this.onTimer();
  }

  /** Beyond what the timer does: the thread has done something. */
  beat(): void {
    Atomics.add(this.#beats, 0, 1);
  }

  onTimer(): void {
    this.beat();
    this.#timers.after(BEAT_MS, this);
  }
}

export interface HeartbeatOwner {
  /** No beat for `STALL_LIMIT_MS`. */
  onStalled(): void;
  /** After `onStalled`: it beats again. */
  onRecovered(): void;
}

/** In the main thread: notices when a worker's heart stands still. */
export class HeartbeatWatch implements TimerOwner {
  readonly #beats: Int32Array;
  readonly #owner: HeartbeatOwner;
  readonly #looks: TimerList;
  readonly #timer = new Timer(this);
  #seen = 0;
  #looksWithoutBeat = 0;

  constructor(memory: SharedArrayBuffer, owner: HeartbeatOwner, timers: Timers) {
    this.#beats = new Int32Array(memory);
    this.#owner = owner;
    this.#looks = timers.list(LOOK_MS);
    this.#looks.arm(this.#timer);
  }

  get stalled(): boolean {
    return this.#looksWithoutBeat >= STALL_LOOKS;
  }

  onTimer(): void {
    this.#looks.arm(this.#timer);
    const beats = Atomics.load(this.#beats, 0);
    if (beats === this.#seen) {
      if (++this.#looksWithoutBeat === STALL_LOOKS) this.#owner.onStalled();
      return;
    }
    this.#seen = beats;
    const { stalled } = this;
    this.#looksWithoutBeat = 0;
    if (stalled) this.#owner.onRecovered();
  }

  close(): void {
    this.#timer.disarm();
  }
}
