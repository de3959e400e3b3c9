import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, TAKEN } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName, type HeaderName } from '../../../http/header-name.ts';
import type { CompressionLibrary } from '../../../http/compression/library.ts';
import type { ZlibTransform } from '../../../http/compression/zlib-transform.ts';
import { FilterState } from '../../../http/filter-state.ts';
import { chooseEncoding, type EncodingDecision, type Offered } from './accept-encoding.ts';
import { CHOICE_STATS, type CompressorConfig, type CompressorRouteConfig, DIRECTION_STATS, type DirectionConfig } from './config.ts';

const ACCEPT_ENCODING = headerName('accept-encoding');
const CONTENT_ENCODING = headerName('content-encoding');
const CACHE_CONTROL = headerName('cache-control');
const ETAG = headerName('etag');
const VARY = headerName('vary');
const COMPRESSION_STATUS = headerName('x-envoy-compression-status');
const COMPRESSORS = 'envoy.filters.http.compressor.candidates';

interface Offer extends Offered {
  readonly allowsType: DirectionConfig['allowsType'];
}

/** What the compressors of a chain share of one stream. */
interface Candidates {
  readonly offers: Offer[];
  /** Made by the first that asks, and kept: others may have seen another Accept-Encoding. */
  decision: EncodingDecision | undefined;
}

interface CompressorStream {
  readonly acceptEncoding: string | undefined;
  readonly library: CompressionLibrary;
  readonly enabled: boolean | undefined;
  request: ZlibTransform | undefined;
  response: ZlibTransform | undefined;
}

/** envoy.filters.http.compressor: compresses responses for clients that understand it, and requests where told to. */
export class Compressor implements HttpFilter {
  readonly #config: CompressorConfig;
  /** What it offers where no route says otherwise. */
  readonly #offer: Offer;

  constructor(config: CompressorConfig) {
    this.#config = config;
    this.#offer = offerOf(config, config.library);
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    const { request, response, library, removeAcceptEncoding } = this.#config;
    const route = stream.perRoute as CompressorRouteConfig | undefined;
    const enabled = route?.enabled;
    const acceptEncoding = headers.get(ACCEPT_ENCODING);
    const state: CompressorStream = { acceptEncoding, library: route?.library ?? library, enabled, request: undefined, response: undefined };
    stream.state = state;
    if (acceptEncoding !== undefined) this.#register(stream, state.library);
    if ((enabled ?? response.enabled()) && (route?.removeAcceptEncoding ?? removeAcceptEncoding)) headers.remove(ACCEPT_ENCODING);
    if (end || enabled === false || !request.enabled() || !largeEnough(headers, request) || !typeAllowed(headers, request) || headers.has(CONTENT_ENCODING)) {
      request.stats.inc(DIRECTION_STATS.not_compressed);
      return CONTINUE;
    }
    state.request = this.#begin(headers, state.library, request);
    return CONTINUE;
  }

  decodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const transform = (stream.state as CompressorStream).request;
    if (transform === undefined) return CONTINUE;
    stream.handle().injectDecodedData(compress(transform, chunk, end, this.#config.request), end);
    return TAKEN;
  }

  decodeTrailers(stream: FilterStream): FilterStatus {
    const transform = (stream.state as CompressorStream).request;
    if (transform !== undefined) stream.handle().addDecodedData(compress(transform, NOTHING, true, this.#config.request));
    return CONTINUE;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    // A filter before this one may have answered.
    const state = stream.state as CompressorStream | undefined;
    const { response } = this.#config;
    const route = state ?? (stream.perRoute as CompressorRouteConfig | undefined);
    const on = route?.enabled ?? response.enabled();
    if (on && !end && this.#config.tellsStatus) {
      this.#encodeTelling(stream, state, headers);
      return CONTINUE;
    }
    const large = on && !(this.#config.tellsStatus && isFinal(headers)) && largeEnough(headers, response);
    const compressible = large && this.#isCompressible(headers);
    if (!end && large && this.#isAccepted(stream, state, headers) && compressible) {
      this.#adjustEtag(headers);
      state!.response = this.#begin(headers, state!.library, response);
    } else {
      response.stats.inc(DIRECTION_STATS.not_compressed);
    }
    if (compressible) addVary(headers);
    return CONTINUE;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const transform = (stream.state as CompressorStream | undefined)?.response;
    if (transform === undefined) return CONTINUE;
    stream.handle().injectEncodedData(compress(transform, chunk, end, this.#config.response), end);
    return TAKEN;
  }

  encodeTrailers(stream: FilterStream): FilterStatus {
    const transform = (stream.state as CompressorStream | undefined)?.response;
    if (transform !== undefined) stream.handle().addEncodedData(compress(transform, NOTHING, true, this.#config.response));
    return CONTINUE;
  }

  onDestroy(stream: FilterStream): void {
    const state = stream.state as CompressorStream | undefined;
    if (state?.request !== undefined) state.library.release(state.request);
    if (state?.response !== undefined) state.library.release(state.response);
  }

  /** Several compressors of a chain share what the client accepts among them. */
  #register(stream: FilterStream, library: CompressionLibrary): void {
    const states = (stream.info.filterState ??= new FilterState());
    const offer = library === this.#config.library ? this.#offer : offerOf(this.#config, library);
    const candidates = states.get(COMPRESSORS) as Candidates | undefined;
    if (candidates === undefined) states.set(COMPRESSORS, { offers: [offer], decision: undefined } satisfies Candidates);
    else candidates.offers.push(offer);
  }

  #begin(headers: HeaderMap, library: CompressionLibrary, direction: DirectionConfig): ZlibTransform {
    headers.remove(H.contentLength);
    headers.set(CONTENT_ENCODING, library.contentEncoding);
    direction.stats.inc(DIRECTION_STATS.compressed);
    return library.acquire();
  }

  #isCompressible(headers: HeaderMap): boolean {
    const { response, disableOnEtag, weakenEtag, uncompressibleCodes, choiceStats } = this.#config;
    if (!typeAllowed(headers, response) || uncompressibleCodes.has(headers.status)) return false;
    if (isFinal(headers)) return false;
    if (!disableOnEtag || weakenEtag || !headers.has(ETAG)) return true;
    choiceStats.inc(CHOICE_STATS.not_compressed_etag);
    return false;
  }

  /** Here Envoy asks what the client accepts only where nothing else is in the way. */
  #encodeTelling(stream: FilterStream, state: CompressorStream | undefined, headers: HeaderMap): void {
    const { response, library } = this.#config;
    const { contentEncoding } = state?.library ?? library;
    const final = isFinal(headers);
    const refusal = final ? undefined : this.#refusal(headers);
    const compressible = !final && refusal === undefined;
    if (compressible) addVary(headers);
    if (compressible && this.#isAccepted(stream, state, headers)) {
      const originalLength = headers.get(H.contentLength) ?? '';
      this.#adjustEtag(headers);
      state!.response = this.#begin(headers, state!.library, response);
      headers.add(COMPRESSION_STATUS, `${contentEncoding};Compressed;OriginalLength=${originalLength}`);
      return;
    }
    response.stats.inc(DIRECTION_STATS.not_compressed);
    if (refusal !== undefined) headers.add(COMPRESSION_STATUS, `${contentEncoding};${refusal}`);
  }

  /** Why a response stays as it is whatever its client accepts; undefined = there is no reason. */
  #refusal(headers: HeaderMap): string | undefined {
    const { response, uncompressibleCodes } = this.#config;
    if (!largeEnough(headers, response)) {
      // Envoy asks twice, and counts each time.
      response.stats.inc(DIRECTION_STATS.content_length_too_small);
      return 'ContentLengthTooSmall';
    }
    if (!typeAllowed(headers, response)) return 'ContentTypeNotAllowed';
    if (uncompressibleCodes.has(headers.status)) return 'StatusCodeNotAllowed';
    return this.#isCompressible(headers) ? undefined : 'EtagNotAllowed';
  }

  #isAccepted(stream: FilterStream, state: CompressorStream | undefined, headers: HeaderMap): boolean {
    const { choiceStats } = this.#config;
    if (state?.acceptEncoding === undefined) {
      choiceStats.inc(CHOICE_STATS.no_accept_header);
      return false;
    }
    // It has registered itself when it saw the header.
    const candidates = stream.info.filterState!.get(COMPRESSORS) as Candidates;
    const { encoding, reason } = (candidates.decision ??= chooseEncoding(state.acceptEncoding, candidates.offers.filter((offer) => typeAllowed(headers, offer))));
    const mine = encoding === state.library.contentEncoding;
    if (reason === 'identity') choiceStats.inc(CHOICE_STATS.header_identity);
    else if (reason === 'not-valid') choiceStats.inc(CHOICE_STATS.header_not_valid);
    else if (reason === 'wildcard') choiceStats.inc(CHOICE_STATS.header_wildcard);
    else choiceStats.inc(mine ? CHOICE_STATS.header_compressor_used : CHOICE_STATS.header_compressor_overshadowed);
    return mine;
  }

  /** A strong validator is one of other bytes now. */
  #adjustEtag(headers: HeaderMap): void {
    const etag = headers.get(ETAG);
    if (etag === undefined || etag.startsWith('W/') || etag.startsWith('w/')) return;
    if (this.#config.weakenEtag) headers.set(ETAG, `W/${etag}`);
    else headers.remove(ETAG);
  }
}

const NOTHING = Buffer.alloc(0);

function offerOf({ response, chooseFirst }: CompressorConfig, { contentEncoding }: CompressionLibrary): Offer {
  return { encoding: contentEncoding, allowsType: response.allowsType, chooseFirst };
}

function compress(transform: ZlibTransform, chunk: Buffer, end: boolean, { stats }: DirectionConfig): Buffer {
  const made = transform.transform(chunk, end ? 'finish' : 'flush');
  stats.add(DIRECTION_STATS.total_uncompressed_bytes, chunk.length);
  stats.add(DIRECTION_STATS.total_compressed_bytes, made.length);
  return made;
}

function largeEnough(headers: HeaderMap, { minContentLength, stats }: DirectionConfig): boolean {
  const length = headers.get(H.contentLength);
  if (length === undefined || Number(length) >= minContentLength) return true;
  stats.inc(DIRECTION_STATS.content_length_too_small);
  return false;
}

function typeAllowed(headers: HeaderMap, { allowsType }: Pick<DirectionConfig, 'allowsType'>): boolean {
  const type = headers.get(H.contentType);
  if (type === undefined) return true;
  const semicolon = type.indexOf(';');
  return allowsType((semicolon < 0 ? type : type.slice(0, semicolon)).trim());
}

/** It is to reach the client as it is. */
function isFinal(headers: HeaderMap): boolean {
  return hasToken(headers, CACHE_CONTROL, 'no-transform') || headers.has(CONTENT_ENCODING);
}

function hasToken(headers: HeaderMap, name: HeaderName, token: string): boolean {
  const value = headers.getJoined(name);
  return value !== undefined && value.toLowerCase().split(',').some((part) => part.trim() === token);
}

/** Envoy looks for the name as it writes it. */
function addVary(headers: HeaderMap): void {
  const vary = headers.get(VARY);
  if (vary === undefined) headers.set(VARY, 'Accept-Encoding');
  else if (!vary.split(',').some((name) => name.trim() === 'Accept-Encoding')) headers.set(VARY, `${vary}, Accept-Encoding`);
}
