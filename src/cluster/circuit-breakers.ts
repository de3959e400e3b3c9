import type { Runtime } from '../core/runtime.ts';
import type { RoutePriority } from '../http/upstream.ts';
import type { CountCells } from '../core/process-counts.ts';
import type { ClusterSpec } from './cluster-spec.ts';

/** Places of one priority's counts within the cells of a cluster. */
export const BREAKER_KINDS = ['connections', 'pendingRequests', 'requests', 'retries', 'connectionPools'] as const;
export type BreakerKind = (typeof BREAKER_KINDS)[number];

/**
 * One limited resource of a cluster. Every successful `tryAcquire`, and every `acquireBeyond`, is paired with one `release`
 * by whoever took it.
 */
export class CircuitBreaker {
  readonly #cells: CountCells;
  readonly #index: number;
  readonly #configured: number;
  readonly #runtime: Runtime;
  readonly #runtimeKey: string;
  #max: number;
  #runtimeVersion = -1;

  constructor(cells: CountCells, index: number, max: number, runtime: Runtime, runtimeKey: string) {
    this.#cells = cells;
    this.#index = index;
    this.#configured = max;
    this.#runtime = runtime;
    this.#runtimeKey = runtimeKey;
    this.#max = max;
  }

  get max(): number {
    const { version } = this.#runtime;
    if (this.#runtimeVersion !== version) {
      this.#runtimeVersion = version;
      this.#max = this.#runtime.number(this.#runtimeKey, this.#configured);
    }
    return this.#max;
  }

  get active(): number {
    return this.#cells.get(this.#index);
  }

  /** Envoy's `canCreate`, as the gauges see it: a limit of 0 opens with the first that is taken in spite of it. */
  get open(): boolean {
    const { active } = this;
    return active >= this.max && active > 0;
  }

  /** No more can be taken. */
  get full(): boolean {
    return this.active >= this.max;
  }

  /** Takes one if the limit is not reached. */
  tryAcquire(): boolean {
    if (this.#cells.add(this.#index, 1) < this.max) return true;
    this.#cells.add(this.#index, -1);
    return false;
  }

  /** Takes one even if the limit is reached: for what must not be refused. */
  acquireBeyond(): void {
    this.#cells.add(this.#index, 1);
  }

  release(): void {
    this.#cells.add(this.#index, -1);
  }
}

/** The breakers of one cluster and priority. They count over all threads. */
export class PriorityBreakers {
  readonly connections: CircuitBreaker;
  readonly pendingRequests: CircuitBreaker;
  readonly requests: CircuitBreaker;
  readonly retries: CircuitBreaker;
  readonly connectionPools: CircuitBreaker;
  readonly #cells: CountCells;
  readonly #usedMark: number;

  constructor({ name, breakers }: Pick<ClusterSpec, 'name' | 'breakers'>, priority: RoutePriority, cells: CountCells, runtime: Runtime) {
    const spec = breakers[priority === 'default' ? 0 : 1];
    const open = (kind: BreakerKind, max: number, key: string): CircuitBreaker =>
      new CircuitBreaker(cells, cellIndex(priority, kind), max, runtime, `circuit_breakers.${name}.${priority}.${key}`);
    this.connections = open('connections', spec.maxConnections, 'max_connections');
    this.pendingRequests = open('pendingRequests', spec.maxPendingRequests, 'max_pending_requests');
    this.requests = open('requests', spec.maxRequests, 'max_requests');
    this.retries = open('retries', spec.maxRetries, 'max_retries');
    this.connectionPools = open('connectionPools', spec.maxConnectionPools, 'max_connection_pools');
    this.#cells = cells;
    this.#usedMark = priority === 'default' ? USED_MARK : USED_MARK + 1;
  }

  /** A pool of this priority was ever asked for. */
  get used(): boolean {
    return this.#cells.get(this.#usedMark) > 0;
  }

  markUsed(): void {
    this.#mark(this.#usedMark);
  }

  /** A pool of the cluster, of whatever priority, has ever lost its last connection. */
  get poolEmptied(): boolean {
    return this.#cells.get(EMPTIED_MARK) > 0;
  }

  markPoolEmptied(): void {
    this.#mark(EMPTIED_MARK);
  }

  #mark(index: number): void {
    if (this.#cells.get(index) === 0) this.#cells.add(index, 1);
  }
}

/** Behind the counts: one by priority, one for the cluster. */
const USED_MARK = 2 * BREAKER_KINDS.length;
const EMPTIED_MARK = USED_MARK + 2;

function cellIndex(priority: RoutePriority, kind: BreakerKind): number {
  return (priority === 'default' ? 0 : BREAKER_KINDS.length) + BREAKER_KINDS.indexOf(kind);
}
