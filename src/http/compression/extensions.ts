import { constants, createBrotliCompress, createBrotliDecompress, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { Brotli } from '../../api/generated/envoy/extensions/compression/brotli/compressor/v3.ts';
import type { Gzip } from '../../api/generated/envoy/extensions/compression/gzip/compressor/v3.ts';
import type { Gzip as Gunzip } from '../../api/generated/envoy/extensions/compression/gzip/decompressor/v3.ts';
import type { Zstd } from '../../api/generated/envoy/extensions/compression/zstd/compressor/v3.ts';
import type { CompileContext, Extension } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { CompressionLibrary } from './library.ts';
import { BROTLI_FLUSH, canRunZlib, type FlushModes, ZLIB_FLUSH, ZlibTransform, ZSTD_FLUSH } from './zlib-transform.ts';

/** The libraries that the compressor and decompressor filters name. */

/** So many of a library wait for the next body, on each thread. */
const MAX_IDLE_TRANSFORMS = 16;
const TYPE = 'envoy.extensions.compression';
const GZIP = { contentEncoding: 'gzip', statName: 'gzip', flush: ZLIB_FLUSH, maxIdle: MAX_IDLE_TRANSFORMS } as const;
/** These forget their parameters when they are reset. */
const BROTLI = { contentEncoding: 'br', statName: 'brotli', flush: BROTLI_FLUSH, maxIdle: 0 } as const;
const ZSTD = { contentEncoding: 'zstd', statName: 'zstd', flush: ZSTD_FLUSH, maxIdle: 0 } as const;
/** Envoy's `max_inflate_ratio` of gzip, and its guard of the others. */
const DEFAULT_MAX_RATIO = 100;

interface Format {
  readonly contentEncoding: string;
  readonly statName: string;
  readonly flush: FlushModes;
  readonly maxIdle: number;
}

/** To make a transform costs more than to compress a small body: memory of its own, and what the collector makes of it. */
class PooledLibrary implements CompressionLibrary {
  readonly contentEncoding: string;
  readonly statName: string;
  readonly maxRatio: number;
  readonly #make: () => ZlibTransform;
  readonly #maxIdle: number;
  readonly #idle: ZlibTransform[] = [];

  constructor({ contentEncoding, statName, flush, maxIdle }: Format, make: () => object, maxRatio: number) {
    this.contentEncoding = contentEncoding;
    this.statName = statName;
    this.maxRatio = maxRatio;
    this.#make = () => new ZlibTransform(make(), flush);
    this.#maxIdle = maxIdle;
  }

  acquire(): ZlibTransform {
    return this.#idle.pop() ?? this.#make();
  }

  release(transform: ZlibTransform): void {
    if (transform.failed || this.#idle.length >= this.#maxIdle) {
      transform.close();
      return;
    }
    transform.reset();
    this.#idle.push(transform);
  }
}

interface Place {
  readonly at: ConfigPath;
  readonly context: CompileContext;
}

function library(format: Format, make: () => object, { at, context }: Place, maxRatio = DEFAULT_MAX_RATIO): CompressionLibrary {
  if (!canRunZlib(make())) context.error(at, "this Node's zlib cannot be run synchronously");
  return new PooledLibrary(format, make, maxRatio);
}

export const gzipCompressorExtension: Extension<Gzip, CompressionLibrary> = {
  name: 'envoy.compression.gzip.compressor',
  category: 'envoy.compression.compressor',
  configType: `${TYPE}.gzip.compressor.v3.Gzip`,
  compile: (config, at, context) => {
    const level = config.compressionLevel === 0 ? constants.Z_DEFAULT_COMPRESSION : config.compressionLevel;
    const options = { level, memLevel: config.memoryLevel ?? 5, windowBits: config.windowBits ?? 12, strategy: config.compressionStrategy };
    return library(GZIP, () => createGzip(options), { at, context });
  },
};

export const gzipDecompressorExtension: Extension<Gunzip, CompressionLibrary> = {
  name: 'envoy.compression.gzip.decompressor',
  category: 'envoy.compression.decompressor',
  configType: `${TYPE}.gzip.decompressor.v3.Gzip`,
  compile: (config, at, context) =>
    library(GZIP, () => createGunzip({ windowBits: config.windowBits ?? 15 }), { at, context }, config.maxInflateRatio ?? DEFAULT_MAX_RATIO),
};

export const brotliCompressorExtension: Extension<Brotli, CompressionLibrary> = {
  name: 'envoy.compression.brotli.compressor',
  category: 'envoy.compression.compressor',
  configType: `${TYPE}.brotli.compressor.v3.Brotli`,
  compile: (config, at, context) => {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: config.quality ?? 3,
      [constants.BROTLI_PARAM_LGWIN]: config.windowBits ?? 18,
      [constants.BROTLI_PARAM_LGBLOCK]: config.inputBlockBits ?? 24,
      [constants.BROTLI_PARAM_MODE]: Math.max(0, config.encoderMode - 1),
      [constants.BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING]: config.disableLiteralContextModeling,
    };
    return library(BROTLI, () => createBrotliCompress({ params }), { at, context });
  },
};

export const brotliDecompressorExtension: Extension<never, CompressionLibrary> = {
  name: 'envoy.compression.brotli.decompressor',
  category: 'envoy.compression.decompressor',
  configType: `${TYPE}.brotli.decompressor.v3.Brotli`,
  compile: (_config, at, context) => library(BROTLI, () => createBrotliDecompress(), { at, context }),
};

export const zstdCompressorExtension: Extension<Zstd, CompressionLibrary> = {
  name: 'envoy.compression.zstd.compressor',
  category: 'envoy.compression.compressor',
  configType: `${TYPE}.zstd.compressor.v3.Zstd`,
  compile: (config, at, context) => {
    const params: Record<number, number | boolean> = {
      [constants.ZSTD_c_compressionLevel]: config.compressionLevel ?? 3,
      [constants.ZSTD_c_checksumFlag]: config.enableChecksum,
    };
    if (config.strategy !== 0) params[constants.ZSTD_c_strategy] = config.strategy;
    return library(ZSTD, () => createZstdCompress({ params }), { at, context });
  },
};

export const zstdDecompressorExtension: Extension<never, CompressionLibrary> = {
  name: 'envoy.compression.zstd.decompressor',
  category: 'envoy.compression.decompressor',
  configType: `${TYPE}.zstd.decompressor.v3.Zstd`,
  compile: (_config, at, context) => library(ZSTD, () => createZstdDecompress(), { at, context }),
};
