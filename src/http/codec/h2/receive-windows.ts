import { DEFAULT_WINDOW_BYTES } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { H2Stream } from './h2-stream.ts';

/** The windows that this side keeps open for its peer. What was taken is given back in halves of a window. */
export class ReceiveWindows {
  readonly #writer: FrameWriter;
  readonly #connectionBytes: number;
  readonly #streamBytes: number;
  #window: number;
  #returnable = 0;

  constructor(writer: FrameWriter, connectionBytes: number, streamBytes: number) {
    this.#writer = writer;
    this.#connectionBytes = connectionBytes;
    this.#streamBytes = streamBytes;
    this.#window = connectionBytes;
  }

  /** What a connection gets beyond the protocol's default. */
  announce(): void {
    const more = this.#connectionBytes - DEFAULT_WINDOW_BYTES;
    if (more > 0) this.#writer.windowUpdate(0, more);
  }

  /** False when the peer has sent more than the connection's window. */
  take(bytes: number): boolean {
    this.#window -= bytes;
    return this.#window >= 0;
  }

  giveBack(bytes: number): void {
    this.#returnable += bytes;
    if (this.#returnable * 2 < this.#connectionBytes) return;
    this.#window += this.#returnable;
    this.#writer.windowUpdate(0, this.#returnable);
    this.#returnable = 0;
  }

  giveBackTo(stream: H2Stream, bytes: number): void {
    this.giveBack(bytes);
    if (stream.closed || stream.remoteEnded) return;
    stream.returnable += bytes;
    if (stream.returnable * 2 < this.#streamBytes) return;
    stream.receiveWindow += stream.returnable;
    this.#writer.windowUpdate(stream.id, stream.returnable);
    stream.returnable = 0;
  }
}
