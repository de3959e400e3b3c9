import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import type { CompressionLibrary } from '../../../http/compression/library.ts';
import type { ZlibTransform } from '../../../http/compression/zlib-transform.ts';
import { CONTINUE, type FilterHandle, type FilterStatus, type FilterStream, type HttpFilter, TAKEN } from '../../../http/filter.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName } from '../../../http/header-name.ts';

export const DECOMPRESSOR_STATS = defineStats({ counters: ['decompressed', 'not_decompressed', 'total_compressed_bytes', 'total_uncompressed_bytes'] });

export interface DirectionConfig {
  readonly enabled: () => boolean;
  readonly ignoreNoTransform: boolean;
  readonly stats: StatGroup;
}

export interface DecompressorConfig {
  readonly library: CompressionLibrary;
  readonly advertise: boolean;
  readonly request: DirectionConfig;
  readonly response: DirectionConfig;
}

const ACCEPT_ENCODING = headerName('accept-encoding');
const CONTENT_ENCODING = headerName('content-encoding');
const CACHE_CONTROL = headerName('cache-control');

interface DecompressorStream {
  request: Decompression | undefined;
  response: Decompression | undefined;
}

/** envoy.filters.http.decompressor: gives the other side plain bodies. */
export class Decompressor implements HttpFilter {
  readonly #config: DecompressorConfig;

  constructor(config: DecompressorConfig) {
    this.#config = config;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    const { advertise, library, request, response } = this.#config;
    if (advertise && response.enabled()) {
      headers.set(ACCEPT_ENCODING, withEncoding(headers.get(ACCEPT_ENCODING) ?? '', library.contentEncoding));
    }
    const state = stateOf(stream);
    if (!end) state.request = this.#begin(headers, request);
    return CONTINUE;
  }

  decodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const { request } = stream.state as DecompressorStream;
    if (request === undefined) return CONTINUE;
    const handle = stream.handle();
    request.run(chunk, end, (piece) => handle.injectDecodedData(piece, false), handle);
    if (end && !handle.done) handle.injectDecodedTrailers(request.totals(new HeaderMap()));
    return TAKEN;
  }

  decodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    (stream.state as DecompressorStream).request?.totals(trailers);
    return CONTINUE;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    if (!end) stateOf(stream).response = this.#begin(headers, this.#config.response);
    return CONTINUE;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const response = (stream.state as DecompressorStream | undefined)?.response;
    if (response === undefined) return CONTINUE;
    const handle = stream.handle();
    response.run(chunk, end, (piece) => handle.injectEncodedData(piece, false), handle);
    if (end && !handle.done) handle.injectEncodedTrailers(response.totals(new HeaderMap()));
    return TAKEN;
  }

  encodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    (stream.state as DecompressorStream | undefined)?.response?.totals(trailers);
    return CONTINUE;
  }

  onDestroy(stream: FilterStream): void {
    const state = stream.state as DecompressorStream | undefined;
    state?.request?.close();
    state?.response?.close();
  }

  #begin(headers: HeaderMap, direction: DirectionConfig): Decompression | undefined {
    const { library } = this.#config;
    const encodings = headers.getJoined(CONTENT_ENCODING);
    const [first, ...rest] = encodings?.split(',') ?? [];
    const wanted = first !== undefined && first.trim().toLowerCase() === library.contentEncoding;
    const forbidden = !direction.ignoreNoTransform && headers.getJoined(CACHE_CONTROL)?.toLowerCase().includes('no-transform') === true;
    if (!wanted || forbidden || !direction.enabled()) {
      direction.stats.inc(DECOMPRESSOR_STATS.not_decompressed);
      return undefined;
    }
    direction.stats.inc(DECOMPRESSOR_STATS.decompressed);
    headers.remove(H.contentLength);
    if (rest.length === 0) headers.remove(CONTENT_ENCODING);
    else headers.set(CONTENT_ENCODING, rest.join(',').trim());
    return new Decompression(library, direction.stats);
  }
}

/** A reply of a filter in front comes without a request. */
function stateOf(stream: FilterStream): DecompressorStream {
  return (stream.state ??= { request: undefined, response: undefined }) as DecompressorStream;
}

/** The encoding in place of what was said of it before. */
function withEncoding(acceptEncoding: string, encoding: string): string {
  const tokens = acceptEncoding.split(',').map((token) => token.trim());
  const others = tokens.filter((token) => token !== '' && token.split(';')[0]!.trim() !== encoding);
  return [...others, encoding].join(',');
}

/** One body that becomes larger. */
class Decompression {
  readonly #library: CompressionLibrary;
  readonly #transform: ZlibTransform;
  readonly #stats: StatGroup;
  #compressedBytes = 0;
  #uncompressedBytes = 0;

  constructor(library: CompressionLibrary, stats: StatGroup) {
    this.#library = library;
    this.#transform = library.acquire();
    this.#stats = stats;
  }

  /** A body that grows beyond the library's ratio, or is broken, ends its stream. */
  run(chunk: Buffer, _end: boolean, pass: (piece: Buffer) => void, handle: FilterHandle): void {
    const limitBytes = (this.#compressedBytes + chunk.length) * this.#library.maxRatio;
    this.#compressedBytes += chunk.length;
    this.#stats.add(DECOMPRESSOR_STATS.total_compressed_bytes, chunk.length);
    let bomb = false;
    this.#transform.run(chunk, 'none', (piece) => {
      this.#uncompressedBytes += piece.length;
      bomb = this.#uncompressedBytes > limitBytes + FREE_BYTES;
      if (bomb) return false;
      this.#stats.add(DECOMPRESSOR_STATS.total_uncompressed_bytes, piece.length);
      pass(piece);
      return !handle.done;
    });
    if (bomb || this.#transform.failed) handle.reset({ source: 'local', kind: 'too-large', details: 'decompression_failed' });
  }

  /** Tells how large the body was, and is. */
  totals(trailers: HeaderMap): HeaderMap {
    const name = `x-envoy-decompressor-${this.#library.contentEncoding}`;
    trailers.addText(`${name}-compressed-bytes`, String(this.#compressedBytes));
    trailers.addText(`${name}-uncompressed-bytes`, String(this.#uncompressedBytes));
    return trailers;
  }

  close(): void {
    this.#library.release(this.#transform);
  }
}

/** So much may come out whatever the ratio: short bodies of one letter compress better than any bomb. */
const FREE_BYTES = 64 * 1024;
