import { serviceKey } from './extension.ts';
import { defineStats, type StatGroup, type StatStore } from './stats/stats.ts';

/**
 * What a process that runs short of something does without, as `envoy.config.overload.v3.OverloadManager` configures it. The main thread watches the
 * resources; each thread holds the actions' states.
 */

/** Envoy's names without `envoy.overload_actions.`. */
export type OverloadAction =
  | 'stop_accepting_requests'
  | 'disable_http_keepalive'
  | 'stop_accepting_connections'
  | 'reject_incoming_connections'
  | 'shrink_heap'
  | 'reduce_timeouts'
  | 'close_idle_http_connections'
  | 'reset_high_memory_stream';

/** How far an action is taken: 0 not at all, 1 wholly, between them with that chance. Actions that are not there are not taken. */
export type OverloadStates = Readonly<Partial<Record<OverloadAction, number>>>;

/** Timeouts that `reduce_timeouts` may shorten. */
export type ScaledTimeout = 'connection-idle' | 'stream-idle' | 'stream-flush' | 'transport-socket-connect' | 'connection-max';

/** What is left of a timeout when the action is taken wholly. */
export type TimeoutFloor = { readonly ms: number } | { readonly share: number };

export type TimeoutFloors = Readonly<Partial<Record<ScaledTimeout, TimeoutFloor>>>;

/** Read at use time. */
export interface Overload {
  readonly states: OverloadStates;
  /** How many downstream connections the process may have (`envoy.resource_monitors.global_downstream_max_connections`). */
  readonly maxDownstreamConnections: number;
}

/** What the main thread tells the others. */
export interface OverloadMessage extends Overload {
  readonly timeoutFloors: TimeoutFloors;
  /** Streams that hold less are never given up (`minimum_account_to_track_power_of_two`); as a power of two. */
  readonly minHeldPowerOfTwo: number;
  /** How often heaps have been asked to shrink. */
  readonly heapShrinks: number;
}

export const CONNECTIONS_MONITOR = 'envoy.resource_monitors.global_downstream_max_connections';
/** Nobody reads this monitor, so no update is skipped; one that fails is a connection too many. */
export const CONNECTIONS_MONITOR_STATS = defineStats({ counters: ['failed_updates'], gauges: ['pressure'] });

export const OVERLOAD = serviceKey<Overload>('overload');

export const noOverload: OverloadMessage = { states: {}, maxDownstreamConnections: Infinity, timeoutFloors: {}, minHeldPowerOfTwo: Infinity, heapShrinks: 0 };

/** What becomes of a timeout of `ms` while the action is taken as far as `state` says. */
export function reducedTimeout(ms: number, floor: TimeoutFloor | undefined, state: number): number {
  if (floor === undefined) return ms;
  const least = Math.min(ms, 'ms' in floor ? floor.ms : ms * floor.share);
  return least + (ms - least) * (1 - state);
}

/** The state of a thread. */
export class ThreadOverload implements Overload {
  states: OverloadStates = noOverload.states;
  maxDownstreamConnections = Infinity;
  readonly #stats: StatStore;
  #connections: StatGroup | undefined;

  constructor(stats: StatStore) {
    this.#stats = stats;
  }

  replace({ states, maxDownstreamConnections }: Overload): void {
    this.states = states;
    this.maxDownstreamConnections = maxDownstreamConnections;
    if (maxDownstreamConnections < Infinity || this.#connections === undefined) return;
    this.#stats.release(this.#connections);
    this.#connections = undefined;
  }

  /** A connection is beyond `maxDownstreamConnections`. */
  countRefusedConnection(): void {
    this.#connections ??= this.#stats.group(`overload.${CONNECTIONS_MONITOR}`, CONNECTIONS_MONITOR_STATS);
    this.#connections.inc(CONNECTIONS_MONITOR_STATS.failed_updates);
  }
}
