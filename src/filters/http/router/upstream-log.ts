import type { Router_UpstreamAccessLogOptions as OptionsMessage, Router as RouterMessage } from '../../../api/generated/envoy/extensions/filters/http/router/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { Timer, type TimerList, type TimerOwner } from '../../../core/timers.ts';
import type { AccessLog, AccessLogType } from '../../../http/access-log.ts';
import { compileAccessLogs } from '../../../http/access-log-compile.ts';
import type { PressureWatcher, RequestEncoder } from '../../../http/codec/codec.ts';
import type { Failure } from '../../../http/failure.ts';
import type { FilterHandle, LocalReply } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { type ByteCounts, StreamInfo } from '../../../http/stream-info.ts';
import { tellUpstreamConnection } from '../../../http/upstream-connection.ts';
import type { Host, UpstreamConnectionInfo } from '../../../http/upstream.ts';
import { upstreamFailure } from './failure-table.ts';
import type { UpstreamFilterOwner } from './upstream-filter-stream.ts';

/** `upstream_log` and its options. */
export interface UpstreamLogs {
  readonly logs: readonly AccessLog[];
  readonly onPoolReady: boolean;
  /** Undefined: no records while an attempt runs. */
  readonly interval: TimerList | undefined;
}

/** Undefined: attempts are not recorded. */
export function compileUpstreamLogs({ upstreamLog, upstreamLogOptions }: RouterMessage, at: ConfigPath, context: CompileContext): UpstreamLogs | undefined {
  const logs = compileAccessLogs(upstreamLog, at.field('upstream_log'), context);
  if (logs.length === 0) return undefined;
  const options: Partial<OptionsMessage> = upstreamLogOptions ?? {};
  const intervalMs = durationMs(options.upstreamLogFlushInterval);
  const interval = intervalMs === undefined ? undefined : context.timers.list(intervalMs);
  return { logs, onPoolReady: options.flushUpstreamLogOnUpstreamStream ?? false, interval };
}

/**
 * One attempt as its log sees it. Stands between the router and what is behind it: for the router it is the upstream, for the upstream
 * it is the router.
 */
export class LoggedAttempt implements RequestEncoder, UpstreamFilterOwner, TimerOwner {
  /** Of the attempt: bytes that came are the response's. */
  readonly #info: StreamInfo;
  readonly #logs: UpstreamLogs;
  readonly #downstream: FilterHandle;
  readonly #owner: UpstreamFilterOwner;
  #upstream: RequestEncoder | undefined;
  #responseHeaders: HeaderMap | undefined;
  #responseTrailers: HeaderMap | undefined;
  #timer: Timer | undefined;
  #ended = false;

  constructor(logs: UpstreamLogs, downstream: FilterHandle, host: Host, owner: UpstreamFilterOwner) {
    this.#logs = logs;
    this.#downstream = downstream;
    this.#owner = owner;
    this.#info = attemptInfo(downstream, host);
    if (logs.interval !== undefined) logs.interval.arm((this.#timer = new Timer(this)));
  }

  /** There is a connection. */
  connect(upstream: RequestEncoder, connection: UpstreamConnectionInfo, host: Host): RequestEncoder {
    this.#upstream = upstream;
    this.#info.protocol = connection.protocol;
    this.#info.upstreamPoolReadyMs = this.#now;
    tellUpstreamConnection(this.#info, connection, host, upstream.bytes);
    this.#info.upstreamProtocol = connection.protocol;
    if (this.#logs.onPoolReady) this.#write('UpstreamPoolReady');
    return this;
  }

  /** There is none, or the upstream has ended the stream. */
  onFailure(failure: Failure): void {
    this.#info.setFlag(upstreamFailure(failure).flag);
    this.#info.upstreamTransportFailureReason = failure.details;
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.disarm();
    this.#info.endMs = this.#now;
    this.#write('UpstreamEnd');
  }

  onTimer(): void {
    this.#logs.interval!.arm(this.#timer!);
    this.#write('UpstreamPeriodic');
  }

  // RequestEncoder, for the router

  sendHeaders(headers: HeaderMap, end: boolean): void {
    this.#upstream?.sendHeaders(headers, end);
    if (end) this.#info.upstreamRequestEndMs = this.#now;
  }

  sendData(chunk: Buffer, end: boolean): void {
    this.#info.bytesSent += chunk.length;
    this.#upstream?.sendData(chunk, end);
    if (end) this.#info.upstreamRequestEndMs = this.#now;
  }

  sendTrailers(trailers: HeaderMap): void {
    this.#upstream?.sendTrailers(trailers);
    this.#info.upstreamRequestEndMs = this.#now;
  }

  reset(failure: Failure): void {
    this.#upstream?.reset(failure);
    this.end();
  }

  pause(): void {
    this.#upstream?.pause();
  }

  resume(): void {
    this.#upstream?.resume();
  }

  get watcher(): PressureWatcher | undefined {
    return this.#upstream?.watcher;
  }

  set watcher(watcher: PressureWatcher | undefined) {
    if (this.#upstream !== undefined) this.#upstream.watcher = watcher;
  }

  get bytes(): ByteCounts {
    return this.#upstream!.bytes;
  }

  // UpstreamFilterOwner, for the upstream

  onInformational(headers: HeaderMap): void {
    this.#owner.onInformational(headers);
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.#responseHeaders = headers;
    this.#info.responseCode = headers.status;
    this.#info.upstreamResponseStartMs = this.#now;
    if (end) this.#info.upstreamResponseEndMs = this.#now;
    this.#owner.onHeaders(headers, end);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#info.bytesReceived += chunk.length;
    if (end) this.#info.upstreamResponseEndMs = this.#now;
    this.#owner.onData(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#responseTrailers = trailers;
    this.#info.upstreamResponseEndMs = this.#now;
    this.#owner.onTrailers(trailers);
  }

  onReset(failure: Failure): void {
    this.onFailure(failure);
    this.#owner.onReset(failure);
  }

  onLocalReply(reply: LocalReply): void {
    this.#owner.onLocalReply(reply);
  }

  onHighWatermark(): void {
    this.#owner.onHighWatermark();
  }

  onLowWatermark(): void {
    this.#owner.onLowWatermark();
  }

  get #now(): number {
    return this.#downstream.stream.clock.monotonicMs();
  }

  #write(type: AccessLogType): void {
    const requestHeaders = this.#downstream.stream.requestHeaders;
    const entry = { info: this.#info, requestHeaders, responseHeaders: this.#responseHeaders, responseTrailers: this.#responseTrailers, type };
    for (const log of this.#logs.logs) log.log(entry);
  }
}

/** What the attempt has of its request; metadata and filter state are the request's own. */
function attemptInfo({ stream: { info: request, clock } }: FilterHandle, host: Host): StreamInfo {
  const info = new StreamInfo(request.connection);
  info.protocol = '';
  info.startMs = clock.monotonicMs();
  info.startWallMs = clock.wallMs();
  info.upstreamRequestStartMs = info.startMs;
  info.remoteAddress = request.remoteAddress;
  info.requestId = request.requestId;
  info.streamId = request.streamId;
  info.downstreamBytes = request.downstreamBytes;
  info.grpcRequest = request.grpcRequest;
  info.route = request.route;
  info.routeName = request.routeName;
  info.virtualHost = request.virtualHost;
  info.upstreamCluster = request.upstreamCluster;
  info.upstreamClusterName = request.upstreamClusterName;
  info.upstreamHost = host;
  return info;
}
