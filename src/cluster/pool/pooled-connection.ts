import { pickList } from '../../core/jittered-lists.ts';
import { Timer, type TimerOwner } from '../../core/timers.ts';
import type { ClientCodec, ClientCodecOwner, RequestEncoder, ResponseDecoder } from '../../http/codec/codec.ts';
import type { Failure } from '../../http/failure.ts';
import type { Protocol } from '../../http/stream-info.ts';
import type { Host, UpstreamConnectionInfo } from '../../http/upstream.ts';
import type { TlsInfo } from '../../transport/transport-socket.ts';
import type { Address, ConnectingOwner, Connection, ConnectOptions, TransportError } from '../../transport/transport.ts';
import { CLUSTER_STATS } from '../cluster-stats.ts';
import type { PoolNames } from '../cluster-sockets.ts';
import type { Linked, LinkedList } from '../../core/linked-list.ts';
import { CLOSED_LOCALLY, CONNECT_TIMEOUT, connectFailure } from './connect-failure.ts';
import type { PoolContext } from './pool-context.ts';

/** The pool, told of what happens to its connections. */
export interface PooledConnectionOwner {
  onConnected(connection: PooledConnection): void;
  /** It never came to be. */
  onConnectFailed(connection: PooledConnection, failure: Failure): void;
  onStreamEnd(connection: PooledConnection): void;
  /** It is gone; `connection.activeStreams` streams were lost with it. */
  onClosed(connection: PooledConnection): void;
  /** `canTakeStream` may have changed although no stream has begun or ended. */
  onCapacityChange(connection: PooledConnection): void;
}

const CONNECT_TIMER = 0;
const IDLE_TIMER = 1;
const DURATION_TIMER = 2;

/**
 * One upstream connection of a pool.
 *
 *   CONNECTING ──connected──▶ OPEN ──last stream, limit, peer, error──▶ CLOSED
 *       └──refused, timeout, abandoned───────────────────────────────────▲
 *
 * While open it stands in the pool's ready list when it can take a stream, else in the busy list. `draining`: it takes no
 * further stream and closes with its last one.
 */
