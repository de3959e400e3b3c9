import type { ResponseDecoder } from '../../http/codec/codec.ts';
import type { Failure } from '../../http/failure.ts';
import type { PendingStream, PoolCallbacks } from '../../http/upstream.ts';
import type { PriorityBreakers } from '../circuit-breakers.ts';
import { CLUSTER_STATS } from '../cluster-stats.ts';
import type { UpstreamHost } from '../host.ts';
import { LinkedList } from '../../core/linked-list.ts';
import { CONNECT_ABANDONED, POOL_OVERFLOW } from './connect-failure.ts';
import { PendingRequest, type PendingRequestOwner } from './pending-request.ts';
import type { PoolContext } from './pool-context.ts';
import { PooledConnection, type PooledConnectionOwner } from './pooled-connection.ts';

export interface ConnectionPoolOwner {
  /** A draining pool has lost its last connection and request: it is to be forgotten. */
  onPoolDrained(pool: ConnectionPool): void;
}

/**
 * Connections of one thread to one host for one priority, whatever the protocol: HTTP/1 fills a connection with one stream, HTTP/2 with many.
 *
 * A request takes the connection that was used last; when none is ready it waits, and a connection is opened for as many waiting requests as the ones
 * being opened will not carry. One failed attempt fails every waiting request: the host may be gone, and who waits may choose another.
 */
export class ConnectionPool implements PooledConnectionOwner, PendingRequestOwner {
  readonly host: UpstreamHost;
  readonly #owner: ConnectionPoolOwner;
  readonly #context: PoolContext;
  readonly breakers: PriorityBreakers;
  readonly #connecting = new LinkedList<PooledConnection>();
  readonly #ready = new LinkedList<PooledConnection>();
  readonly #busy = new LinkedList<PooledConnection>();
  readonly #pending = new LinkedList<PendingRequest>();
  /** Of the stream that found it empty; `filterState` of its connections. */
  #filterState: ReadonlyMap<string, unknown> | undefined;
  #draining = false;
  #ended = false;

  constructor(owner: ConnectionPoolOwner, host: UpstreamHost, context: PoolContext, breakers: PriorityBreakers) {
    this.#owner = owner;
    this.host = host;
    this.#context = context;
    this.breakers = breakers;
  }

  get counted(): boolean {
    return this.#context.counted;
  }

  get connections(): number {
    return this.#connecting.size + this.#ready.size + this.#busy.size;
  }

