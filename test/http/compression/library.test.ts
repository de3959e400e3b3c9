import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { CompressionLibrary } from '../../../src/http/compression/library.ts';
import {
  brotliCompressorExtension,
  gzipCompressorExtension,
  gzipDecompressorExtension,
  zstdCompressorExtension,
} from '../../../src/http/compression/extensions.ts';

const NOWHERE = {} as never;
const compile = (extension: { compile(config: never, at: never, context: never): CompressionLibrary }, config: object = {}): CompressionLibrary =>
  extension.compile(config as never, NOWHERE, NOWHERE);

const COMPRESSORS = [
  ['gzip', () => compile(gzipCompressorExtension, { compressionLevel: 9, compressionStrategy: 0 }), gunzipSync],
  ['brotli', () => compile(brotliCompressorExtension, { quality: 9, encoderMode: 0, disableLiteralContextModeling: false }), brotliDecompressSync],
  ['zstd', () => compile(zstdCompressorExtension, { compressionLevel: 19, enableChecksum: true, strategy: 0 }), zstdDecompressSync],
] as const;

const text = Buffer.from(Array.from({ length: 5000 }, (_, index) => `line ${index * 7919}`).join('\n'));

describe.each(COMPRESSORS)('%s', (_name, compileLibrary, open) => {
  it('makes the same bytes of the same body, whichever transform is taken', () => {
    const library = compileLibrary();
    const results = [1, 2, 3].map(() => {
      const transform = library.acquire();
      const whole = Buffer.concat([transform.transform(text.subarray(0, 100), 'flush'), transform.transform(text.subarray(100), 'finish')]);
      library.release(transform);
      return whole;
    });
    expect(open(results[0]!).equals(text)).toBe(true);
    expect(results[1]!.equals(results[0]!)).toBe(true);
    expect(results[2]!.equals(results[0]!)).toBe(true);
  });

  it('begins anew after a body that was given up', () => {
    const library = compileLibrary();
    const first = library.acquire();
    first.transform(text, 'none');
    library.release(first);
    expect(open(library.acquire().transform(text, 'finish')).equals(text)).toBe(true);
  });
});

describe('gzip', () => {
  it('keeps a transform for the next body, and as many as 16', () => {
    const library = compile(gzipCompressorExtension, { compressionLevel: 0, compressionStrategy: 0 });
    const taken = Array.from({ length: 20 }, () => library.acquire());
    for (const transform of taken) library.release(transform);
    const again = Array.from({ length: 20 }, () => library.acquire());
    expect(again.filter((transform) => taken.includes(transform))).toHaveLength(16);
  });

  it('does not use a transform again that has seen broken data', () => {
    const library = compile(gzipDecompressorExtension);
    const transform = library.acquire();
    transform.transform(Buffer.from('not gzip'), 'none');
    expect(transform.failed).toBe(true);
    library.release(transform);
    expect(library.acquire()).not.toBe(transform);
  });

  it('compresses what another transform has just decompressed, while that one runs', () => {
    const outer = compile(gzipDecompressorExtension).acquire();
    const inner = compile(gzipCompressorExtension, { compressionLevel: 0, compressionStrategy: 0 }).acquire();
    const made: Buffer[] = [];
    outer.run(gzipSync(text), 'none', (piece) => made.push(inner.transform(piece, 'flush')) > 0);
    made.push(inner.transform(Buffer.alloc(0), 'finish'));
    expect(gunzipSync(Buffer.concat(made)).equals(text)).toBe(true);
  });
});
