import { Timer, type TimerList, type TimerOwner } from '../../../core/timers.ts';
import type { AccessLogType } from '../../../http/access-log.ts';
import type { PressureWatcher, RequestEncoder, ResponseDecoder } from '../../../http/codec/codec.ts';
import { RESET_BY_PEER } from '../../../http/codec/raw-client.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import type { Failure } from '../../../http/failure.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { type ByteCounts, type ConnectionInfo, ResponseFlag, type StreamInfo } from '../../../http/stream-info.ts';
import { tellUpstreamConnection } from '../../../http/upstream-connection.ts';
import type { Cluster, Host, LoadBalancerContext, PendingStream, PoolCallbacks, UpstreamConnectionInfo } from '../../../http/upstream.ts';
import type { ConnectionHandler, DrainDecision } from '../../../listener/network-filter.ts';
import type { Connection, TransportError } from '../../../transport/transport.ts';
import { CLUSTER_STATE, TCP_STATS, type TcpProxyConfig } from './config.ts';

const TIMER_IDLE = 0;
const TIMER_DURATION = 1;
const TIMER_LOG = 2;
const TIMER_BACKOFF = 3;
/** What `%DOWNSTREAM_LOCAL_CLOSE_REASON%` says of connections that were joined with none, with the place of the reason in Envoy's list. */
const NOT_CONNECTED = 'tcp_initializion_failure:0';
const NO_HEALTHY_UPSTREAM = 'tcp_initializion_failure:1';
const RESOURCE_LIMIT_EXCEEDED = 'tcp_initializion_failure:2';
const NO_ROUTE = 'tcp_initializion_failure:3';
const IDLE = 'tcp_session_idle_timeout';
const TOO_LONG = 'max_connection_duration_reached';

const NO_BYTES = Buffer.alloc(0);

/** This side gives the upstream connection up. */
const DOWNSTREAM_GONE: Failure = { source: 'downstream', kind: 'local-reset', details: '' };
/** The client has sent RST, and so does this side. */
const DOWNSTREAM_RESET: Failure = { source: 'downstream', kind: 'remote-reset', details: '' };

/** What is on the client's wire is what is relayed. */
class RelayedBytes implements ByteCounts {
  wireReceived = 0;
  wireSent = 0;
  readonly headersReceived = 0;
  readonly headersSent = 0;
}

/**
 * One connection and the upstream connection, or the tunnel, it is joined with. What is read before that stands waits here (early data).
 *
 *   NEW ──onNewConnection──▶ WAITING ──bytes, handshake, at once──▶ CONNECTING ──pool ready, tunnel open──▶ JOINED ──both have ended, either is gone, timer──▶ CLOSED
 *                                                                   │   ▲ fails, attempts left
 *                                                                   └───┴──fails──▶ CLOSED
 */
export class ProxiedConnection implements ConnectionHandler, ResponseDecoder, PoolCallbacks, PressureWatcher, LoadBalancerContext, TimerOwner {
  readonly active = true;
  /** Each direction of a tunnel ends by itself. */
  readonly goesOnAfterEnd = true;
  /** Of the tunnel. */
  requestHeaders: HeaderMap | undefined;
  readonly #connection: Connection;
  readonly #config: TcpProxyConfig;
  readonly #drain: DrainDecision;
  readonly #stream: StreamInfo;
  readonly #downstreamBytes = new RelayedBytes();
  #pending: PendingStream | undefined;
  #upstream: RequestEncoder | undefined;
  /** Bytes may go upstream. */
  #joined = false;
  /** An attempt has begun, or waits for its time. */
  #connecting = false;
  /** What came before it was joined. */
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #readsArePaused = false;
  /** The tunnel's connection cannot end in one direction alone. */
  #endsWhole = false;
  #clusterName = '';
  #attempts = 0;
  #closed = false;
  /** The upstream waits for the client to take what it was sent. */
  #upstreamIsPaused = false;
  #downstreamEnded = false;
  readonly #idleTimer: Timer | undefined;
  readonly #durationTimer: Timer | undefined;
  readonly #logTimer: Timer | undefined;
  #backoffTimer: Timer | undefined;