  /** `filterState`: what its connections are given where it has none yet. */
  newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks, filterState: ReadonlyMap<string, unknown> | undefined): PendingStream | undefined {
    const ready = this.#ready.first;
    if (ready !== undefined) {
      this.#attach(ready, decoder, callbacks);
      return undefined;
    }
    const { stats } = this.#context;
    if (!this.breakers.pendingRequests.tryAcquire()) {
      stats.inc(CLUSTER_STATS.upstream_rq_pending_overflow);
      this.#endWhenEmpty();
      callbacks.onPoolFailure(POOL_OVERFLOW, undefined);
      return undefined;
    }
    if (this.connections === 0 && this.#pending.size === 0) this.#filterState = filterState;
    const pending = new PendingRequest(this, decoder, callbacks);
    this.#pending.addLast(pending);
    stats.inc(CLUSTER_STATS.upstream_rq_pending_total);
    stats.gaugeAdd(CLUSTER_STATS.upstream_rq_pending_active, 1);
    this.host.onPendingChange(1);
    this.#connectForPending();
    return pending;
  }

  /** Running streams finish, waiting requests are served; then the pool ends. */
  drain(): void {
    this.#draining = true;
    this.#drainBusy();
    this.#closeUnused();
    this.#endWhenEmpty();
  }

  /** Closes idle connections and lets the others end with their streams; new requests open new ones. */
  drainConnections(): void {
    this.#drainBusy();
    this.#drainReady();
  }

  // PendingRequestOwner

  onPendingCancelled(pending: PendingRequest): void {
    this.#takePending(pending);
    this.#context.stats.inc(CLUSTER_STATS.upstream_rq_cancelled);
    if (this.#context.protocol.closesExcess === true && this.#connecting.size > this.#pending.size) this.#connecting.first!.close();
    if (!this.#draining) return;
    this.#closeUnused();
    this.#endWhenEmpty();
  }

  // PooledConnectionOwner

  onConnected(connection: PooledConnection): void {
    connection.moveTo(this.#ready);
    connection.onIdle();
    this.#servePending();
    if (this.#draining) this.#closeUnused();
  }

  onConnectFailed(connection: PooledConnection, failure: Failure): void {
    this.#context.stats.inc(CLUSTER_STATS.upstream_cx_connect_fail);
    this.host.onConnectFail();
    this.#forget(connection);
    this.#failPending(failure);
    this.#connectForPending();
    this.#endWhenEmpty();
  }

  onStreamEnd(connection: PooledConnection): void {
    this.#releaseStream();
    if (!connection.canTakeStream) return;
    if (!connection.isIn(this.#ready)) connection.moveTo(this.#ready);
    this.#servePending();
    if (this.#draining) this.#closeUnused();
  }

  onCapacityChange(connection: PooledConnection): void {
    if (!connection.canTakeStream) {
      connection.moveTo(this.#busy);
      this.#connectForPending();
    } else if (connection.isIn(this.#busy)) {
      connection.moveTo(this.#ready);
      this.#servePending();
    }
  }

  onClosed(connection: PooledConnection): void {
    for (let lost = connection.activeStreams; lost > 0; lost--) this.#releaseStream();
    this.#forget(connection);
    this.#connectForPending();
    this.#endWhenEmpty();
  }

  #attach(connection: PooledConnection, decoder: ResponseDecoder, callbacks: PoolCallbacks): void {
    const { stats } = this.#context;
    if (!this.breakers.requests.tryAcquire()) {
      stats.inc(CLUSTER_STATS.upstream_rq_active_overflow);
      callbacks.onPoolFailure(POOL_OVERFLOW, this.host);
      return;
    }
    stats.inc(CLUSTER_STATS.upstream_rq_total);
    stats.gaugeAdd(CLUSTER_STATS.upstream_rq_active, 1);
    this.host.onStreamStart();
    const encoder = connection.startStream(decoder);
    if (!connection.canTakeStream) connection.moveTo(this.#busy);
    callbacks.onPoolReady(encoder, this.host, connection);
  }

  #releaseStream(): void {
    this.breakers.requests.release();
    this.#context.stats.gaugeAdd(CLUSTER_STATS.upstream_rq_active, -1);
    this.host.onStreamEnd();
  }

  #servePending(): void {
    for (;;) {
      const pending = this.#pending.first;
      const connection = this.#ready.first;
      if (pending === undefined) return;
      if (connection === undefined) {
        this.#connectForPending();
        return;
      }
      this.#takePending(pending);
      this.#attach(connection, pending.decoder, pending.callbacks);
    }
  }

  #takePending(pending: PendingRequest): void {
    this.#pending.remove(pending);
    pending.settle();
    this.breakers.pendingRequests.release();
    this.#context.stats.gaugeAdd(CLUSTER_STATS.upstream_rq_pending_active, -1);
    this.host.onPendingChange(-1);
  }

  /** Only those that wait now: a callback may ask for another stream at once. */
  #failPending(failure: Failure): void {
    const failed: PendingRequest[] = [];
    while (this.#pending.first !== undefined) {
      failed.push(this.#pending.first);
      this.#takePending(this.#pending.first);
    }
    for (const pending of failed) {
      this.#context.stats.inc(CLUSTER_STATS.upstream_rq_pending_failure_eject);
      if (!pending.cancelled) pending.callbacks.onPoolFailure(failure, this.host);
    }
  }

  #connectForPending(): void {
    const { protocol, maxRequestsPerConnection } = this.#context;
    const expected = Math.min(protocol.expectedStreams, maxRequestsPerConnection);
    while (this.#pending.size > this.#connecting.size * expected) {
      if (!this.#connect()) return;
    }
  }

  /** False when the breaker is open, even if a connection was opened in spite of it: a pool without any could never serve. */
  #connect(): boolean {
    const { stats, protocol } = this.#context;
    const allowed = this.breakers.connections.tryAcquire();
    if (!allowed) {
      stats.inc(CLUSTER_STATS.upstream_cx_overflow);
      if (this.connections > 0) return false;
      this.breakers.connections.acquireBeyond();
    }
    stats.inc(CLUSTER_STATS.upstream_cx_total);
    protocol.countConnection(stats);
    stats.gaugeAdd(CLUSTER_STATS.upstream_cx_active, 1);
    this.host.onConnectionStart();
    new PooledConnection(this, this.#context, this.host, this.#filterState).moveTo(this.#connecting);
    return allowed;
  }

  #forget(connection: PooledConnection): void {
    connection.moveTo(undefined);
    this.breakers.connections.release();
    this.#context.stats.gaugeAdd(CLUSTER_STATS.upstream_cx_active, -1);
    this.host.onConnectionEnd();
    if (this.connections === 0) this.breakers.markPoolEmptied();
  }

  #drainBusy(): void {
    for (let busy = this.#busy.first; busy !== undefined; busy = busy.listNext) busy.drain();
  }

  #drainReady(): void {
    for (let ready = this.#ready.first; ready !== undefined; ready = this.#ready.first) {
      if (ready.activeStreams === 0) {
        ready.close();
      } else {
        ready.drain();
        ready.moveTo(this.#busy);
      }
    }
  }

  #closeUnused(): void {
    this.#drainReady();
    if (this.#pending.size > 0) return;
    while (this.#connecting.first !== undefined) this.#connecting.first.abandon(CONNECT_ABANDONED);
  }

  #endWhenEmpty(): void {
    const goes = this.#draining || this.#context.passing;
    if (!goes || this.#ended || this.connections > 0 || this.#pending.size > 0) return;
    this.#ended = true;
    this.#owner.onPoolDrained(this);
  }
}
