import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Timers } from '../core/timers.ts';
import type { BodyBuffer } from './body-buffer.ts';
import type { Failure } from './failure.ts';
import type { HeaderMap } from './header-map.ts';
import type { Route } from './route/route.ts';
import type { StreamInfo } from './stream-info.ts';
import type { ClusterLookup } from './upstream.ts';

/**
 * HTTP filters. Hooks are synchronous and all optional; decode hooks run in the order of the configuration, encode hooks in
 * reverse. One filter object serves every stream of a listener: what a filter keeps per stream lies in `stream.state`.
 */

/** Pass on to the next filter. */
export const CONTINUE = 0;
/**
 * Headers: later filters do not see them yet, but this filter's own data hook is called as body arrives; when that hook
 * returns CONTINUE the iteration goes on. Data: the chunk is dropped unless the filter kept it. Trailers: wait for `resume`.
 */
export const STOP = 1;
/** Wait for `resume`; body is buffered up to the limit; beyond it the request ends with 413, the response with 500. */
export const STOP_AND_BUFFER = 2;
/** Wait for `resume`; body is buffered up to the limit; beyond it the sender is paused. */
export const STOP_AND_WATERMARK = 3;
/**
 * Data, trailers: the filter has taken what it was given, with its `end`, and sends on what it makes of it itself, now or later
 * (`injectDecodedData` and the like). Nothing waits for it: later events reach its hooks as usual.
 */
export const TAKEN = 4;

export type FilterStatus = typeof CONTINUE | typeof STOP | typeof STOP_AND_BUFFER | typeof STOP_AND_WATERMARK | typeof TAKEN;

export interface HttpFilter {
  decodeHeaders?(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus;
  decodeData?(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus;
  decodeTrailers?(stream: FilterStream, trailers: HeaderMap): FilterStatus;
  encodeInformational?(stream: FilterStream, headers: HeaderMap): FilterStatus;
  encodeHeaders?(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus;
  encodeData?(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus;
  encodeTrailers?(stream: FilterStream, trailers: HeaderMap): FilterStatus;
  /** The response path pushes back (router only): stop and restart the source of the response. */
  onAboveWriteBuffer?(stream: FilterStream): void;
  onBelowWriteBuffer?(stream: FilterStream): void;
  /** Exactly once, after the last byte or the reset: timers and side calls end here. Must not touch the messages. */
  onDestroy?(stream: FilterStream): void;
}

export interface LocalReply {
  readonly status: number;
  readonly body: string;
  /** `%RESPONSE_CODE_DETAILS%`. */
  readonly details: string;
  /** Applied to the reply's headers before they enter the encode path. */
  readonly headers?: ((headers: HeaderMap) => void) | undefined;
  /** `grpc-status` for gRPC requests when it is not the one the HTTP status maps to. */
  readonly grpcStatus?: number | undefined;
  /** It came of body whose request had not ended before it: an end that was read with that body does not count. */
  readonly cutsRequest?: boolean | undefined;
}

/**
 * A stream as the filter that is being called sees it. Valid inside a hook; a filter that goes on later takes a `handle()`.
 */
export interface FilterStream {
  /** This filter's slot in this stream. */
  state: unknown;
  readonly info: StreamInfo;
  /** Of the request; undefined only before decodeHeaders. */
  readonly requestHeaders: HeaderMap;
  readonly responseHeaders: HeaderMap | undefined;
  /** The cached route; looked up on first use, undefined when none matches. */
  readonly route: Route | undefined;
  /** The name of this filter in its chain. */
  readonly filterName: string;
  /** This filter's per-route configuration: the most specific one, already resolved. */
  readonly perRoute: unknown;
  /** Those of all levels, the least specific first. */
  readonly perRouteLevels: readonly unknown[];
  readonly clusters: ClusterLookup;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** The next reader of `route` looks it up again. */
  clearRouteCache(): void;
  /** Ends the request here with an answer of this proxy. Return STOP from a decode hook after calling it. */
  localReply(reply: LocalReply): void;
  /** For calls from a later turn; the same object each time this filter asks. */
  handle(): FilterHandle;
}

/** A filter's own access to a stream, from any turn. Calls after the stream's end are harmless. */
export interface FilterHandle {
  readonly stream: FilterStream;
  readonly done: boolean;
  /** After a stop status: goes on with the next filter. */
  continueDecoding(): void;
  continueEncoding(): void;
  localReply(reply: LocalReply): void;
  /** Body held because of this filter's stop status; undefined when there is none. */
  decodingBuffer(): BodyBuffer | undefined;
  encodingBuffer(): BodyBuffer | undefined;
  /** Replaces the listener's limit on what is buffered of this stream's request. */
  setDecodingBufferLimit(limitBytes: number): void;
  /** Adds body before what comes next: in a trailers hook, or to what waits while stopped. */
  addDecodedData(chunk: Buffer): void;
  addEncodedData(chunk: Buffer): void;
  /** Sends body or trailers to the filters behind this one, for a filter that returns TAKEN. */
  injectDecodedData(chunk: Buffer, end: boolean): void;
  injectEncodedData(chunk: Buffer, end: boolean): void;
  injectDecodedTrailers(trailers: HeaderMap): void;
  injectEncodedTrailers(trailers: HeaderMap): void;
  /** Counted: stops and restarts the arrival of request body. `backedUp`: because it is not taken as fast as it comes, which statistics tell. */
  pauseRequest(backedUp: boolean): void;
  resumeRequest(backedUp: boolean): void;
  /** Counted: stops and restarts the source of the response. Whoever still pauses when the stream ends need not resume. */
  pauseResponse(): void;
  resumeResponse(): void;
  /** Ends the stream without an answer, or the answer without its end. */
  reset(failure: Failure): void;

  // For the terminal filter: the response enters the encode path here.
  respondInformational(headers: HeaderMap): void;
  respondHeaders(headers: HeaderMap, end: boolean): void;
  respondData(chunk: Buffer, end: boolean): void;
  respondTrailers(trailers: HeaderMap): void;
}
