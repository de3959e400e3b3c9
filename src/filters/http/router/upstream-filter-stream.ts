import type { Clock } from '../../../core/clock.ts';
import type { Random } from '../../../core/random.ts';
import type { Timers } from '../../../core/timers.ts';
import type { PressureWatcher, RequestEncoder, ResponseDecoder } from '../../../http/codec/codec.ts';
import type { Failure } from '../../../http/failure.ts';
import { CONTINUE, type FilterHandle, type FilterStatus, STOP, type FilterStream, type LocalReply } from '../../../http/filter.ts';
import type { FilterChain, FilterEntry } from '../../../http/filter-chain.ts';
import { type IteratedStream, IterationHandle } from '../../../http/filter-handle.ts';
import { FilterIteration } from '../../../http/filter-iteration.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import type { Route } from '../../../http/route/route.ts';
import type { ByteCounts, StreamInfo } from '../../../http/stream-info.ts';
import type { ClusterLookup } from '../../../http/upstream.ts';
import { UpstreamDecodeTarget, UpstreamEncodeTarget } from './upstream-filter-targets.ts';

/** The router, as the filters behind it see it. */
export interface UpstreamFilterOwner extends ResponseDecoder, PressureWatcher {
  /** A filter answers in place of the upstream. */
  onLocalReply(reply: LocalReply): void;
}

/**
 * The filters between the router and the upstream, for one attempt. For the router it is the upstream, for the upstream's codec it is the
 * router.
 *
 *   start ──▶ filters see the headers ──sendHeaders: there is a connection──▶ what has passed them goes on ──▶ destroy
 */
export class UpstreamFilterStream implements IteratedStream, RequestEncoder, ResponseDecoder {
  readonly info: StreamInfo;
  readonly chain: FilterChain;
  readonly decoding: FilterIteration;
  readonly encoding: FilterIteration;
  readonly requestHeaders: HeaderMap;
  readonly downstream: FilterHandle;
  responseHeaders: HeaderMap | undefined;
  current: FilterEntry | undefined;
  destroyed = false;
  readonly owner: UpstreamFilterOwner;
  /** Undefined while there is no connection, and after a reset. */
  upstream: RequestEncoder | undefined;
  readonly #states: unknown[];
  #handles: UpstreamFilterHandle[] | undefined;
  /** The headers have passed the filters before there was a connection. */
  #headersWait = false;
  #headersEnd = false;

  /** `downstream`: the router's access to the stream. */
  constructor(chain: FilterChain, downstream: FilterHandle, owner: UpstreamFilterOwner, limitBytes: number) {
    this.chain = chain;
    this.downstream = downstream;
    this.owner = owner;
    this.info = downstream.stream.info;
    this.requestHeaders = downstream.stream.requestHeaders;
    this.#states = new Array(chain.entries.length);
    this.decoding = new FilterIteration(new UpstreamDecodeTarget(this), limitBytes);
    this.encoding = new FilterIteration(new UpstreamEncodeTarget(this), limitBytes);
  }

  start(headers: HeaderMap, end: boolean): void {
    this.decoding.headers(headers, end);
  }

