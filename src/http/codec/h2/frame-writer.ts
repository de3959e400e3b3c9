import { latin1 } from '../../../core/latin1.ts';
import { atRoundEnd, limitRound, type RoundTask } from '../../../core/round.ts';
import type { Connection } from '../../../transport/transport.ts';
import { FRAME_BUFFER_BYTES, returnFrameBuffer, takeFrameBuffer } from './frame-buffers.ts';
import { Flag, FRAME_HEAD_BYTES, FrameType, NO_BYTES } from './frame.ts';

/** So much is taken back from a slow peer at most. */
const MAX_LENT_BYTES = 4_194_304;
/** Less than this is copied into text, which is cheaper than to lend a whole buffer. */
const SMALL_BYTES = 8192;

/**
 * Writes the frames of one connection into a buffer, which leaves when the round is over, when it is full, and on `flush`. Whoever closes
 * the connection flushes first.
 */
export class FrameWriter implements RoundTask {
  readonly #connection: Connection;
  #buffer: Buffer = NO_BYTES;
  #end = 0;
  #waits = false;
  /** Waiting in the connection. */
  #lent: Buffer[] | undefined;
  #lentBytes = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  settings(pairs: readonly (readonly [number, number])[]): void {
    this.#head(pairs.length * 6, FrameType.settings, 0, 0);
    for (const [name, value] of pairs) {
      this.#buffer[this.#end++] = name >>> 8;
      this.#buffer[this.#end++] = name;
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#head(0, FrameType.settings, Flag.ack, 0);
  }

  ping(opaque: string, ack: boolean): void {
    this.#head(8, FrameType.ping, ack ? Flag.ack : 0, 0);
    this.#text(opaque);
  }

  goAway(lastStreamId: number, code: number, debug: string): void {
    this.#head(8 + debug.length, FrameType.goAway, 0, 0);
    this.#uint32(lastStreamId);
    this.#uint32(code);
    this.#text(debug);
  }

  rstStream(id: number, code: number): void {
    this.#head(4, FrameType.rstStream, 0, id);
    this.#uint32(code);
  }

  windowUpdate(id: number, increment: number): void {
    this.#head(4, FrameType.windowUpdate, 0, id);
    this.#uint32(increment);
  }

  /** Where a head's block is best written to `buffer`, so that `endHead` need not move it. */
  beginHead(): number {
    if (this.#end + FRAME_HEAD_BYTES + USUAL_BLOCK_BYTES > this.#buffer.length) this.#makeRoom(FRAME_HEAD_BYTES + USUAL_BLOCK_BYTES);
    return this.#end + FRAME_HEAD_BYTES;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** `block[start, end)`, in as many frames as it takes where it is not where `beginHead` said. Returns how many bytes leave. */
  endHead(id: number, block: Buffer, start: number, end: number, endStream: boolean): number {
    let flags: number = endStream ? Flag.endStream : 0;
    if (block === this.#buffer) {
      this.#head(end - start, FrameType.headers, flags | Flag.endHeaders, id);
      this.#end = end;
      return FRAME_HEAD_BYTES + end - start;
    }
    let type: number = FrameType.headers;
    let at = start;
    let sent = 0;
    do {
      const run = Math.min(end - at, MAX_PAYLOAD_BYTES);
      if (at + run === end) flags |= Flag.endHeaders;
      this.#head(run, type, flags, id);
      this.#copy(block, at, at + run);
      type = FrameType.continuation;
      flags = 0;
      at += run;
      sent += FRAME_HEAD_BYTES + run;
    } while (at < end);
    return sent;
  }

  /** `bytes[start, end)` in as many frames as it takes, an empty one at least. Returns how many bytes leave. */
  data(id: number, bytes: Buffer, start: number, end: number, endStream: boolean): number {
    const flags = endStream ? Flag.endStream : 0;
    let at = start;
    let sent = 0;
    const isLarge = end - start >= FRAME_BUFFER_BYTES;
    if (isLarge) this.#makeRoom(end - start + Math.ceil((end - start) / MAX_PAYLOAD_BYTES) * FRAME_HEAD_BYTES);
    do {
      const run = Math.min(end - at, MAX_PAYLOAD_BYTES);
      this.#head(run, FrameType.data, at + run === end ? flags : 0, id);
      this.#copy(bytes, at, at + run);
      at += run;
      sent += FRAME_HEAD_BYTES + run;
    } while (at < end);
    if (isLarge) this.flush();
    return sent;
  }

  onRoundEnd(): void {
    this.#waits = false;
    this.flush();
  }

  /** Gives the connection what has gathered. */
  flush(): void {
    const end = this.#end;
    if (end === 0) return;
    const buffer = this.#buffer;
    const connection = this.#connection;
    this.#buffer = NO_BYTES;
    this.#end = 0;
    if (end <= SMALL_BYTES) connection.writeText(latin1(buffer, 0, end));
    else connection.writeBytes(buffer.subarray(0, end));
    connection.flush();
    if (end <= SMALL_BYTES || connection.unsentBytes === 0) {
      returnFrameBuffer(buffer);
    } else if (this.#lentBytes + buffer.length <= MAX_LENT_BYTES) {
      this.#lentBytes += buffer.length;
      (this.#lent ??= []).push(buffer);
    }
  }

  /** The connection has sent everything. */
  onDrained(): void {
    const lent = this.#lent;
    if (lent === undefined) return;
    this.#lent = undefined;
    this.#lentBytes = 0;
    for (const buffer of lent) returnFrameBuffer(buffer);
  }

  /** Makes room for a whole frame and writes its head. */
  #head(length: number, type: number, flags: number, id: number): void {
    if (this.#end + FRAME_HEAD_BYTES + length > this.#buffer.length) this.#makeRoom(FRAME_HEAD_BYTES + length);
    const buffer = this.#buffer;
    const at = this.#end;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    buffer[at + 5] = id >>> 24;
    buffer[at + 6] = id >>> 16;
    buffer[at + 7] = id >>> 8;
    buffer[at + 8] = id;
    this.#end = at + FRAME_HEAD_BYTES;
  }

  #makeRoom(bytes: number): void {
    this.flush();
    if (!this.#waits) {
      limitRound();
      this.#waits = true;
      atRoundEnd(this);
    }
    this.#buffer = takeFrameBuffer(bytes);
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length > COPIED_BY_CALL) bytes.copy(this.#buffer, this.#end, start, end);
    else for (let i = 0; i < length; i++) this.#buffer[this.#end + i] = bytes[start + i]!;
    this.#end += length;
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#buffer[this.#end++] = text.charCodeAt(i);
  }

  #uint32(value: number): void {
    const buffer = this.#buffer;
    const at = this.#end;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    this.#end = at + 4;
  }
}

/** What every peer takes (SETTINGS_MAX_FRAME_SIZE). */
const MAX_PAYLOAD_BYTES = 16_384;
/** Most heads take less. */
const USUAL_BLOCK_BYTES = 2048;
/** More is cheaper to copy with a call into the runtime. */
const COPIED_BY_CALL = 100;
