import type { Socket } from 'node:net';
import { until } from './gateway.ts';

/** Writes as many bytes as the other end takes. */
export class PouringSource {
  #left: number;
  #socket: Socket | undefined;
  readonly #size: number;
  readonly #piece: Buffer;

  /** `piece` is written again and again. */
  constructor(size: number, piece: Buffer = Buffer.alloc(65_536, 'x')) {
    this.#size = size;
    this.#piece = piece;
    this.#left = size;
  }

  get taken(): number {
    return this.#size - this.#left - this.#socket!.writableLength;
  }

  pour(socket: Socket): void {
    this.#socket = socket;
    const more = (): void => {
      while (this.#left > 0) {
        const piece = this.#piece.subarray(0, this.#left);
        this.#left -= piece.length;
        if (!socket.write(piece)) return;
      }
    };
    socket.on('drain', more);
    more();
  }

  /** Resolves when nothing more has been taken for a hundred looks. */
  async stalled(): Promise<void> {
    let last = -1;
    let looks = 0;
    await until(
      () => {
        looks = this.taken === last ? looks + 1 : 0;
        last = this.taken;
        return looks === 100;
      },
      () => 'the source never stalls',
    );
  }
}
