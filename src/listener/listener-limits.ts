import type { ThreadOverload } from '../core/overload.ts';
import { type CountCells, countName, type ProcessCounts } from '../core/process-counts.ts';
import type { Random } from '../core/random.ts';
import type { CounterId } from '../core/stats/stats.ts';
import { LISTENER_STATS } from '../http/listener-stats.ts';
import type { ListenerSpec } from './compile.ts';

/** What limits need of their thread. */
export interface LimitServices {
  readonly counts: ProcessCounts;
  readonly overload: ThreadOverload;
  readonly random: Random;
}

const CONNECTIONS = 0;

/** Whether a listener may take one more connection. All threads count together: the connections of the listener and those of the process. */
export class ListenerLimits {
  readonly #spec: ListenerSpec;
  readonly #overload: ThreadOverload;
  readonly #random: Random;
  readonly #ofListener: CountCells;
  /** Undefined: its connections are not limited with those of others (`ignore_global_conn_limit`). */
  readonly #ofProcess: CountCells | undefined;

  constructor(spec: ListenerSpec, { counts, overload, random }: LimitServices) {
    this.#spec = spec;
    this.#overload = overload;
    this.#random = random;
    this.#ofListener = counts.cells(countName('listener', spec.name + spec.rest));
    this.#ofProcess = spec.ignoresGlobalLimit ? undefined : counts.cells(countName('process', 'downstream connections'));
  }

  /** Undefined: the connection is counted, and `leave` must follow. Else the statistic that counts why not. */
  enter(): CounterId | undefined {
    const { connectionLimit, globalConnectionLimit, bypassesOverload } = this.#spec;
    const all = this.#ofProcess?.get(CONNECTIONS) ?? -1;
    if (all >= globalConnectionLimit()) return LISTENER_STATS.downstream_global_cx_overflow;
    if (!bypassesOverload && all >= this.#overload.maxDownstreamConnections) {
      this.#overload.countRefusedConnection();
      return LISTENER_STATS.downstream_global_cx_overflow;
    }
    const rejected = bypassesOverload ? undefined : this.#overload.states.reject_incoming_connections;
    if (rejected !== undefined && this.#random.unit() < rejected) return LISTENER_STATS.downstream_cx_overload_reject;
    if (this.#ofListener.get(CONNECTIONS) >= connectionLimit()) return LISTENER_STATS.downstream_cx_overflow;
    this.take();
    return undefined;
  }

  /** Counts a connection that another listener has let in. */
  take(): void {
    this.#ofListener.add(CONNECTIONS, 1);
    this.#ofProcess?.add(CONNECTIONS, 1);
  }

  leave(): void {
    this.#ofListener.add(CONNECTIONS, -1);
    this.#ofProcess?.add(CONNECTIONS, -1);
  }
}
