import { constants } from 'node:zlib';

/** What node:zlib's stream objects hold, and what this file needs of it. Checked once by `canRunZlib`. */
interface ZlibHandle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(flush: number, input: Uint8Array, inputAt: number, inputLength: number, output: Uint8Array, outputAt: number, outputLength: number): void;
}

interface ZlibInside {
  readonly _handle: ZlibHandle | null;
  /** Room left in the output, bytes left of the input. */
  readonly _writeState: Uint32Array;
  reset(): void;
  close(): void;
}

/** The flush values of one family of formats. */
export interface FlushModes {
  readonly none: number;
  readonly flush: number;
  readonly finish: number;
}

export const ZLIB_FLUSH: FlushModes = { none: constants.Z_NO_FLUSH, flush: constants.Z_SYNC_FLUSH, finish: constants.Z_FINISH };
export const BROTLI_FLUSH: FlushModes = {
  none: constants.BROTLI_OPERATION_PROCESS,
  flush: constants.BROTLI_OPERATION_FLUSH,
  finish: constants.BROTLI_OPERATION_FINISH,
};
export const ZSTD_FLUSH: FlushModes = { none: constants.ZSTD_e_continue, flush: constants.ZSTD_e_flush, finish: constants.ZSTD_e_end };

const OUTPUT_BYTES = 64 * 1024;
/** The thread's, one for each transform that runs inside another's `take`: nothing of it is kept between calls. */
const outputs: Buffer[] = [];
let running = 0;
const NOTHING = Buffer.alloc(0);

/**
 * Compresses or decompresses in the calling turn, as Envoy does: the stream interface of node:zlib would take each chunk through
 * another thread and back.
 */
export class ZlibTransform {
  readonly #stream: ZlibInside;
  readonly #flush: FlushModes;
  /** The data is broken; nothing more comes out. */
  failed = false;

  /** `stream` is given away. */
  constructor(stream: object, flush: FlushModes) {
    this.#stream = stream as ZlibInside;
    this.#flush = flush;
    this.#stream._handle!.onerror = () => {
      this.failed = true;
    };
  }

  /** What has come out is handed over in pieces, lent for the length of the call; `take` returns false to stop. */
  run(chunk: Buffer, mode: keyof FlushModes, take: (piece: Buffer) => boolean): void {
    if (this.#stream._handle === null) return;
    const output = (outputs[running++] ??= Buffer.allocUnsafeSlow(OUTPUT_BYTES));
    try {
      this.#run(chunk, this.#flush[mode], output, take);
    } finally {
      running--;
    }
  }

  #run(chunk: Buffer, flush: number, output: Buffer, take: (piece: Buffer) => boolean): void {
    const state = this.#stream._writeState;
    for (let at = 0; ; at = chunk.length - state[1]!) {
      this.#stream._handle!.writeSync(flush, chunk, at, chunk.length - at, output, 0, OUTPUT_BYTES);
      if (this.failed) return;
      const room = state[0]!;
      if (room < OUTPUT_BYTES && !take(output.subarray(0, OUTPUT_BYTES - room))) return;
      if (room !== 0) return;
    }
  }

  /** The same as one buffer of its own. */
  transform(chunk: Buffer, mode: keyof FlushModes): Buffer {
    const pieces: Buffer[] = [];
    this.run(chunk, mode, (piece) => {
      pieces.push(Buffer.from(piece));
      return true;
    });
    return pieces.length === 0 ? NOTHING : pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  /** Ready for another body. Not for one that has failed. */
  reset(): void {
    this.#stream.reset();
  }

  close(): void {
    if (this.#stream._handle !== null) this.#stream.close();
  }
}

/** Whether this Node's zlib can be run this way; asked when a configuration wants it. */
export function canRunZlib(stream: object): boolean {
  const inside = stream as Partial<ZlibInside>;
  const fits = typeof inside._handle?.writeSync === 'function' && typeof inside.reset === 'function' && inside._writeState instanceof Uint32Array;
  inside.close?.();
  return fits;
}
