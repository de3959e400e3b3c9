import { Timer, type TimerOwner } from '../../../core/timers.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { H2KeepAliveOptions } from './h2-options.ts';

export interface KeepAliveSession {
  onKeepAliveTimeout(): void;
}

const TIMER_SEND = 0;
const TIMER_TIMEOUT = 1;
/** What the pings carry; another ack is the peer's own affair. */
const OPAQUE = 'nuncio\0\0';

/** Pings the peer at intervals and gives the connection up when no answer comes in time. */
export class KeepAlive implements TimerOwner {
  readonly #session: KeepAliveSession;
  readonly #writer: FrameWriter;
  readonly #options: H2KeepAliveOptions;
  readonly #sendTimer = new Timer(this, TIMER_SEND);
  readonly #timeoutTimer = new Timer(this, TIMER_TIMEOUT);
  #lastReadMs = 0;

  constructor(session: KeepAliveSession, writer: FrameWriter, options: H2KeepAliveOptions) {
    this.#session = session;
    this.#writer = writer;
    this.#options = options;
    this.#lastReadMs = options.timers.nowMs();
    this.#armSend();
  }

  onRead(): void {
    if (this.#options.idleIntervalMs > 0) this.#lastReadMs = this.#options.timers.nowMs();
    // Whatever comes shows that the peer lives.
    if (this.#timeoutTimer.armed) this.#options.timers.list(this.#options.timeoutMs).arm(this.#timeoutTimer);
  }

  onPingAck(opaque: string): void {
    if (opaque !== OPAQUE || !this.#timeoutTimer.armed) return;
    this.#timeoutTimer.disarm();
    this.#armSend();
  }

  /** A stream is about to begin: a connection that was silent for long is probed. */
  onStream(): void {
    const { idleIntervalMs, timers } = this.#options;
    if (idleIntervalMs === 0 || this.#timeoutTimer.armed || timers.nowMs() - this.#lastReadMs < idleIntervalMs) return;
    this.#send();
  }

  stop(): void {
    this.#sendTimer.disarm();
    this.#timeoutTimer.disarm();
  }

  onTimer(tag: number): void {
    if (tag === TIMER_SEND) this.#send();
    else this.#session.onKeepAliveTimeout();
  }

  #send(): void {
    const { timers, timeoutMs } = this.#options;
    this.#sendTimer.disarm();
    timers.list(timeoutMs).arm(this.#timeoutTimer);
    this.#writer.ping(OPAQUE, false);
  }

  #armSend(): void {
    const { timers, random, intervalMs, jitterPercent } = this.#options;
    if (intervalMs === 0) return;
    const jitterMs = Math.floor((intervalMs * jitterPercent) / 100);
    const delayMs = intervalMs + (jitterMs === 0 ? 0 : random.uint32() % (jitterMs + 1));
    timers.privateList(delayMs).arm(this.#sendTimer);
  }
}