  /** Nothing of either message passes any more; hooks that must hear of it do. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.decoding.stopped = true;
    this.encoding.stopped = true;
    for (const entry of this.chain.finishers) {
      this.current = entry;
      entry.filter.onDestroy!(this);
    }
  }

  call(entry: FilterEntry, hook: FilterHook, message: HeaderMap | Buffer, end: boolean): FilterStatus {
    const run = entry[hook] as ((stream: FilterStream, message: HeaderMap | Buffer, end: boolean) => FilterStatus) | undefined;
    if (run === undefined) return CONTINUE;
    this.current = entry;
    return run.call(entry.filter, this, message, end);
  }

  connect(upstream: RequestEncoder): RequestEncoder {
    this.upstream = upstream;
    return this;
  }

  // RequestEncoder, for the router

  /** There is a connection. The router's headers have been given by `start`. */
  sendHeaders(): void {
    if (!this.#headersWait) return;
    this.#headersWait = false;
    this.upstream?.sendHeaders(this.requestHeaders, this.#headersEnd);
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (!this.decoding.stopped) this.decoding.data(chunk, end);
  }

  sendTrailers(trailers: HeaderMap): void {
    if (!this.decoding.stopped) this.decoding.trailers(trailers);
  }

  reset(failure: Failure): void {
    const { upstream } = this;
    this.upstream = undefined;
    this.decoding.stopped = true;
    this.encoding.stopped = true;
    upstream?.reset(failure);
  }

  pause(): void {
    this.upstream?.pause();
  }

  resume(): void {
    this.upstream?.resume();
  }

  get watcher(): PressureWatcher | undefined {
    return this.upstream?.watcher;
  }

  set watcher(watcher: PressureWatcher | undefined) {
    if (this.upstream !== undefined) this.upstream.watcher = watcher;
  }

  get bytes(): ByteCounts {
    return this.upstream!.bytes;
  }

  // Past the last filter

  forwardHeaders(headers: HeaderMap, end: boolean): void {
    if (this.upstream !== undefined) {
      this.upstream.sendHeaders(headers, end);
      return;
    }
    this.#headersWait = true;
    this.#headersEnd = end;
  }

  // ResponseDecoder, for the upstream's codec

  onInformational(headers: HeaderMap): void {
    if (this.encoding.stopped) return;
    for (const entry of this.chain.encoders) {
      this.current = entry;
      if (entry.filter.encodeInformational?.(this, headers) === STOP || this.encoding.stopped) return;
    }
    this.owner.onInformational(headers);
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.responseHeaders = headers;
    if (!this.encoding.stopped) this.encoding.headers(headers, end);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (!this.encoding.stopped) this.encoding.data(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    if (!this.encoding.stopped) this.encoding.trailers(trailers);
  }

  onReset(failure: Failure): void {
    this.upstream = undefined;
    this.decoding.stopped = true;
    this.encoding.stopped = true;
    this.owner.onReset(failure);
  }

  respondHeaders(headers: HeaderMap, end: boolean): void {
    this.onHeaders(headers, end);
  }

  respondData(chunk: Buffer, end: boolean): void {
    this.onData(chunk, end);
  }

  respondTrailers(trailers: HeaderMap): void {
    this.onTrailers(trailers);
  }

  // FilterStream

  get state(): unknown {
    return this.#states[this.current!.slot];
  }

  set state(value: unknown) {
    this.#states[this.current!.slot] = value;
  }

  get route(): Route | undefined {
    return this.downstream.stream.route;
  }

  get filterName(): string {
    return this.current!.name;
  }

  get perRoute(): unknown {
    return this.route?.filterConfig(this.current!.name)?.config;
  }

  get perRouteLevels(): readonly unknown[] {
    return this.route?.filterConfig(this.current!.name)?.levels ?? [];
  }

  get clusters(): ClusterLookup {
    return this.downstream.stream.clusters;
  }

  get clock(): Clock {
    return this.downstream.stream.clock;
  }

  get timers(): Timers {
    return this.downstream.stream.timers;
  }

  get random(): Random {
    return this.downstream.stream.random;
  }

  /** The request is on its route already. */
  clearRouteCache(): void {}

  localReply(reply: LocalReply): void {
    if (this.destroyed) return;
    this.decoding.stopped = true;
    this.encoding.stopped = true;
    this.owner.onLocalReply(reply);
  }

  handle(): FilterHandle {
    const entry = this.current!;
    const handles = (this.#handles ??= new Array(this.chain.entries.length));
    return (handles[entry.slot] ??= new UpstreamFilterHandle(this, entry));
  }
}

type FilterHook = 'decodeHeaders' | 'decodeData' | 'decodeTrailers' | 'encodeHeaders' | 'encodeData' | 'encodeTrailers';

/** Adds the router at the one end and the upstream at the other. */
class UpstreamFilterHandle extends IterationHandle<UpstreamFilterStream> {
  pauseRequest(backedUp: boolean): void {
    if (!this.stream.destroyed) this.stream.downstream.pauseRequest(backedUp);
  }

  resumeRequest(backedUp: boolean): void {
    if (!this.stream.destroyed) this.stream.downstream.resumeRequest(backedUp);
  }

  pauseResponse(): void {
    this.stream.upstream?.pause();
  }

  resumeResponse(): void {
    this.stream.upstream?.resume();
  }

  reset(failure: Failure): void {
    const { stream } = this;
    if (stream.destroyed) return;
    stream.reset(failure);
    stream.owner.onReset(failure);
  }

  respondInformational(headers: HeaderMap): void {
    this.stream.onInformational(headers);
  }
}
