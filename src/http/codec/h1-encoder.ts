import type { Connection } from '../../transport/transport.ts';
import type { ByteCounts } from '../stream-info.ts';
import type { PressureWatcher } from './codec.ts';
import type { ConnectionFlow } from './connection-flow.ts';

/** What the encoders of requests and of responses write with, and what their stream has moved, both ways. */
export abstract class H1Encoder implements ByteCounts {
  watcher: PressureWatcher | undefined;
  wireReceived = 0;
  wireSent = 0;
  headersReceived = 0;
  headersSent = 0;
  protected readonly flow: ConnectionFlow;
  readonly #connection: Connection;

  constructor(connection: Connection, flow: ConnectionFlow) {
    this.flow = flow;
    this.#connection = connection;
  }

  get bytes(): ByteCounts {
    return this;
  }

  /** The codec has read this much of the message that comes the other way. */
  addReceived(wireBytes: number, headerBytes: number): void {
    this.wireReceived += wireBytes;
    this.headersReceived += headerBytes;
  }

  protected writeText(text: string): void {
    this.wireSent += text.length;
    this.#connection.writeText(text);
  }

  /** Part of a body, and its end when that is `end`. */
  protected writeBody(chunk: Buffer, chunked: boolean, end: boolean): void {
    const { length } = chunk;
    if (length === 0) {
      if (end && chunked) this.writeText(LAST_CHUNK + END);
      return;
    }
    if (chunked) this.writeText(length.toString(16) + '\r\n');
    this.wireSent += length;
    this.#connection.writeBytes(chunk);
    if (chunked) this.writeText(end ? '\r\n' + LAST_CHUNK + END : '\r\n');
  }

  /** `fields`: trailers as they are written. */
  protected writeTrailers(fields: string): void {
    this.writeText(LAST_CHUNK + fields + END);
  }
}

const LAST_CHUNK = '0\r\n';
const END = '\r\n';
