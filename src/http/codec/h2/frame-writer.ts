import { latin1 } from '../../../core/latin1.ts';
import type { Connection } from '../../../transport/transport.ts';
import { Flag, FRAME_HEAD_BYTES, FrameType } from './frame.ts';

/** Chunks up to here join the text that waits in the connection; longer ones are sent in one piece with their frames' heads. */
const JOINED_BYTES = 8192;

/** Writes the frames of one connection. What is written while one callback of the transport runs leaves together when it returns. */
export class FrameWriter {
  readonly #connection: Connection;
  maxFrameBytes = 16_384;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  text(text: string): void {
    this.#connection.writeText(text);
  }

  settings(pairs: readonly (readonly [number, number])[]): void {
    let body = '';
    for (const [name, value] of pairs) body += String.fromCharCode(name >>> 8, name & 0xff) + uint32Text(value);
    this.text(frameHead(body.length, FrameType.settings, 0, 0) + body);
  }

  settingsAck(): void {
    this.text(frameHead(0, FrameType.settings, Flag.ack, 0));
  }

  ping(opaque: string, ack: boolean): void {
    this.text(frameHead(8, FrameType.ping, ack ? Flag.ack : 0, 0) + opaque);
  }

  goAway(lastStreamId: number, code: number, debug: string): void {
    this.text(frameHead(8 + debug.length, FrameType.goAway, 0, 0) + uint32Text(lastStreamId) + uint32Text(code) + debug);
  }

  rstStream(id: number, code: number): void {
    this.text(frameHead(4, FrameType.rstStream, 0, id) + uint32Text(code));
  }

  windowUpdate(id: number, increment: number): void {
    this.text(frameHead(4, FrameType.windowUpdate, 0, id) + uint32Text(increment));
  }

  /**
   * The block is `buffer[FRAME_HEAD_BYTES, end)`; the room before it takes the frame's head. Returns how many bytes leave.
   */
  headers(id: number, buffer: Buffer, end: number, endStream: boolean): number {
    const flags = endStream ? Flag.endStream : 0;
    const length = end - FRAME_HEAD_BYTES;
    if (length <= this.maxFrameBytes) {
      putFrameHead(buffer, 0, length, FrameType.headers, flags | Flag.endHeaders, id);
      this.text(latin1(buffer, 0, end));
      return end;
    }
    putFrameHead(buffer, 0, this.maxFrameBytes, FrameType.headers, flags, id);
    let at = FRAME_HEAD_BYTES + this.maxFrameBytes;
    let sent = at;
    this.text(latin1(buffer, 0, at));
    while (at < end) {
      const run = Math.min(end - at, this.maxFrameBytes);
      this.text(frameHead(run, FrameType.continuation, at + run === end ? Flag.endHeaders : 0, id) + latin1(buffer, at, at + run));
      at += run;
      sent += FRAME_HEAD_BYTES + run;
    }
    return sent;
  }

  /** `bytes[start, end)` in as many frames as it takes. Returns how many bytes leave. */
  data(id: number, bytes: Buffer, start: number, end: number, endStream: boolean): number {
    const length = end - start;
    const flags = endStream ? Flag.endStream : 0;
    if (length <= JOINED_BYTES) {
      this.text(length === 0 ? frameHead(0, FrameType.data, flags, id) : frameHead(length, FrameType.data, flags, id) + latin1(bytes, start, end));
      return FRAME_HEAD_BYTES + length;
    }
    const max = this.maxFrameBytes;
    const total = length + Math.ceil(length / max) * FRAME_HEAD_BYTES;
    const out = Buffer.allocUnsafeSlow(total);
    let to = 0;
    for (let at = start; at < end; at += max) {
      const run = Math.min(end - at, max);
      putFrameHead(out, to, run, FrameType.data, at + run === end ? flags : 0, id);
      bytes.copy(out, to + FRAME_HEAD_BYTES, at, at + run);
      to += FRAME_HEAD_BYTES + run;
    }
    this.#connection.writeBytes(out);
    return total;
  }
}

function uint32Text(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function frameHead(length: number, type: number, flags: number, id: number): string {
  return String.fromCharCode(length >>> 16, (length >>> 8) & 0xff, length & 0xff, type, flags, id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff);
}

function putFrameHead(out: Buffer, at: number, length: number, type: number, flags: number, id: number): void {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  out[at + 5] = id >>> 24;
  out[at + 6] = id >>> 16;
  out[at + 7] = id >>> 8;
  out[at + 8] = id;
}
