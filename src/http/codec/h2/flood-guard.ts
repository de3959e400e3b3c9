import { TokenBucket } from '../../token-bucket.ts';
import type { H2Options } from './h2-options.ts';
import { H2_CODEC_STATS } from './h2-stats.ts';

/** Names a flood as `%RESPONSE_CODE_DETAILS%` does. */
export type Flood = string;

const EMPTY_FRAMES: Flood = 'http2.inbound_empty_frames_flood';
const PRIORITY_FRAMES: Flood = 'codec_error:Too_many_PRIORITY_frames';
const WINDOW_UPDATE_FRAMES: Flood = 'codec_error:Too_many_WINDOW_UPDATE_frames';
const OUTBOUND_FRAMES: Flood = 'http2.outbound_frames_flood';
const OUTBOUND_CONTROL_FRAMES: Flood = 'http2.outbound_control_frames_flood';

/** WINDOW_UPDATE frames that need no reason: at the start, and for a request and its response. */
const FREE_WINDOW_UPDATES = 5;
const WINDOW_UPDATES_PER_STREAM = 2;

/** Counts what costs a peer little and this side much. Each method returns what is too much, or undefined. */
export class FloodGuard {
  readonly #options: H2Options;
  /** Of the options, for each frame. */
  readonly #maxOutboundFrames: number;
  #emptyFrames = 0;
  #priorityFrames = 0;
  #windowUpdates = 0;
  #streams = 0;
  #dataFramesSent = 0;
  #outbound = 0;
  #outboundControl = 0;
  #resets: TokenBucket | undefined;

  constructor(options: H2Options) {
    this.#options = options;
    this.#maxOutboundFrames = options.maxOutboundFrames;
  }

  onStream(): void {
    this.#streams++;
  }

  /** A frame with a body or a part of a head; empty ones that end nothing come to nothing. */
  onPayload(length: number, endStream: boolean): Flood | undefined {
    if (length > 0 || endStream) {
      this.#emptyFrames = 0;
      return undefined;
    }
    if (++this.#emptyFrames <= this.#options.maxEmptyFrames) return undefined;
    this.#options.stats.inc(H2_CODEC_STATS.inbound_empty_frames_flood);
    return EMPTY_FRAMES;
  }

  onPriority(): Flood | undefined {
    if (++this.#priorityFrames <= this.#options.maxPriorityFramesPerStream * (1 + this.#streams)) return undefined;
    this.#options.stats.inc(H2_CODEC_STATS.inbound_priority_frames_flood);
    return PRIORITY_FRAMES;
  }

  onWindowUpdate(): Flood | undefined {
    const earned = this.#streams + this.#options.maxWindowUpdatesPerDataFrame * this.#dataFramesSent;
    if (++this.#windowUpdates <= FREE_WINDOW_UPDATES + WINDOW_UPDATES_PER_STREAM * earned) return undefined;
    this.#options.stats.inc(H2_CODEC_STATS.inbound_window_update_frames_flood);
    return WINDOW_UPDATE_FRAMES;
  }

  /** A stream of the peer's that it has given up itself. False: there were too many in a short time. */
  onReset(): boolean {
    const { resets } = this.#options;
    if (resets === undefined) return true;
    this.#resets ??= new TokenBucket(resets.clock, { maxTokens: resets.burst, tokensPerSecond: resets.perSecond, tokens: resets.burst });
    return this.#resets.tryTake();
  }

  onDataSent(): Flood | undefined {
    this.#dataFramesSent++;
    return this.onSent();
  }

  /** A frame waits to leave. */
  onSent(): Flood | undefined {
    if (++this.#outbound <= this.#maxOutboundFrames) return undefined;
    this.#options.stats.inc(H2_CODEC_STATS.outbound_flood);
    return OUTBOUND_FRAMES;
  }

  /** One that the peer makes this side send. */
  onControlSent(): Flood | undefined {
    if (++this.#outboundControl > this.#options.maxOutboundControlFrames) {
      this.#options.stats.inc(H2_CODEC_STATS.outbound_control_flood);
      return OUTBOUND_CONTROL_FRAMES;
    }
    return this.onSent();
  }

  /** Nothing waits to leave any more. */
  onAllSent(): void {
    this.#outbound = 0;
    this.#outboundControl = 0;
  }
}
