import { ErrorCode, MAX_WINDOW_BYTES } from './frame.ts';
import type { H2Stream } from './h2-stream.ts';
import { HeadFlaw, type HeadReader } from './head-reader.ts';

/** So many are remembered; frames of older ones count as frames of closed streams. */
const MAX_RESET_STREAMS = 256;
const NO_ERROR = -1;

/**
 * Streams that this side has reset. What their peers had sent before they learned of it is no fault; only where the answer was complete
 * and the rest of the request was not wanted, that rest must still make sense. Methods return the code of an error, or -1.
 */
export class ResetStreams {
  /** The last ones; 0: none. In a ring, and in no `Map`, which would keep streams from dying young (docs/decisions/memory.md). */
  readonly #ids: number[] = [];
  /** Of those whose answer was complete. */
  readonly #answered: (H2Stream | undefined)[] = [];
  #next = 0;

  add(id: number, answered: H2Stream | undefined): void {
    this.#ids[this.#next] = id;
    this.#answered[this.#next] = answered;
    this.#next = (this.#next + 1) % MAX_RESET_STREAMS;
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }

  /** The peer has reset it too: nothing may follow. */
  delete(id: number): void {
    const at = this.#ids.indexOf(id);
    if (at === -1) return;
    this.#ids[at] = 0;
    this.#answered[at] = undefined;
  }

  #streamOf(id: number): H2Stream | undefined {
    const at = this.#ids.indexOf(id);
    return at === -1 ? undefined : this.#answered[at];
  }

  onData(id: number, length: number, endStream: boolean): number {
    const stream = this.#streamOf(id);
    if (stream === undefined) return NO_ERROR;
    if (stream.bodyLeft >= 0) {
      stream.bodyLeft -= length;
      if (stream.bodyLeft < 0 || (endStream && stream.bodyLeft > 0)) return this.#fail(id, ErrorCode.protocolError);
    }
    return NO_ERROR;
  }

  onHead(id: number, head: HeadReader, endStream: boolean): number {
    const malformed = !endStream || head.flaw === HeadFlaw.malformed || head.pseudoHeaders !== 0;
    return this.#streamOf(id) !== undefined && malformed ? this.#fail(id, ErrorCode.protocolError) : NO_ERROR;
  }

  onWindowUpdate(id: number, increment: number): number {
    const stream = this.#streamOf(id);
    if (stream === undefined) return NO_ERROR;
    stream.sendWindow += increment;
    return stream.sendWindow > MAX_WINDOW_BYTES ? this.#fail(id, ErrorCode.flowControlError) : NO_ERROR;
  }

  /** One error is told once. */
  #fail(id: number, code: number): number {
    this.#answered[this.#ids.indexOf(id)] = undefined;
    return code;
  }
}