  constructor(connection: Connection, info: ConnectionInfo, drain: DrainDecision, config: TcpProxyConfig) {
    this.#connection = connection;
    this.#config = config;
    this.#drain = drain;
    this.#stream = streamOf(info, config.clock);
    this.#stream.upstreamHostsAttempted = [];
    this.#stream.downstreamBytes = this.#downstreamBytes;
    if (config.connectMode === 'immediate') this.#pauseReads();
    config.stats.inc(TCP_STATS.downstream_cx_total);
    if (config.idleTimeout !== undefined) this.#idleTimer = new Timer(this, TIMER_IDLE);
    if (config.maxDuration !== undefined) this.#durationTimer = this.#startDuration(config.maxDuration);
    if (config.periodicLogs !== undefined) config.periodicLogs.arm((this.#logTimer = new Timer(this, TIMER_LOG)));
  }

  // ConnectionHandler

  onNewConnection(): void {
    const { connectMode, logsOnStart } = this.#config;
    this.#clusterName = this.#pickCluster();
    if (logsOnStart) this.#log('TcpConnectionStart');
    this.#restartIdleTimer();
    const { secure, tls } = this.#stream.connection;
    if (connectMode === 'immediate' || (connectMode === 'on-handshake' && (!secure || tls !== undefined))) this.#connect();
  }

  onHandshakeDone(): void {
    if (this.#config.connectMode === 'on-handshake' && !this.#connecting) this.#connect();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#stream.bytesReceived += length;
    this.#downstreamBytes.wireReceived += length;
    this.#config.stats.add(TCP_STATS.downstream_cx_rx_bytes_total, length);
    const chunk = bytes.length === length ? bytes : bytes.subarray(0, length);
    if (this.#joined) this.#upstream?.sendData(chunk, false);
    else this.#keepEarly(chunk);
    this.#restartIdleTimer();
    this.#closeIfDraining();
  }

  onEnd(): void {
    this.#downstreamEnded = true;
    if (this.#joined) this.#endUpstreamWrites();
    else this.#config.stats.inc(TCP_STATS.early_data_received_count_total);
    this.#restartIdleTimer();
  }

  #keepEarly(chunk: Buffer): void {
    const { stats, maxEarlyBytes, connectMode } = this.#config;
    this.#early.push(Buffer.from(chunk));
    this.#earlyBytes += chunk.length;
    if (connectMode === 'on-data' && !this.#connecting) this.#connect();
    if (this.#connection.closed) return;
    stats.inc(TCP_STATS.early_data_received_count_total);
    if (this.#earlyBytes > maxEarlyBytes && !this.#joined) this.#pauseReads();
  }

  #pauseReads(): void {
    if (this.#readsArePaused) return;
    this.#readsArePaused = true;
    this.#connection.pauseReads();
  }

  #endUpstreamWrites(): void {
    this.#upstream?.sendData(NO_BYTES, true);
    if (this.#endsWhole) this.#connection.closeAfterFlush(0);
  }

  #closeIfDraining(): void {
    const { checksDrain, stats } = this.#config;
    if (!checksDrain || this.#closed || !this.#drain.shouldClose()) return;
    stats.inc(TCP_STATS.downstream_cx_drain_close);
    this.#connection.closeAfterFlush(0);
  }

  onDrained(): void {
    if (!this.#upstreamIsPaused) return;
    this.#upstreamIsPaused = false;
    this.#upstream?.resume();
  }

  onClosed(error: TransportError | undefined): void {
    if (error !== undefined) this.#stream.downstreamCloseType = 'RemoteReset';
    else if (this.#joined && this.#upstream !== undefined) this.#stream.upstreamLocalCloseReason = this.#stream.connection.localCloseReason ?? '';
    this.#finish();
  }

  onRecorded(): void {
    this.#log('TcpConnectionEnd');
  }

  /** Connections live until the drain ends. */
  startDrain(): void {}

  // PoolCallbacks

  onPoolReady(encoder: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void {
    this.#pending = undefined;
    if (this.#closed) {
      encoder.reset(DOWNSTREAM_GONE);
      return;
    }
    this.#upstream = encoder;
    this.#stream.attemptCount = this.#attempts;
    encoder.watcher = this;
    this.#noteUpstream(host, connection, encoder.bytes);
    if (this.requestHeaders === undefined) {
      this.#join(encoder);
      return;
    }
    this.#endsWhole = connection.protocol !== 'HTTP/2';
    encoder.sendHeaders(this.requestHeaders, false);
  }

  #join(upstream: RequestEncoder): void {
    this.#joined = true;
    if (this.#config.logsOnConnected) this.#log('TcpUpstreamConnected');
    this.#restartIdleTimer();
    for (const chunk of this.#early) upstream.sendData(chunk, false);
    this.#early = [];
    if (this.#downstreamEnded) this.#endUpstreamWrites();
    if (!this.#readsArePaused) return;
    this.#readsArePaused = false;
    this.#connection.resumeReads();
  }

  onPoolFailure(failure: Failure, host: Host | undefined): void {
    this.#pending = undefined;
    if (this.#closed) return;
    const stream = this.#stream;
    stream.upstreamHost = host;
    if (host === undefined && failure.kind !== 'overflow') {
      this.#refuse(ResponseFlag.noHealthyUpstream, NO_HEALTHY_UPSTREAM);
      return;
    }
    stream.attemptCount = this.#attempts;
    stream.upstreamPoolReadyMs = this.#config.clock.monotonicMs();
    if (host === undefined) {
      this.#waitOrConnect();
      return;
    }
    stream.upstreamHostsAttempted!.push(host);
    this.#tryAgain(failure.details);
  }

  #tryAgain(reason: string): void {
    this.#stream.upstreamTransportFailureReason = reason;
    this.#stream.setFlag(ResponseFlag.upstreamConnectionFailure);
    this.#waitOrConnect();
  }

  #waitOrConnect(): void {
    const { backoff, random, timers, maxConnectAttempts } = this.#config;
    if (backoff === undefined || this.#attempts >= maxConnectAttempts) {
      this.#connect();
      return;
    }
    const limitMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** (this.#attempts - 1));
    timers.privateList(Math.ceil(random.unit() * limitMs)).arm((this.#backoffTimer ??= new Timer(this, TIMER_BACKOFF)));
  }

  // ResponseDecoder

  onData(chunk: Buffer, end: boolean): void {
    const connection = this.#connection;
    if (chunk.length > 0) {
      this.#stream.bytesSent += chunk.length;
      this.#downstreamBytes.wireSent += chunk.length;
      this.#config.stats.add(TCP_STATS.downstream_cx_tx_bytes_total, chunk.length);
      connection.writeBytes(chunk);
    }
    if (end) connection.endWrites();
    else if (!this.#upstreamIsPaused && connection.unsentBytes > this.#config.bufferLimitBytes) {
      this.#upstreamIsPaused = true;
      this.#upstream!.pause();
    }
    this.#restartIdleTimer();
    this.#closeIfDraining();
  }

  onReset(failure: Failure): void {
    this.#upstream = undefined;
    if (this.#closed) return;
    if (!this.#joined) {
      this.#tryAgain('');
      return;
    }
    const isReset = failure === RESET_BY_PEER || (this.requestHeaders !== undefined && failure.kind === 'remote-reset');
    if (!isReset) {
      this.#connection.closeAfterFlush(0);
      return;
    }
    this.#stream.setFlag(ResponseFlag.upstreamRemoteReset);
    this.#stream.upstreamCloseType = 'RemoteReset';
    this.#stream.downstreamCloseType = 'LocalReset';
    this.#connection.reset();
  }

  /** The answer to the request for a tunnel. */
  onHeaders(headers: HeaderMap, end: boolean): void {
    const upstream = this.#upstream;
    if (upstream === undefined || this.#joined) return;
    const tunnel = this.#config.tunnel!;
    tunnel.onHeaders(headers, this.#stream);
    if (tunnel.opensWith(headers.status) && !end) {
      this.#join(upstream);
      return;
    }
    this.#upstream = undefined;
    upstream.reset(DOWNSTREAM_GONE);
    this.#tryAgain(`tunnel_response:${headers.status}`);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#config.tunnel?.onTrailers(trailers, this.#stream);
    this.onData(NO_BYTES, true);
  }

  onInformational(): void {}

  // PressureWatcher

  onHighWatermark(): void {
    this.#config.stats.inc(TCP_STATS.downstream_flow_control_paused_reading_total);
    this.#connection.pauseReads();
  }

  onLowWatermark(): void {
    this.#config.stats.inc(TCP_STATS.downstream_flow_control_resumed_reading_total);
    this.#connection.resumeReads();
  }

  // LoadBalancerContext

  get downstream(): StreamInfo {
    return this.#stream;
  }

  hash(): undefined {}

  metadataMatch(): undefined {}

  isHostTried(): boolean {
    return false;
  }

  // TimerOwner

  onTimer(tag: number): void {
    const { stats, periodicLogs } = this.#config;
    if (tag === TIMER_BACKOFF) {
      this.#connect();
      return;
    }
    if (tag === TIMER_LOG) {
      this.#log('TcpPeriodic');
      periodicLogs!.arm(this.#logTimer!);
      return;
    }
    if (tag === TIMER_IDLE) {
      stats.inc(TCP_STATS.idle_timeout);
      this.#endBoth(IDLE);
    } else {
      stats.inc(TCP_STATS.max_downstream_connection_duration);
      this.#stream.setFlag(ResponseFlag.durationTimeout);
      this.#endBoth(TOO_LONG);
    }
  }

  #endBoth(reason: string): void {
    this.#stream.connection.localCloseReason = reason;
    if (this.#joined) this.#stream.upstreamLocalCloseReason = reason;
    else if (this.#upstream !== undefined) this.#stream.setFlag(ResponseFlag.upstreamConnectionFailure);
    this.#upstream?.reset(DOWNSTREAM_GONE);
    this.#upstream = undefined;
    this.#connection.destroy();
  }

  #startDuration(durations: TimerList): Timer {
    const { durationJitter, random, timers } = this.#config;
    const timer = new Timer(this, TIMER_DURATION);
    const list = durationJitter === 0 ? durations : timers.privateList(Math.round(durations.durationMs * (1 + random.unit() * durationJitter)));
    list.arm(timer);
    return timer;
  }

  #connect(): void {
    if (!this.#connecting) this.#addTlvs();
    this.#connecting = true;
    const cluster = this.#config.clusters.get(this.#clusterName);
    if (cluster === undefined) {
      this.#config.stats.inc(TCP_STATS.downstream_cx_no_route);
      this.#refuse(ResponseFlag.noClusterFound, NO_ROUTE);
      return;
    }
    this.#noteCluster(cluster);
    if (this.#attempts >= this.#config.maxConnectAttempts) {
      cluster.requestStats.onConnectAttemptsExceeded?.();
      this.#refuse(ResponseFlag.upstreamRetryLimitExceeded, NOT_CONNECTED);
      return;
    }
    if (cluster.refusesConnection?.() === true) {
      this.#refuse(ResponseFlag.upstreamOverflow, RESOURCE_LIMIT_EXCEEDED);
      return;
    }
    this.#attempts++;
    this.requestHeaders = this.#config.tunnel?.request(this.#stream);
    const pending = this.requestHeaders === undefined ? cluster.newTcpStream(this, 'default', this, this) : cluster.newStream(this, 'default', this, this);
    if (this.#upstream !== undefined || this.#closed || pending === undefined) return;
    this.#pending ??= pending;
    this.#stream.attemptCount = this.#attempts;
  }

  #addTlvs(): void {
    const { addedTlvs } = this.#config;
    const { connection } = this.#stream;
    if (addedTlvs !== undefined) connection.proxyProtocolTlvs = addedTlvs.mergedWith(connection.proxyProtocolTlvs, this.#stream);
  }

  /** Once, so that all attempts ask the same: what filters in front name later comes too late. */
  #pickCluster(): string {
    const { choices, totalWeight, heedsNamedCluster, random } = this.#config;
    const named = heedsNamedCluster ? this.#stream.filterState?.get(CLUSTER_STATE) : undefined;
    if (typeof named === 'string' && named !== '') return named;
    if (choices.length === 1) return choices[0]!.name;
    let left = random.uint32() % totalWeight;
    for (const { name, weight } of choices) {
      if (left < weight) return name;
      left -= weight;
    }
    return '';
  }

  #noteCluster(cluster: Cluster): void {
    this.#stream.upstreamCluster = cluster;
    this.#stream.upstreamClusterName = cluster.statName;
    if (this.#stream.upstreamRequestStartMs === 0) this.#stream.upstreamRequestStartMs = this.#config.clock.monotonicMs();
  }

  #noteUpstream(host: Host, connection: UpstreamConnectionInfo, bytes: ByteCounts): void {
    const stream = this.#stream;
    stream.upstreamHost = host;
    tellUpstreamConnection(stream, connection, host, bytes);
    // As Envoy: of a tunnel's connection nothing is told.
    if (this.requestHeaders !== undefined) stream.upstreamFilterState = undefined;
    stream.upstreamPoolReadyMs = this.#config.clock.monotonicMs();
  }

  #refuse(flag: number, reason: string): void {
    this.#stream.setFlag(flag);
    this.#stream.connection.localCloseReason = reason;
    this.#connection.destroy();
  }

  #restartIdleTimer(): void {
    if (this.#idleTimer !== undefined && !this.#closed) this.#config.idleTimeout!.arm(this.#idleTimer);
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#idleTimer?.disarm();
    this.#durationTimer?.disarm();
    this.#logTimer?.disarm();
    this.#backoffTimer?.disarm();
    this.#early = [];
    this.#pending?.cancel();
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined) this.#endUpstream(upstream);
    this.#stream.endMs = this.#stream.connection.endMs = this.#config.clock.monotonicMs();
  }

  /** What the client has sent still goes there, unless it broke off. */
  #endUpstream(upstream: RequestEncoder): void {
    const passesReset = this.#stream.downstreamCloseType === 'RemoteReset' && this.requestHeaders === undefined;
    if (passesReset) upstream.reset(DOWNSTREAM_RESET);
    else if (!this.#downstreamEnded || this.#endsWhole) upstream.reset(DOWNSTREAM_GONE);
    else upstream.sendData(NO_BYTES, true);
  }

  #log(type: AccessLogType): void {
    const { accessLogs, clock } = this.#config;
    if (accessLogs.length === 0) return;
    if (type !== 'TcpConnectionEnd') this.#stream.endMs = clock.monotonicMs();
    const entry = { info: this.#stream, requestHeaders: undefined, responseHeaders: undefined, responseTrailers: undefined, type };
    for (const log of accessLogs) log.log(entry);
  }
}
