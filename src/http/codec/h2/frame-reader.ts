import { HeldBytes } from '../held-bytes.ts';
import { ErrorCode, Flag, FRAME_HEAD_BYTES, FrameType, MAX_FRAME_BYTES, uint31 } from './frame.ts';

/** What a connection's frames are given to. False: no more is read. */
export interface FrameSink {
  /** A whole frame but DATA: `bytes[at, end)` is its payload. */
  onFrame(type: number, flags: number, id: number, bytes: Buffer, at: number, end: number): boolean;
  /** The head of a DATA frame; `padding` includes the byte that tells its length. */
  onDataHead(flags: number, id: number, length: number, padding: number): boolean;
  /** Body of the frame whose head came last, as it arrives; `last`: no more body follows in this frame. */
  onDataPayload(bytes: Buffer, at: number, end: number, last: boolean): boolean;
  /** The DATA frame is over, padding included. */
  onDataEnd(): boolean;
  /** Returns false. */
  onBrokenFrame(code: number, debug: string): false;
}

/**
 * Cuts a connection's bytes into frames. Body is given on as it arrives; any other frame is given whole, and held (at most one, 16 KiB)
 * when its bytes come in pieces.
 *
 *   HEAD ──DATA──▶ PAYLOAD ─▶ PADDING ─┐
 *     ▲ └─other types, whole           │
 *     └────────────────────────────────┘
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #held = new HeldBytes();
  /** Of the DATA frame under way. */
  #payloadLeft = 0;
  #paddingLeft = 0;
  #inData = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  /** False when the sink wants no more. */
  read(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      if (this.#inData) {
        const next = this.#readData(bytes, at, end);
        if (next === STOPPED) return false;
        at = next;
      } else if (this.#held.length > 0) {
        const next = this.#readHeld(bytes, at, end);
        if (next === STOPPED) return false;
        at = next;
      } else {
        const next = this.#readWhole(bytes, at, end);
        if (next === STOPPED) return false;
        if (next === at) {
          this.#held.append(bytes, at, end);
          return true;
        }
        at = next;
      }
    }
    return true;
  }

  /** Returns `at` when the frame, or the head of a DATA frame, is not there yet. */
  #readWhole(bytes: Buffer, at: number, end: number): number {
    if (end - at < FRAME_HEAD_BYTES) return at;
    const length = lengthAt(bytes, at);
    if (length > MAX_FRAME_BYTES) return this.#stopTooLarge();
    const needed = neededBytes(bytes, at, length);
    if (end - at < needed) return at;
    const payload = at + FRAME_HEAD_BYTES;
    const id = uint31(bytes, at + 5);
    if (bytes[at + 3] === FrameType.data) return this.#beginData(bytes, at, id, length) ? at + needed : STOPPED;
    return this.#sink.onFrame(bytes[at + 3]!, bytes[at + 4]!, id, bytes, payload, payload + length) ? payload + length : STOPPED;
  }

  /** Completes the frame that is held, copying only what it lacks. */
  #readHeld(bytes: Buffer, start: number, end: number): number {
    const held = this.#held;
    let at = start;
    for (const stage of STAGES) {
      const needed = stage === 0 ? FRAME_HEAD_BYTES : neededBytes(held.bytes, 0, lengthAt(held.bytes, 0));
      const run = Math.min(end - at, Math.max(0, needed - held.length));
      if (run > 0) held.append(bytes, at, at + run);
      at += run;
      if (held.length < needed) return at;
      if (stage === 0 && lengthAt(held.bytes, 0) > MAX_FRAME_BYTES) return this.#stopTooLarge();
    }
    const frame = held.bytes;
    const { length } = held;
    held.clear();
    return this.#readWhole(frame, 0, length) === STOPPED ? STOPPED : at;
  }

  #stopTooLarge(): number {
    this.#sink.onBrokenFrame(ErrorCode.frameSizeError, 'too large frame size');
    return STOPPED;
  }

  #beginData(bytes: Buffer, at: number, id: number, length: number): boolean {
    const flags = bytes[at + 4]!;
    let padding = 0;
    if ((flags & Flag.padded) !== 0) {
      padding = length === 0 ? 1 : bytes[at + FRAME_HEAD_BYTES]! + 1;
      if (padding > length) return this.#sink.onBrokenFrame(ErrorCode.protocolError, 'DATA: invalid padding');
    }
    if (!this.#sink.onDataHead(flags, id, length, padding)) return false;
    this.#payloadLeft = length - padding;
    this.#paddingLeft = padding === 0 ? 0 : padding - 1;
    if (this.#payloadLeft + this.#paddingLeft === 0) return this.#sink.onDataEnd();
    this.#inData = true;
    return true;
  }

  #readData(bytes: Buffer, start: number, end: number): number {
    let at = start;
    const run = Math.min(end - at, this.#payloadLeft);
    if (run > 0) {
      this.#payloadLeft -= run;
      if (!this.#sink.onDataPayload(bytes, at, at + run, this.#payloadLeft === 0)) return STOPPED;
      at += run;
    }
    const skipped = Math.min(end - at, this.#paddingLeft);
    this.#paddingLeft -= skipped;
    at += skipped;
    if (this.#payloadLeft + this.#paddingLeft > 0) return at;
    this.#inData = false;
    return this.#sink.onDataEnd() ? at : STOPPED;
  }
}

const STOPPED = -1;
/** First the head of a frame, then as much more as it needs. */
const STAGES = [0, 1] as const;

function lengthAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

/** The whole frame; of DATA only the head and the length of its padding. */
function neededBytes(bytes: Buffer, at: number, length: number): number {
  if (bytes[at + 3] !== FrameType.data) return FRAME_HEAD_BYTES + length;
  return (bytes[at + 4]! & Flag.padded) !== 0 && length > 0 ? FRAME_HEAD_BYTES + 1 : FRAME_HEAD_BYTES;
}
