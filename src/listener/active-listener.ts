import type { StatGroup } from '../core/stats/stats.ts';
import type { ConnectionInfo } from '../http/stream-info.ts';
import type { Address, Connection, ConnectionOwner, ListenerSocket, Transport, TransportError } from '../transport/transport.ts';
import type { FilterChainSpec, ListenerSpec } from './compile.ts';
import type { ConnectionHandler, DrainDecision } from './network-filter.ts';
import { LISTENER_STATS, LISTENER_WORKER_STATS } from './stats.ts';

/** What a listener needs of its thread. */
export interface ListenerThread {
  readonly transport: Transport;
  nextConnectionId(): number;
  nowMs(): number;
  readonly drain: DrainDecision;
}

/** A listener in one thread: its socket and the connections that came through it. */
export class ActiveListener {
  readonly #thread: ListenerThread;
  readonly #stats: StatGroup;
  readonly #workerStats: StatGroup;
  #spec: ListenerSpec;
  #chain: FilterChainSpec;
  #socket: ListenerSocket | undefined;
  #draining = false;
  readonly #connections = new Set<ListenerConnection>();

  constructor(spec: ListenerSpec, thread: ListenerThread, stats: StatGroup, workerStats: StatGroup) {
    this.#spec = spec;
    this.#chain = spec.chain;
    this.#thread = thread;
    this.#stats = stats;
    this.#workerStats = workerStats;
  }

  get spec(): ListenerSpec {
    return this.#spec;
  }

  /** The bound address; the configured one before `listen`. */
  get address(): Address {
    return this.#socket?.local ?? this.#spec.address;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Rejects with a TransportError. `port` replaces a configured port 0 (all threads share one). */
  async listen(port = 0): Promise<void> {
    const { address, backlog, reusePort, ipv6Only, pipeMode } = this.#spec;
    const bound = address.kind === 'ip' && address.port === 0 && port !== 0 ? { ...address, port } : address;
    this.#socket = await this.#thread.transport.listen(bound, { backlog, reusePort, ipv6Only, pipeMode }, (connection) => this.#accept(connection));
  }

  /** A newer configuration of the same socket: connections live on unless their filter chain changed. */
  update(spec: ListenerSpec): void {
    this.#spec = spec;
    if (this.#chain.filter.adopt(spec.chain.filter)) return;
    this.#chain = spec.chain;
    for (const connection of this.#connections) connection.handler.startDrain();
  }

  startDrain(): void {
    this.#draining = true;
    for (const connection of this.#connections) connection.handler.startDrain();
  }

  /** Stops accepting; what is in the backlog is still served. */
  async stopListening(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.close();
  }

  /** Ends all connections at once. */
  destroyConnections(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  onConnectionClosed(connection: ListenerConnection): void {
    this.#connections.delete(connection);
    this.#stats.inc(LISTENER_STATS.downstream_cx_destroy);
    this.#stats.gaugeAdd(LISTENER_STATS.downstream_cx_active, -1);
    this.#workerStats.gaugeAdd(LISTENER_WORKER_STATS.downstream_cx_active, -1);
    this.#stats.record(LISTENER_STATS.downstream_cx_length_ms, Math.floor(this.#thread.nowMs() - connection.openedMs));
  }

  #accept(connection: Connection): ConnectionOwner {
    this.#stats.inc(LISTENER_STATS.downstream_cx_total);
    this.#stats.gaugeAdd(LISTENER_STATS.downstream_cx_active, 1);
    this.#workerStats.inc(LISTENER_WORKER_STATS.downstream_cx_total);
    this.#workerStats.gaugeAdd(LISTENER_WORKER_STATS.downstream_cx_active, 1);
    const openedMs = this.#thread.nowMs();
    const info = connectionInfo(connection, { id: this.#thread.nextConnectionId(), listenerName: this.#spec.name, filterChainName: this.#chain.name, startMs: openedMs });
    const handler = this.#chain.filter.onNewConnection(connection, info, this.#thread.drain);
    const entry = new ListenerConnection(this, connection, handler, openedMs);
    this.#connections.add(entry);
    if (this.#draining) handler.startDrain();
    return entry;
  }
}

/** Keeps the listener's books while the handler does the work. */
class ListenerConnection implements ConnectionOwner {
  readonly handler: ConnectionHandler;
  readonly openedMs: number;
  readonly #listener: ActiveListener;
  readonly #connection: Connection;

  constructor(listener: ActiveListener, connection: Connection, handler: ConnectionHandler, openedMs: number) {
    this.#listener = listener;
    this.#connection = connection;
    this.handler = handler;
    this.openedMs = openedMs;
  }

  destroy(): void {
    this.#connection.destroy();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.handler.onBytes(bytes, length);
  }

  onEnd(): void {
    this.handler.onEnd();
  }

  onDrained(): void {
    this.handler.onDrained();
  }

  onClosed(error: TransportError | undefined): void {
    this.handler.onClosed(error);
    this.#listener.onConnectionClosed(this);
  }
}

type ConnectionFacts = Pick<ConnectionInfo, 'id' | 'listenerName' | 'filterChainName' | 'startMs'>;

function connectionInfo(connection: Connection, { id, listenerName, filterChainName, startMs }: ConnectionFacts): ConnectionInfo {
  const { local, remote } = connection;
  return {
    id,
    directLocalAddress: local,
    directRemoteAddress: remote,
    localAddress: local,
    remoteAddress: remote,
    requestedServerName: '',
    secure: false,
    tls: undefined,
    transportFailureReason: '',
    listenerName,
    filterChainName,
    startMs,
    terminationDetails: '',
  };
}
