import { MAX_FRAME_BYTES, MAX_WINDOW_BYTES, Setting, uint32 } from './frame.ts';
import type { H2Sender } from './h2-sender.ts';

/** Settings in one frame; what a peer has to say fits into far fewer. */
export const MAX_SETTINGS = 32;

/** What the peer has said of itself (RFC 9113 §6.5.2). */
export class PeerSettings {
  maxConcurrentStreams = 2 ** 31 - 1;
  readonly #sender: H2Sender;

  constructor(sender: H2Sender) {
    this.#sender = sender;
  }

  /** `bytes[start, end)` is the payload of a SETTINGS frame. False when a value is not allowed. Of several windows the last counts: each costs a look at all streams. */
  apply(bytes: Uint8Array, start: number, end: number): boolean {
    let window = -1;
    for (let at = start; at < end; at += 6) {
      const name = (bytes[at]! << 8) | bytes[at + 1]!;
      const value = uint32(bytes, at + 2);
      if (!this.#applyOne(name, value)) return false;
      if (name === Setting.initialWindowSize) window = value;
    }
    if (window !== -1) this.#sender.setInitialWindow(window);
    return true;
  }

  #applyOne(name: number, value: number): boolean {
    switch (name) {
      case Setting.headerTableSize:
        this.#sender.setTableSize(value);
        return true;
      case Setting.enablePush:
        return value <= 1;
      case Setting.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return true;
      case Setting.initialWindowSize:
        return value <= MAX_WINDOW_BYTES;
      case Setting.maxFrameSize:
        return value >= MAX_FRAME_BYTES && value < 2 ** 24;
      default:
        return true;
    }
  }
}
