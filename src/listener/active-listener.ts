import { THREADS_SHARE_PORTS } from '../core/process-facts.ts';
import { LinkedList } from '../core/linked-list.ts';
import type { Logger } from '../core/log.ts';
import type { StatGroup } from '../core/stats/stats.ts';
import type { AccessLogEntry } from '../http/access-log.ts';
import type { HeldStream } from '../http/codec/codec.ts';
import { streamOf } from '../http/connection-stream.ts';
import { LISTENER_STATS, LISTENER_WORKER_STATS } from '../http/listener-stats.ts';
import { type ConnectionInfo, ResponseFlag, type StreamInfo } from '../http/stream-info.ts';
import type { Address, Connection, ConnectionOwner, ListenerSocket, Transport, TransportError } from '../transport/transport.ts';
import type { FilterChainSpec } from './compile-filter-chain.ts';
import type { ListenerSpec } from './compile.ts';
import { FilteredHandler } from './filtered-connection.ts';
import { ListenerConnection, type ListenerConnectionOwner, type RunningChain } from './listener-connection.ts';
import { type LimitServices, ListenerLimits } from './listener-limits.ts';
import type { ConnectionHandler } from './network-filter.ts';
import { type FilterFailure, PendingConnection, type PendingOwner } from './pending-connection.ts';
import { type ChainServices, RunningChains } from './running-chains.ts';

/** What a listener needs of its thread. */
export interface ListenerThread extends ChainServices {
  readonly workerIndex: number;
  readonly transport: Transport;
  nextConnectionId(): number;
  readonly limits: LimitServices;
  readonly log: Logger;
}

/** Finds the listener that serves an address which a client wanted to reach. */
export interface ListenerLookup {
  listenerAt(address: Address): ActiveListener | undefined;
}

/** A socket of a listener, whose connections go to the listener that has it now. */
interface HeldSocket {
  readonly socket: ListenerSocket;
  readonly target: { holder: ActiveListener };
}

/** A listener in one thread: its sockets and the connections that came through it. */
export class ActiveListener implements PendingOwner, ListenerConnectionOwner {
  readonly #thread: ListenerThread;
  readonly #lookup: ListenerLookup;
  readonly #stats: StatGroup;
  readonly #workerStats: StatGroup;
  readonly #limits: ListenerLimits;
  #spec: ListenerSpec;
  readonly #chains: RunningChains;
  #sockets: HeldSocket[] = [];
  #draining = false;
  readonly #pending = new LinkedList<PendingConnection>();
  /** With those of chains that a later configuration no longer has. */
  readonly #connections = new LinkedList<ListenerConnection>();

  constructor(spec: ListenerSpec, thread: ListenerThread, lookup: ListenerLookup) {
    this.#spec = spec;
    this.#thread = thread;
    this.#chains = new RunningChains(spec, thread, this.#connections);
    this.#lookup = lookup;
    const { listener, worker } = countersOf(spec, thread.workerIndex);
    this.#stats = listener;
    this.#workerStats = worker;
    this.#limits = new ListenerLimits(spec, thread.limits);
  }

  get spec(): ListenerSpec {
    return this.#spec;
  }

  /** The bound addresses; the configured ones before `listen`. */
  get addresses(): readonly Address[] {
    return this.#sockets.length > 0 ? this.#sockets.map(({ socket }) => socket.local) : this.#spec.binds.map(({ address }) => address);
  }

  get connectionCount(): number {
    return this.#connections.size + this.#pending.size;
  }

  /**
   * Rejects with a TransportError. `ports` replace configured ports 0 (all threads share one). Addresses that threads cannot share, which are paths
   * and ports without `enable_reuse_port`, are the first thread's.
   */
  async listen(ports: readonly number[], isFirst: boolean): Promise<void> {
    const { binds, backlog, bindToPort } = this.#spec;
    if (!bindToPort) return;
    for (const [index, { address, ipv6Only, pipeMode }] of binds.entries()) {
      const reusePort = this.#spec.reusePort && address.kind === 'ip' && THREADS_SHARE_PORTS;
      if (!reusePort && !isFirst) continue;
      const port = ports[index] ?? 0;
      const bound = address.kind === 'ip' && address.port === 0 && port !== 0 ? { ...address, port } : address;
      const target = { holder: this as ActiveListener };
      const accept = (connection: Connection): ConnectionOwner => target.holder.#accept(connection, index);
      const socket = await this.#thread.transport.listen(bound, { backlog, reusePort, ipv6Only, pipeMode }, accept);
      this.#sockets.push({ socket, target });
    }
  }

