import type { ZlibTransform } from './zlib-transform.ts';

/** The compiled `compressor_library` or `decompressor_library`. */
export interface CompressionLibrary {
  /** `gzip`, `br`, `zstd`. */
  readonly contentEncoding: string;
  /** Its part of statistics' names: `gzip`, `brotli`, `zstd`. */
  readonly statName: string;
  /** Decompression: what comes out may be so many times what went in. */
  readonly maxRatio: number;
  /** For one body; goes back with `release`, whatever became of it. */
  acquire(): ZlibTransform;
  release(transform: ZlibTransform): void;
}