export class PooledConnection
  implements ConnectingOwner, ClientCodecOwner, UpstreamConnectionInfo, TimerOwner, Linked<PooledConnection>
{
  list: LinkedList<PooledConnection> | undefined = undefined;
  listPrevious: PooledConnection | undefined = undefined;
  listNext: PooledConnection | undefined = undefined;
  readonly id: number;
  /** Known once it is open. */
  protocol: Protocol | '';
  readonly filterState: ReadonlyMap<string, unknown> | undefined;
  readonly connectStartMs: number;
  connectEndMs = 0;
  reused = false;
  tls: TlsInfo | undefined;
  draining = false;
  activeStreams = 0;
  streamsCarried = 0;
  readonly #owner: PooledConnectionOwner;
  readonly #context: PoolContext;
  readonly #connection: Connection;
  readonly #connectTimer = new Timer(this, CONNECT_TIMER);
  #idleTimer: Timer | undefined;
  #durationTimer: Timer | undefined;
  #codec: ClientCodec | undefined;
  #closed = false;
  /** Streams ended because the connection did. */
  #lostStreams = false;
  #countedBytesRead = 0;
  #countedBytesWritten = 0;

  constructor(owner: PooledConnectionOwner, context: PoolContext, { address, hostname }: Pick<Host, 'address' | 'hostname'>, filterState: ReadonlyMap<string, unknown> | undefined) {
    this.#owner = owner;
    this.#context = context;
    this.id = context.nextConnectionId();
    this.protocol = context.protocol.name;
    this.filterState = filterState;
    this.connectStartMs = context.clock.monotonicMs();
    this.#connection = this.#connect(address, hostname);
    context.connectTimeouts.arm(this.#connectTimer);
  }

  #connect(address: Address, hostName: string): Connection {
    const { transport, transportSocket, names, downstream, protocol } = this.#context;
    const connect = connectOptions(this.#context, address);
    if (transportSocket === undefined) return transport.connect(address, connect, this);
    const onTls = (tls: TlsInfo): void => {
      this.tls = tls;
    };
    const { applicationProtocols } = protocol;
    const { serverName, subjectAltNames } = names ?? NO_NAMES;
    const options = { connect, hostName, onTls, serverName, subjectAltNames, applicationProtocols, downstream };
    return transportSocket.connect(transport, address, options, this);
  }

  get local(): Address {
    return this.#connection.local;
  }

  get remote(): Address {
    return this.#connection.remote;
  }

  /** Leaves the list it stands in for the front of another. */
  moveTo(list: LinkedList<PooledConnection> | undefined): void {
    this.list?.remove(this);
    list?.addFirst(this);
  }

  isIn(list: LinkedList<PooledConnection>): boolean {
    return this.list === list;
  }

  get canTakeStream(): boolean {
    return !this.draining && !this.#closed && this.#codec!.canTakeStream;
  }

  /** Only while `canTakeStream`. */
  startStream(decoder: ResponseDecoder): RequestEncoder {
    this.reused = this.streamsCarried > 0;
    this.streamsCarried++;
    this.activeStreams++;
    if (this.streamsCarried >= this.#context.maxRequestsPerConnection) {
      this.#context.stats.inc(CLUSTER_STATS.upstream_cx_max_requests);
      this.draining = true;
    }
    return this.#codec!.newStream(decoder);
  }

  drain(): void {
    this.draining = true;
  }

  /** No stream runs: it may wait for the next one only so long. Not disarmed when one comes, only moved when one ends. */
  onIdle(): void {
    const { idleTimeouts } = this.#context;
    if (idleTimeouts !== undefined) idleTimeouts.arm((this.#idleTimer ??= new Timer(this, IDLE_TIMER)));
  }

  /** Closes it from this side. No stream may be running. */
  close(): void {
    if (this.#closed) return;
    const codec = this.#codec;
    this.#finish(false);
    if (codec === undefined) this.#connection.destroy();
    else codec.close(CLOSED_LOCALLY);
  }

  /** Gives up an attempt to connect. */
  abandon(failure: Failure): void {
    if (this.#closed) return;
    this.#fail(failure);
    this.#connection.destroy();
  }

  // ConnectingOwner: after `onConnected` the codec owns the connection.

  onConnected(): void {
    if (this.#closed) return;
    const { clock, stats, protocol: offered, connectionDurations, random, tcpKeepAliveDelayMs } = this.#context;
    this.#connectTimer.disarm();
    this.connectEndMs = clock.monotonicMs();
    stats.record(CLUSTER_STATS.upstream_cx_connect_ms, Math.floor(this.connectEndMs - this.connectStartMs));
    if (tcpKeepAliveDelayMs !== undefined) this.#connection.setKeepAlive(true, tcpKeepAliveDelayMs);
    const protocol = offered.agreed(this.tls?.applicationProtocol ?? '');
    if (protocol !== offered) protocol.countConnection(stats);
    this.protocol = protocol.name;
    this.#codec = protocol.createCodec(this.#connection, this);
    if (connectionDurations !== undefined) pickList(connectionDurations, random).arm((this.#durationTimer = new Timer(this, DURATION_TIMER)));
    this.#owner.onConnected(this);
  }

  onClosed(error: TransportError | undefined): void {
    if (!this.#closed) this.#fail(connectFailure(error, this.#connection.remote));
  }

  onBytes(): void {}

  onEnd(): void {}

  onDrained(): void {}

  // ClientCodecOwner

  onStreamEnd(_codec?: ClientCodec, last = false): void {
    // A stream that the codec reports after the connection was written off was counted then.
    if (this.#closed || this.activeStreams === 0) return;
    this.activeStreams--;
    this.#countBytes();
    this.#owner.onStreamEnd(this);
    if (this.#closed || this.activeStreams > 0 || last) return;
    if (this.draining) this.close();
    else this.onIdle();
  }

  onStreamReset(failure: Failure): void {
    const { stats } = this.#context;
    switch (failure.kind) {
      case 'connection-termination':
        this.#lostStreams = true;
        // As Envoy counts them.
        stats.inc(CLUSTER_STATS.upstream_rq_pending_failure_eject);
        break;
      case 'remote-reset':
        stats.inc(CLUSTER_STATS.upstream_rq_rx_reset);
        break;
      case 'local-reset':
      case 'timeout':
      case 'overload':
      case 'protocol-error':
        stats.inc(CLUSTER_STATS.upstream_rq_tx_reset);
    }
  }

  onCapacityChange(): void {
    if (!this.#closed) this.#owner.onCapacityChange(this);
  }

  onCloseAnnounced(): void {
    this.#context.stats.inc(CLUSTER_STATS.upstream_cx_close_notify);
  }

  onCodecClosed(_codec: ClientCodec, failure: Failure | undefined): void {
    if (!this.#closed) this.#finish(failure?.kind === 'connection-termination' && failure.source === 'upstream');
  }

  onProtocolError(): void {
    this.#context.stats.inc(CLUSTER_STATS.upstream_cx_protocol_error);
  }

  // TimerOwner

  onTimer(tag: number): void {
    const { stats } = this.#context;
    if (tag === CONNECT_TIMER) {
      stats.inc(CLUSTER_STATS.upstream_cx_connect_timeout);
      this.abandon(CONNECT_TIMEOUT);
    } else if (tag === DURATION_TIMER) {
      stats.inc(CLUSTER_STATS.upstream_cx_max_duration_reached);
      this.draining = true;
      if (this.activeStreams === 0) this.close();
      else this.#owner.onCapacityChange(this);
    } else if (this.activeStreams === 0) {
      stats.inc(CLUSTER_STATS.upstream_cx_idle_timeout);
      this.close();
    }
  }

  #fail(failure: Failure): void {
    this.#closed = true;
    this.#connectTimer.disarm();
    this.#countEnd(failure.source === 'upstream' && failure.kind === 'connection-failure');
    this.#owner.onConnectFailed(this, failure);
  }

  #finish(byPeer: boolean): void {
    this.#closed = true;
    this.#connectTimer.disarm();
    this.#idleTimer?.disarm();
    this.#durationTimer?.disarm();
    this.#countBytes();
    this.#countEnd(byPeer);
    this.#context.stats.record(CLUSTER_STATS.upstream_rq_per_cx, this.streamsCarried);
    this.#owner.onClosed(this);
  }

  #countEnd(byPeer: boolean): void {
    const { stats, clock } = this.#context;
    stats.inc(CLUSTER_STATS.upstream_cx_destroy);
    stats.inc(byPeer ? CLUSTER_STATS.upstream_cx_destroy_remote : CLUSTER_STATS.upstream_cx_destroy_local);
    stats.record(CLUSTER_STATS.upstream_cx_length_ms, Math.floor(clock.monotonicMs() - this.connectStartMs));
    if (this.protocol === 'HTTP/2' ? !this.#lostStreams : this.activeStreams === 0) return;
    stats.inc(CLUSTER_STATS.upstream_cx_destroy_with_active_rq);
    stats.inc(
      byPeer ? CLUSTER_STATS.upstream_cx_destroy_remote_with_active_rq : CLUSTER_STATS.upstream_cx_destroy_local_with_active_rq,
    );
  }

  #countBytes(): void {
    const { stats } = this.#context;
    const { bytesRead, bytesWritten } = this.#connection;
    // Nothing stays buffered between reads; the gauge counts as used from the first one on.
    if (this.#countedBytesRead === 0 && bytesRead > 0) stats.gaugeAdd(CLUSTER_STATS.upstream_cx_rx_bytes_buffered, 0);
    stats.add(CLUSTER_STATS.upstream_cx_rx_bytes_total, bytesRead - this.#countedBytesRead);
    stats.add(CLUSTER_STATS.upstream_cx_tx_bytes_total, bytesWritten - this.#countedBytesWritten);
    this.#countedBytesRead = bytesRead;
    this.#countedBytesWritten = bytesWritten;
  }
}

const NO_NAMES: PoolNames = { serverName: undefined, subjectAltNames: undefined };
const ANY_SOURCE: ConnectOptions = {};

function connectOptions({ localAddress }: PoolContext, { kind, host }: Address): ConnectOptions {
  if (localAddress === undefined || kind !== 'ip' || localAddress.host.includes(':') !== host.includes(':')) return ANY_SOURCE;
  return { localAddress };
}