  /** Serves the sockets of `before` from now on; it keeps its connections. */
  takeSockets(before: ActiveListener): void {
    this.#sockets = before.#sockets;
    before.#sockets = [];
    for (const { target } of this.#sockets) target.holder = this;
  }

  /** A newer configuration with the same rest: connections live on unless their filter chain changed. Tells how many chains drain. */
  update(spec: ListenerSpec): number {
    if (spec === this.#spec) return 0;
    // Of an equal rest: the same statistics, held by the newer one.
    countersOf(spec, this.#thread.workerIndex);
    this.#spec = spec;
    return this.#chains.update(spec);
  }

  /** Its sockets are another's or closed. */
  retire(): void {
    this.#chains.drain();
  }

  startDrain(): void {
    this.#draining = true;
    for (const connection of this.#connections.values()) connection.startDrain();
  }

  *heldStreams(): Iterable<HeldStream> {
    for (const connection of this.#connections.values()) yield* connection.heldStreams();
  }

  pauseAccepts(paused: boolean): void {
    if (this.#spec.bypassesOverload) return;
    for (const { socket } of this.#sockets) {
      if (paused) socket.pauseAccepts();
      else socket.resumeAccepts();
    }
  }

  /** Stops accepting; what is in the backlog is still served. */
  async stopListening(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = [];
    await Promise.all(sockets.map(({ socket }) => socket.close()));
  }

  /** Ends all connections at once. */
  destroyConnections(): void {
    for (const pending of this.#pending.values()) {
      this.#limits.leave();
      this.#pending.remove(pending);
      pending.destroy();
    }
    for (const connection of this.#connections.values()) connection.destroy(LISTENER_REMOVED);
  }

  /** Nobody wants it any more. */
  end(): void {
    this.destroyConnections();
    this.#chains.end();
  }

  // PendingOwner

  nextConnectionId(): number {
    return this.#thread.nextConnectionId();
  }

  describe(pending: PendingConnection): StreamInfo {
    return streamOf(this.#infoOf(pending.connection, pending, undefined, this.#thread.clock.monotonicMs()), this.#thread.clock);
  }

  onFiltersDone(pending: PendingConnection): void {
    this.#leavePending(pending);
    pending.connection.owner = this.#route(pending);
  }

  onFilterTimeout(): void {
    this.#stats.inc(LISTENER_STATS.downstream_pre_cx_timeout);
  }

  onFiltersFailed(pending: PendingConnection, why: FilterFailure): void {
    this.#leavePending(pending);
    this.#limits.leave();
    if (why === 'timeout') this.#stats.inc(LISTENER_STATS.downstream_pre_cx_timeout);
    else if (why === 'closed') this.#stats.inc(LISTENER_STATS.downstream_listener_filter_remote_close);
    else if (why === 'error') this.#stats.inc(LISTENER_STATS.downstream_listener_filter_error);
    this.#debug(FAILURES[why], pending.connection);
    this.#logPending(pending, 0, '');
    pending.close();
  }

  // ListenerConnectionOwner

  onConnectionClosed(connection: ListenerConnection, error: TransportError | undefined): void {
    this.#connections.remove(connection);
    this.#limits.leave();
    const lengthMs = this.#thread.clock.monotonicMs() - connection.openedMs;
    this.#stats.inc(LISTENER_STATS.downstream_cx_destroy);
    this.#stats.gaugeAdd(LISTENER_STATS.downstream_cx_active, -1);
    this.#workerStats.gaugeAdd(LISTENER_WORKER_STATS.downstream_cx_active, -1);
    this.#stats.record(LISTENER_STATS.downstream_cx_length_ms, Math.floor(lengthMs));
    if (connection.chain.spec.transportSocket !== undefined && connection.info.tls === undefined) this.#debug(handshakeFailure(connection.info), connection.connection);
    this.#logConnection(connection, error);
  }

  onHandshakeTimeout(connection: ListenerConnection): void {
    this.#stats.inc(LISTENER_STATS.downstream_cx_transport_socket_connect_timeout);
    connection.info.terminationDetails = 'transport socket timeout was reached';
    connection.destroy(HANDSHAKE_TIMEOUT);
  }

  /** A connection that another listener accepted, whose client wanted to reach this one. */
  takeOver(connection: Connection, from: PendingConnection): ConnectionOwner {
    this.#limits.take();
    return this.#look(connection, from);
  }

  /** `place`: of the address that it came to. */
  #accept(connection: Connection, place: number): ConnectionOwner {
    const refusal = this.#limits.enter();
    if (refusal !== undefined) {
      this.#stats.inc(refusal);
      this.#debug('more connections than its limits allow', connection);
      connection.destroy();
      return REFUSED;
    }
    const { keepAlive } = this.#spec.binds[place]!;
    if (keepAlive !== undefined) connection.setKeepAlive(true, keepAlive.delayMs, keepAlive.intervalMs, keepAlive.probes);
    if (this.#spec.filters.length === 0) return this.#serve(connection, undefined);
    return this.#look(connection, undefined);
  }

  #look(connection: Connection, from: PendingConnection | undefined): ConnectionOwner {
    const pending = new PendingConnection(this, connection, this.#spec, from);
    this.#pending.addLast(pending);
    this.#stats.gaugeAdd(LISTENER_STATS.downstream_pre_cx_active, 1);
    if (!pending.start()) return pending;
    this.#leavePending(pending);
    return this.#route(pending);
  }

  #debug(reason: string, { remote }: Connection): void {
    const { log } = this.#thread;
    if (log.enabled('debug')) log.debug(`listener '${this.#spec.name}': closing connection from ${remote.text}: ${reason}`);
  }

  #leavePending(pending: PendingConnection): void {
    if (this.#pending.remove(pending)) this.#stats.gaugeAdd(LISTENER_STATS.downstream_pre_cx_active, -1);
  }

  /** To the listener of the restored address when there is one. */
  #route(pending: PendingConnection): ConnectionOwner {
    const { connection } = pending;
    if (this.#spec.useOriginalDst && pending.localAddressRestored) {
      const other = this.#lookup.listenerAt(pending.localAddress);
      if (other !== undefined && other !== this) {
        this.#limits.leave();
        return other.takeOver(connection, pending);
      }
    }
    return this.#serve(connection, pending);
  }

  #serve(connection: Connection, pending: PendingConnection | undefined): ConnectionOwner {
    const chain = this.#chainFor(connection, pending);
    if (chain === undefined) {
      this.#limits.leave();
      this.#stats.inc(LISTENER_STATS.no_filter_chain_match);
      this.#debug('no matching filter chain found', connection);
      this.#logPending(pending ?? new PendingConnection(this, connection, this.#spec, undefined), ResponseFlag.noRouteFound, 'filter_chain_not_found');
      if (pending === undefined) connection.destroy();
      else pending.close();
      return REFUSED;
    }
    this.#stats.inc(LISTENER_STATS.downstream_cx_total);
    this.#stats.gaugeAdd(LISTENER_STATS.downstream_cx_active, 1);
    // Every connection passes the listener filters, be there none: the gauge counts as used.
    this.#stats.gaugeAdd(LISTENER_STATS.downstream_pre_cx_active, 0);
    this.#workerStats.inc(LISTENER_WORKER_STATS.downstream_cx_total);
    this.#workerStats.gaugeAdd(LISTENER_WORKER_STATS.downstream_cx_active, 1);
    const openedMs = this.#thread.clock.monotonicMs();
    const info = this.#infoOf(connection, pending, chain.spec, openedMs);
    const entry = new ListenerConnection(this, chain, info, openedMs);
    this.#connections.addLast(entry);
    const { transportSocket } = chain.spec;
    const upper = transportSocket === undefined ? connection : transportSocket.accept(connection, info, entry);
    entry.start(upper, this.#handle(upper, info, chain));
    if (this.#draining) entry.startDrain();
    return transportSocket === undefined ? entry : connection.owner;
  }

  #chainFor(connection: Connection, pending: PendingConnection | undefined): RunningChain | undefined {
    const { finder } = this.#spec;
    if (finder === undefined) return this.#chains.at(0);
    const { local, remote } = connection;
    const index = finder.find({
      localAddress: pending?.localAddress ?? local,
      remoteAddress: pending?.remoteAddress ?? remote,
      directRemoteAddress: remote,
      requestedServerName: pending?.requestedServerName ?? '',
      transportProtocol: pending === undefined || pending.transportProtocol === '' ? 'raw_buffer' : pending.transportProtocol,
      applicationProtocols: pending?.applicationProtocols ?? NOTHING,
      filterState: pending?.filterState,
    });
    return this.#chains.at(index);
  }

  #handle(connection: Connection, info: ConnectionInfo, { spec: { filters, terminal }, drain }: RunningChain): ConnectionHandler {
    if (terminal === undefined) {
      this.#stats.inc(LISTENER_STATS.network_extension_config_missing);
      return new ClosingHandler(connection, info);
    }
    const handler = terminal.onNewConnection(connection, info, drain);
    return filters.length === 0 ? handler : new FilteredHandler(connection, info, { filters, terminal: handler, bufferLimitBytes: this.#spec.bufferLimitBytes });
  }

  #infoOf(connection: Connection, pending: PendingConnection | undefined, chain: FilterChainSpec | undefined, startMs: number): ConnectionInfo {
    const { local, remote } = connection;
    const info: ConnectionInfo = {
      id: pending?.id ?? this.#thread.nextConnectionId(),
      directLocalAddress: local,
      directRemoteAddress: remote,
      localAddress: pending?.localAddress ?? local,
      remoteAddress: pending?.remoteAddress ?? remote,
      requestedServerName: pending?.requestedServerName ?? '',
      secure: false,
      tls: undefined,
      handshakeStartMs: 0,
      hiddenFromUpstreams: false,
      transportFailureReason: pending?.transportFailureReason ?? '',
      listenerName: this.#spec.name,
      filterChainName: chain?.name ?? '',
      listenerMetadata: this.#spec.metadata,
      listenerDirection: this.#spec.direction,
      filterChainMetadata: chain?.metadata,
      startMs,
      terminationDetails: '',
      protocol: undefined,
      endMs: 0,
      localCloseReason: '',
      stream: undefined,
      requestedApplicationProtocols: pending?.applicationProtocols ?? NOTHING,
      ja3: pending?.ja3 ?? '',
      ja4: pending?.ja4 ?? '',
      proxyProtocolTlvs: pending?.proxyProtocolTlvs,
    };
    if (pending?.metadata !== undefined || pending?.filterState !== undefined) {
      const stream = streamOf(info, this.#thread.clock);
      stream.metadata = pending.metadata;
      stream.filterState = pending.filterState;
    }
    return info;
  }

  #logPending(pending: PendingConnection, flag: number, details: string): void {
    if (this.#spec.accessLogs.length === 0) return;
    const stream = this.describe(pending);
    stream.responseFlags = flag;
    stream.responseCodeDetails = details;
    this.#log(stream.connection);
  }

  #logConnection({ connection, info, bytesReceived }: ListenerConnection, error: TransportError | undefined): void {
    if (this.#spec.accessLogs.length === 0) return;
    const stream = streamOf(info, this.#thread.clock);
    if (error?.code === 'ECONNRESET' && !info.secure) stream.downstreamCloseType = 'RemoteReset';
    stream.bytesReceived = Math.max(stream.bytesReceived, bytesReceived);
    stream.bytesSent = Math.max(stream.bytesSent, connection.bytesWritten);
    this.#log(info);
  }

  #log(info: ConnectionInfo): void {
    const { accessLogs } = this.#spec;
    if (accessLogs.length === 0) return;
    const stream = streamOf(info, this.#thread.clock);
    stream.endMs = this.#thread.clock.monotonicMs();
    stream.protocol = info.protocol ?? '';
    const entry: AccessLogEntry = { info: stream, requestHeaders: undefined, responseHeaders: undefined, responseTrailers: undefined, type: 'NotSet' };
    for (const log of accessLogs) log.log(entry);
  }
}

function handshakeFailure({ transportFailureReason, terminationDetails, localCloseReason }: ConnectionInfo): string {
  return transportFailureReason || terminationDetails || localCloseReason || 'the peer has closed before the handshake was done';
}

/** What the log says of them. */
const FAILURES: Readonly<Record<FilterFailure, string>> = {
  refused: 'a listener filter has refused it',
  timeout: 'listener filters have not finished in time',
  closed: 'the peer has closed before listener filters were done',
  error: 'it broke before listener filters were done',
};

/** Envoy's reasons for closing a connection. */
const LISTENER_REMOVED = 'purging_socket_that_have_not_progressed_to_connections';
const HANDSHAKE_TIMEOUT = 'transport_socket_timeout';

const NOTHING: readonly string[] = [];

/** Of a connection that nobody serves. */
const REFUSED: ConnectionOwner = { onBytes() {}, onEnd() {}, onDrained() {}, onClosed() {} };

/** Of a filter chain without filters. */
class ClosingHandler implements ConnectionHandler {
  readonly active = false;
  readonly #connection: Connection;
  readonly #info: ConnectionInfo;

  constructor(connection: Connection, info: ConnectionInfo) {
    this.#connection = connection;
    this.#info = info;
  }

  onNewConnection(): void {
    this.#info.localCloseReason = 'no_filters';
    this.#connection.destroy();
  }

  startDrain(): void {}
  onBytes(): void {}
  onEnd(): void {}
  onDrained(): void {}
  onClosed(): void {}
}

function countersOf({ stats, statScope }: ListenerSpec, workerIndex: number): { readonly listener: StatGroup; readonly worker: StatGroup } {
  return { listener: stats.group(statScope, LISTENER_STATS), worker: stats.group(`${statScope}.worker_${workerIndex}`, LISTENER_WORKER_STATS) };
}
